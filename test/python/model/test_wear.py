# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes per cell against a literal count of every cell, and lifetimes."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from machine_programs import Matrix, Text, tile
from pumice import Device, PumiceError

#: Small arrays, so that every cell can be counted.
SMALL = Device("isaac").replace(
    array={"rows": 20, "columns": 24, "columns_per_adc": 24}, endurance_writes=1000
)
SECONDS_PER_YEAR = 365.25 * 24 * 3600


def written_cells(device, matrix) -> np.ndarray:
    """Which cells [arrays, rows, columns] one copy of a matrix is written to: docs/numerics.md."""
    array = device.crossbars["array"]
    cut = tile(array, matrix)
    cells = np.zeros((cut.arrays, array["rows"], array["columns"]), bool)
    per_row = array["columns"] // cut.slices
    for group in range(matrix.groups):
        for row in range(matrix.rows):
            for column in range(matrix.columns):
                if cut.groups_per_array > 1:
                    within = group % cut.groups_per_array
                    at = group // cut.groups_per_array
                    wordline = within * matrix.rows + row
                    first = (within * matrix.columns + column) * cut.slices
                else:
                    row_tile, wordline = divmod(row, array["rows"])
                    column_tile, place = divmod(column, per_row)
                    at = (group * cut.row_tiles + row_tile) * cut.column_tiles + column_tile
                    first = place * cut.slices
                cells[at, wordline, first : first + cut.slices] = True
    return cells


class Machine:
    """Counts writes of every cell of the first arrays."""

    def __init__(self, device, arrays) -> None:
        array = device.crossbars["array"]
        self.device = device
        self.writes = np.zeros((arrays, array["rows"], array["columns"]), int)

    def program(self, matrix, placement) -> None:
        numbers = [
            n for a, b in zip(placement[::2], placement[1::2], strict=True) for n in range(a, b)
        ]
        cells = written_cells(self.device, matrix)
        assert len(numbers) % len(cells) == 0
        for i, number in enumerate(numbers):
            self.writes[number] += cells[i % len(cells)]

    def check(self, wear) -> None:
        touched = self.writes[self.writes.any(axis=(1, 2))]
        assert wear.arrays_written == len(touched)
        assert wear.cells_written == np.count_nonzero(touched)
        counts, cells = np.unique(touched, return_counts=True)
        assert wear.histogram == dict(zip(counts.tolist(), cells.tolist(), strict=True))
        if len(touched):
            assert wear.max_writes_per_cell == touched.max()
            assert wear.mean_writes_per_cell == pytest.approx(touched.mean())
        listed = set()
        for part in wear.ranges:
            numbers = range(part.first, part.first + part.count)
            listed.update(numbers)
            assert part.max_writes_per_cell == self.writes[list(numbers)].max()
            assert part.mean_writes_per_cell == pytest.approx(self.writes[list(numbers)].mean())
        assert listed == set(np.flatnonzero(self.writes.any(axis=(1, 2))).tolist())


def runs_of(setup, run, endurance) -> int | None:
    """Runs that all cells survive, cell by cell."""
    worn = run.writes > 0
    if not worn.any():
        return None
    left = np.maximum(endurance - setup.writes[worn], 0) // run.writes[worn]
    return int(left.min())


MATRICES = [
    Matrix(rows=20, columns=6),  # a whole array
    Matrix(rows=8, columns=3),
    Matrix(rows=50, columns=10),  # 3 x 2 arrays, partly filled
    Matrix(rows=9, columns=1, groups=5),  # two groups on an array
    Matrix(rows=21, columns=2, groups=3),
    Matrix(rows=5, columns=2, weight_bits=16),
]


@pytest.mark.parametrize("seed", range(12))
def test_any_program_counts_every_cell(seed, tmp_path) -> None:
    """Random matrices on overlapping arrays, some before and some in the run."""
    choose = random.Random(seed)
    device = SMALL
    if seed % 3 == 1:
        device = SMALL.replace(array={"encoding": "differential"})
    total = 14
    setup, run = Machine(device, total), Machine(device, total)
    program = Text(device)
    for _ in range(choose.randint(1, 12)):
        matrix = choose.choice(MATRICES)
        arrays = tile(device.crossbars["array"], matrix).arrays
        arrays *= choose.randint(1, total // arrays)
        first = choose.randint(0, total - arrays)
        placement = [first, first + arrays]
        if arrays > 1 and arrays < total and choose.random() < 0.5:  # with a gap
            cut = choose.randint(1, arrays - 1)
            first = choose.randint(0, total - arrays - 1)
            placement = [first, first + cut, first + cut + 1, first + arrays + 1]
        once = choose.random() < 0.4
        program.program(matrix, placement, setup=once)
        (setup if once else run).program(matrix, placement)
    report = program.estimate(tmp_path / "p.mlir")
    run.check(report.wear)
    if report.setup is None:
        assert not setup.writes.any()
    else:
        setup.check(report.setup.wear)
    life, expected = report.wear.lifetime, runs_of(setup, run, 1000)
    assert life.endurance_writes == 1000
    if expected is None:
        assert (life.limit, life.runs) == ("none", math.inf)
    else:
        assert (life.limit, life.runs) == ("endurance", expected)
        years = expected * report.latency_ns / 1e9 / SECONDS_PER_YEAR
        assert life.years_back_to_back == pytest.approx(years)
        assert life.years(50.0) == pytest.approx(expected / 50 / SECONDS_PER_YEAR)


def rewriting(device, times):
    """A program that writes two layers in turn to the same arrays, `times` times."""
    program = Text(device)
    one, two = Matrix(rows=20, columns=12), Matrix(rows=10, columns=6)
    grid, token = program.program(one, [0, 2])
    held = one
    for _ in range(times):
        token = program.linear(held, grid, 3, token)
        held, old = (two if held is one else one), held
        place = [0, 2] if held is one else [0, 1]
        grid, token = program.program(held, place, setup=False, after=token, replacing=(grid, old))
    program.linear(held, grid, 3, token)
    return program


def test_replaced_weights(tmp_path) -> None:
    """The upper half of array 0 is written by both layers, the rest by the larger one."""
    report = rewriting(SMALL, 4).estimate(tmp_path / "p.mlir")
    assert report.setup.wear.histogram == {1: 2 * 480}
    assert report.wear.histogram == {2: 2 * 480 - 240, 4: 240}
    assert report.wear.max_writes_per_cell == 4
    assert report.wear.lifetime.runs == (1000 - 1) // 4
    assert [part.max_writes_per_cell for part in report.wear.ranges] == [4, 2]
    text = str(report)
    assert "Wear in the run" in text
    assert "249 runs" in text


def test_a_run_is_worn_as_estimated(tmp_path) -> None:
    program = rewriting(SMALL, 3).load(tmp_path / "p.mlir")
    x = [np.ones((3, 20), np.int8), *(np.ones((3, n), np.int8) for n in (10, 20, 10))]
    assert program.run(*x).report.wear == program.estimate().wear


def test_setup_alone_is_not_worn(tmp_path) -> None:
    program = Text(SMALL)
    matrix = Matrix(rows=20, columns=6)
    grid, token = program.program(matrix, [0, 1])
    program.linear(matrix, grid, 1, token)
    report = program.estimate(tmp_path / "p.mlir")
    life = report.wear.lifetime
    assert (life.limit, life.runs, life.years(1.0)) == ("none", math.inf, math.inf)
    assert report.setup.wear.lifetime is None
    assert "no limit: writes no cells" in str(report)


def test_endurance_that_is_not_known(tmp_path) -> None:
    report = rewriting(SMALL.replace(endurance_writes=None), 1).estimate(tmp_path / "p.mlir")
    life = report.wear.lifetime
    assert (life.limit, life.runs, life.years(1.0)) == ("unknown", None, None)
    assert "not known: the device has no endurance_writes" in str(report)


def test_worn_out_by_the_setup(tmp_path) -> None:
    report = rewriting(SMALL.replace(endurance_writes=1), 2).estimate(tmp_path / "p.mlir")
    assert report.wear.lifetime.runs == 0


def test_rates_above_zero(tmp_path) -> None:
    life = rewriting(SMALL, 1).estimate(tmp_path / "p.mlir").wear.lifetime
    for rate in (0, -1, math.nan):
        with pytest.raises(PumiceError, match="expected runs_per_second above 0, got"):
            life.years(rate)


def test_many_arrays_are_counted_in_ranges(tmp_path) -> None:
    """A billion cells: no entry per cell, no time per cell."""
    device = Device("ideal").replace(endurance_writes=10**12)
    matrix = Matrix(rows=128 * 250, columns=32 * 250)
    program = Text(device)
    program.program(matrix, [0, 250 * 250], setup=False)
    wear = program.estimate(tmp_path / "p.mlir").wear
    assert wear.histogram == {1: 250 * 250 * 128 * 128}
    assert [(part.first, part.count) for part in wear.ranges] == [(0, 250 * 250)]
    assert wear.lifetime.runs == 10**12


def test_the_demo(isaac) -> None:
    """A compiled network with enough arrays: programmed once, worn no more."""
    report = isaac.result.report
    assert report.wear.lifetime.runs == math.inf
    assert report.wear == isaac.program.estimate().wear
    wear = report.setup.wear
    assert wear.cells_written == report.setup.counters["cells_written"]
    assert set(wear.histogram) == {0, 1}
    assert sum(wear.histogram.values()) == wear.arrays_written * 128 * 128
    layers = {layer for part in wear.ranges for layer in part.layers}
    assert layers == {step["layer"] for step in report.setup.instructions}
