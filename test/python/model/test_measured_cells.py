# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cells by tables of measurements: laws and closed forms, measured through the machine.

As in test_cells.py, seeds are fixed and statistical bounds are intervals of 99.9 %. What is the
same bit for bit is compared with the oracle in oracles/test_cell_oracle.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")
stats = pytest.importorskip("scipy.stats")

from arrays import conductances, machine, products  # noqa: E402
from distributions import (  # noqa: E402
    HALF,
    assert_fraction,
    assert_standard_normal,
    assert_uncorrelated,
    assert_variance,
)

SIZE = {"rows": 128, "columns": 128}
TOP = 255  # the highest level of 8-bit cells

#: Of a level, in siemens: 256 equal steps above 1 uS.
STEP = 0.1e-6


def table(count: int = 256, **fields: Any) -> dict[str, Any]:
    """Equal steps; a field is a number, or a function of the level."""
    levels = []
    for level in range(count):
        row = {"mean_siemens": 1e-6 + STEP * level}
        row |= {name: value(level) if callable(value) else value for name, value in fields.items()}
        levels.append(row)
    return {"levels": levels}


def cells(level: int, **analog: Any) -> Any:
    """Conductances, in levels above the lowest, of 128 x 128 cells that all hold `level`."""
    analog = {"reference_column": True, **analog}
    return conductances(np.full((128, 128), level), **SIZE, analog=analog) / 128


def test_spread_of_each_level() -> None:
    measured = table(spread_siemens=lambda level: STEP * level / 20)
    for level in (40, 200):
        assert_standard_normal((cells(level, cells=measured) - level) / (level / 20))
    assert (cells(0, cells=measured) == 0).all()
    first, second = cells(40, cells=measured), cells(40, cells=measured, seed=1)
    assert_uncorrelated(first, second)


def test_drift_of_each_level() -> None:
    measured = table(drift_exponent=lambda level: 0.1 - level / 5000, drift_exponent_sigma=0.01)
    for level in (100, 250):
        g = cells(level, cells=measured, drift_time_s=1e4, reference_column=False)
        exponents = -np.log(g / (level + 10)) / np.log(1e4)
        assert_standard_normal((exponents - 0.1 + level / 5000) / 0.01)


def test_temperatures_between_those_of_the_table() -> None:
    cold, hot = table(), table()
    for row in cold["levels"]:
        row["temperature_k"] = 300
    for row in hot["levels"]:
        row |= {"temperature_k": 340, "mean_siemens": 1.4 * row["mean_siemens"]}
    both = {"levels": cold["levels"] + hot["levels"]}
    for kelvin, factor in ((300, 1.0), (310, 1.1), (340, 1.4)):
        g = cells(90, cells=both, temperature_k=kelvin)
        # The reference is that of 300 K, at which the array is calibrated: 10 levels.
        assert np.allclose(g, factor * 100 - 10, atol=1 / 256)


# ---- read noise -----------------------------------------------------------------------------


def noisy_sums(level: int, digit: int, seed: int = 0, **analog: Any) -> Any:
    """(2000, 8) sums of one cell with read noise of a hundredth of its level, driven by `digit`."""
    measured = table(read_noise_siemens=lambda of: STEP * of / 100)
    analog = {"cells": measured, "reference_column": True, "seed": seed, **analog}
    x, weights = np.full((2000, 1), digit), np.full((1, 8), level - 128, np.int8)
    return products(x, weights, **SIZE, analog=analog) - (level - 128.0) * digit


@pytest.mark.parametrize(("level", "digit"), [(100, 85), (200, 85), (100, 170), (255, 255)])
def test_read_noise_follows_level_and_input(level, digit) -> None:
    values = noisy_sums(level, digit)
    expected = (digit * level / 100) ** 2 + 1 / 12
    assert_variance(values, expected)
    assert abs(values.mean()) < stats.norm.isf(HALF) * (expected / values.size) ** 0.5
    assert_uncorrelated(values[1:], values[:-1])


def test_read_noise_is_normal() -> None:
    assert_standard_normal(noisy_sums(250, 250) / 625)
    assert (noisy_sums(0, 255) == 0).all()


def test_read_noise_of_cells_and_converters_adds_as_variances() -> None:
    assert_variance(noisy_sums(100, 100, read_noise=200.0), 100**2 + 200**2)


def test_read_noise_of_many_cells() -> None:
    """Variances of the cells of a column, of digits and of slices add."""
    levels = table(4, read_noise_siemens=lambda of: STEP * of)["levels"]
    rng = np.random.default_rng(0)
    weights, x = rng.integers(-128, 128, (60, 5)).astype(np.int8), rng.integers(0, 256, 60)
    sums = products(
        np.tile(x, (4000, 1)), weights, **SIZE, cell_bits=2, dac_bits=2,
        analog={"cells": {"levels": levels}, "reference_column": True},
    )  # fmt: skip
    stored = weights.astype(int) + 128
    variance = sum(
        16**s * 16**d * ((x >> 2 * d & 3) ** 2 @ (stored >> 2 * s & 3) ** 2) + 16 ** (s + d) / 12
        for s in range(4)
        for d in range(4)
    )
    for n in range(5):
        assert_variance(sums[:, n], variance[n])


def test_noise_does_not_depend_on_threads() -> None:
    levels = table(4, read_noise_siemens=STEP, spread_siemens=STEP / 3)["levels"]
    analog = {"cells": {"levels": levels}, "write_verify": {"pulses": 5, "tolerance": 0.05}}
    x, weights = np.full((300, 150), 85), np.zeros((150, 40), np.int8)
    array = {**SIZE, "cell_bits": 2, "analog": analog}
    results = [products(x, weights, threads=n, **array) for n in (1, 2, 3)]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


# ---- compensation of drift ------------------------------------------------------------------


def test_compensation_restores_equal_drift() -> None:
    levels = np.arange(256).reshape(2, 128)
    analog = {"drift_time_s": 1e5, "drift_exponent": 0.06}
    drifted = conductances(levels, **SIZE, analog=analog)
    assert drifted.max() < 0.6 * 255 * 128
    restored = conductances(levels, **SIZE, analog=analog | {"drift_compensation": True})
    assert np.abs(restored - levels * 128).max() <= 1


def test_compensation_restores_the_mean_of_the_cells_in_use() -> None:
    """One factor: errors of single cells stay, and unused cells do not count."""
    measured = table(drift_exponent=lambda level: 0.1 - level / 5000, drift_exponent_sigma=0.01)
    levels = np.random.default_rng(0).integers(0, 256, (100, 37))
    analog: dict[str, Any] = {"cells": measured, "drift_time_s": 1e6, "reference_column": True}
    g = conductances(levels, **SIZE, analog=analog | {"drift_compensation": True})
    before = conductances(levels, **SIZE, analog=analog | {"drift_time_s": 0})
    drifted = conductances(levels, **SIZE, analog=analog)
    assert np.abs(g).sum() == pytest.approx(np.abs(before).sum(), rel=1e-4)
    factors = g[drifted > 2000] / drifted[drifted > 2000]
    assert np.ptp(factors) < 2e-3  # conductances are rounded
    assert factors.mean() > 1.5


# ---- program and verify ---------------------------------------------------------------------


def test_residual_error() -> None:
    """Cells that pass have a truncated normal error; those that never do, one of the last pulse."""
    spread, tolerance, pulses = 20.0, 0.05 * TOP, 4
    measured = table(spread_siemens=STEP * spread)
    verify = {"pulses": pulses, "tolerance": 0.05}
    error = cells(128, cells=measured, write_verify=verify) - 128
    passed = np.abs(error) <= tolerance + 1 / 128
    miss = 2 * stats.norm.sf(tolerance / spread)
    assert_fraction(~passed, miss**pulses)
    inside = stats.truncnorm(-tolerance / spread, tolerance / spread, scale=spread)
    assert stats.kstest(error[passed], inside.cdf).pvalue > 2 * HALF
    one = cells(128, cells=measured, write_verify={"pulses": 1, "tolerance": 0.05})
    assert np.array_equal(one, cells(128, cells=measured))


def test_shrinking_pulses() -> None:
    measured = table(spread_siemens=STEP * 20)
    verify = {"pulses": 3, "tolerance": 0.01, "shrink": 0.5}
    error = cells(128, cells=measured, write_verify=verify) - 128
    left = np.prod([2 * stats.norm.sf(0.01 * TOP / s) for s in (20, 10, 5)])
    assert_fraction(np.abs(error) > 0.01 * TOP + 1 / 128, left)


def test_more_pulses_keep_the_cells_that_passed() -> None:
    verify = {"tolerance": 0.05}
    few, many = (
        cells(90, program_error_absolute=0.1, write_verify={**verify, "pulses": n}) for n in (3, 30)
    )
    passed = np.abs(few - 90) <= 0.05 * TOP
    assert np.array_equal(few[passed], many[passed])
    assert (np.abs(many - 90) <= 0.05 * TOP + 1 / 128).all()


def test_machine_has_the_table() -> None:
    """The program contains what was measured, so that it needs no file."""
    program = machine(np.eye(4, dtype=np.int8), batch=1, analog={"cells": table()})
    assert "#crossbar.cell_level<mean_siemens = 1.0e-06>" in program.ir("simulator")
