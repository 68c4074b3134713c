# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scans and sorts by comparisons and reductions, for `UNDECOMPOSED_OPS`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["MOST_COMPARED", "SCANS", "least_and_greatest", "most_ranked"]

#: What compares all elements with all others takes at most so many of a dimension.
MOST_COMPARED = 4096

#: Of more elements, the first ones are found if there are at most so many in all blocks together.
MOST_CANDIDATES = 4096


def _scan(
    self: Tensor,
    dim: int,
    dtype: torch.dtype | None,
    neutral: float,
    combine: Callable[..., Tensor],
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


def _logcumsumexp(self: Tensor, dim: int) -> Tensor:
    def combine(a: Tensor, b: Tensor) -> Tensor:
        most = torch.maximum(a, b)
        finite = torch.where(most.isinf(), torch.zeros_like(most), most)
        return ((a - finite).exp() + (b - finite).exp()).log() + finite

    return _scan(self, dim, self.dtype, -math.inf, combine)


def _cummax(self: Tensor, dim: int) -> Any:
    return _extremes(self, dim, torch.maximum, least_and_greatest(self.dtype)[0])


def _cummin(self: Tensor, dim: int) -> Any:
    return _extremes(self, dim, torch.minimum, least_and_greatest(self.dtype)[1])


def least_and_greatest(dtype: torch.dtype) -> tuple[float, float]:
    """The ends of a type."""
    if dtype.is_floating_point:
        return -math.inf, math.inf
    if dtype is torch.bool:
        return 0, 1
    info = torch.iinfo(dtype)
    return info.min, info.max


def _extremes(self: Tensor, dim: int, combine: Callable[..., Tensor], neutral: float) -> Any:
    """The extreme of the elements up to each, and the last place that has it."""
    if not self.dim() or self.dtype is torch.bool or self.shape[dim] > MOST_COMPARED:
        return NotImplemented
    found = _scan(self, dim, self.dtype, neutral, combine)
    mine, other = found.movedim(dim, -1).unsqueeze(-1), self.movedim(dim, -1).unsqueeze(-2)
    same = mine == other
    if self.is_floating_point():
        same = same | (mine.isnan() & other.isnan())
    numbers = torch.arange(self.shape[dim])
    same = same & (numbers <= numbers.unsqueeze(-1))
    places = torch.where(same, numbers, torch.zeros_like(numbers)).amax(-1)
    return found, places.movedim(-1, dim)


def _median(self: Tensor) -> Any:
    """The lower one of two in the middle; NaN if there is one."""
    count = self.numel()
    if not 0 < count <= MOST_COMPARED:
        return NotImplemented
    flat = self.reshape(-1)
    half = (count - 1) // 2
    middle = _ranked(flat, 0, False, half + 1)[0][half]
    if not self.is_floating_point():
        return middle
    return torch.where(flat.isnan().any(), torch.full_like(middle, math.nan), middle)


def _median_dim(self: Tensor, dim: int, keepdim: bool = False) -> Any:
    """The lower one of two in the middle; the first NaN if there is one."""
    if not self.dim():
        return NotImplemented
    found = _kthvalue(self, (self.shape[dim] + 1) // 2, dim, True)
    if found is NotImplemented:
        return found
    value, index = found
    if self.is_floating_point():
        missing = self.isnan()
        any_missing = missing.any(dim, keepdim=True)
        value = torch.where(any_missing, torch.full_like(value, math.nan), value)
        first = missing.to(torch.int64).argmax(dim, keepdim=True)
        index = torch.where(any_missing, first, index)
    return (value, index) if keepdim else (value.squeeze(dim), index.squeeze(dim))


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


def _kthvalue(self: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """Of equal elements, the index is that of a stable sort."""
    found = _ranked(self, dim, False, k)
    if found is NotImplemented:
        return found
    values, indices = (part.narrow(dim, k - 1, 1) for part in found)
    return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))


def _mode(self: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The smallest of the most frequent elements, and the last place that has it."""
    if not self.dim() or self.shape[dim] > MOST_COMPARED:
        return NotImplemented
    elements = self.movedim(dim, -1)
    counts = (elements.unsqueeze(-1) == elements.unsqueeze(-2)).to(torch.int64).sum(-1)
    often = counts == counts.amax(-1, keepdim=True)
    numbers = elements.to(torch.int64) if self.dtype is torch.bool else elements
    most = torch.full_like(numbers, least_and_greatest(numbers.dtype)[1])
    value = torch.where(often, numbers, most).amin(-1, keepdim=True)
    places = torch.arange(elements.shape[-1])
    index = torch.where(numbers == value, places, torch.zeros_like(places)).amax(-1, keepdim=True)
    found = tuple(part.movedim(-1, dim) for part in (value.to(self.dtype), index))
    return found if keepdim else tuple(part.squeeze(dim) for part in found)


def _dist(self: Tensor, other: Tensor, p: float = 2) -> Any:
    return torch.linalg.vector_norm(self - other, p)


def _block_size(elements: int, count: int) -> int | None:
    """How many elements are ranked together so that there are the fewest comparisons."""
    best = None
    for bits in range(1, 13):
        size = 1 << bits
        candidates = -(-elements // size) * count
        if size < count or candidates > MOST_CANDIDATES:
            continue
        compared = elements * size + candidates * candidates
        if best is None or compared < best[0]:
            best = (compared, size)
    return best and best[1]


def most_ranked(elements: int) -> int:
    """How many of the first ones of so many elements can be found."""
    if elements <= MOST_COMPARED:
        return elements
    return MOST_CANDIDATES // -(-elements // MOST_COMPARED)


def _ranked(self: Tensor, dim: int, descending: bool, count: int) -> Any:
    """The first `count` of the sorted elements and their indices; NaN is the greatest."""
    if not self.dim():
        return NotImplemented
    values = self.movedim(dim, -1)
    if self.shape[dim] <= MOST_COMPARED:
        found = _first(values, descending, count, None)
    else:
        size = _block_size(self.shape[dim], count)
        if size is None:
            return NotImplemented
        found = _first_of_blocks(values, descending, count, size)
    return tuple(part.movedim(-1, dim) for part in found)


def _first_of_blocks(values: Tensor, descending: bool, count: int, size: int) -> Any:
    """The first `count` of each `size` elements, and of those the first `count`.

    A stable order: candidates of equal value are in the order of their blocks.
    """
    missing = -values.shape[-1] % size
    if missing:
        least, greatest = least_and_greatest(values.dtype)
        last = least if descending else math.nan if values.is_floating_point() else greatest
        values = torch.nn.functional.pad(values, (0, missing), value=last)
    blocks = values.shape[-1] // size
    parts = values.reshape(*values.shape[:-1], blocks, size)
    candidates, indices = _first(parts, descending, count, None)
    indices = indices + (torch.arange(blocks) * size).unsqueeze(-1)
    shape = (*values.shape[:-1], blocks * count)
    return _first(candidates.reshape(shape), descending, count, indices.reshape(shape))


def _first(values: Tensor, descending: bool, count: int, names: Tensor | None) -> Any:
    """The first `count` of the last dimension and their `names`, or else their indices."""
    numbers = torch.arange(values.shape[-1])
    mine, other = values.unsqueeze(-1), values.unsqueeze(-2)
    below = mine < other if descending else other < mine
    same = mine == other
    if values.is_floating_point():
        i_am, it_is = mine.isnan(), other.isnan()
        below = below | (it_is & ~i_am if descending else i_am & ~it_is)
        same = same | (i_am & it_is)
    before = below | (same & (numbers < numbers.unsqueeze(-1)))
    rank = before.to(torch.int64).sum(-1)
    chosen = rank.unsqueeze(-2) == numbers[:count].unsqueeze(-1)
    zero = torch.zeros((), dtype=values.dtype)
    taken = torch.where(chosen, values.unsqueeze(-2), zero).sum(-1, dtype=values.dtype)
    named = numbers if names is None else names.unsqueeze(-2)
    return taken, torch.where(chosen, named, torch.zeros_like(named)).sum(-1)


def _cumprod(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Tensor:
    return _scan(self, dim, dtype, 1, torch.mul)


_aten = torch.ops.aten

#: What each op becomes, by the arguments of its schema.
SCANS: dict[Any, Callable[..., Any]] = {
    _aten.cumsum.default: _cumsum,
    _aten.cumprod.default: _cumprod,
    _aten.logcumsumexp.default: _logcumsumexp,
    _aten.cummax.default: _cummax,
    _aten.cummin.default: _cummin,
    _aten.median.default: _median,
    _aten.median.dim: _median_dim,
    _aten.mode.default: _mode,
    _aten.kthvalue.default: _kthvalue,
    _aten.dist.default: _dist,
    _aten.sort.default: _sort,
    _aten.sort.stable: _stable_sort,
    _aten.topk.default: _topk,
}
