# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arithmetic, comparisons, casts and activation functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.onnx.operators.nodes import NodeCall, operator, torch_dtype

__all__ = ["cast"]

_UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "Abs": lambda x: torch.abs(x) if x.dtype.is_signed else torch.clone(x),
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "BitwiseNot": torch.bitwise_not,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "HardSwish": F.hardswish,
    "Identity": torch.clone,
    "IsNaN": torch.isnan,
    "Log": torch.log,
    "Mish": F.mish,
    "Neg": torch.neg,
    "Not": torch.logical_not,
    "Reciprocal": torch.reciprocal,
    "Relu": torch.relu,
    "Round": torch.round,
    "Sigmoid": torch.sigmoid,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Softplus": F.softplus,
    "Softsign": lambda x: x / (1 + x.abs()),
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
    "Tanh": torch.tanh,
}
_BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Add": torch.add,
    "And": torch.logical_and,
    "BitwiseAnd": torch.bitwise_and,
    "BitwiseOr": torch.bitwise_or,
    "BitwiseXor": torch.bitwise_xor,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
    "Mul": torch.mul,
    "Or": torch.logical_or,
    "Sub": torch.sub,
    "Xor": torch.logical_xor,
}


@operator(*_UNARY)
def _unary(call: NodeCall, x: Tensor) -> Tensor:
    return _UNARY[call.op](x)


@operator(*_BINARY)
def _binary(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    result = _BINARY[call.op](a, b)
    # PyTorch gives a scalar less say in the type than a tensor; here both have the same.
    return result


@operator("Div")
def _div(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    if a.is_floating_point():
        return torch.div(a, b)
    return torch.div(a, b, rounding_mode="trunc")


@operator("Mod")
def _mod(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    if call.expect("fmod", 0, 1):
        return torch.fmod(a, b)
    if a.is_floating_point():
        raise call.unsupported("fmod", 0)
    return torch.remainder(a, b)


@operator("Pow")
def _pow(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    power = call.value(1)
    if power is not None and power.size == 1 and power.ndim <= a.dim():
        number = power.item()
        integral = float(number).is_integer()
        if a.is_floating_point() or (power.dtype.kind in "iu" and number >= 0):
            return torch.pow(a, int(number) if integral and abs(number) < 2**31 else number)
    if a.dtype == b.dtype:
        return torch.pow(a, b)
    if a.is_floating_point():
        return torch.pow(a, b.to(a.dtype))
    if b.is_floating_point():
        return cast(torch.pow(a.to(torch.float64), b.to(torch.float64)), a.dtype)
    return torch.pow(a.to(torch.int64), b.to(torch.int64)).to(a.dtype)


@operator("BitShift")
def _bit_shift(call: NodeCall, a: Tensor, b: Tensor) -> Tensor:
    direction = call.expect("direction", "", "LEFT", "RIGHT")
    # By the width and more too, unlike torch.bitwise_left_shift once lowered.
    return a << b if direction == "LEFT" else a >> b


@operator("Max", "Min", "Sum", "Mean")
def _variadic(call: NodeCall, *values: Tensor) -> Tensor:
    function = {"Max": torch.maximum, "Min": torch.minimum}.get(call.op, torch.add)
    total = reduce(function, values)
    return total / len(values) if call.op == "Mean" else total


@operator("IsInf")
def _is_inf(call: NodeCall, x: Tensor) -> Tensor:
    negative = call.attribute("detect_negative", 1)
    positive = call.attribute("detect_positive", 1)
    if negative and positive:
        return torch.isinf(x)
    if not negative and not positive:
        return torch.zeros(x.shape, dtype=torch.bool)
    return x == (math.inf if positive else -math.inf)


@operator("Where")
def _where(call: NodeCall, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(condition, a, b)


@operator("Clip")
def _clip(
    call: NodeCall, x: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    if call.opset < 11:
        bounds = [
            call.attribute("min", -3.4028234663852886e38),
            call.attribute("max", 3.4028234663852886e38),
        ]
        return torch.clamp(x, *bounds)
    given = [call.value(1), call.value(2)]
    names = [call.has(1), call.has(2)]
    if all(value is not None for value, has in zip(given, names, strict=True) if has):
        numbers = [None if value is None else value.item() for value in given]
        if numbers == [None, None]:
            return torch.clone(x)
        if not any(isinstance(n, float) and math.isnan(n) for n in numbers):
            return torch.clamp(x, *numbers)
    if low is not None:
        x = torch.maximum(x, low)
    return x if high is None else torch.minimum(x, high)


def cast(x: Tensor, dtype: torch.dtype) -> Tensor:
    """A cast as C has it: floats lose their fraction, then integers the bits above."""
    if x.dtype == dtype:
        return torch.clone(x)
    if dtype is torch.bool:
        return x != 0
    return x.to(dtype)


@operator("Cast", "CastLike")
def _cast(call: NodeCall, x: Tensor, like: Tensor | None = None) -> Tensor:
    call.attribute("saturate", 1)  # of 8-bit floats, which have no type here
    call.attribute("round_mode", "up")  # the same
    kind = call.attribute("to", 0) if call.op == "Cast" else call.kind(call.inputs[1])
    dtype = torch_dtype(kind)
    if dtype is None or torch_dtype(call.kind(call.inputs[0])) is None:
        from pumice.frontend.onnx.graph import require_onnx

        name = require_onnx().TensorProto.DataType.Name
        here = call.kind(call.inputs[0])
        raise call.error(f"a cast from {name(here)} to {name(kind)} is not supported")
    return cast(x, dtype)


@operator("LeakyRelu")
def _leaky_relu(call: NodeCall, x: Tensor) -> Tensor:
    return F.leaky_relu(x, call.attribute("alpha", 0.01))


@operator("Elu")
def _elu(call: NodeCall, x: Tensor) -> Tensor:
    return F.elu(x, call.attribute("alpha", 1.0))


@operator("Celu")
def _celu(call: NodeCall, x: Tensor) -> Tensor:
    alpha = call.attribute("alpha", 1.0)
    zero = torch.zeros((), dtype=x.dtype)
    return torch.maximum(x, zero) + torch.minimum(zero, alpha * (torch.exp(x / alpha) - 1))


@operator("Selu")
def _selu(call: NodeCall, x: Tensor) -> Tensor:
    alpha: float = call.attribute("alpha", 1.67326319217681884765625)
    gamma: float = call.attribute("gamma", 1.05070102214813232421875)
    return gamma * torch.where(x > 0, x, alpha * torch.exp(x) - alpha)


@operator("HardSigmoid")
def _hard_sigmoid(call: NodeCall, x: Tensor) -> Tensor:
    return torch.clamp(call.attribute("alpha", 0.2) * x + call.attribute("beta", 0.5), 0, 1)


@operator("ThresholdedRelu")
def _thresholded_relu(call: NodeCall, x: Tensor) -> Tensor:
    alpha = call.attribute("alpha", 1.0)
    return torch.where(x > alpha, x, torch.zeros((), dtype=x.dtype))


@operator("Shrink")
def _shrink(call: NodeCall, x: Tensor) -> Tensor:
    bias, border = call.attribute("bias", 0.0), call.attribute("lambd", 0.5)
    y = x.to(torch.float64) if not x.is_floating_point() else x
    zero = torch.zeros((), dtype=y.dtype)
    return cast(
        torch.where(y < -border, y + bias, torch.where(y > border, y - bias, zero)), x.dtype
    )


@operator("Gelu")
def _gelu(call: NodeCall, x: Tensor) -> Tensor:
    return F.gelu(x, approximate=call.expect("approximate", "none", "tanh"))


@operator("Swish")
def _swish(call: NodeCall, x: Tensor) -> Tensor:
    return x * torch.sigmoid(call.attribute("alpha", 1.0) * x)


@operator("SwiGLU")
def _swiglu(call: NodeCall, gate: Tensor, x: Tensor) -> Tensor:
    return gate * torch.sigmoid(call.attribute("alpha", 1.0) * gate) * x


@operator("PRelu")
def _prelu(call: NodeCall, x: Tensor, slope: Tensor) -> Tensor:
    if not x.dtype.is_signed:
        return torch.clone(x)
    return torch.where(x < 0, x * slope, x)


@operator("Dropout")
def _dropout(
    call: NodeCall, x: Tensor, ratio: Tensor | None = None, training: Tensor | None = None
) -> Any:
    """Nothing, in inference."""
    share = call.attribute("ratio", 0.5)
    call.attribute("seed")
    if call.opset >= 12:
        given = call.constant(1, "ratio")
        share = 0.5 if given is None else float(given)
        trains = call.constant(2, "training_mode")
        if trains is not None and bool(trains) and share:
            raise call.error("expected inference, got training_mode")
    call.expect("is_test", 1)
    ones = torch.ones(x.shape, dtype=torch.bool if call.opset >= 10 else x.dtype)
    return torch.clone(x), ones
