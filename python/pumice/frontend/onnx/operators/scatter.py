# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scatters."""

from __future__ import annotations

import torch
from torch import Tensor

from pumice.frontend.onnx.operators.movement import from_front
from pumice.frontend.onnx.operators.nodes import NodeCall, operator

__all__: list[str] = []

#: Places times updates that a reduction compares.
_MOST_COMPARED = 1 << 22


def _reduction(call: NodeCall) -> str:
    reduction: str = call.expect("reduction", "none", "add", "mul", "max", "min")
    return reduction


@operator("ScatterElements", "Scatter")
def _scatter_elements(call: NodeCall, x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
    axis = call.axis(call.attribute("axis", 0), x.dim())
    places = from_front(index, x.shape[axis])
    reduction = _reduction(call)
    if reduction == "none":
        return torch.scatter(x, axis, places, updates)
    if reduction == "add":
        return torch.scatter_add(x, axis, places, updates)
    # Updates one by one: each row of the index goes to other places or comes later.
    rows = [slice(0, extent) for extent in index.shape]
    if x.shape[axis] * index.numel() > _MOST_COMPARED:
        raise call.error(f"reduction '{reduction}' is not supported on {index.numel()} elements")
    rows[axis] = slice(None)
    part = x[tuple(rows)].movedim(axis, -1)
    numbers = torch.arange(x.shape[axis]).unsqueeze(-1)
    hits = places.movedim(axis, -1).unsqueeze(-2) == numbers
    part = _combined(reduction, part, hits, updates.movedim(axis, -1).unsqueeze(-2))
    part = part.movedim(-1, axis)
    if part.shape == x.shape:
        return part
    inside = torch.ones(part.shape, dtype=torch.bool)
    pads = [
        w
        for whole, few in zip(x.shape[::-1], part.shape[::-1], strict=True)
        for w in (0, whole - few)
    ]
    pad = torch.nn.functional.pad
    return torch.where(pad(inside, pads, value=False), pad(part, pads), x)


def _combined(reduction: str, values: Tensor, hits: Tensor, updates: Tensor) -> Tensor:
    """values (..., places) combined with updates (..., 1, updates) where hits."""
    dtype = values.dtype
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    low = float("-inf") if dtype.is_floating_point else info.min
    high = float("inf") if dtype.is_floating_point else info.max
    neutral = torch.full((), {"mul": 1, "max": low, "min": high}[reduction], dtype=dtype)
    taken = torch.where(hits, updates, neutral)
    if reduction == "mul":
        return values * torch.prod(taken, -1, dtype=dtype)
    if reduction == "max":
        return torch.maximum(values, torch.amax(taken, -1))
    return torch.minimum(values, torch.amin(taken, -1))


@operator("ScatterND")
def _scatter_nd(call: NodeCall, x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
    width = index.shape[-1]
    sizes, rest = x.shape[:width], x.shape[width:]
    number = torch.zeros(index.shape[:-1], dtype=torch.int64)
    for place, size in enumerate(sizes):
        number = number * size + from_front(index[..., place], size)
    number = number.reshape(-1, 1)
    rows = x.reshape(sizes.numel(), rest.numel())
    given = updates.reshape(number.shape[0], rest.numel())
    number = number.expand(given.shape)
    reduction = _reduction(call)
    if reduction == "none":
        result = torch.scatter(rows, 0, number, given)
    elif reduction == "add":
        result = torch.scatter_add(rows, 0, number, given)
    else:
        if rows.shape[0] * given.numel() > _MOST_COMPARED:
            raise call.error(
                f"reduction '{reduction}' is not supported on {given.numel()} elements"
            )
        hits = number.t().unsqueeze(-2) == torch.arange(rows.shape[0]).unsqueeze(-1)
        result = _combined(reduction, rows.t(), hits, given.t().unsqueeze(-2)).t()
    return result.reshape(x.shape)


@operator("TensorScatter")
def _tensor_scatter(
    call: NodeCall, past: Tensor, update: Tensor, starts: Tensor | None = None
) -> Tensor:
    """Writes a run of elements into a cache, from a start for each item of the batch."""
    axis = call.axis(call.attribute("axis", -2), past.dim())
    mode = call.expect("mode", "linear", "circular")
    size, count = past.shape[axis], update.shape[axis]
    places = torch.arange(count).reshape([-1] + [1] * (past.dim() - 1 - axis))
    if starts is not None:
        places = places + starts.to(torch.int64).reshape([-1] + [1] * (past.dim() - 1))
    if mode == "circular":
        places = torch.remainder(places, size)
    return torch.scatter(past, axis, places.expand(update.shape), update)
