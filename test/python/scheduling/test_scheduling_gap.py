# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules of small problems beside the optimum of CP-SAT."""

from __future__ import annotations

import statistics

import pytest

pytest.importorskip("ortools")

from pumice.experiments.aras import optimum
from pumice.experiments.aras.optimum import small_problem
from pumice.scheduling import schedule, verify
from scheduling_oracle import violations


def test_gap_to_the_optimum() -> None:
    gaps = [optimum.gap(seed, 5) for seed in range(8)]
    gaps += [optimum.gap(seed, 7) for seed in range(3)]
    proven = [gap for gap in gaps if gap.is_proven]
    assert len(proven) >= 8
    # No schedule is better than the optimum, and no bound is above it.
    assert all(gap.bound_ps <= gap.optimum_ps <= gap.ours_ps for gap in proven)
    assert statistics.mean(gap.share for gap in proven) <= 0.01
    assert max(gap.share for gap in proven) <= 0.05


def test_schedules_of_these_problems_keep_the_rules() -> None:
    for seed in range(20):
        problem = small_problem(seed, 8)
        found = schedule(problem, "copies", optimum.OPTIONS).schedule
        assert found is not None
        verify(problem, found)
        assert violations(problem.to_dict(), found.to_dict()) == []


def test_useful_copies_are_the_least_for_their_time() -> None:
    assert optimum.useful_copies(10, 10) == [1, 2, 3, 4, 5, 10]
