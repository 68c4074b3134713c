# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Normalizations."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.onnx.operators.nodes import NodeCall, operator

__all__: list[str] = []


@operator("BatchNormalization")
def _batch_norm(
    call: NodeCall, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    call.attribute("momentum", 0.9)  # of training
    call.expect("training_mode", 0)
    call.expect("spatial", 1)
    call.expect("is_test", 1)
    epsilon = call.attribute("epsilon", 1e-5)
    if x.dim() < 2:
        raise call.error(f"expected channels in dimension 1, got {x.dim()} dimensions")
    return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)


def _standardized(x: Tensor, dims: list[int], epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """x with mean 0 and variance 1 over dimensions; the mean; 1 / the standard deviation."""
    mean = torch.mean(x, dims, True)
    off = x - mean
    inverse = torch.rsqrt(torch.mean(off * off, dims, True) + epsilon)
    return off * inverse, mean, inverse


@operator("InstanceNormalization")
def _instance_norm(call: NodeCall, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    shape = [-1] + [1] * (x.dim() - 2)
    dims = list(range(2, x.dim()))
    y, _, _ = _standardized(x, dims, call.attribute("epsilon", 1e-5))
    return y * scale.reshape(shape) + bias.reshape(shape)


@operator("GroupNormalization")
def _group_norm(call: NodeCall, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    epsilon, groups = call.attribute("epsilon", 1e-5), call.attribute("num_groups")
    work = _working_type(call, x)
    if call.opset >= 21:  # a scale for each channel, as PyTorch has it
        y = F.group_norm(x.to(work), groups, scale.to(work), bias.to(work), epsilon)
        return y.to(x.dtype)
    parts = x.to(work).reshape(x.shape[0], groups, -1)
    y, _, _ = _standardized(parts, [2], epsilon)
    return (y * scale.reshape(-1, 1) + bias.reshape(-1, 1)).reshape(x.shape).to(x.dtype)


def _working_type(call: NodeCall, x: Tensor) -> torch.dtype:
    from pumice.frontend.onnx.operators.nodes import torch_dtype

    kind = call.attribute("stash_type", 1)
    dtype = torch_dtype(kind)
    if dtype is None or not dtype.is_floating_point:
        raise call.unsupported("stash_type", kind)
    return torch.promote_types(dtype, x.dtype) if x.dtype.itemsize > dtype.itemsize else dtype


@operator("LayerNormalization")
def _layer_norm(call: NodeCall, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Any:
    axis = call.axis(call.attribute("axis", -1), x.dim())
    epsilon, work = call.attribute("epsilon", 1e-5), _working_type(call, x)
    dims = list(range(axis, x.dim()))
    same = scale.shape == x.shape[axis:] and (bias is None or bias.shape == scale.shape)
    if same and work == x.dtype and not call.wants(1) and not call.wants(2):
        return F.layer_norm(x, list(x.shape[axis:]), scale, bias, epsilon)
    y, mean, inverse = _standardized(x.to(work), dims, epsilon)
    y = y.to(x.dtype) * scale
    return (y if bias is None else y + bias), mean, inverse


@operator("RMSNormalization")
def _rms_norm(call: NodeCall, x: Tensor, scale: Tensor) -> Tensor:
    axis = call.axis(call.attribute("axis", -1), x.dim())
    work = x.to(_working_type(call, x))
    dims = list(range(axis, x.dim()))
    square = torch.mean(work * work, dims, True)
    return (work * torch.rsqrt(square + call.attribute("epsilon", 1e-5))).to(x.dtype) * scale


@operator("LpNormalization")
def _lp_norm(call: NodeCall, x: Tensor) -> Tensor:
    axis = call.axis(call.attribute("axis", -1), x.dim())
    if call.expect("p", 2, 1) == 1:
        norm = torch.sum(x.abs(), axis, True)
    else:
        norm = torch.sqrt(torch.sum(x * x, axis, True))
    zero = torch.zeros((), dtype=x.dtype)
    return torch.where(norm == 0, zero, x / norm)


@operator("MeanVarianceNormalization")
def _mean_variance(call: NodeCall, x: Tensor) -> Tensor:
    dims = [call.axis(axis, x.dim()) for axis in call.attribute("axes") or [0, 2, 3]]
    off = x - torch.mean(x, dims, True)
    return off / (torch.sqrt(torch.mean(off * off, dims, True)) + 1e-9)


@operator("LRN")
def _lrn(call: NodeCall, x: Tensor) -> Tensor:
    size = call.attribute("size")
    alpha, beta, bias = (
        call.attribute("alpha", 1e-4), call.attribute("beta", 0.75), call.attribute("bias", 1.0)
    )  # fmt: skip
    before, after = (size - 1) // 2, size // 2
    squares = F.pad(x * x, [0, 0] * (x.dim() - 2) + [before, after])
    total = reduce(torch.add, [squares.narrow(1, tap, x.shape[1]) for tap in range(size)])
    return x / torch.pow(bias + alpha / size * total, beta)
