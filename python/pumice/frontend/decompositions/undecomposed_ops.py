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

__all__ = ["MOST_COMPARED", "UNDECOMPOSED_OPS"]

MOST_COMPARED = 4096

_aten = torch.ops.aten


def _cumsum(self: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Tensor:
    """Sums of the elements up to each, in log2(n) additions: the order differs from PyTorch's."""
    if dtype is None:
        dtype = self.dtype if self.is_floating_point() else torch.int64
    total = self.to(dtype)
    if not total.dim():
        return total
    size, step = total.shape[dim], 1
    while step < size:
        earlier = total.narrow(dim, 0, size - step)
        nothing = torch.zeros_like(total.narrow(dim, 0, step))
        total = total + torch.cat([nothing, earlier], dim)
        step *= 2
    return total


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
    numbers = torch.arange(index.shape[dim])
    last = torch.where(hits, numbers, torch.full_like(numbers, -1)).amax(-1).movedim(-1, dim)
    given = src.narrow(dim, 0, index.shape[dim]).gather(dim, last.clamp(min=0))
    return torch.where(last >= 0, given, self)


def _scatter_value(self: Tensor, dim: int, index: Tensor, value: float) -> Any:
    hits = _hits(self, dim, index)
    if hits is None:
        return NotImplemented
    given = torch.full((), value, dtype=self.dtype)
    return torch.where(hits.any(-1).movedim(-1, dim), given, self)


def _scatter_add(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Any:
    hits = _hits(self, dim, index)
    if hits is None:
        return NotImplemented
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


#: What each op becomes, by the arguments of its schema.
UNDECOMPOSED_OPS: dict[Any, Callable[..., Any]] = {
    _aten.cumsum.default: _cumsum,
    _aten.sort.default: _sort,
    _aten.sort.stable: _stable_sort,
    _aten.topk.default: _topk,
    _aten._cdist_forward.default: _cdist,
    _aten.col2im.default: _col2im,
    _aten.scatter.src: _scatter,
    _aten.scatter.value: _scatter_value,
    _aten.scatter_add.default: _scatter_add,
}
