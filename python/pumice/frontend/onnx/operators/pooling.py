# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Poolings."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.onnx.operators.layers import geometry, windows
from pumice.frontend.onnx.operators.nodes import NodeCall, operator, tensor_of

__all__: list[str] = []

_MAXIMA: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGES: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class _Pool:
    """The windows of a pooling."""

    def __init__(self, call: NodeCall, x: Tensor) -> None:
        self.x = x
        self.kernel = call.attribute("kernel_shape")
        self.sizes = list(x.shape[2:])
        if self.kernel is None or len(self.kernel) != len(self.sizes):
            raise call.error(f"expected a kernel_shape of {len(self.sizes)} dimensions")
        self.ceil = bool(call.attribute("ceil_mode", 0))
        same = call.attribute("auto_pad", "NOTSET").startswith("SAME")
        self.strides, self.dilations, self.pads = geometry(call, self.sizes, self.kernel)
        self.outputs = []
        for i, size in enumerate(self.sizes):
            reach = self.dilations[i] * (self.kernel[i] - 1) + 1
            room = size + sum(self.pads[i]) - reach
            if room < 0:
                raise call.error(f"expected a window of at most {size}, got {reach}")
            count = room // self.strides[i] + 1
            if self.ceil and not same:
                count = -(-room // self.strides[i]) + 1
                # No window starts behind the elements and the padding in front of them.
                if (count - 1) * self.strides[i] >= size + self.pads[i][0]:
                    count -= 1
            self.outputs.append(count)
        self.plain = (
            not self.ceil
            and len(self.kernel) in _MAXIMA
            and x.is_floating_point()
            and all(
                before == after and 2 * before <= width
                for (before, after), width in zip(self.pads, self.kernel, strict=True)
            )
        )

    @property
    def padding(self) -> list[int]:
        return [before for before, _ in self.pads]

    def taps(self, x: Tensor, fill: Any) -> list[Tensor]:
        """The elements under each tap of the kernel."""
        return windows(x, self.kernel, self.strides, self.dilations, self.pads, self.outputs, fill)

    def counts(self, padded: bool) -> Any:
        """How many elements each window holds; padding that is asked for may count as such."""
        counts: Any = np.ones(())
        for i, size in enumerate(self.sizes):
            before, after = self.pads[i]
            first, last = (-before, size + after) if padded else (0, size)
            starts = np.arange(self.outputs[i]) * self.strides[i] - before
            places = starts[:, None] + np.arange(self.kernel[i]) * self.dilations[i]
            inside = ((places >= first) & (places < last)).sum(1)
            counts = counts[..., None] * inside
        return counts


def _lowest(dtype: torch.dtype) -> Any:
    return float("-inf") if dtype.is_floating_point else torch.iinfo(dtype).min


@operator("MaxPool")
def _max_pool(call: NodeCall, x: Tensor) -> Any:
    pool = _Pool(call, x)
    order = call.expect("storage_order", 0, 1)
    if pool.plain and not call.wants(1):
        function = _MAXIMA[len(pool.kernel)]
        return function(x, pool.kernel, pool.strides, pool.padding, pool.dilations)
    taps = pool.taps(x, _lowest(x.dtype))
    if not call.wants(1):
        return reduce(torch.maximum, taps)
    numbers = np.arange(np.prod(x.shape), dtype=np.int64).reshape(x.shape)
    if order:
        planes = np.arange(np.prod(x.shape[:2]), dtype=np.int64).reshape(
            *x.shape[:2], *[1] * len(pool.sizes)
        )
        within = np.arange(np.prod(pool.sizes), dtype=np.int64).reshape(pool.sizes[::-1]).T
        numbers = planes * int(np.prod(pool.sizes)) + within
    places = pool.taps(tensor_of(numbers), 0)
    # A tap on the padding never wins, whatever the elements are.
    inside = pool.taps(torch.ones(x.shape, dtype=torch.bool), False)
    best, place, found = taps[0], places[0], inside[0]
    for tap, number, real in zip(taps[1:], places[1:], inside[1:], strict=True):
        better = real & ((tap > best) | ~found)
        best, place = torch.where(better, tap, best), torch.where(better, number, place)
        found = found | real
    return best, place


@operator("AveragePool")
def _average_pool(call: NodeCall, x: Tensor) -> Tensor:
    pool = _Pool(call, x)
    padded = bool(call.attribute("count_include_pad", 0))
    if pool.plain and all(dilation == 1 for dilation in pool.dilations):
        function = _AVERAGES[len(pool.kernel)]
        y: Tensor = function(x, pool.kernel, pool.strides, pool.padding, False, padded)
        return y
    total = reduce(torch.add, pool.taps(x, 0))
    counts = pool.counts(padded)
    return total / tensor_of(np.maximum(counts, 1)).to(x.dtype)


@operator("LpPool")
def _lp_pool(call: NodeCall, x: Tensor) -> Tensor:
    pool = _Pool(call, x)
    p = call.attribute("p", 2)
    taps = [torch.pow(tap.abs(), p) for tap in pool.taps(x, 0)]
    return torch.pow(reduce(torch.add, taps), 1 / p)


@operator("GlobalAveragePool")
def _global_average(call: NodeCall, x: Tensor) -> Tensor:
    return torch.mean(x, list(range(2, x.dim())), True)


@operator("GlobalMaxPool")
def _global_max(call: NodeCall, x: Tensor) -> Tensor:
    return torch.amax(x, list(range(2, x.dim())), True)


@operator("GlobalLpPool")
def _global_lp(call: NodeCall, x: Tensor) -> Tensor:
    p = call.attribute("p", 2)
    return torch.pow(torch.pow(x.abs(), p).sum(list(range(2, x.dim())), True), 1 / p)


@operator("MaxUnpool")
def _max_unpool(call: NodeCall, x: Tensor, index: Tensor, shape: Tensor | None = None) -> Tensor:
    kernel = call.attribute("kernel_shape")
    rank = len(kernel)
    strides = call.attribute("strides") or [1] * rank
    pads = call.attribute("pads") or [0] * 2 * rank
    inner = [
        (x.shape[2 + i] - 1) * strides[i] - pads[i] - pads[i + rank] + kernel[i]
        for i in range(rank)
    ]
    size = [*x.shape[:2], *inner]
    given = call.integers(2, "output_shape")
    whole = given or size
    flat = torch.zeros(int(np.prod(size)), dtype=x.dtype)
    flat = flat.scatter(0, index.reshape(-1), x.reshape(-1)).reshape(size)
    if whole == size:
        return flat
    return F.pad(
        flat, [w for a, b in zip(whole[::-1], size[::-1], strict=True) for w in (0, a - b)]
    )
