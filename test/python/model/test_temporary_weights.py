# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of two inputs on arrays: sums, times, energies and wear, counted a second time."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from pumice.passmanager import PassManager

import array_oracle
from array_oracle import Crossbar, Layer
from machine import PIPELINES, device_of, set_adc_range, tensor
from pumice import Program, PumiceError, ir

LAYER = Layer(8, False, 8, 131, -9)


def text_of(products) -> str:
    """@main: products of pairs (groups, rows, inner size, columns), each of two inputs."""
    arguments, results, lines = [], [], []
    flags = f"input_unsigned, input_zero_point = {LAYER.input_zero_point} : i64"
    flags += f", weight_zero_point = {LAYER.weight_zero_point} : i64"
    for i, (g, m, k, n) in enumerate(products):
        x, w, y = tensor((g, m, k), "i8"), tensor((g, n, k), "i8"), tensor((g, m, n), "i32")
        arguments += [f"%x{i}: {x}", f"%w{i}: {w}"]
        results.append((f"%y{i}", y))
        lines.append(f"  %y{i} = crossbar.mvm %x{i}, %w{i} {{{flags}}} : ({x}, {w}) -> {y}")
    names, types = (", ".join(part) for part in zip(*results, strict=True))
    return (
        f"func.func @main({', '.join(arguments)}) -> ({types}) {{\n"
        + "\n".join(lines)
        + f"\n  return {names} : {types}\n}}\n"
    )


def program_of(products, device, adc_range=None) -> Program:
    with ir.Context() as context:
        module = ir.Module.parse(text_of(products))
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        for level, pipeline in PIPELINES.items():
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
            if level == "crossbar" and adc_range is not None:
                set_adc_range(module, adc_range)
        return Program({"simulator": module}, {})


def inputs_of(products, seed=0):
    random = np.random.default_rng(seed)
    tensors = []
    for g, m, k, n in products:
        tensors.append(random.integers(-128, 128, (g, m, k), np.int8))
        tensors.append(random.integers(-128, 128, (g, n, k), np.int8))
    return tensors


def outputs(program, tensors, threads=1):
    found = program.run(*tensors, threads=threads).outputs
    return [np.asarray(y) for y in (found if isinstance(found, tuple) else (found,))]


def temporary(array, **changes):
    return device_of(array, columns=48, columns_per_adc=48).replace(
        dynamic_matmul="crossbar", **changes
    )


ARRAYS = {
    "lossless": Crossbar(rows=20, adc_mode="lossless"),
    "clip": Crossbar(rows=20, adc_bits=4),
    "flip": Crossbar(rows=20, adc_bits=4, encoding="offset_flip", rows_per_read=7),
    "full scale": Crossbar(rows=20, adc_bits=5, adc_mode="full_scale", encoding="differential"),
    "calibrated": Crossbar(rows=20, adc_bits=4, adc_mode="calibrated"),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("shape", [(3, 4, 9, 5), (1, 7, 45, 13), (2, 1, 24, 30)], ids=str)
def test_sums(name, shape) -> None:
    """Groups that share an array, groups of several arrays, single rows."""
    array, adc_range = ARRAYS[name], 40 if name == "calibrated" else None
    program = program_of([shape], temporary(array), adc_range)
    layer = dataclasses.replace(LAYER, adc_range=adc_range)
    for seed in range(2):
        x, w = inputs_of([shape], seed)
        expected = [
            array_oracle.linear(a.view(np.uint8), b, layer, array)
            for a, b in zip(x, w, strict=True)
        ]
        for threads in (1, 2):
            (found,) = outputs(program, [x, w], threads)
            assert np.array_equal(found, np.array(expected))


def test_cells_with_errors_depend_on_the_seed_only() -> None:
    shape = (2, 3, 30, 6)
    tensors = inputs_of([shape])

    def run(seed):
        analog = {"#": "", "seed": seed, "program_error_relative": 0.1, "read_noise": 0.3}
        device = temporary(ARRAYS["clip"]).replace(array={"analog": analog})
        return outputs(program_of([shape], device), tensors)[0]

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def pulsed(weights, groups_per_array, held):
    """Cells whose level changes; `held`: levels [arrays][rows][columns], which are written to."""
    count = 0
    for group, matrix in enumerate(weights):
        stored = matrix.T.astype(np.int64) + 128
        levels = stored[:, :, None] >> np.arange(0, 8, 2) & 3  # [K][N][slices]
        k, n, slices = levels.shape
        number, within = divmod(group, groups_per_array)
        rows = slice(within * k, (within + 1) * k)
        columns = slice(within * n * slices, (within + 1) * n * slices)
        old = held[number, rows, columns]
        new = levels.reshape(k, n * slices)
        count += int((old != new).sum())
        held[number, rows, columns] = new
    return count


def costs(report):
    """All that does not depend on this computer."""
    return {key: value for key, value in report.to_dict().items() if key != "timings_s"}


def test_costs_of_writing() -> None:
    """One array each: rows in turn, bytes through a port, only cells whose level changes."""
    shape = (5, 3, 9, 4)  # 9 rows, 4 columns of 4 slices: 2 groups to an array of 20 x 48
    array = Crossbar(rows=20, adc_mode="lossless")
    device = temporary(array)
    fields = device.fields
    program = program_of([shape], device)
    x, w = inputs_of([shape])
    report = costs(program.run(x, w).report)
    (write,) = (one for one in report["instructions"] if one["kind"] == "program")
    changed = pulsed(w, 2, np.zeros((3, 20, 48), np.int64))
    assert 0 < changed < 5 * 9 * 4 * 4
    assert write["counters"]["cells_written"] == changed
    assert write["counters"]["rows_written"] == 5 * 9
    assert write["counters"]["buffer_bytes_read"] == 5 * 9 * 4
    assert "dram_bytes_read" not in write["counters"]
    energy = changed * fields["energy"]["cell_write_pj"]
    assert math.isclose(write["energy_pj"]["cell_write"], energy)
    time = 2 * 9 * fields["timing"]["row_write_ns"]
    assert math.isclose(write["end_ns"] - write["start_ns"], time, abs_tol=1e-3)
    # A write of an array counts for each of its cells, once.
    assert report["wear"]["max_writes_per_cell"] == 1
    assert report["wear"]["cells_written"] == 5 * 9 * 4 * 4
    assert report["wear"]["arrays_written"] == 3
    assert report["setup"]["instructions"] == []

    # Every run finds erased arrays: the same inputs cost the same.
    assert costs(program.run(x, w).report) == report
    # An estimate takes all cells; all else is as in the run.
    estimate = costs(program.estimate())
    (guess,) = (one for one in estimate["instructions"] if one["kind"] == "program")
    assert guess["counters"]["cells_written"] == 5 * 9 * 4 * 4
    assert estimate["latency_ns"] == report["latency_ns"]
    assert estimate["wear"] == report["wear"]
    others = [one for one in estimate["instructions"] if one["kind"] != "program"]
    assert others == [one for one in report["instructions"] if one["kind"] != "program"]


def test_arrays_that_take_turns() -> None:
    """On one array, the second product waits for the first and pulses what differs."""
    array = Crossbar(rows=20, adc_mode="lossless")
    small = {"arrays_per_ima": 1, "imas_per_tile": 1}
    products = [(2, 3, 9, 4), (1, 2, 12, 7)]
    tensors = inputs_of(products)
    limited = program_of(products, temporary(array, tiles=1, endurance_writes=10, **small))
    free = program_of(products, temporary(array))
    for found, expected in zip(outputs(limited, tensors), outputs(free, tensors), strict=True):
        assert np.array_equal(found, expected)
    result = limited.run(*tensors).report.to_dict()
    first, second = (one for one in result["instructions"] if one["kind"] == "program")
    (read, _) = (one for one in result["instructions"] if one["kind"] == "mvm")
    assert read["id"] in second["depends_on"]
    assert second["start_ns"] >= read["end_ns"]
    held = np.zeros((1, 20, 48), np.int64)
    assert first["counters"]["cells_written"] == pulsed(tensors[1], 2, held)
    assert second["counters"]["cells_written"] == pulsed(tensors[3], 1, held)
    # Two writes of a cell per run, of ten that it endures.
    assert result["wear"]["max_writes_per_cell"] == 2
    assert result["wear"]["lifetime"]["runs"] == 5
    with pytest.raises(Exception, match="the model needs 3 arrays, but device 'ideal' has 1"):
        program_of([(5, 3, 9, 4)], temporary(array, tiles=1, **small))


def test_calibration_sees_temporary_weights() -> None:
    shape = (2, 3, 9, 5)
    array = ARRAYS["calibrated"]
    program = program_of([shape], temporary(array))
    tensors = inputs_of([shape])
    with pytest.raises(PumiceError, match="expected an adc_range for a calibrated converter"):
        program.run(*tensors)
    program.calibrate([tuple(tensors)])
    assert outputs(program, tensors)[0].shape == (2, 3, 5)
