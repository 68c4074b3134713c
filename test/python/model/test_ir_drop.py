# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Voltage drop on wires: the approximation, and how far it is from the currents of real wires."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")
sparse = pytest.importorskip("scipy.sparse")
linalg = pytest.importorskip("scipy.sparse.linalg")

from arrays import conductances  # noqa: E402

ON_OHM = 1e4
TOP = 255


def nodal(conductance, wire_ohm):
    """Exact currents of all columns per volt on each row: a linear network, solved.

    Every cell joins a node of its wordline and one of its bitline; neighbouring nodes of a line
    are joined by a wire. Wordlines are driven before column 0 (all but one at 0 V), bitlines end
    in virtual grounds behind the last row.
    """
    rows, columns = conductance.shape
    word = np.arange(rows * columns).reshape(rows, columns)
    bit = word + rows * columns
    wire = 1 / wire_ohm
    branches = [
        (word, bit, conductance),
        (word[:, 1:], word[:, :-1], wire),
        (bit[1:], bit[:-1], wire),
    ]
    size = 2 * rows * columns
    matrix = sparse.csc_matrix((size, size))
    for a, b, g in branches:
        a, b, g = a.ravel(), b.ravel(), np.broadcast_to(g, a.shape).ravel()
        i, j = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        matrix += sparse.csc_matrix((np.concatenate([g, g, -g, -g]), (i, j)), (size, size))
    to_fixed = np.zeros(size)
    to_fixed[word[:, 0]] += wire
    to_fixed[bit[-1]] += wire
    driven = np.zeros((size, rows))
    driven[word[:, 0], np.arange(rows)] = wire
    voltages = linalg.splu((matrix + sparse.diags(to_fixed)).tocsc()).solve(driven)
    return voltages[bit[-1]].T * wire


def ideal(levels, ratio):
    """Siemens of cells without errors, and of the lowest level in units of levels."""
    lowest = TOP / (ratio - 1) if ratio else 0
    return (levels + lowest) / (TOP + lowest) / ON_OHM, lowest


def machine(levels, wire_ohm, ratio=0):
    """Currents per volt, as the machine's conductances have them."""
    analog = {"wire_resistance_ohm": wire_ohm, "on_resistance_ohm": ON_OHM, "on_off_ratio": ratio}
    rows, columns = levels.shape
    steps = conductances(levels, rows=rows, columns=columns, analog=analog)
    return steps / 128 / (TOP + ideal(levels, ratio)[1]) / ON_OHM


def draw(seed, rows, columns):
    """Levels of 2-bit cells and 1-bit inputs, half of which are on."""
    rng = np.random.default_rng(seed)
    return TOP // 3 * rng.integers(0, 4, (rows, columns)), rng.integers(0, 2, (60, rows))


def errors(levels, x, wire_ohm, ratio):
    """Of columns' currents, as parts of the mean: mean drop, largest and RMS error."""
    conductance, _ = ideal(levels, ratio)
    exact, found = nodal(conductance, wire_ohm), machine(levels, wire_ohm, ratio)
    mean = (x @ conductance).mean()
    drop, error = x @ (conductance - exact) / mean, x @ (found - exact) / mean
    return drop.mean(), abs(error).max(), np.sqrt(np.mean(error**2))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (9, 1), (5, 17), (32, 32)])
@pytest.mark.parametrize("ratio", [0, 20])
def test_formula(rows, columns, ratio) -> None:
    """The machine computes the formula of docs/numerics.md, whose sums are written out here."""
    rng = np.random.default_rng(rows)
    levels = rng.integers(0, 256, (rows, columns))
    conductance, lowest = ideal(levels, ratio)
    j, i = np.arange(1, columns + 1), np.arange(rows, 0, -1)  # row 0 is the farthest
    a = conductance @ np.minimum.outer(j, j)
    b = np.minimum.outer(i, i) @ conductance
    expected = (levels + lowest) / (1 + 2.0 * (a + b))
    found = machine(levels, 2.0, ratio) * (TOP + lowest) * ON_OHM
    assert abs(found - expected).max() < 0.501 / 128


def test_order_of_effects() -> None:
    """Wires see stuck cells; the reference column sees no wires."""
    levels = np.arange(99).reshape(9, 11)
    array = {"rows": 9, "columns": 11}
    analog = {"wire_resistance_ohm": 5.0, "on_resistance_ohm": ON_OHM, "on_off_ratio": 6}
    all_on = conductances(np.full((9, 11), TOP), **array, analog=analog)
    stuck = {**analog, "stuck_on": 1, "program_error_relative": 0.3, "nonlinearity": 4}
    assert np.array_equal(conductances(levels, **array, analog=stuck), all_on)
    lowest = TOP // 5
    plain = conductances(levels, **array, analog=analog)
    less = conductances(levels, **array, analog={**analog, "reference_column": True})
    assert np.array_equal(less, plain - 128 * lowest)


def test_formula_is_the_derivative() -> None:
    """As wires get better, what is left of the drop falls with the square of their resistance."""
    levels, _ = draw(0, 12, 20)
    levels = np.maximum(levels, 1)
    conductance, _ = ideal(levels, 0)
    j, i = np.arange(1, 21), np.arange(12, 0, -1)
    share = conductance @ np.minimum.outer(j, j) + np.minimum.outer(i, i) @ conductance
    left = [
        abs(nodal(conductance, ohm) / conductance - 1 / (1 + ohm * share)).max()
        for ohm in (1.0, 0.1, 0.01)
    ]
    assert left[0] / left[1] == pytest.approx(100, rel=0.2)
    assert left[1] / left[2] == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("ratio", [0, 10, 100])
@pytest.mark.parametrize(
    # Mean drop, and what errors may be as a part of it: largest, root of the mean square.
    ("size", "wire_ohm", "drop", "largest", "rms"),
    [
        (16, 1.0, 0.010, 0.01, 0.003),
        (16, 10.0, 0.087, 0.05, 0.01),
        (32, 0.1, 0.0038, 0.01, 0.005),
        (32, 1.0, 0.036, 0.02, 0.006),
        (32, 10.0, 0.27, 0.1, 0.025),
        (64, 1.0, 0.13, 0.05, 0.012),
        (64, 10.0, 0.58, 0.12, 0.035),
        (128, 1.0, 0.36, 0.08, 0.025),
    ],
)
def test_currents_of_random_cells(size, wire_ohm, drop, largest, rms, ratio) -> None:
    """Against exact currents, for cells of 10 kohm: wires of 0.1 to 10 ohm between cells."""
    levels, x = draw(size, size, size)
    found, worst, typical = errors(levels, x, wire_ohm, ratio)
    assert found == pytest.approx(drop, rel=0.2)
    assert worst < largest * found
    assert typical < rms * found


@pytest.mark.parametrize("levels", ["random", "on"])
def test_better_than_no_model(levels) -> None:
    """Harsh: 32 x 32 cells of 10 kohm behind wires of 10 ohm lose a third of the current."""
    chosen, x = draw(1, 32, 32)
    if levels == "on":
        chosen = np.full_like(chosen, TOP)
    drop, worst, _ = errors(chosen, x, 10.0, 0)
    assert drop > 0.25
    assert worst < 0.15 * drop


def test_where_it_is_poor() -> None:
    """Currents that leave through rows that are not driven, and come back, are not modelled.

    Only cells far from the amplifiers conduct, but the near rows are driven: what flows is a few
    percent of a full row's, and half of the drop is missed.
    """
    levels = np.zeros((32, 32), int)
    levels[:16] = TOP
    conductance, _ = ideal(levels, 10)
    near = np.repeat([0, 1], 16)
    exact, found = near @ nodal(conductance, 10.0), near @ machine(levels, 10.0, 10)
    drop, error = near @ conductance - exact, found - exact
    full = 16 / ON_OHM
    assert abs(error).max() < 0.02 * full
    assert 0.1 < abs(error).max() / abs(drop).max() < 0.5


def test_against_badcrossbar() -> None:
    """The nodal solution, and with it the conventions, against another's solver."""
    badcrossbar = pytest.importorskip("badcrossbar")
    levels, x = draw(3, 12, 9)
    conductance, _ = ideal(levels, 20)
    for wire_ohm in (1.0, 50.0):
        solution = badcrossbar.compute(
            x.T.astype(float), 1 / conductance, wire_ohm, node_voltages=False, all_currents=False
        )
        exact = x @ nodal(conductance, wire_ohm)
        np.testing.assert_allclose(solution.currents.output, exact, rtol=1e-6, atol=1e-12)
    found = x @ machine(levels, 1.0, 20)
    exact = x @ nodal(conductance, 1.0)
    assert abs(found - exact).max() < 0.01 * (x @ conductance - exact).max()


def test_the_whole_array_counts() -> None:
    """Cells that hold no weight conduct what the lowest level does, and load the wires."""
    levels = np.full((4, 4), TOP)
    analog = {"wire_resistance_ohm": 10.0, "on_resistance_ohm": ON_OHM, "on_off_ratio": 3}
    g = conductances(levels, rows=16, columns=12, analog=analog) / 128
    lowest = TOP / 2
    padded = np.zeros((16, 12))
    padded[:4, :4] = TOP  # rows and columns fill from the far end and from the driver
    conductance = (padded + lowest) / (TOP + lowest) / ON_OHM
    j, i = np.arange(1, 13), np.arange(16, 0, -1)
    share = conductance @ np.minimum.outer(j, j) + np.minimum.outer(i, i) @ conductance
    expected = ((padded + lowest) / (1 + 10 * share))[:4, :4]
    assert abs(g - expected).max() < 0.501 / 128
