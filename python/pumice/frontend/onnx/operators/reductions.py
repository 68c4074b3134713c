# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reductions, scans, sorts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pumice.frontend.onnx.operators.elementwise import cast
from pumice.frontend.onnx.operators.nodes import NodeCall, operator

__all__: list[str] = []


def _sum(x: Tensor, dims: list[int], keep: bool) -> Tensor:
    return torch.sum(x, dims, keep, dtype=x.dtype)


def _prod(x: Tensor, dims: list[int], keep: bool) -> Tensor:
    for dim in sorted(dims, reverse=True):
        x = torch.prod(x, dim, keep, dtype=x.dtype)
    return x


def _max(x: Tensor, dims: list[int], keep: bool) -> Tensor:
    if x.dtype is torch.bool:
        return torch.any(x, dims, keep)
    if not x.numel():
        return _of_nothing(x, dims, keep, _ends(x.dtype)[0])
    return torch.amax(x, dims, keep)


def _min(x: Tensor, dims: list[int], keep: bool) -> Tensor:
    if x.dtype is torch.bool:
        return ~torch.any(~x, dims, keep)
    if not x.numel():
        return _of_nothing(x, dims, keep, _ends(x.dtype)[1])
    return torch.amin(x, dims, keep)


def _ends(dtype: torch.dtype) -> tuple[float, float]:
    """The least and the greatest value of a type."""
    if dtype.is_floating_point:
        return -math.inf, math.inf
    info = torch.iinfo(dtype)
    return info.min, info.max


def _of_nothing(x: Tensor, dims: list[int], keep: bool, value: float) -> Tensor:
    """A reduction of a tensor without elements; its result may have elements."""
    shape = [1 if dim in dims else size for dim, size in enumerate(x.shape)]
    full = torch.full(shape, value, dtype=x.dtype)
    return full if keep else full.reshape([size for i, size in enumerate(shape) if i not in dims])


def _of_floats(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Integers are reduced as doubles, and the result loses its fraction."""

    def reduce(x: Tensor, dims: list[int], keep: bool) -> Tensor:
        if x.is_floating_point():
            return function(x, dims, keep)
        return cast(function(x.to(torch.float64), dims, keep), x.dtype)

    return reduce


def _log_sum_exp(x: Tensor, dims: list[int], keep: bool) -> Tensor:
    if not x.numel():
        return _of_nothing(x, dims, keep, -math.inf)
    most = torch.amax(x, dims, True)
    most = torch.where(torch.isinf(most), torch.zeros((), dtype=x.dtype), most)
    total = torch.log(torch.sum(torch.exp(x - most), dims, True)) + most
    return total if keep else torch.sum(total, dims)


_REDUCTIONS: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "ReduceSum": _sum,
    "ReduceMean": _of_floats(lambda x, dims, keep: torch.mean(x, dims, keep)),
    "ReduceMax": _max,
    "ReduceMin": _min,
    "ReduceProd": _prod,
    "ReduceL1": lambda x, dims, keep: _sum(x.abs() if x.dtype.is_signed else x, dims, keep),
    "ReduceL2": _of_floats(lambda x, dims, keep: torch.sqrt(torch.sum(x * x, dims, keep))),
    "ReduceLogSum": _of_floats(lambda x, dims, keep: torch.log(torch.sum(x, dims, keep))),
    "ReduceLogSumExp": _of_floats(_log_sum_exp),
    "ReduceSumSquare": lambda x, dims, keep: _sum(x * x, dims, keep),
}


@operator(*_REDUCTIONS)
def _reduce(call: NodeCall, x: Tensor, axes: Tensor | None = None) -> Tensor:
    keep = bool(call.attribute("keepdims", 1))
    given = call.attribute("axes") or call.integers(1, "axes")
    if not given and call.attribute("noop_with_empty_axes", 0):
        if call.op in (
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSumExp",
            "ReduceLogSum",
            "ReduceSumSquare",
        ):
            # What is computed beside the sum stays.
            return _REDUCTIONS[call.op](x.unsqueeze(-1), [x.dim()], False)
        return torch.clone(x)
    call.attribute("noop_with_empty_axes", 0)
    dims = sorted({call.axis(axis, x.dim()) for axis in given or range(x.dim())})
    if not dims:
        return _REDUCTIONS[call.op](x.unsqueeze(-1), [0], False)
    return _REDUCTIONS[call.op](x, dims, keep)


@operator("ArgMax", "ArgMin")
def _arg(call: NodeCall, x: Tensor) -> Tensor:
    axis = call.axis(call.attribute("axis", 0), x.dim())
    keep = bool(call.attribute("keepdims", 1))
    last = bool(call.attribute("select_last_index", 0))
    function = torch.argmax if call.op == "ArgMax" else torch.argmin
    found = function(torch.flip(x, [axis]) if last else x, axis, keep)
    return x.shape[axis] - 1 - found if last else found


@operator("CumSum", "CumProd")
def _scan(call: NodeCall, x: Tensor, axis: Tensor) -> Tensor:
    given = call.integers(1, "axis")
    assert given is not None
    dim = call.axis(given[0], x.dim())
    exclusive, backward = call.attribute("exclusive", 0), call.attribute("reverse", 0)
    if backward:
        x = torch.flip(x, [dim])
    if exclusive:
        start = torch.full_like(x.narrow(dim, 0, 1), 0 if call.op == "CumSum" else 1)
        x = torch.cat([start, x.narrow(dim, 0, x.shape[dim] - 1)], dim)
    if call.op == "CumSum":
        total = torch.cumsum(x, dim, dtype=x.dtype)
    else:
        total = torch.cumprod(x, dim, dtype=x.dtype)
    return torch.flip(total, [dim]) if backward else total


@operator("TopK")
def _top_k(call: NodeCall, x: Tensor, k: Tensor | None = None) -> Any:
    if call.opset < 10:
        count = call.attribute("k")
    else:
        given = call.integers(1, "k")
        assert given is not None
        count = given[0]
    axis = call.axis(call.attribute("axis", -1), x.dim())
    largest = bool(call.attribute("largest", 1))
    call.attribute("sorted", 1)  # sorted is one of the orders that are allowed if not
    return tuple(torch.topk(x, count, axis, largest, True))


@operator("Hardmax")
def _hardmax(call: NodeCall, x: Tensor) -> Tensor:
    default = -1 if call.opset >= 13 else 1
    axis = call.axis(call.attribute("axis", default), x.dim())
    shape = x.shape
    if call.opset < 13:
        x, axis = x.flatten(axis).reshape(-1, shape[axis:].numel()), 1
    places = torch.arange(x.shape[axis]).reshape([-1] + [1] * (x.dim() - 1 - axis))
    hit = places == torch.argmax(x, axis, True)
    return hit.to(x.dtype).reshape(shape)


@operator("Softmax", "LogSoftmax")
def _softmax(call: NodeCall, x: Tensor) -> Tensor:
    function = torch.softmax if call.op == "Softmax" else torch.log_softmax
    axis = call.axis(call.attribute("axis", -1 if call.opset >= 13 else 1), x.dim())
    if call.opset >= 13 or axis == x.dim() - 1:
        return function(x, axis)
    # Before opset 13: over all dimensions from the axis on.
    return function(x.flatten(axis), axis).reshape(x.shape)
