# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decompositions of ops for which torch-mlir has no linalg form.

Each computes what PyTorch documents, of static shapes, with comparisons and reductions only.
What compares all elements with all others is left to torch-mlir beyond `MOST_COMPARED` elements
of a dimension, and refused there by its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._decomp import decomposition_table

from pumice.frontend.decompositions.scans import MOST_COMPARED, SCANS
from pumice.frontend.decompositions.scatters import SCATTERS

__all__ = ["MOST_COMPARED", "UNDECOMPOSED_OPS", "block_weights", "weight_blocks"]

_aten = torch.ops.aten


def _hypot(self: Tensor, other: Tensor) -> Tensor:
    """Of a and b: sqrt(a^2 + b^2), where the squares may be out of range."""
    a, b = self.abs(), other.abs()
    most, least = torch.maximum(a, b), torch.minimum(a, b)
    divisor = torch.where(most == 0, torch.ones_like(most), most)
    length = most * (1 + (least / divisor) ** 2).sqrt()
    return torch.where(a.isinf() | b.isinf(), torch.full_like(length, math.inf), length)


def _copysign(self: Tensor, other: Tensor) -> Tensor:
    dtype = torch.result_type(self, other)
    size = self.to(dtype if dtype.is_floating_point else torch.get_default_dtype()).abs()
    return torch.where(torch.signbit(other), -size, size)


def _cdist(x1: Tensor, x2: Tensor, p: float, compute_mode: int | None) -> Tensor:
    """Distances between all rows of x1 (..., P, M) and of x2 (..., R, M)."""
    apart = (x1.unsqueeze(-2) - x2.unsqueeze(-3)).abs()
    if p == 0:
        return (apart != 0).to(apart.dtype).sum(-1)
    if p == float("inf"):
        return apart.amax(-1)
    if p == 1:
        return apart.sum(-1)
    if p == 2:
        return (apart * apart).sum(-1).sqrt()
    return apart.pow(p).sum(-1).pow(1 / p)


def _col2im(
    self: Tensor,
    output_size: list[int],
    kernel_size: list[int],
    dilation: list[int],
    padding: list[int],
    stride: list[int],
) -> Tensor:
    """(N, C*KH*KW, L) -> (N, C, H, W), or both without N: a transposed convolution that places."""
    kernel = kernel_size[0] * kernel_size[1]
    channels = self.shape[-2] // kernel
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
    sizes = zip(output_size, padding, reach, stride, strict=True)
    windows = [(size + 2 * pad - wide) // step + 1 for size, pad, wide, step in sizes]
    ends = [(n - 1) * step + wide for n, step, wide in zip(windows, stride, reach, strict=True)]
    rest = [s + 2 * pad - end for s, pad, end in zip(output_size, padding, ends, strict=True)]
    each = torch.eye(kernel, dtype=self.dtype).reshape(kernel, 1, *kernel_size)
    weights = each.repeat(channels, 1, 1, 1)
    columns = self.reshape(-1, channels * kernel, *windows)
    image = torch.conv_transpose2d(
        columns, weights, None, stride, padding, rest, channels, dilation
    )
    return image.reshape(*self.shape[:-2], channels, *output_size)


def weight_blocks(shape: Any, groups: int) -> int | None:
    """Channels of a group that torch-mlir takes; None for what is not depthwise."""
    if groups < 2 or shape[0] != groups or shape[1] != 1:
        return None
    return next(size for size in range(2, groups + 1) if groups % size == 0)


def block_weights(weight: Tensor, blocks: int) -> Tensor:
    """Weights (channels, 1, ...) of a depthwise transposed convolution, in groups of `blocks`.

    The weights between different channels are 0.
    """
    channels = weight.shape[0]
    own = torch.arange(channels).remainder(blocks).unsqueeze(-1) == torch.arange(blocks)
    return weight * own.to(weight.dtype).reshape(channels, blocks, *[1] * (weight.dim() - 2))


def _convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> Any:
    blocks = weight_blocks(weight.shape, groups) if transposed else None
    if blocks is None:
        return NotImplemented
    weight, groups = block_weights(weight, blocks), groups // blocks
    return _aten.convolution.default(
        input, weight, bias, stride, padding, dilation, True, output_padding, groups
    )


def _square(self: Tensor) -> Tensor:
    value = self.to(torch.int64) if self.dtype is torch.bool else self
    return value * value


def _neg(self: Tensor) -> Any:
    """Of integers; torch-mlir's goes through floats."""
    return NotImplemented if self.is_floating_point() else 0 - self


def _floor_divide(self: Tensor, other: Tensor) -> Any:
    """Of integers; torch-mlir's goes through floats."""
    if torch.result_type(self, other).is_floating_point:
        return NotImplemented
    quotient = torch.div(self, other, rounding_mode="trunc")
    rest = self - quotient * other
    below = (rest != 0) & ((rest < 0) != (other < 0))
    return quotient - below.to(quotient.dtype)


def _div_mode(self: Tensor, other: Tensor, *, rounding_mode: str | None) -> Any:
    return _floor_divide(self, other) if rounding_mode == "floor" else NotImplemented


def _div_scalar_mode(self: Tensor, other: float, *, rounding_mode: str | None) -> Any:
    dtype = torch.result_type(self, other)
    if dtype.is_floating_point:
        return NotImplemented
    return torch.div(self, torch.full((), other, dtype=dtype), rounding_mode=rounding_mode)


def _isfinite(self: Tensor) -> Tensor:
    if not self.is_floating_point():
        return torch.ones_like(self, dtype=torch.bool)
    return self.abs() < float("inf")  # not so for NaN


def _signbit(self: Tensor) -> Tensor:
    """Also of -0, whose reciprocal shows it; NaN has none here."""
    if not self.is_floating_point():
        return self < 0
    return (self < 0) | ((self == 0) & (self.reciprocal() < 0))


def _fmod_scalar(self: Tensor, other: float) -> Tensor:
    dtype = torch.result_type(self, other)
    return torch.fmod(self.to(dtype), torch.full((), other, dtype=dtype))


def _pow_scalar(self: Tensor, exponent: float) -> Any:
    dtype = torch.result_type(self, exponent)
    if self.is_floating_point():
        return NotImplemented
    if dtype.is_floating_point:
        return torch.pow(self.to(dtype), exponent)
    if exponent < 0:
        return NotImplemented  # refused by PyTorch
    result, base, left = torch.ones_like(self, dtype=dtype), self.to(dtype), int(exponent)
    while left:
        if left & 1:
            result = result * base
        left >>= 1
        if left:
            base = base * base
    return result


def _pow_of_scalar(self: float, exponent: Tensor) -> Tensor:
    dtype = torch.result_type(self, exponent)
    return torch.pow(torch.full(exponent.shape, self, dtype=dtype), exponent.to(dtype))


def _pow(self: Tensor, exponent: Tensor) -> Any:
    """Of integers: by digits of four bits of the exponent. Overflow wraps around."""
    dtype = torch.result_type(self, exponent)
    if dtype.is_floating_point:
        if self.is_floating_point() and exponent.is_floating_point():
            return NotImplemented
        return torch.pow(self.to(dtype), exponent.to(dtype))
    start, power = self.to(dtype), exponent.to(dtype)
    base, left = start, power
    places = torch.arange(16).to(dtype)
    result = torch.ones_like(start * power)
    for _ in range(torch.iinfo(dtype).bits // 4):
        factors = torch.where(places < (left & 15).unsqueeze(-1), base.unsqueeze(-1), 1)
        result = result * factors.prod(-1, dtype=dtype)
        base = base.unsqueeze(-1).expand(*base.shape, 16).prod(-1, dtype=dtype)
        left = left >> 4
    if not dtype.is_signed:
        return result
    # Below 0: 1 / start, without its fraction.
    sign = torch.where((power & 1) == 1, start, torch.ones_like(start))
    one = torch.where((start == 1) | (start == -1), sign, torch.zeros_like(start))
    return torch.where(power < 0, one, result)


def _shift_left(self: Tensor, other: Tensor) -> Tensor:
    """0 beyond the width."""
    dtype = torch.result_type(self, other)
    value, count = self.to(dtype), other.to(dtype)
    bits = torch.iinfo(dtype).bits
    inside = (count >= 0) & (count < bits)
    shifted = torch.ops.aten.bitwise_left_shift.Tensor(value, torch.where(inside, count, 0))
    return torch.where(inside, shifted, 0)


def _shift_right(self: Tensor, other: Tensor) -> Tensor:
    """The sign, or 0, beyond the width."""
    dtype = torch.result_type(self, other)
    value, count = self.to(dtype), other.to(dtype)
    last = torch.iinfo(dtype).bits - 1
    inside = (count >= 0) & (count <= last)
    shifted = torch.ops.aten.bitwise_right_shift.Tensor(value, torch.where(inside, count, last))
    return shifted if dtype.is_signed else torch.where(inside, shifted, 0)


def _sum(self: Tensor, *, dtype: torch.dtype | None = None) -> Any:
    """As bool: whether there is an element that is not 0. torch-mlir adds single bits."""
    return self.to(torch.bool).any() if dtype is torch.bool else NotImplemented


def _sum_dims(
    self: Tensor,
    dim: list[int] | None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Any:
    if dtype is not torch.bool:
        return NotImplemented
    return self.to(torch.bool).any(dim or list(range(self.dim())), keepdim)


def _prod(self: Tensor, *, dtype: torch.dtype | None = None) -> Any:
    return self.to(torch.bool).all() if dtype is torch.bool else NotImplemented


def _prod_dim(
    self: Tensor, dim: int, keepdim: bool = False, *, dtype: torch.dtype | None = None
) -> Any:
    return self.to(torch.bool).all(dim, keepdim) if dtype is torch.bool else NotImplemented


def _isclose(
    self: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Of integers; differences wrap around as in PyTorch."""
    if self.is_floating_point() or other.is_floating_point():
        return NotImplemented
    if self.dtype is torch.bool:
        self, other = self.float(), other.float()
    return (self == other) | ((self - other).abs() <= atol + (rtol * other).abs())


def _upsample_bilinear(
    input: Tensor,
    output_size: list[int] | None,
    align_corners: bool,
    scale_factors: list[float] | None,
) -> Any:
    """PyTorch's decomposition. Of bytes it rounds halves to even, its kernel rounds them up."""
    decomposed = decomposition_table[_aten.upsample_bilinear2d.vec]
    if input.is_floating_point():
        return decomposed(input, output_size, align_corners, scale_factors)
    found = decomposed(input.float(), output_size, align_corners, scale_factors)
    return (found + 0.5).floor().to(input.dtype)


#: What each op becomes, by the arguments of its schema.
UNDECOMPOSED_OPS: dict[Any, Callable[..., Any]] = {
    **SCANS,
    **SCATTERS,
    _aten.sum.default: _sum,
    _aten.sum.dim_IntList: _sum_dims,
    _aten.prod.default: _prod,
    _aten.prod.dim_int: _prod_dim,
    _aten.isclose.default: _isclose,
    _aten.upsample_bilinear2d.vec: _upsample_bilinear,
    _aten.hypot.default: _hypot,
    _aten.copysign.Tensor: _copysign,
    _aten.convolution.default: _convolution,
    _aten.square.default: _square,
    _aten.neg.default: _neg,
    _aten.floor_divide.default: _floor_divide,
    _aten.div.Tensor_mode: _div_mode,
    _aten.div.Scalar_mode: _div_scalar_mode,
    _aten.isfinite.default: _isfinite,
    _aten.signbit.default: _signbit,
    _aten.fmod.Scalar: _fmod_scalar,
    _aten.pow.Tensor_Scalar: _pow_scalar,
    _aten.pow.Scalar: _pow_of_scalar,
    _aten.pow.Tensor_Tensor: _pow,
    _aten.__lshift__.Tensor: _shift_left,
    _aten.__rshift__.Tensor: _shift_right,
    _aten._cdist_forward.default: _cdist,
    _aten.col2im.default: _col2im,
}
