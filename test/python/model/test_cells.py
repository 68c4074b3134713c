# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cells that are not ideal: laws and closed forms, measured through the machine.

Seeds are fixed, so that every run sees the same cells: a bound holds for good once it holds. Each
statistical bound is a two-sided interval of 99.9 % for the seeds as a whole, that is, a correct
simulator would fail it for one seed in a thousand.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")
stats = pytest.importorskip("scipy.stats")
hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

from arrays import conductances, products  # noqa: E402
from distributions import (  # noqa: E402
    HALF,
    assert_fraction,
    assert_standard_normal,
    assert_uncorrelated,
    assert_variance,
)
from pumice import Device, PumiceError  # noqa: E402

SIZE = {"rows": 128, "columns": 128}
TOP = 255  # the highest level of 8-bit cells


def cells(level, shape=(128, 128), **analog):
    """Conductances, in levels, of cells that all hold `level`."""
    return conductances(np.full(shape, level), **SIZE, analog=analog) / 128


# ---- programming error ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_relative_programming_error(seed) -> None:
    g = cells(200, seed=seed, program_error_relative=0.1)
    assert_standard_normal((g / 200 - 1) / 0.1)
    # Nothing is left of the order of cells.
    assert_uncorrelated(g[:, 1:], g[:, :-1])
    assert_uncorrelated(g[1:], g[:-1])
    assert (cells(0, program_error_relative=0.1) == 0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_absolute_programming_error(seed) -> None:
    g = cells(128, seed=seed, program_error_absolute=0.05)
    assert_standard_normal((g - 128) / (0.05 * TOP))
    g = cells(128, seed=seed, program_error_absolute=0.05, on_off_ratio=2)
    assert_standard_normal((g - 128 - TOP) / (0.05 * TOP))  # of the range of levels
    # Conductances are not negative: of cells at 0, half of the errors are lost.
    g = cells(0, seed=seed, program_error_absolute=0.05)
    assert_fraction(g == 0, 0.5)
    assert stats.kstest(g[g > 0], stats.halfnorm(scale=0.05 * TOP).cdf).pvalue > 2 * HALF


BOTH = {"program_error_absolute": 0.05, "program_error_relative": 0.1}


def test_both_programming_errors_are_independent() -> None:
    g = cells(128, **BOTH)
    spread = np.hypot(0.05 * TOP, 0.1 * 128)
    assert_standard_normal((g - 128) / spread)
    for apart in (1, 2, 3):  # one cell's numbers are not another's
        assert_uncorrelated(g[:, apart:], g[:, :-apart])
    g = cells(200, drift_time_s=1e4, drift_exponent=0.05, drift_exponent_sigma=0.01, **BOTH)
    for apart in (1, 2, 3):
        assert_uncorrelated(g[:, apart:], g[:, :-apart])


def test_errors_of_two_bit_cells() -> None:
    """Four slices: independent errors, whose variances add with the squares of their weights."""
    sums = products(
        255 * np.eye(128),
        np.full((128, 32), -1, np.int8),  # levels 3, 3, 3, 1
        **SIZE,
        cell_bits=2,
        analog={"program_error_relative": 0.05},
    )
    variance = (255 * 0.05) ** 2 * (9 + 9 * 4**2 + 9 * 4**4 + 1 * 4**6)
    assert_standard_normal((sums + 255) / variance**0.5)


def test_errors_differ_between_arrays_layers_and_seeds() -> None:
    zeros = np.zeros((128, 128), np.int8)
    other = zeros.copy()
    other[0, 0] = 1  # equal matrices are programmed once
    x = 255 * np.eye(128)
    analog = {"program_error_relative": 0.1}
    first, second = products(x, zeros, other, **SIZE, analog=analog)
    assert_uncorrelated(first, second)
    again = products(x, zeros, **SIZE, analog=analog)
    assert np.array_equal(first, again)
    assert_uncorrelated(first, products(x, zeros, **SIZE, analog={**analog, "seed": 1}))
    tall = products(255 * np.eye(256), np.zeros((256, 256), np.int8), **SIZE, analog=analog)
    quarters = [tall[i : i + 128, j : j + 128] for i in (0, 128) for j in (0, 128)]
    assert np.array_equal(quarters[0], first)
    for i in range(4):
        for j in range(i):
            assert_uncorrelated(quarters[i], quarters[j])


# ---- drift, stuck cells ---------------------------------------------------------------------


def test_drift_by_a_fixed_exponent() -> None:
    levels = np.arange(256).reshape(2, 128)
    analog = {"drift_time_s": 1e4, "drift_exponent": 0.05}
    g = conductances(levels, **SIZE, analog=analog)
    assert np.array_equal(g, np.rint(levels * 1e4**-0.05 * 128))
    for never in ({**analog, "drift_time_s": 0.0}, {**analog, "drift_time_s": 1.0}):
        assert np.array_equal(conductances(levels, **SIZE, analog=never), levels * 128)


def test_drift_by_normal_exponents() -> None:
    g = cells(255, drift_time_s=1e4, drift_exponent=0.05, drift_exponent_sigma=0.008)
    exponents = -np.log(g / 255) / np.log(1e4)
    assert_standard_normal((exponents - 0.05) / 0.008)
    # Exponents are not negative: no cell grows.
    g = cells(255, drift_time_s=1e4, drift_exponent_sigma=0.01)
    assert_fraction(g == 255, 0.5)


@pytest.mark.parametrize(
    ("stuck_on", "stuck_off"), [(0.02, 0), (0, 0.05), (0.02, 0.05), (0.4, 0.6)]
)
def test_stuck_cells(stuck_on, stuck_off) -> None:
    g = cells(100, stuck_on=stuck_on, stuck_off=stuck_off)
    assert set(np.unique(g)) <= {0, 100, TOP}
    assert_fraction(g == TOP, stuck_on)
    assert_fraction(g == 0, stuck_off)
    g = cells(100, stuck_on=0.3, stuck_off=0.3, on_off_ratio=11, program_error_relative=0.1)
    assert_fraction(g == TOP + TOP / 10, 0.3)  # neither programmed nor drifting
    assert_fraction(g == TOP / 10, 0.3)


# ---- closed forms ---------------------------------------------------------------------------


LEVELS = np.arange(256).reshape(2, 128)


@pytest.mark.parametrize("a", [-20, -3, 0.001, 1, 5.5, 20])
def test_nonlinearity(a) -> None:
    g = conductances(LEVELS, **SIZE, analog={"nonlinearity": a})
    curve = TOP * (1 - np.exp(-a * LEVELS / TOP)) / (1 - np.exp(-a))
    assert np.array_equal(g, np.rint(curve * 128))
    assert (g.flat[0], g.flat[-1]) == (0, TOP * 128)


@pytest.mark.parametrize("ratio", [1.5, 10, 1000, 65281])  # the last: halves of a step
def test_on_off_ratio(ratio) -> None:
    lowest = TOP / (ratio - 1)
    g = conductances(LEVELS, **SIZE, analog={"on_off_ratio": ratio})
    assert np.array_equal(g, np.rint((LEVELS + lowest) * 128))
    assert (LEVELS.max() + lowest) / lowest == pytest.approx(ratio)
    g = conductances(LEVELS, **SIZE, analog={"on_off_ratio": ratio, "reference_column": True})
    assert np.array_equal(g, LEVELS * 128)


def test_a_reference_column_leaves_errors_and_negative_sums() -> None:
    """The reference is subtracted after the errors, so that a column may sum below 0."""
    analog = {"on_off_ratio": 5, "reference_column": True, "program_error_relative": 0.2}
    g = cells(0, **analog)
    lowest = TOP / 4
    assert_standard_normal(g / (0.2 * lowest))


@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
@pytest.mark.parametrize("cell_bits", [1, 2, 4, 8])
def test_what_the_lowest_level_conducts_is_an_offset(encoding, cell_bits) -> None:
    """Without a reference: the same for every weight, and none where columns are subtracted."""
    rng = np.random.default_rng(cell_bits)
    weights = rng.integers(-128, 128, (40, 12)).astype(np.int8)
    x = 2 * rng.integers(0, 128, (9, 40))
    top = 2**cell_bits - 1
    levels = [(weights.astype(int) + 128) >> shift & top for shift in range(0, 8, cell_bits)]
    signs = np.ones((len(levels), 12))
    if encoding == "offset_flip":  # inverted columns count negative, and so does their offset
        signs[[level.sum(0) > 20 * top for level in levels]] = -1
    lowest = 0.5  # even inputs make whole numbers of it
    offset = sum(signs[s] * lowest * 2 ** (s * cell_bits) for s in range(len(levels)))
    if encoding == "differential":
        offset = np.zeros(12)
    found = products(
        x,
        weights,
        **SIZE,
        cell_bits=cell_bits,
        encoding=encoding,
        analog={"on_off_ratio": 1 + top / lowest},
    )
    assert np.array_equal(found, x @ weights + offset * x.sum(1, keepdims=True))


# ---- read noise -----------------------------------------------------------------------------


SIGMA = 6.0
ROUNDED = SIGMA**2 + 1 / 12  # its variance after rounding to integers


def noise(batch=2000, inputs=1, outputs=8, seed=0, **array):
    """What read noise adds to (batch, outputs) results of equal inputs and weights."""
    x = np.full((batch, inputs), 85)  # binary 01010101
    weights = np.zeros((inputs, outputs), np.int8)
    array = {**SIZE, **array, "analog": {"read_noise": SIGMA, "seed": seed}}
    return products(x, weights, **array).astype(float)


def test_read_noise() -> None:
    values = noise()
    assert abs(values.mean()) < stats.norm.isf(HALF) * (ROUNDED / values.size) ** 0.5
    assert_variance(values, ROUNDED)
    assert_uncorrelated(values[1:], values[:-1])
    for i in range(8):
        for j in range(i):
            assert_uncorrelated(values[:, i], values[:, j])


def test_read_noise_is_normal() -> None:
    """Its shape, with a sigma that makes roundings small, and its tails (99.9 % each)."""
    wide = {"read_noise": 1000.0, "seed": 8}
    x, weights = np.full((8000, 1), 85), np.zeros((1, 8), np.int8)
    z = products(x, weights, **SIZE, analog=wide) / 1000
    assert_standard_normal(z)
    for sigma in (2, 3, 3.5):
        assert_fraction(z > sigma, stats.norm.sf(sigma))
        assert_fraction(z < -sigma, stats.norm.sf(sigma))


@pytest.mark.parametrize(
    ("array", "factor"),
    [
        ({"dac_bits": 1}, sum(4**b for b in range(8))),
        ({"dac_bits": 3}, 1 + 64 + 64**2),
        ({"cell_bits": 2}, sum(16**s for s in range(4))),
        ({"cell_bits": 4, "encoding": "differential"}, 2 * (1 + 256)),
        ({"rows_per_read": 1}, 4),
        ({"rows_per_read": 3}, 2),
        ({"rows": 1}, 4),
    ],
)
def test_every_conversion_has_noise_of_its_own(array, factor) -> None:
    """Variances of digits, slices, segments and tiles add; shared noise would add squared."""
    assert_variance(noise(inputs=4, **array), factor * ROUNDED)


def test_noise_is_reproducible() -> None:
    first = noise(seed=3)
    assert np.array_equal(first, noise(seed=3))
    assert_uncorrelated(first, noise(seed=4))
    x, weights = np.full((300, 150), 85), np.zeros((150, 40), np.int8)
    analog = {"read_noise": SIGMA, "seed": 5, "stuck_on": 0.1, "program_error_relative": 0.1}
    results = [products(x, weights, threads=n, **SIZE, analog=analog) for n in (1, 2, 3)]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_layers_have_noise_of_their_own() -> None:
    x, weights = np.full((2000, 1), 85), np.zeros((1, 9), np.int8)
    other = weights.copy()
    other[0, 8] = 1
    first, second = products(x, weights, other, **SIZE, analog={"read_noise": SIGMA})
    assert_uncorrelated(first[:, :8], second[:, :8])


# ---- limits ---------------------------------------------------------------------------------


EFFECTS = {
    "program_error_absolute": 0.1,
    "program_error_relative": 0.2,
    "nonlinearity": 3.0,
    "stuck_on": 0.2,
    "stuck_off": 0.2,
    "drift_exponent": 0.1,
    "drift_exponent_sigma": 0.05,
    "wire_resistance_ohm": 1.0,
    "read_noise": 10.0,
}
PARTNERS = {"drift_time_s": 100.0, "on_resistance_ohm": 1e5}


def deviation(effect, factor) -> float:
    """Root of the mean square that a fraction of an effect changes, in levels."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (128, 100))
    analog = {**PARTNERS, effect: EFFECTS[effect] * factor}
    g = conductances(levels, **SIZE, analog=analog) / 128
    return float(np.sqrt(np.mean((g - levels) ** 2)))


@pytest.mark.parametrize("effect", EFFECTS)
def test_effects_vanish(effect) -> None:
    """Weaker by 10, an effect is weaker by about 10 (stuck cells: their mean square is); then gone.

    What read noise does shows in quotients of sums by 255, below 1/10 of it.
    """
    strong, weak = deviation(effect, 1), deviation(effect, 0.1)
    per_ten = 10**0.5 if effect.startswith("stuck") else 10
    assert strong / weak == pytest.approx(per_ten, rel=0.5)
    assert deviation(effect, 1e-7) == 0


def test_on_off_ratio_vanishes() -> None:
    assert np.array_equal(conductances(LEVELS, **SIZE, analog={"on_off_ratio": 1e6}), LEVELS * 128)


@hypothesis.settings(derandomize=True, max_examples=40, deadline=None)
@hypothesis.given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 70), st.integers(1, 12)),
    rows=st.integers(1, 40),
    columns=st.integers(16, 60),
    cell_bits=st.sampled_from([1, 2, 4, 8]),
    dac_bits=st.integers(1, 8),
    encoding=st.sampled_from(["offset", "offset_flip", "differential"]),
    read_at_once=st.floats(0, 1),
)
def test_nothing_but_a_seed_is_ideal(shape, rows, read_at_once, **array) -> None:
    """Effects that are all off: the integer product, bit for bit."""
    batch, inputs, outputs = shape
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (batch, inputs))
    weights = rng.integers(-128, 128, (inputs, outputs)).astype(np.int8)
    array = {**array, "rows": rows, "rows_per_read": 1 + int(read_at_once * (rows - 1))}
    found = products(x, weights, **array, analog={"seed": 9, "read_noise": 0})
    assert np.array_equal(found, x @ weights)


# ---- devices --------------------------------------------------------------------------------


def test_devices_take_analog_effects() -> None:
    device = Device("isaac").replace(
        array={"rows_per_read": 16, "analog": {"seed": 3, "stuck_on": 1e-7, "nonlinearity": -0.5}}
    )
    analog = device.crossbars["array"]["analog"]
    assert (analog["seed"], analog["stuck_on"], analog["nonlinearity"]) == (3, 1e-7, -0.5)
    more = device.replace(array={"analog": {"reference_column": True, "stuck_on": np.float32(0.5)}})
    assert more.crossbars["array"]["analog"] == {
        **analog,
        "reference_column": True,
        "stuck_on": 0.5,
    }
    without = more.replace(array={"analog": None, "rows_per_read": None})
    assert str(without) == str(Device("isaac"))


def test_devices_refuse_analog_effects() -> None:
    for analog, words in (
        ({"stuck_on": 0.7, "stuck_off": 0.7}, "at most 1 in sum, got 1.4"),
        ({"on_off_ratio": 1}, "on_off_ratio must be 0 (no limit) or above 1, got 1"),
        ({"read_noise": -1}, "read_noise"),
        ({"bogus": 1}, "bogus"),
    ):
        with pytest.raises(PumiceError) as caught:
            Device("isaac").replace(array={"analog": analog})
        assert words in str(caught.value)
