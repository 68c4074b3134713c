# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The machine against the oracle on cells that are not ideal, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")
pytest.importorskip("scipy")

from array_oracle import Crossbar, Layer
from cell_oracle import STEP, mix, product, uniforms
from machine import Window, device_of, program_of, run
from measurements import adc_codes, cell_levels

EFFECTS: dict[str, Any] = {
    "program_error_absolute": 0.05,
    "program_error_relative": 0.1,
    "on_off_ratio": 5.0,
    "reference_column": True,
    "nonlinearity": -1.5,
    "stuck_on": 0.02,
    "stuck_off": 0.03,
    "drift_exponent": 0.05,
    "drift_exponent_sigma": 0.02,
    "wire_resistance_ohm": 10.0,
}


def test_splitmix() -> None:
    """The first outputs of SplitMix64 from state 1234567, as its other implementations print."""
    states = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * STEP
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    u = uniforms((1, 2), 1000)
    assert 0 < u.min() < u.max() < 1


def compare(
    seed: int, analog: dict[str, Any], *, table: bool = False, adc_table: int = 0, **fixed: Any
) -> tuple[Any, Any]:
    """A layer of random shape and widths on arrays of random shape: the machine's, the oracle's.

    Args:
        table: cells are measured, at two temperatures.
        adc_table: so many converters have measured output codes.
    """
    rng = np.random.default_rng(seed)

    def choose(name: str, *values: Any) -> Any:
        chosen = values[rng.integers(len(values))]
        return fixed.get(name, chosen)

    mode = choose("mode", "lossless", "clip", "full_scale", "calibrated")
    encoding = choose("encoding", "offset", "offset_flip", "differential")
    array = Crossbar(
        rows=choose("rows", 4, 7, 16, 24),
        cell_bits=choose("cell_bits", 1, 2, 4, 8),
        dac_bits=choose("dac_bits", 1, 2, 3, 8),
        adc_bits=choose("adc_bits", 3, 6, 9),
        adc_mode=mode,
        encoding=encoding,
        rows_per_read=choose("rows_per_read", None, None, 3),
    )
    layer = Layer(
        input_bits=choose("input_bits", 2, 5, 8),
        input_signed=choose("input_signed", False, True),
        weight_bits=choose("weight_bits", 3, 4, 8),
        adc_range=int(rng.integers(3, 3000)) if mode == "calibrated" else None,
    )
    groups = choose("groups", 1, 1, 3, 5)
    inputs = choose("inputs", int(rng.integers(1, 30 // groups)))
    outputs = choose("outputs", int(rng.integers(1, 5)))
    slices = -(-layer.weight_bits // array.cell_bits) * (1 + (encoding == "differential"))
    widest = 16 // array.cell_bits * 2
    width = choose("columns", int(rng.integers(max(slices, widest), 3 * slices + widest)))
    half = 2 ** (layer.weight_bits - 1)
    w = rng.integers(-half, half, (groups, inputs, outputs))
    low = -(2 ** (layer.input_bits - 1)) if layer.input_signed else 0
    x = rng.integers(low, low + 2**layer.input_bits, (6, groups, inputs))
    per_adc = max(width // 3, 1) if adc_table else width
    if table:
        levels = cell_levels(array.top_level + 1, seed, (300, 350))
        analog = {**analog, "cells": {"levels": levels}, "temperature_k": 310 + 5 * (seed % 9)}
    more: dict[str, Any] = {"analog": analog}
    converters = [adc_codes(array.adc_bits, seed + i) for i in range(adc_table)]
    if adc_table:
        more["adc"] = {"bits": array.adc_bits, "mode": mode, "table": {"converters": converters}}
    device = device_of(array, columns=width, columns_per_adc=per_adc, **more)
    if groups == 1:
        program = program_of((6, inputs), w[0].T, layer, device)
        found = run(program, x[:, 0])[:, None]
    else:  # a pointwise convolution of 6 positions
        filters = w.transpose(0, 2, 1).reshape(groups * outputs, inputs, 1, 1)
        shape = (1, groups * inputs, 2, 3)
        program = program_of(shape, filters, layer, device, Window(groups=groups))
        codes = x.reshape(6, -1).T.reshape(shape)
        found = run(program, codes, threads=2).reshape(groups, outputs, 6).transpose(2, 0, 1)
    return found, product(
        x, w, layer, array, width, analog, converters=converters, columns_per_adc=per_adc
    )


def analog_of(effects: list[str], seed: int) -> dict[str, Any]:
    partners = {"seed": seed, "drift_time_s": 1e3, "on_resistance_ohm": 1e4}
    return partners | {effect: EFFECTS[effect] for effect in effects}


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("seed", range(3))
def test_one_effect(effect, seed) -> None:
    found, expected = compare(seed, analog_of([effect], seed))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("seed", range(60))
def test_many_effects(seed) -> None:
    """Some of the effects, all encodings and converters, any width, groups that share arrays."""
    rng = np.random.default_rng(1000 + seed)
    effects = [effect for effect in EFFECTS if rng.random() < 0.5]
    found, expected = compare(seed, analog_of(effects, seed))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("mode", ["lossless", "clip", "full_scale", "calibrated"])
@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
def test_all_effects(mode, encoding) -> None:
    found, expected = compare(7, analog_of(list(EFFECTS), 7), mode=mode, encoding=encoding)
    assert np.array_equal(found, expected)
    ideal, _ = compare(7, {}, mode=mode, encoding=encoding)
    assert not np.array_equal(found, ideal)


@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
@pytest.mark.parametrize(
    ("cell_bits", "dac_bits", "mode"),
    [(1, 1, "clip"), (2, 1, "full_scale"), (2, 2, "lossless"), (4, 1, "clip"), (8, 8, "lossless")],
)
def test_whole_arrays(cell_bits, dac_bits, mode, encoding) -> None:
    """Two arrays of 128 rows, the second in part."""
    found, expected = compare(
        5,
        analog_of(list(EFFECTS), 5),
        rows=128,
        columns=128,
        inputs=200,
        outputs=9,
        groups=1,
        cell_bits=cell_bits,
        dac_bits=dac_bits,
        adc_bits=8,
        mode=mode,
        encoding=encoding,
        input_bits=8,
        weight_bits=8,
        rows_per_read=None,
    )
    assert np.array_equal(found, expected)


# ---- measured cells and converters ----------------------------------------------------------

#: Effects that a table of cells leaves to other fields.
BESIDE_TABLES = ("reference_column", "stuck_on", "stuck_off", "wire_resistance_ohm")
VERIFY = {"pulses": 6, "tolerance": 0.04, "shrink": 0.8}


@pytest.mark.parametrize("seed", range(20))
def test_measured_cells(seed) -> None:
    """Tables at two temperatures and some other effects, verified and compensated or not."""
    rng = np.random.default_rng(2000 + seed)
    effects = [effect for effect in BESIDE_TABLES if rng.random() < 0.5]
    analog = analog_of(effects, seed) | {"drift_compensation": bool(seed % 2)}
    if seed % 4 < 2:
        analog["write_verify"] = VERIFY
    found, expected = compare(seed, analog, table=True)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("seed", range(8))
def test_compensation_and_verification_without_tables(seed) -> None:
    analog = analog_of(list(EFFECTS), seed) | {"drift_compensation": True, "write_verify": VERIFY}
    found, expected = compare(seed, analog)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("mode", ["full_scale", "calibrated"])
@pytest.mark.parametrize("table", [False, True], ids=["ideal cells", "measured cells"])
@pytest.mark.parametrize("seed", range(4))
def test_measured_converters(mode, table, seed) -> None:
    """Several converters of an array, each with codes of its own."""
    found, expected = compare(
        seed, analog_of([], seed) if table else {}, table=table, adc_table=1 + seed % 3, mode=mode
    )
    assert np.array_equal(found, expected)
