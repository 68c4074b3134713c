# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What crossbar arrays with ideal cells compute: docs/numerics.md, "On arrays", to the letter.

Slow and exact: every conversion is formed, in integers; nothing is shared with Pumice. Codes and
weights are arrays of integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Crossbar:
    """The fields of a device's `array` that the numbers depend on."""

    rows: int = 128
    cell_bits: int = 2
    dac_bits: int = 1
    adc_bits: int = 8
    adc_mode: str = "clip"
    encoding: str = "offset"
    rows_per_read: int | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Crossbar:
        """From `Device.fields["array"]`."""
        names = ("rows", "cell_bits", "dac_bits", "encoding", "rows_per_read")
        given = {name: fields[name] for name in names if name in fields}
        return cls(**given, adc_bits=fields["adc"]["bits"], adc_mode=fields["adc"]["mode"])

    @property
    def top_level(self) -> int:
        """L, the highest level of a cell."""
        return 2**self.cell_bits - 1

    @property
    def read(self) -> int:
        """Rows of a read, whatever a layer uses."""
        return self.rows_per_read or self.rows


@dataclass(frozen=True)
class Layer:
    """Widths and zero points of one layer, and the range that its converters resolve."""

    input_bits: int = 8
    input_signed: bool = False
    weight_bits: int = 8
    input_zero_point: int = 0
    weight_zero_point: int = 0
    adc_range: int | None = None


# ------------------------------------------------------------------ the whole layer


def linear(x: Ints, w: Ints, layer: Layer, array: Crossbar) -> Ints:
    """Codes (M, K) by weights (N, K): sums (M, N)."""
    x, w = x.astype(np.int64), w.astype(np.int64).T
    zero_x, zero_w = layer.input_zero_point, layer.weight_zero_point
    delivered = product(x, w, layer, array)
    corrections = x.shape[1] * zero_x * zero_w - zero_x * w.sum(axis=0, keepdims=True)
    corrections = corrections - zero_w * x.sum(axis=1, keepdims=True)
    return delivered + corrections


def conv_2d(
    x: Ints,
    w: Ints,
    layer: Layer,
    array: Crossbar,
    *,
    strides: tuple[int, int] = (1, 1),
    dilations: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    groups: int = 1,
) -> Ints:
    """Codes (B, C, H, W) by weights (F, C / groups, KH, KW); padding is top, left, bottom, right.

    Whether groups share an array makes no difference: rows of other groups are not driven.
    """
    batch, channels, height, width = x.shape
    filters, depth, *kernel = w.shape
    top, left, bottom, right = padding
    padded = np.full(
        (batch, channels, top + height + bottom, left + width + right), layer.input_zero_point
    )
    padded[:, :, top : top + height, left : left + width] = x
    spans = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    out = [
        (length - span) // stride + 1
        for length, span, stride in zip(padded.shape[2:], spans, strides, strict=True)
    ]
    result = np.zeros((batch, filters, *out), np.int64)
    for group in range(groups):
        of_group = slice(group * depth, (group + 1) * depth)
        outputs = slice(group * filters // groups, (group + 1) * filters // groups)
        windows = [
            padded[
                image,
                of_group,
                y * strides[0] : y * strides[0] + spans[0] : dilations[0],
                z * strides[1] : z * strides[1] + spans[1] : dilations[1],
            ].ravel()  # channel, then kernel row, then kernel column
            for image in range(batch)
            for y in range(out[0])
            for z in range(out[1])
        ]
        weights = w[outputs].reshape(filters // groups, -1)
        sums = linear(np.array(windows), weights, layer, array).reshape(batch, *out, -1)
        result[:, outputs] = np.moveaxis(sums, -1, 1)
    return result


# ------------------------------------------------------------------ rows, digits, cells


def tiles(size: int, array: Crossbar) -> Iterator[slice]:
    """The rows of a group, cut in order to tiles of an array's rows."""
    for start in range(0, size, array.rows):
        yield slice(start, min(start + array.rows, size))


def segments(tile: slice, array: Crossbar) -> Iterator[slice]:
    """A tile, cut to the rows that one read drives."""
    for start in range(tile.start, tile.stop, array.read):
        yield slice(start, min(start + array.read, tile.stop))


def digits(x: Ints, layer: Layer, array: Crossbar) -> Iterator[tuple[int, Ints]]:
    """What reads apply: (weight, digit of every code), least significant first."""
    low, high = (0, 2**layer.input_bits - 1)
    if layer.input_signed:
        low, high = (-(2 ** (layer.input_bits - 1)), 2 ** (layer.input_bits - 1) - 1)
    assert low <= x.min() <= x.max() <= high, f"codes do not fit {layer.input_bits} bits"
    magnitude = layer.input_bits - 1 if layer.input_signed else layer.input_bits
    for bit in range(0, magnitude, array.dac_bits):
        bits = min(array.dac_bits, magnitude - bit)
        yield 2**bit, (x >> bit) & (2**bits - 1)
    if layer.input_signed:
        yield -(2**magnitude), (x >> magnitude) & 1


@dataclass(frozen=True)
class Columns:
    """One slice of the weights of a tile, on columns of cells of their own.

    `P` gets `signs * shift * conversions`, and `exact` times the sum of the tile's inputs.
    """

    shift: int
    signs: Ints
    levels: Ints
    exact: Ints


def columns(w: Ints, layer: Layer, array: Crossbar) -> Iterator[Columns]:
    """The cells of a tile's weights (rows, outputs), and how their sums become products."""
    offset = 2 ** (layer.weight_bits - 1)
    assert -offset <= w.min() <= w.max() < offset, f"weights do not fit {layer.weight_bits} bits"
    zeros, ones = np.zeros(w.shape[1], np.int64), np.ones(w.shape[1], np.int64)
    for shift, level in slices(w + offset, layer, array):
        if array.encoding == "offset":
            yield Columns(shift, ones, level, zeros)
        elif array.encoding == "offset_flip":
            # More than half of what the rows could hold:
            flip = 2 * level.sum(axis=0) > array.top_level * len(level)
            stored = np.where(flip, array.top_level - level, level)
            yield Columns(shift, np.where(flip, -1, 1), stored, flip * array.top_level * shift)
    if array.encoding == "differential":
        for shift, level in slices(np.maximum(w, 0), layer, array):
            yield Columns(shift, ones, level, zeros)
        for shift, level in slices(np.maximum(-w, 0), layer, array):
            yield Columns(shift, -ones, level, zeros)


def slices(stored: Ints, layer: Layer, array: Crossbar) -> Iterator[tuple[int, Ints]]:
    """(weight of a slice, levels of its cells), least significant first."""
    for bit in range(0, layer.weight_bits, array.cell_bits):
        yield 2**bit, (stored >> bit) & array.top_level


# ------------------------------------------------------------------ conversions and their sum


def product(x: Ints, w: Ints, layer: Layer, array: Crossbar) -> Ints:
    """P: what arrays deliver for sum_k x_k w_k, of codes (M, K) and weights (K, N)."""
    conversions = np.zeros((x.shape[0], w.shape[1]), np.int64)
    exact = np.zeros_like(conversions)
    for tile in tiles(x.shape[1], array):
        for part in columns(w[tile], layer, array):
            exact += x[:, tile].sum(axis=1, keepdims=True) * part.exact
            for segment in segments(tile, array):
                cells = part.levels[segment.start - tile.start : segment.stop - tile.start]
                for weight, digit in digits(x[:, segment], layer, array):
                    sums = column_sums(digit, cells)
                    conversions += part.signs * weight * part.shift * convert(sums, layer, array)
    if array.encoding != "differential":
        exact -= 2 ** (layer.weight_bits - 1) * x.sum(axis=1, keepdims=True)
    return scaled(conversions, layer, array) + exact


def column_sums(digit: Ints, cells: Ints) -> Ints:
    """sum_k digit_k cell_k: below 2^53, so that float64 is exact, and fast."""
    return (digit.astype(np.float64) @ cells.astype(np.float64)).astype(np.int64)


def full_range(layer: Layer, array: Crossbar) -> int | None:
    """r, where a converter has fewer steps than levels to resolve; None where a code is a level."""
    if array.adc_mode == "full_scale":
        largest = array.read * array.top_level * (2**array.dac_bits - 1)
    elif array.adc_mode == "calibrated":
        assert layer.adc_range is not None, "a calibrated converter needs a range"
        largest = layer.adc_range
    else:
        return None
    return largest if largest > highest_code(array) else None


def highest_code(array: Crossbar) -> int:
    """n."""
    return 2**array.adc_bits - 1


def convert(v: Ints, layer: Layer, array: Crossbar) -> Ints:
    """The codes of column sums, one conversion each. Sums of ideal cells are integers."""
    if array.adc_mode == "lossless":
        return v
    whole = full_range(layer, array)
    codes = v if whole is None else round_half_even(v * highest_code(array), whole)
    return np.clip(codes, 0, highest_code(array))


def scaled(conversions: Ints, layer: Layer, array: Crossbar) -> Ints:
    """S: what the added codes of a result stand for, rounded once."""
    whole = full_range(layer, array)
    if whole is None:
        return conversions
    wide = conversions.astype(object)  # Python's integers: the products do not fit 64 bits
    return round_half_even(wide * whole, highest_code(array)).astype(np.int64)


def round_half_even(numerator: Any, denominator: int) -> Any:
    """numerator / denominator to the nearest integer, ties to the even one; denominator > 0."""
    down, rest = numerator // denominator, numerator % denominator
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (down % 2 == 1))
    return down + up
