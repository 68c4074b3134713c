# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Costs of programming by pulses and reads, from the formulas of docs/numerics.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")
stats = pytest.importorskip("scipy.stats")

from machine_programs import Matrix, Text  # noqa: E402
from pumice import Device  # noqa: E402

STEP = 1e-6
LEVELS = [{"mean_siemens": g * STEP, "spread_siemens": s * STEP}
          for g, s in ((1, 0), (11, 2), (21, 3), (31, 1.5))]  # fmt: skip
VERIFY = {"pulses": 5, "tolerance": 0.05, "shrink": 0.9}


def unfinished(spread: float, mean: float, verify: dict[str, Any], top: float) -> list[float]:
    """Share of the cells of a level that need more than 0, 1, ... pulses; all in one unit."""
    shares = [1.0]
    for pulse in range(verify["pulses"] - 1):
        tolerance = verify["tolerance"] * top
        deviation = spread * verify.get("shrink", 1) ** pulse
        miss = stats.norm.sf(tolerance / deviation) if deviation else 0.0
        shares.append(shares[-1] * miss * (2 if mean > tolerance else 1))
    return shares


#: By level: more than n pulses.
SHARES = np.array(
    [
        unfinished(row["spread_siemens"], row["mean_siemens"], VERIFY, 30 * STEP)
        for row in LEVELS
    ]
)  # fmt: skip


def device(**group: Any) -> Device:
    analog = {"cells": {"levels": LEVELS}, "write_verify": VERIFY}
    plain = Device({k: v for k, v in Device("isaac").fields.items() if k != "laws"})
    timing, energy = {"verify_ns": 40}, {"verify_pj": 0.2}
    return plain.replace(array={"analog": analog}, timing=timing, energy=energy, **group)


def setup_of(of: Device, path: Any) -> Any:
    program = Text(of)
    matrix = Matrix(rows=100, columns=9, weight_bits=16, input_bits=16)
    grid, token = program.program(matrix, [0, 1])
    program.linear(matrix, grid, 3, token)
    return program.estimate(path).setup


def test_time_energy_and_wear(tmp_path) -> None:
    setup = setup_of(device(), tmp_path / "p.mlir")
    cells = 100 * 9 * 8
    assert setup.counters["cells_written"] == cells
    pulses = SHARES.sum(1).mean()  # of a cell, all levels alike
    assert 1.5 < pulses < 3
    energy = cells * ((pulses - 1) * 1.3 + 1.3 + pulses * 0.2)
    assert setup.components["cell_write"] == pytest.approx(energy, rel=1e-12)
    # A wordline is done when the slowest of its 128 cells is.
    slowest = (1 - (1 - SHARES.mean(0)) ** 128).sum()
    assert pulses < slowest <= VERIFY["pulses"]
    assert setup.latency_ns == round(100 * slowest * (85.7 + 40), 3)  # in whole picoseconds
    wear = setup.wear
    assert wear.max_writes_per_cell == VERIFY["pulses"]
    assert wear.mean_writes_per_cell * 128 * 128 == pytest.approx(cells * pulses)
    assert wear.max_is_bound


def test_levels_count_where_they_are_known(tmp_path) -> None:
    """Of an array whose contents are followed, the pulses are those of the levels written."""
    setup = setup_of(device(pulse_unchanged_cells=False), tmp_path / "p.mlir")
    # Weights are 1, that is 2^15 + 1 in cells of 2 bits: level 1, six of level 0, which is there
    # already, and level 2.
    written = setup.counters["cells_written"]
    assert written == 100 * 9 * 2
    pulses = SHARES[1:3].sum(1).mean()
    assert setup.components["cell_write"] == pytest.approx(written * pulses * 1.5, rel=1e-12)


def test_one_pulse_costs_what_a_write_costs(tmp_path) -> None:
    single = device().replace(
        array={"analog": {"write_verify": {"pulses": 1}}}, timing={"verify_ns": 0},
        energy={"verify_pj": 0},
    )  # fmt: skip
    plain = single.replace(array={"analog": {"write_verify": None}})
    one, other = (
        setup_of(d, tmp_path / f"{i}.mlir") for i, d in enumerate((single, plain))
    )  # fmt: skip
    assert one.latency_ns == other.latency_ns
    assert one.components == other.components


def test_more_pulses_cost_more(tmp_path) -> None:
    found = []
    for pulses in (1, 2, 4, 8):
        of = device().replace(array={"analog": {"write_verify": {"pulses": pulses}}})
        setup = setup_of(of, tmp_path / f"{pulses}.mlir")
        found.append((setup.latency_ns, setup.components["cell_write"]))
    assert found == sorted(set(found))


def test_run_and_estimate_agree() -> None:
    from arrays import machine

    levels = [{"mean_siemens": (1 + i) * STEP, "spread_siemens": 0.2 * STEP} for i in range(4)]
    weights = np.random.default_rng(0).integers(-128, 128, (30, 7)).astype(np.int8)
    program = machine(
        weights, batch=2, cell_bits=2,
        analog={"cells": {"levels": levels}, "write_verify": VERIFY},
    )  # fmt: skip
    x = np.zeros((2, 30), np.int8)
    run, estimate = program.run(x).report, program.estimate()
    assert run.latency_ns == estimate.latency_ns
    assert run.setup.latency_ns == estimate.setup.latency_ns
    assert run.setup.components == estimate.setup.components
