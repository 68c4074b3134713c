# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cells that change when arrays of any kind are rewritten, against levels computed here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice import Device, Program, ir

pytestmark = pytest.mark.filterwarnings("ignore:.*costs did not follow")

INPUTS = Path(__file__).resolve().parents[2] / "Inputs"
ROWS, COLUMNS, SET, RESET = 8, 32, 3.0, 0.5
DEVICE = Device(str(INPUTS / "temporary-weights.mlir")).replace(
    pulse_unchanged_cells=False,
    energy={"level_steps": {"set_pj": SET, "reset_pj": RESET}},
    levels={"ima": {"holds": 64}},
)


def levels_of(weights: np.ndarray, bits: int, encoding: str) -> np.ndarray:
    """Of one column of weights: [slice, row]."""
    shifts = np.arange(0, 8, bits)[:, None]
    if encoding == "differential":
        parts = [weights.clip(0), (-weights).clip(0)]
    else:
        parts = [weights + 128]
    levels = np.concatenate([part[None] >> shifts & (1 << bits) - 1 for part in parts])
    if encoding == "offset_flip":
        highest = (1 << bits) - 1
        flipped = 2 * levels.sum(1) > highest * levels.shape[1]
        levels[flipped] = highest - levels[flipped]
    return levels


def write(cells: dict, weights: np.ndarray, bits: int, encoding: str) -> tuple[int, float]:
    """Writes a matrix [output, input] to arrays; cells that change and their energy."""
    slices = 8 // bits * (2 if encoding == "differential" else 1)
    per_row = COLUMNS // slices
    across = -(-weights.shape[0] // per_row)
    changed, energy = 0, 0.0
    for tile in range(-(-weights.shape[1] // ROWS)):
        for n, column in enumerate(weights[:, tile * ROWS : (tile + 1) * ROWS]):
            array = cells.setdefault(tile * across + n // per_row, np.zeros((COLUMNS, ROWS), int))
            first = n % per_row * slices
            held = array[first : first + slices, : len(column)]
            step = levels_of(column, bits, encoding) - held
            held += step
            changed += int((step != 0).sum())
            energy += SET * int(step.clip(0).sum()) + RESET * int((-step).clip(0).sum())
    return changed, energy


def text_of(matrices: list[np.ndarray], bits: int, encoding: str) -> str:
    outputs, inputs = matrices[0].shape
    slices = 8 // bits * (2 if encoding == "differential" else 1)
    down, across = -(-inputs // ROWS), -(-outputs // (COLUMNS // slices))
    grid = f"!crossbar.grid<1x{inputs}x{outputs}xi8, si8>"
    dram = f"memref<{outputs}x{inputs}xi8, #simulator.memory<dram>>"
    x, y = (
        f"memref<{shape}, #simulator.memory<buffer>>"
        for shape in (f"1x{inputs}xi8", f"1x{outputs}xi32")
    )
    lines, after = [], ""
    for i, weights in enumerate(matrices):
        lines += [
            f"%w{i} = simulator.constant dense<{weights.tolist()}> :"
            f" tensor<{outputs}x{inputs}xi8> to {dram}",
            f'%g{i}, %p{i} = simulator.program %w{i} on <"arrays", 0, {down * across}>{after}'
            f" array #array tiling <row_tiles = {down}, column_tiles = {across}, slices = {slices},"
            f" groups_per_array = 1, arrays = {down * across}> : {dram} -> {grid}",
            f"%y{i} = simulator.buffer : {y}",
            f"%r{i} = simulator.mvm %g{i}, %x, %y{i} after (%p{i}) : {grid}, {x}, {y}",
        ]
        after = f" replacing (%g{i} : {grid}) after (%r{i})"
    return (
        f"#array = #crossbar.array<rows = {ROWS}, columns = {COLUMNS}, cell_bits = {bits},"
        " weight_bits = 8, input_bits = 8, dac_bits = 1, adc = <bits = 12, mode = lossless>,"
        f" columns_per_adc = {COLUMNS}, encoding = {encoding}>\n"
        f"module attributes {{pum.device = {device(bits, encoding)}}} {{\n"
        f"func.func @main(%x: {x}) {{\n" + "\n".join(lines) + "\nreturn\n}\n}\n"
    )


def device(bits: int, encoding: str) -> Device:
    return DEVICE.replace(
        array={
            "columns": COLUMNS,
            "cell_bits": bits,
            "columns_per_adc": COLUMNS,
            "encoding": encoding,
            "adc": {"bits": 12, "mode": "lossless"},
        }
    )


@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_any_array(bits: int, encoding: str) -> None:
    """Full and partial tiles; the arrays as the first inference and as later ones find them."""
    rng = np.random.default_rng([bits, len(encoding)])
    for shape in [(1, 1), (9, 8), (3, 21), (33, 24)]:
        matrices = [rng.integers(-128, 128, shape) for _ in range(3)]
        cells: dict[int, np.ndarray] = {}
        with ir.Context() as context:
            module = ir.Module.parse(text_of(matrices, bits, encoding), context)
            report = Program({"simulator": module}, {}).estimate().to_dict()
        for part in (report, report["steady_state"]):
            found = [
                (one["counters"].get("cells_written", 0), one["energy_pj"].get("cell_write", 0.0))
                for one in part["instructions"]
                if one["kind"] == "program"
            ]
            assert found == [write(cells, weights, bits, encoding) for weights in matrices]
            wear = part["wear"]
            mean = wear["mean_writes_per_cell"] * wear["arrays_written"] * ROWS * COLUMNS
            assert round(mean) == sum(changed for changed, _ in found)
