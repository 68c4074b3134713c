# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decompositions of ops for which torch-mlir has no linalg form: scans, sorts, scatters and others.

Each computes what PyTorch documents, of static shapes, with comparisons and reductions only.
What compares all elements with all others is left to torch-mlir beyond `MOST_COMPARED` elements
of a dimension, and refused there by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["MOST_COMPARED", "UNDECOMPOSED_OPS", "block_weights", "weight_blocks"]

MOST_COMPARED = 4096

_aten = torch.ops.aten


def _scan(
    self: Tensor, dim: int, dtype: torch.dtype | None, neutral: int, combine: Callable[..., Tensor]
) -> Tensor:
    """Combines the elements up to each, in log2(n) steps: the order differs from PyTorch's."""
    if dtype is None:
        dtype = self.dtype if self.is_floating_point() else torch.int64
    total = self.to(torch.promote_types(dtype, torch.float32) if _is_half(dtype) else dtype)
    if not total.dim():
        return total.to(dtype)
    size, step = total.shape[dim], 1
    while step < size:
        earlier = total.narrow(dim, 0, size - step)
        first = torch.full_like(total.narrow(dim, 0, step), neutral)
        total = combine(total, torch.cat([first, earlier], dim))
        step *= 2
    return total.to(dtype)


def _cumsum(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Tensor:
    return _scan(self, dim, dtype, 0, torch.add)


def _is_half(dtype: torch.dtype) -> bool:
    return dtype in (torch.float16, torch.bfloat16)


def _sort(self: Tensor, dim: int = -1, descending: bool = False) -> Any:
    return _stable_sort(self, stable=True, dim=dim, descending=descending)


def _stable_sort(
    self: Tensor, *, stable: bool | None = None, dim: int = -1, descending: bool = False
) -> Any:
    return _ranked(self, dim, descending, self.shape[dim] if self.dim() else 1)


def _topk(self: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    return _ranked(self, dim, largest, k)


def _ranked(self: Tensor, dim: int, descending: bool, count: int) -> Any:
    """The first `count` of the sorted elements and their indices; NaN is the greatest."""
    if not self.dim() or self.shape[dim] > MOST_COMPARED:
        return NotImplemented
    values = self.movedim(dim, -1)
    numbers = torch.arange(values.shape[-1])
    mine, other = values.unsqueeze(-1), values.unsqueeze(-2)
    below = mine < other if descending else other < mine
    same = mine == other
    if self.is_floating_point():
        i_am, it_is = mine.isnan(), other.isnan()
        below = below | (it_is & ~i_am if descending else i_am & ~it_is)
        same = same | (i_am & it_is)
    before = below | (same & (numbers < numbers.unsqueeze(-1)))
    rank = before.to(torch.int64).sum(-1)
    chosen = rank.unsqueeze(-2) == numbers[:count].unsqueeze(-1)
    zero = torch.zeros((), dtype=self.dtype)
    taken = torch.where(chosen, values.unsqueeze(-2), zero).sum(-1, dtype=self.dtype)
    indices = torch.where(chosen, numbers, torch.zeros_like(numbers)).sum(-1)
    return taken.movedim(-1, dim), indices.movedim(-1, dim)


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


def _scatter(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Any:
    """Of several elements for one place, the last one wins."""
    hits = _hits(self, dim, index)
    if hits is None:
        return NotImplemented
    if not index.numel():
        return self.clone()
    numbers = torch.arange(index.shape[dim])
    last = torch.where(hits, numbers, torch.full_like(numbers, -1)).amax(-1).movedim(-1, dim)
    given = src.narrow(dim, 0, index.shape[dim]).gather(dim, last.clamp(min=0))
    return torch.where(last >= 0, given, self)


def _index_copy(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Any:
    """Of several elements for one place, the last one wins."""
    if not self.dim() or not index.numel():
        return NotImplemented
    size = self.shape[dim]
    if max(size, index.numel()) > MOST_COMPARED:
        return NotImplemented
    numbers = torch.arange(index.numel())
    hits = torch.arange(size).unsqueeze(-1) == index.reshape(-1)
    last = torch.where(hits, numbers, torch.full_like(numbers, -1)).amax(-1)
    shape = [1] * self.dim()
    shape[dim] = size
    given = source.index_select(dim, last.clamp(min=0))
    return torch.where((last >= 0).reshape(shape), given, self)


def _scatter_value(self: Tensor, dim: int, index: Tensor, value: float) -> Any:
    hits = _hits(self, dim, index)
    if hits is None:
        return NotImplemented
    if not index.numel():
        return self.clone()
    given = torch.full((), value, dtype=self.dtype)
    return torch.where(hits.any(-1).movedim(-1, dim), given, self)


def _scatter_add(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Any:
    hits = _hits(self, dim, index)
    if hits is None:
        return NotImplemented
    if not index.numel():
        return self.clone()
    given = src.narrow(dim, 0, index.shape[dim]).movedim(dim, -1).unsqueeze(-2)
    zero = torch.zeros((), dtype=self.dtype)
    return self + torch.where(hits, given, zero).sum(-1, dtype=self.dtype).movedim(-1, dim)


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


def _hits(self: Tensor, dim: int, index: Tensor) -> Tensor | None:
    """(..., places, elements): which element goes to which place of `dim`, which is moved last."""
    if not self.dim() or max(self.shape[dim], index.shape[dim]) > MOST_COMPARED:
        return None
    other = [list(value.shape) for value in (self, index)]
    for shape in other:
        del shape[dim]
    if other[0] != other[1]:
        return None
    places = torch.arange(self.shape[dim]).unsqueeze(-1)
    return index.movedim(dim, -1).unsqueeze(-2) == places


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


def _cumprod(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Tensor:
    return _scan(self, dim, dtype, 1, torch.mul)


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


#: What each op becomes, by the arguments of its schema.
UNDECOMPOSED_OPS: dict[Any, Callable[..., Any]] = {
    _aten.cumsum.default: _cumsum,
    _aten.cumprod.default: _cumprod,
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
    _aten.sort.default: _sort,
    _aten.sort.stable: _stable_sort,
    _aten.topk.default: _topk,
    _aten._cdist_forward.default: _cdist,
    _aten.col2im.default: _col2im,
    _aten.index_copy.default: _index_copy,
    _aten.scatter.src: _scatter,
    _aten.scatter.value: _scatter_value,
    _aten.scatter_add.default: _scatter_add,
}
