# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What arrays of cells that are not ideal compute: docs/numerics.md, to the letter, but no noise.

Slow: sums of products are written out. Nothing is shared with Pumice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    return uniforms_at(place, np.arange(count))


def uniforms_at(place: tuple[int, ...], numbers: Ints) -> Reals:
    """Some numbers of the stream of a place."""
    key = np.zeros(1, np.uint64)
    for part in place:
        key = mix((key ^ np.uint64(part)) + STEP)
    words = mix(key + (numbers.astype(np.uint64) + np.uint64(1)) * STEP)
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) / 2**52


# ---- cells ----------------------------------------------------------------------------------

MEASURED = ("mean_siemens", "spread_siemens", "drift_exponent", "drift_exponent_sigma",
            "read_noise_siemens")  # fmt: skip


def measured(analog: Mapping[str, Any], top: int) -> tuple[Reals, float]:
    """The numbers of MEASURED by level, in levels where they are conductances; and o."""
    rows = analog["cells"]["levels"]
    by_temperature: dict[float, list[list[float]]] = {}
    for row in rows:
        values = [row.get(name, 0.0) for name in MEASURED]
        by_temperature.setdefault(row.get("temperature_k", 0), []).append(values)
    first = np.array(next(iter(by_temperature.values())))
    step = (first[top, 0] - first[0, 0]) / top
    t = analog.get("temperature_k", 0)
    numbers = first
    if t:
        known = sorted(by_temperature)
        low = max(k for k in known if k <= t)
        high = min(k for k in known if k >= t)
        a, b = np.array(by_temperature[low]), np.array(by_temperature[high])
        numbers = a + (t - low) / (high - low or 1) * (b - a)
    numbers = numbers.copy()
    numbers[:, [0, 1, 4]] /= step
    return numbers, first[0, 0] / step


def verified(
    g: Reals, target: Reals, spread: Reals, top: int, write: Mapping[str, Any],
    place: tuple[int, ...],
) -> Reals:  # fmt: skip
    """Cells that get further pulses until they are close enough."""
    seed, layer, _, number = place
    cell = np.arange(g.size).reshape(g.shape)
    for pulse in range(1, write["pulses"]):
        z = ndtri(uniforms_at((seed, layer, 2, number), 1024 * cell + pulse))
        again = np.maximum(target + spread * write.get("shrink", 1.0) ** pulse * z, 0)
        g = np.where(np.abs(g - target) > write["tolerance"] * top, again, g)
    return g


def conductances(
    levels: Ints,
    array: Crossbar,
    analog: Mapping[str, Any],
    place: tuple[int, ...],
    in_use: npt.NDArray[np.bool_] | None = None,
) -> Ints:
    """Cells of one array (rows, columns), in steps; `place` is seed, layer, 0, array.

    Args:
        in_use: cells that hold weights, for the compensation of drift.
    """

    def of(effect: str) -> Any:
        return analog.get(effect, 0)

    rows, width = levels.shape
    top = array.top_level
    u = uniforms(place, 4 * levels.size).reshape(rows, width, 4)
    z1, z2, z3 = np.moveaxis(ndtri(u[..., :3]), -1, 0)

    a = of("nonlinearity")
    h = top * (1 - np.exp(-a * levels / top)) / (1 - np.exp(-a)) if a else levels
    o = top / (of("on_off_ratio") - 1) if of("on_off_ratio") else 0
    target = h + o
    relative, absolute = of("program_error_relative"), of("program_error_absolute") * top
    g = np.maximum(target * (1 + relative * z1) + absolute * z2, 0)
    spread = np.hypot(relative * target, absolute)
    exponent = of("drift_exponent") + of("drift_exponent_sigma") * z3
    on, off = top + o, o
    if "cells" in analog:
        numbers, o = measured(analog, top)
        target, spread, nu, nu_sigma, _ = np.moveaxis(numbers[levels], -1, 0)
        g = np.maximum(target + spread * z1, 0)
        exponent = nu + nu_sigma * z3
        on, off = numbers[-1, 0], numbers[0, 0]
    if "write_verify" in analog:
        g = verified(g, target, spread, top, analog["write_verify"], place)

    def after_drift(g: Reals) -> Reals:
        g = np.where(u[..., 3] < of("stuck_on") + of("stuck_off"), off, g)
        g = np.where(u[..., 3] < of("stuck_on"), on, g)
        if of("wire_resistance_ohm"):
            siemens = g / (top + o) / of("on_resistance_ohm")
            j, i = np.arange(1, width + 1), np.arange(rows, 0, -1)
            share = siemens @ np.minimum.outer(j, j) + np.minimum.outer(i, i) @ siemens
            g = g / (1 + of("wire_resistance_ohm") * share)
        return g - o if of("reference_column") else g

    before = after_drift(g)
    if of("drift_time_s"):
        g = g * of("drift_time_s") ** -np.maximum(exponent, 0)
    g = after_drift(g)
    if of("drift_compensation") and of("drift_time_s"):
        assert in_use is not None
        then, now = np.abs(before[in_use]).sum(), np.abs(g[in_use]).sum()
        if then > 0 and now > 0:
            g = g * (then / now)
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

    @property
    def in_use(self) -> npt.NDArray[np.bool_]:
        """The cells that hold weights, (arrays, rows, columns)."""
        used = np.zeros(self.levels.shape, bool)
        for place, part in self.parts.items():
            for number, top, column in self.places[place]:
                used[number, top : top + len(part.levels), column] = True
        return used


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


def converted_by(codes: Mapping[str, Any], v: Ints, layer: Layer, array: Crossbar) -> Ints:
    """What the measured codes of column sums in steps stand for, in steps."""
    r = layer.adc_range or array.read * array.top_level * (2**array.dac_bits - 1)
    code = np.searchsorted(np.array(codes["thresholds"]) * (r * STEPS), v, side="right")
    return np.rint(np.array(codes["values"]) * r * STEPS).astype(np.int64)[code]


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
    converters: Sequence[Mapping[str, Any]] = (),
    columns_per_adc: int = 1,
) -> Ints:
    """P of codes (M, groups, K) by weights (groups, K, N): (M, groups, N), for layer `number`.

    Args:
        converters: measured codes of the converters of an array, if they are.
    """
    arrays = lay_out(w, layer, array, width)
    in_use = arrays.in_use
    cells = [
        conductances(levels, array, analog, (analog.get("seed", 0), number, 0, i), in_use[i])
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
                    if converters:
                        own = converters[column // columns_per_adc % len(converters)]
                        codes = converted_by(own, digit @ g[segment], layer, array)
                    else:
                        codes = convert(digit @ g[segment], layer, array)
                    conversions[:, group, n] += part.signs[n] * weight * part.shift * codes
    if array.encoding != "differential":
        exact -= 2 ** (layer.weight_bits - 1) * x.sum(axis=2)[..., None]
    if converters:
        return round_half_even(conversions, STEPS) + exact
    return scaled(conversions, layer, array) + exact
