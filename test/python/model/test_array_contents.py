# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What programming costs when only changed cells are pulsed, against levels computed here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice import Device, Program, ir

INPUTS = Path(__file__).resolve().parents[2] / "Inputs"
#: One array of 8 x 16 cells of 2 bits; an array write takes 8 x 50 ns.
PLAIN = Device(str(INPUTS / "temporary-weights.mlir"))
CHANGED = PLAIN.replace(pulse_unchanged_cells=False)
STEPS = CHANGED.replace(energy={"level_steps": {"set_pj": 3, "reset_pj": 0.5}})
TILING = "<row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>"
GRID = "!crossbar.grid<1x8x4xi8, si8>"


def matrices(count: int) -> list[np.ndarray]:
    """4 outputs of 8 inputs each; they share some levels with each other."""
    rng = np.random.default_rng(5)
    return [rng.integers(-8, 8, (4, 8)).astype(np.int8) for _ in range(count)]


def levels(weights: np.ndarray) -> np.ndarray:
    """Offset encoding: digits of w + 128, least significant first: [output, slice, input]."""
    return np.stack([(weights.astype(int) + 128) >> (2 * s) & 3 for s in range(4)], axis=1)


def text_of(device: Device, setup: list[np.ndarray], run: list[np.ndarray]) -> str:
    """Writes some matrices to array 0, one after the other, and reads each of `run`."""
    shape = "4x8xi8"
    lines, arguments, old, token = [], [], "", ""
    for number, weights in enumerate([*setup, *run]):
        memory = f"memref<{shape}, #simulator.memory<dram>>"
        once = number < len(setup)
        lines += [
            f"%w{number} = simulator.constant dense<{weights.tolist()}> : tensor<{shape}>"
            f" to {memory}",
            f'%g{number}, %p{number} = simulator.program %w{number} on <"arrays", 0, 1>'
            f"{' setup' if once else ''}{f' replacing ({old} : {GRID})' if old else ''}"
            f"{f' after ({token})' if token else ''} "
            f"array #array tiling {TILING} : {memory} -> {GRID}",
        ]
        old, token = f"%g{number}", f"%p{number}"
        if not once:
            x, y = (f"memref<{s}, #simulator.memory<buffer>>" for s in ("3x8xi8", "3x4xi32"))
            arguments.append(f"%x{number}: {x}")
            lines += [
                f"%y{number} = simulator.buffer : {y}",
                f"%r{number} = simulator.mvm %g{number}, %x{number}, %y{number} after (%p{number})"
                f" : {GRID}, {x}, {y}",
            ]
            token = f"%r{number}"
    return (
        "#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, "
        "input_bits = 8, dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, "
        "encoding = offset>\n"
        f"module attributes {{pum.device = {device}}} {{\n"
        f"func.func @main({', '.join(arguments)}) {{\n" + "\n".join(lines) + "\nreturn\n}\n}\n"
    )


def reports_of(device: Device, setup, run) -> list[dict]:
    """Of an estimate and of a run."""
    with ir.Context() as context:
        module = ir.Module.parse(text_of(device, setup, run), context)
        program = Program({"simulator": module}, {})
        inputs = [np.ones((3, 8), np.int8)] * len(run)
        return [program.estimate().to_dict(), program.run(*inputs).report.to_dict()]


def writes_of(report: dict) -> list[tuple[int, float]]:
    """Cells written and energy of each programming."""
    return [
        (one["counters"].get("cells_written", 0), one["energy_pj"].get("cell_write", 0.0))
        for one in report["instructions"]
        if one["kind"] == "program"
    ]


def changes(old: np.ndarray, new: np.ndarray) -> tuple[int, int, int]:
    """Changed cells, and levels up and down."""
    step = levels(new) - old
    return int((step != 0).sum()), int(step.clip(0).sum()), int((-step).clip(0).sum())


@pytest.mark.parametrize("device", [CHANGED, STEPS], ids=["changed", "steps"])
def test_only_changed_cells_are_pulsed(device: Device) -> None:
    """From erased arrays through the setup, the first inference and the steady state."""
    first, second, third = matrices(3)

    def expected(old, new):
        cells, up, down = changes(old, new)
        return cells, (3 * up + 0.5 * down) if device is STEPS else 2 * cells

    for report in reports_of(device, [first], [second, third]):
        assert writes_of(report["setup"]) == [expected(0 * levels(first), first)]
        assert writes_of(report) == [
            expected(levels(first), second),
            expected(levels(second), third),
        ]
        steady = report["steady_state"]
        assert writes_of(steady) == [
            expected(levels(third), second),
            expected(levels(second), third),
        ]
        assert "setup" not in steady
        assert steady["latency_ns"] == report["latency_ns"]
        cells = sum(cells for cells, _ in writes_of(report))
        wear = report["wear"]
        assert wear["mean_writes_per_cell"] == cells / (8 * 16)
        assert (wear["max_writes_per_cell"], wear["max_is_bound"]) == (2, True)
        # 1000 writes, at most one in the setup, two in each run.
        assert wear["lifetime"]["runs"] == 499


def test_the_same_matrix_costs_nothing() -> None:
    (weights,) = matrices(1)
    for report in reports_of(CHANGED, [weights], [weights]):
        assert writes_of(report) == [(0, 0.0)]
        assert report["wear"]["arrays_written"] == 0
        assert report["wear"]["lifetime"]["limit"] == "none"
        assert "cell_write" not in report["energy_pj"] or report["energy_pj"]["cell_write"] == 0


def test_all_cells_are_pulsed_by_default() -> None:
    first, second = matrices(2)
    for report in reports_of(PLAIN, [first], [second]):
        assert writes_of(report["setup"]) == writes_of(report) == [(128, 256.0)]
        assert "steady_state" not in report
    # With steps, unchanged cells cost what a pulse costs, changed ones their step.
    steps = PLAIN.replace(energy={"level_steps": {"set_pj": 3, "reset_pj": 0.5}})
    cells, up, down = changes(levels(first), second)
    for report in reports_of(steps, [first], [second]):
        assert writes_of(report) == [(128, 3 * up + 0.5 * down + 2 * (128 - cells))]


def test_nothing_is_rewritten() -> None:
    """All programs are in the setup: every inference is like the first."""
    (weights,) = matrices(1)
    for report in reports_of(CHANGED, [weights], []):
        assert "steady_state" not in report


def test_estimates_do_not_know_temporary_weights() -> None:
    """All their cells are pulsed in an estimate, and all that are written over them."""
    from pumice.passmanager import PassManager

    device = CHANGED.replace(levels={"ima": {"holds": 1}})
    text = """
    func.func @main(%x: tensor<3x8xi8>, %a: tensor<4x8xi8>, %b: tensor<4x8xi8>)
        -> (tensor<3x4xi32>, tensor<3x4xi32>) {
      %y = crossbar.mvm %x, %a : (tensor<3x8xi8>, tensor<4x8xi8>) -> tensor<3x4xi32>
      %z = crossbar.mvm %x, %b : (tensor<3x8xi8>, tensor<4x8xi8>) -> tensor<3x4xi32>
      return %y, %z : tensor<3x4xi32>, tensor<3x4xi32>
    }"""
    first, second = matrices(2)
    x = np.arange(24, dtype=np.int8).reshape(3, 8)
    with ir.Context() as context:
        module = ir.Module.parse(text, context)
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        for pipeline in ("crossbar-tile-to-arrays", "crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
        program = Program({"simulator": module}, {})
        assert writes_of(program.estimate().to_dict()) == [(128, 256.0)] * 2
        result = program.run(x, first, second)
    for found, weights in zip(result.outputs, (first, second), strict=True):
        assert np.array_equal(found, x.astype(int) @ weights.astype(int).T)
    one, two = changes(0 * levels(first), first)[0], changes(levels(first), second)[0]
    assert writes_of(result.report.to_dict()) == [(one, 2.0 * one), (two, 2.0 * two)]


def test_the_report_tells_them_apart() -> None:
    first, second = matrices(2)
    with ir.Context() as context:
        module = ir.Module.parse(text_of(CHANGED, [first], [second]), context)
        report = Program({"simulator": module}, {}).estimate()
    assert report.steady_state is not None
    assert report.steady_state.energy_pj < report.energy_pj
    assert "energy, dynamic, steady state" in str(report)
    assert json.loads(report.to_json())["steady_state"]["wear"]["arrays_written"] == 0
