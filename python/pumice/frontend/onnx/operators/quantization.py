# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""QuantizeLinear and its like.

Codes of 8 bits with constant scales become the ops of PT2E, which the compiler knows; what else
there is, is written out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pumice.frontend.onnx.graph import Array, require_onnx
from pumice.frontend.onnx.operators.nodes import NodeCall, operator, torch_dtype

__all__: list[str] = []

_RANGES = {
    "UINT4": (0, 15),
    "INT4": (-8, 7),
    "UINT8": (0, 255),
    "INT8": (-128, 127),
    "UINT16": (0, 65535),
    "INT16": (-32768, 32767),
    "INT32": (-(2**31), 2**31 - 1),
}
_CODES = {"UINT4": torch.uint8, "INT4": torch.int8}


def _ops() -> Any:
    # The import registers them.
    from torch.ao.quantization.fx import _decomposed  # noqa: F401

    return torch.ops.quantized_decomposed


def _kind_name(kind: int) -> str:
    name: str = require_onnx().TensorProto.DataType.Name(kind)
    return name


def _axis(call: NodeCall, x: Tensor) -> int:
    """Where a vector of scales lies; without meaning for vectors and single scales."""
    axis = call.attribute("axis", 1)
    return call.axis(axis, x.dim()) if -x.dim() <= axis < x.dim() else 0


def _per(call: NodeCall, x: Tensor, values: Tensor, axis: int) -> Tensor:
    """Scales or zero points in the shape of what they belong to."""
    if values.dim() == 0 or values.numel() == 1:
        return values.reshape(())
    block = call.attribute("block_size", 0)
    if block:
        repeated = values.repeat_interleave(block, axis)
        return repeated.narrow(axis, 0, x.shape[axis])
    if values.dim() != 1:
        raise call.error(f"expected a vector of scales, got {values.dim()} dimensions")
    return values.reshape([-1 if dim == axis else 1 for dim in range(x.dim())])


def _decomposed(call: NodeCall, x: Tensor, codes: str, axis: int) -> tuple[str, list[Any]] | None:
    """The op of PT2E by its ending, and its arguments, if scales are constant."""
    scale: Array | None = call.value(1)
    zero: Array | None = call.value(2)
    if scale is None or scale.dtype != np.float32 or (call.has(2) and zero is None):
        return None
    if call.attribute("block_size", 0) or codes not in ("UINT8", "INT8", "INT32"):
        return None
    if zero is None:
        zero = np.zeros(scale.shape, np.int64)
    low, high = _RANGES[codes]
    if scale.size == 1:
        number = int(zero.reshape(-1)[0])
        return "per_tensor", [float(scale.reshape(-1)[0]), number, low, high]
    if scale.ndim != 1 or len(scale) != x.shape[axis]:
        raise call.error(f"expected {x.shape[axis]} scales, got {list(scale.shape)}")
    return "per_channel", [
        torch.from_numpy(scale.copy()),
        torch.from_numpy(zero.reshape(-1).astype(np.int64)),
        axis,
        low,
        high,
    ]


def _code_kind(call: NodeCall) -> str:
    kind = call.attribute("output_dtype", 0)
    if call.has(2):
        given = call.kind(call.inputs[2])
        if kind and kind != given:
            raise call.unsupported("output_dtype", kind)
        kind = given
    name = _kind_name(kind or require_onnx().TensorProto.UINT8)
    if name not in _RANGES or name == "INT32":
        raise call.error(f"expected codes of 4, 8 or 16 bits, got {name}")
    return name


@operator("QuantizeLinear")
def _quantize(call: NodeCall, x: Tensor, scale: Tensor, zero_point: Tensor | None = None) -> Tensor:
    call.attribute("saturate", 1)  # of 8-bit floats
    axis = _axis(call, x)
    precision = call.attribute("precision", 0)
    if precision and torch_dtype(precision) != x.dtype:
        raise call.unsupported("precision", precision)
    codes = _code_kind(call)
    dtype = _CODES.get(codes) or torch_dtype(getattr(require_onnx().TensorProto, codes))
    low, high = _RANGES[codes]
    found = _decomposed(call, x, codes, axis) if x.dtype is torch.float32 else None
    if found is not None:
        ending, arguments = found
        quantized: Tensor = getattr(_ops(), f"quantize_{ending}").default(x, *arguments, dtype)
        return quantized
    call.attribute("block_size", 0)
    values = x if x.is_floating_point() else x.to(scale.dtype)
    quotient = torch.round(values / _per(call, x, scale, axis))
    if zero_point is not None:
        quotient = quotient + _per(call, x, zero_point.to(torch.int32), axis).to(quotient.dtype)
    return torch.clamp(quotient, low, high).to(torch.int32).to(dtype)


@operator("DequantizeLinear")
def _dequantize(
    call: NodeCall, x: Tensor, scale: Tensor, zero_point: Tensor | None = None
) -> Tensor:
    axis = _axis(call, x)
    kind = call.attribute("output_dtype", 0)
    dtype = torch_dtype(kind) if kind else scale.dtype
    if dtype is None:
        raise call.unsupported("output_dtype", kind)
    codes = _kind_name(call.kind(call.inputs[0]))
    if codes not in _RANGES:
        raise call.error(f"expected codes of integers, got {codes}")
    if codes in ("UINT4", "INT4"):
        codes = {"UINT4": "UINT8", "INT4": "INT8"}[codes]
    found = _decomposed(call, x, codes, axis) if dtype is torch.float32 else None
    if found is not None:
        ending, arguments = found
        op = getattr(_ops(), f"dequantize_{ending}").default
        result: Tensor = op(x, *arguments, x.dtype)
        return result
    call.attribute("block_size", 0)
    values = x.to(torch.int32)
    if zero_point is not None:
        values = values - _per(call, x, zero_point.to(torch.int32), axis)
    return values.to(scale.dtype).mul(_per(call, x, scale, axis)).to(dtype)


@operator("DynamicQuantizeLinear")
def _dynamic_quantize(call: NodeCall, x: Tensor) -> Any:
    zero = torch.zeros((), dtype=x.dtype)
    high = torch.maximum(torch.amax(x), zero)
    low = torch.minimum(torch.amin(x), zero)
    scale = (high - low) / 255.0
    scale = torch.where(scale == 0, torch.ones((), dtype=x.dtype), scale)
    start = torch.clamp(torch.round(-low / scale), 0, 255)
    codes = torch.clamp(torch.round(x / scale) + start, 0, 255)
    return codes.to(torch.uint8), scale, start.to(torch.uint8)
