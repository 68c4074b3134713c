# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The oracle's integer layers: codes, exact sums, requantization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import array_oracle
from array_oracle import Crossbar, Layer

Array = npt.NDArray[Any]
F32 = np.float32


@dataclass
class Codes:
    """Integers with their affine meaning (q - zero_point) * scale; per channel along `axis`.

    `bits` is the width of an activation's codes.
    """

    q: Array
    scale: Array
    zero_point: Array
    axis: int | None = None
    bits: int = 8

    def centred(self) -> Array:
        """q - zero point, int64."""
        return self.q.astype(np.int64) - self._along(self.zero_point.astype(np.int64))

    def real(self) -> Array:
        """float32(q - zero point) * float32(scale)."""
        return self.centred().astype(F32) * self._along(self.scale.astype(F32))

    def _along(self, values: Array) -> Array:
        if self.axis is None:
            return values
        shape = [1] * self.q.ndim
        shape[self.axis] = -1
        return values.reshape(shape)


def plain(value: Any) -> Any:
    return value.real() if isinstance(value, Codes) else value


def quantize(x: Array, scale: Any, zero_point: Any, low: int, high: int) -> Array:
    """float32 -> codes by division, round half to even, + zero point, clamp."""
    x = np.asarray(x, F32)
    shifted = np.rint(x / F32(scale)) + F32(zero_point)
    clamped = np.minimum(np.maximum(shifted, F32(low)), F32(high))
    return clamped.astype(np.uint8 if low >= 0 else np.int8)


def requantizable(acc: Array, x: Codes, weight: Codes, bias: Any, last_axis: bool) -> Array:
    """The float32 value of an accumulator: multiply, round, add the bias, round."""
    scale = F32(x.scale) * weight.scale.astype(F32)
    if weight.axis == 1:  # of a transposed convolution: every group has the same scales
        scale = np.tile(scale, acc.shape[1] // scale.size)
    shape = [-1] if last_axis else [1, -1] + [1] * (acc.ndim - 2)
    y = acc.astype(F32) * (scale.reshape(shape) if scale.ndim else scale)
    return y if bias is None else y + np.asarray(plain(bias), F32).reshape(shape)


@dataclass(frozen=True)
class Geometry:
    """Spatial parameters; padding is (before, after) per axis; empty for linear layers."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
    same: bool = False
    output_padding: tuple[int, ...] | None = None  # of transposed convolutions


def geometry_of(base: str, args: list[Any], kwargs: dict[str, Any], rank: int) -> Geometry:
    if base == "linear":
        return Geometry((), (), (), 1)
    names = ["input", "weight", "bias", "stride", "padding", "dilation"]
    names += ["transposed", "output_padding", "groups"] if base == "convolution" else ["groups"]
    if base.startswith("conv_transpose"):
        names = ["input", "weight", "bias", "stride", "padding", "output_padding", "groups"]
        names += ["dilation"]
    values = dict(zip(names, args, strict=False)) | kwargs
    transposed = bool(values.get("transposed")) or base.startswith("conv_transpose")

    def spread(value: Any) -> tuple[int, ...]:
        found = [value] if isinstance(value, int) else list(value)
        return tuple(found * rank if len(found) == 1 else found)

    padding = values.get("padding", 0)
    same = padding == "same"
    pairs = ((0, 0),) * rank
    if not isinstance(padding, str):
        pairs = tuple((value, value) for value in spread(padding))
    return Geometry(
        spread(values.get("stride", 1)),
        pairs,
        spread(values.get("dilation", 1)),
        int(values.get("groups", 1)),
        same,
        spread(values.get("output_padding", 0)) if transposed else None,
    )


def _columns(x: Array, kernel: tuple[int, ...], geometry: Geometry, fill: Any) -> Array:
    """(N, C, *spatial) -> (groups, N * positions, C/groups * prod(kernel)); also for linear."""
    if not geometry.stride:
        return x.reshape(1, -1, x.shape[-1])
    padding = geometry.padding
    spans = [(size - 1) * d + 1 for size, d in zip(kernel, geometry.dilation, strict=True)]
    if geometry.same:
        padding = tuple(((span - 1) // 2, span - 1 - (span - 1) // 2) for span in spans)
    padded = np.pad(x, ((0, 0), (0, 0), *padding), constant_values=fill)
    axes = tuple(range(2, x.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axes)
    rank = len(spans)
    steps = tuple(slice(None, None, step) for step in geometry.stride)
    taps = tuple(slice(None, None, step) for step in geometry.dilation)
    windows = windows[(slice(None), slice(None), *steps, *taps)]
    n, c = x.shape[:2]
    out = windows.shape[2 : 2 + rank]
    groups = geometry.groups
    split = windows.reshape(n, groups, c // groups, *out, *kernel)
    order = (1, 0, *range(3, 3 + rank), 2, *range(3 + rank, 3 + 2 * rank))
    return split.transpose(order).reshape(groups, n * int(np.prod(out)), -1)


def _shape_out(columns: Array, x: Array, kernel: tuple[int, ...], geometry: Geometry) -> Array:
    """(groups, N * positions, out / groups) -> the layer's output shape."""
    if not geometry.stride:
        return columns.reshape(*x.shape[:-1], -1)
    out = []
    for axis, size in enumerate(kernel):
        span = (size - 1) * geometry.dilation[axis] + 1
        pad = span - 1 if geometry.same else sum(geometry.padding[axis])
        out.append((x.shape[2 + axis] + pad - span) // geometry.stride[axis] + 1)
    groups, _, channels = columns.shape
    spread = columns.reshape(groups, x.shape[0], *out, channels)
    rank = len(out)
    order = (1, 0, 2 + rank, *range(2, 2 + rank))
    return np.ascontiguousarray(spread.transpose(order)).reshape(
        x.shape[0], groups * channels, *out
    )


def exact_matmul(a: Array, b: Array) -> Array:
    """Integer product by floating-point BLAS, in a type whose integers hold every partial sum."""
    bound = int(np.abs(a).max(initial=0)) * int(np.abs(b).max(initial=0)) * a.shape[-1]
    assert bound < 2**53, f"sums up to {bound} are not exact in float64"
    kind = F32 if bound < 2**24 else np.float64
    return np.matmul(a.astype(kind), b.astype(kind)).astype(np.int64)


def _scatter(x: Array, weight: Array, geometry: Geometry) -> Array:
    """A transposed convolution of integers: every input adds its weights to its outputs.

    Weights are (C, F / groups, *kernel); input i adds to i * stride + tap * dilation - padding.
    """
    groups, rank = geometry.groups, x.ndim - 2
    n, c = x.shape[:2]
    f = weight.shape[1]
    extra = geometry.output_padding or (0,) * rank
    whole = [
        (x.shape[2 + i] - 1) * geometry.stride[i]
        + (weight.shape[2 + i] - 1) * geometry.dilation[i]
        + 1
        + extra[i]
        for i in range(rank)
    ]
    total = np.zeros((n, groups, f, *whole), np.int64)
    grouped = x.reshape(n, groups, c // groups, *x.shape[2:])
    filters = weight.reshape(groups, c // groups, f, *weight.shape[2:])
    for tap in np.ndindex(*weight.shape[2:]):
        part = np.einsum("ngc...,gcf->ngf...", grouped, filters[(..., *tap)])
        place = tuple(
            slice(
                tap[i] * geometry.dilation[i],
                tap[i] * geometry.dilation[i] + (x.shape[2 + i] - 1) * geometry.stride[i] + 1,
                geometry.stride[i],
            )
            for i in range(rank)
        )
        total[(..., *place)] += part
    cut = tuple(
        slice(before, size - after)
        for size, (before, after) in zip(whole, geometry.padding, strict=True)
    )
    return np.ascontiguousarray(total.reshape(n, groups * f, *whole)[(..., *cut)])


def fewer_cells(bits: int, array: Crossbar) -> bool:
    return -(-bits // array.cell_bits) < -(-8 // array.cell_bits)


def stored_bits(weights: Array, array: Crossbar) -> int:
    """The least width of constant weights, if it takes fewer cells than 8 bits."""
    low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
    bits = next(b for b in range(1, 9) if -(2 ** (b - 1)) <= low and high < 2 ** (b - 1))
    return bits if fewer_cells(bits, array) else 8


def integer_layer(x: Codes, weight: Codes, geometry: Geometry, array: Crossbar | None) -> Array:
    """The exact sums, or what comes out of arrays."""
    kernel = weight.q.shape[2:]
    groups = geometry.groups
    if geometry.output_padding is not None:
        if array is not None:
            raise NotImplementedError("the oracle has no transposed convolution on arrays")
        return _scatter(x.centred(), weight.centred(), geometry)
    if array is None:
        w = weight.centred().reshape(groups, weight.q.shape[0] // groups, -1).transpose(0, 2, 1)
        columns = _columns(x.centred(), kernel, geometry, 0)
        return _shape_out(exact_matmul(columns, w), x.q, kernel, geometry)
    (weight_zero,) = {int(zero) for zero in weight.zero_point.flat}
    bits = stored_bits(weight.q, array)
    layer = Layer(x.bits, x.q.dtype == np.int8, bits, int(x.zero_point), weight_zero)
    columns = _columns(x.q.astype(np.int64), kernel, geometry, layer.input_zero_point)
    weights = weight.q.reshape(groups, weight.q.shape[0] // groups, -1)
    sums = [
        array_oracle.linear(*group, layer, array) for group in zip(columns, weights, strict=True)
    ]
    return _shape_out(np.array(sums), x.q, kernel, geometry)


def integer_product(x: Codes, y: Codes, array: Crossbar | None) -> Array:
    """The exact sums of a product of activations, or what comes out of arrays that hold `y`."""
    shape = np.broadcast_shapes(x.q.shape[:-2], y.q.shape[:-2])
    a, b = (np.broadcast_to(c.q, (*shape, *c.q.shape[-2:])) for c in (x, y))
    if array is None:
        a = a.astype(np.int64) - int(x.zero_point)
        return exact_matmul(a, b.astype(np.int64) - int(y.zero_point))
    bits = y.bits if fewer_cells(y.bits, array) else 8
    middle = 0 if y.q.dtype == np.int8 else 2 ** (bits - 1)
    zero = int(y.zero_point) - middle
    layer = Layer(x.bits, x.q.dtype == np.int8, bits, int(x.zero_point), zero)
    weights = np.swapaxes(b.astype(np.int64) - middle, -1, -2)
    sums = np.empty((*shape, a.shape[-2], b.shape[-1]), np.int64)
    for group in np.ndindex(*shape):
        sums[group] = array_oracle.linear(a[group].astype(np.int64), weights[group], layer, array)
    return sums


def float_layer(x: Array, weight: Array, bias: Any, geometry: Geometry, linear: bool) -> Array:
    """A layer that was not quantized: float64 sums rounded once (no device's order)."""
    kernel = weight.shape[2:]
    w = weight.reshape(geometry.groups, weight.shape[0] // geometry.groups, -1)
    columns = _columns(x, kernel, geometry, 0).astype(np.float64)
    y = _shape_out(np.matmul(columns, w.transpose(0, 2, 1)), x, kernel, geometry)
    if bias is not None:
        shape = [-1] if linear else [1, -1] + [1] * (y.ndim - 2)
        y = y + np.asarray(plain(bias), np.float64).reshape(shape)
    return y.astype(F32)
