# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What arrays of cells that are not ideal compute: docs/numerics.md, to the letter, but no noise.

Slow: sums of products are written out. Nothing is shared with Pumice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from array_oracle import (
    Columns,
    Crossbar,
    Ints,
    Layer,
    columns,
    digits,
    full_range,
    highest_code,
    round_half_even,
    scaled,
    segments,
    tiles,
)

__all__ = ["Arrays", "conductances", "product", "uniforms"]

STEPS = 128  # of a conductance, per level

Words = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]


# ---- random numbers -------------------------------------------------------------------------

STEP = np.uint64(0x9E3779B97F4A7C15)


def mix(z: Words) -> Words:
    """The output function of SplitMix64."""
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def uniforms(place: tuple[int, ...], count: int) -> Reals:
    """The first numbers of the stream of a place, in (0, 1)."""
    key = np.zeros(1, np.uint64)
    for part in place:
        key = mix((key ^ np.uint64(part)) + STEP)
    words = mix(key + np.arange(1, count + 1, dtype=np.uint64) * STEP)
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) / 2**52


# ---- cells ----------------------------------------------------------------------------------


def conductances(
    levels: Ints, array: Crossbar, analog: Mapping[str, Any], place: tuple[int, ...]
) -> Ints:
    """Cells of one array (rows, columns), in steps; `place` is seed, layer, 0, array."""

    def of(effect: str) -> Any:
        return analog.get(effect, 0)

    rows, width = levels.shape
    top = array.top_level
    u = uniforms(place, 4 * levels.size).reshape(rows, width, 4)
    z1, z2, z3 = np.moveaxis(ndtri(u[..., :3]), -1, 0)

    a = of("nonlinearity")
    h = top * (1 - np.exp(-a * levels / top)) / (1 - np.exp(-a)) if a else levels
    o = top / (of("on_off_ratio") - 1) if of("on_off_ratio") else 0
    g = h + o
    error = of("program_error_absolute") * top * z2
    g = np.maximum(g * (1 + of("program_error_relative") * z1) + error, 0)
    if of("drift_time_s"):
        exponent = of("drift_exponent") + of("drift_exponent_sigma") * z3
        g = g * of("drift_time_s") ** -np.maximum(exponent, 0)
    g = np.where(u[..., 3] < of("stuck_on") + of("stuck_off"), o, g)
    g = np.where(u[..., 3] < of("stuck_on"), top + o, g)
    if of("wire_resistance_ohm"):
        siemens = g / (top + o) / of("on_resistance_ohm")
        j, i = np.arange(1, width + 1), np.arange(rows, 0, -1)
        share = siemens @ np.minimum.outer(j, j) + np.minimum.outer(i, i) @ siemens
        g = g / (1 + of("wire_resistance_ohm") * share)
    if of("reference_column"):
        g = g - o
    return np.rint(g * STEPS).astype(np.int64)


# ---- where weights are ----------------------------------------------------------------------


@dataclass(frozen=True)
class Arrays:
    """Arrays that hold weights (groups, K, N).

    Attributes:
        levels: of all cells, (arrays, rows, columns).
        parts: by group, tile, slice: what its columns are for.
        places: by group, tile, slice: array, first row, column of each output.
    """

    levels: Ints
    parts: dict[tuple[int, int, int], Columns]
    places: dict[tuple[int, int, int], list[tuple[int, int, int]]]


def lay_out(w: Ints, layer: Layer, array: Crossbar, width: int) -> Arrays:
    """Puts slices of a weight side by side, outputs after outputs, tiles on arrays of their own.

    Groups share arrays, on the block diagonal, if a whole group fits in one.
    """
    groups, inputs, outputs = w.shape
    slices = -(-layer.weight_bits // array.cell_bits) * (1 + (array.encoding == "differential"))
    per_row = width // slices
    row_tiles, column_tiles = -(-inputs // array.rows), -(-outputs // per_row)
    shared = 1
    if row_tiles == column_tiles == 1:
        shared = min(array.rows // inputs, per_row // outputs, groups)
    parts, places = {}, {}
    count = -(-groups // shared) * row_tiles * column_tiles
    levels = np.zeros((count, array.rows, width), np.int64)
    for group in range(groups):
        first = group // shared * row_tiles * column_tiles
        row, left = group % shared * inputs, group % shared * outputs * slices
        for t, tile in enumerate(tiles(inputs, array)):
            for s, part in enumerate(columns(w[group, tile], layer, array)):
                parts[group, t, s] = part
                places[group, t, s] = [
                    (
                        first + t * column_tiles + n // per_row,
                        row,
                        left + n % per_row * slices + s,
                    )
                    for n in range(outputs)
                ]
                for n, (number, top, column) in enumerate(places[group, t, s]):
                    levels[number, top : top + len(part.levels), column] = part.levels[:, n]
    return Arrays(levels, parts, places)


# ---- conversions ----------------------------------------------------------------------------


def convert(v: Ints, layer: Layer, array: Crossbar) -> Ints:
    """The codes of column sums in steps."""
    if array.adc_mode == "lossless":
        bound = 2 * array.read * array.top_level * (2**array.dac_bits - 1)
        return np.clip(round_half_even(v, STEPS), -bound, bound)
    whole = full_range(layer, array)
    top = highest_code(array)
    codes = round_half_even(v, STEPS) if whole is None else round_half_even(v * top, whole * STEPS)
    return np.clip(codes, 0, top)


def product(
    x: Ints,
    w: Ints,
    layer: Layer,
    array: Crossbar,
    width: int,
    analog: Mapping[str, Any],
    number: int = 0,
) -> Ints:
    """P of codes (M, groups, K) by weights (groups, K, N): (M, groups, N), for layer `number`."""
    arrays = lay_out(w, layer, array, width)
    cells = [
        conductances(levels, array, analog, (analog.get("seed", 0), number, 0, i))
        for i, levels in enumerate(arrays.levels)
    ]
    conversions = np.zeros((len(x), w.shape[0], w.shape[2]), np.int64)
    exact = np.zeros_like(conversions)
    for (group, t, s), part in arrays.parts.items():
        tile = list(tiles(w.shape[1], array))[t]
        inputs = x[:, group, tile]
        exact[:, group] += inputs.sum(axis=1, keepdims=True) * part.exact
        for n, (i, top, column) in enumerate(arrays.places[group, t, s]):
            g = cells[i][top : top + inputs.shape[1], column]
            for segment in segments(slice(0, inputs.shape[1]), array):
                for weight, digit in digits(inputs[:, segment], layer, array):
                    codes = convert(digit @ g[segment], layer, array)
                    conversions[:, group, n] += part.signs[n] * weight * part.shift * codes
    if array.encoding != "differential":
        exact -= 2 ** (layer.weight_bits - 1) * x.sum(axis=2)[..., None]
    return scaled(conversions, layer, array) + exact
