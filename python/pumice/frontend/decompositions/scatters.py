# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scatters by comparing all places with all indices, for `UNDECOMPOSED_OPS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pumice.frontend.decompositions.scans import MOST_COMPARED, least_and_greatest

__all__ = ["SCATTERS"]


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


_REDUCED: dict[str, tuple[Callable[[torch.dtype], float], Any, Any]] = {
    "sum": (lambda dtype: 0, lambda x: x.sum(-1, dtype=x.dtype), torch.add),
    "prod": (lambda dtype: 1, lambda x: x.prod(-1, dtype=x.dtype), torch.mul),
    "amax": (lambda dtype: least_and_greatest(dtype)[0], lambda x: x.amax(-1), torch.maximum),
    "amin": (lambda dtype: least_and_greatest(dtype)[1], lambda x: x.amin(-1), torch.minimum),
}


def _scatter_reduce(
    self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Any:
    hits = _hits(self, dim, index)
    if hits is None or reduce not in _REDUCED or self.dtype is torch.bool:
        return NotImplemented
    if not index.numel():
        return self.clone()
    neutral, of_all, with_self = _REDUCED[reduce]
    given = src.narrow(dim, 0, index.shape[dim]).movedim(dim, -1).unsqueeze(-2)
    other = torch.full((), neutral(self.dtype), dtype=self.dtype)
    reduced = of_all(torch.where(hits, given, other)).movedim(-1, dim)
    if include_self:
        return with_self(self, reduced)
    return torch.where(hits.any(-1).movedim(-1, dim), reduced, self)


def _index_add(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Any:
    if not self.dim() or max(self.shape[dim], index.numel()) > MOST_COMPARED:
        return NotImplemented
    if not index.numel():
        return self.clone()
    hits = torch.arange(self.shape[dim]).unsqueeze(-1) == index.reshape(-1)
    given = source.movedim(dim, -1).unsqueeze(-2)
    zero = torch.zeros((), dtype=self.dtype)
    total = torch.where(hits, given, zero).sum(-1, dtype=self.dtype).movedim(-1, dim)
    return torch.add(self, total, alpha=alpha)


def _index_put(
    self: Tensor, indices: list[Tensor | None], values: Tensor, accumulate: bool = False
) -> Any:
    """With indices for one dimension; they may count from its end."""
    dims = [dim for dim, index in enumerate(indices) if index is not None]
    index = indices[dims[0]] if len(dims) == 1 else None
    if index is None or index.dim() != 1 or index.dtype is torch.bool:
        return NotImplemented
    (dim,) = dims
    index = torch.where(index < 0, index + self.shape[dim], index)
    shape = [*self.shape]
    shape[dim] = index.numel()
    given = values.expand(shape)
    if accumulate:
        return _index_add(self, dim, index, given)
    return _index_copy(self, dim, index, given)


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


_aten = torch.ops.aten

#: What each op becomes, by the arguments of its schema.
SCATTERS: dict[Any, Callable[..., Any]] = {
    _aten.index_add.default: _index_add,
    _aten.index_copy.default: _index_copy,
    _aten.index_put.default: _index_put,
    _aten.scatter.src: _scatter,
    _aten.scatter.value: _scatter_value,
    _aten.scatter_add.default: _scatter_add,
    _aten.scatter_reduce.two: _scatter_reduce,
}
