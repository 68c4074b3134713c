# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random problems: every schedule of every algorithm keeps all rules and no bound is beaten."""

from __future__ import annotations

import random

import numpy as np
import pytest

import scheduling_fuzz
from pumice.scheduling import Problem, SchedulingError, check, schedule, verify
from scheduling_instances import random_problem
from scheduling_oracle import fold, most_at_once, overlaps, violations


@pytest.mark.parametrize("first", range(0, 150, 30))
def test_random_problems(first: int) -> None:
    scheduled, wrong = scheduling_fuzz.run(first, 30)
    assert wrong == []
    assert scheduled >= 20  # of 150, more than a hundred


def test_pins_that_leave_no_room_for_a_column() -> None:
    """A column of 9 tiles beside 9 pinned ones on 12 arrays: in parts only if these stay."""
    assert scheduling_fuzz.run(476, 1) == (1, [])


@pytest.mark.nightly
def test_ten_thousand_random_problems() -> None:
    done, seed = 0, 150
    while done < 10_000:
        scheduled, wrong = scheduling_fuzz.run(seed, 100)
        assert wrong == []
        done, seed = done + scheduled, seed + 100


def test_problems_are_of_all_sorts() -> None:
    seen = {"spills": 0, "parts": 0, "partial sums": 0, "pinned": 0, "copies": 0, "pipelines": 0}
    for seed in range(150):
        problem = random_problem(seed)
        try:
            check(problem)
        except SchedulingError:
            continue
        found = schedule(problem, "copies", scheduling_fuzz.options_of(seed)).schedule
        assert found is not None
        seen["spills"] += bool(found.spills)
        arrays = [unit for unit in problem.units if unit.kind != "digital"]
        seen["parts"] += len(found.parts) > len(arrays)
        seen["partial sums"] += any(h.tensor == "partial" for h in found.held)
        seen["pinned"] += any(unit.pinned for unit in problem.units)
        seen["copies"] += any(p.copies > 1 for p in found.parts)
        try:
            schedule(problem, "pipeline")
            seen["pipelines"] += 1
        except SchedulingError:
            pass
    assert min(seen.values()) >= 5, seen


def mutated(problem: Problem, seed: int) -> tuple[dict, str]:
    """A schedule with one number changed."""
    rng = random.Random(seed)
    found = schedule(problem, "overlap").schedule
    assert found is not None
    data = found.to_dict()
    tables = [name for name in ("parts", "transfers", "writes", "computes", "digitals", "held")
              if data[name]]  # fmt: skip
    table = rng.choice(tables)
    record = rng.choice(data[table])
    key = rng.choice([key for key, value in record.items() if isinstance(value, int)])
    record[key] += rng.choice([-50, -7, -1, 1, 3, 40])
    return data, f"{table}.{key}"


def test_what_the_oracle_refuses_is_refused() -> None:
    """Both verifiers judge broken schedules alike."""
    from pumice.scheduling import Schedule

    refused = 0
    for seed in range(120):
        problem = random_problem(seed)
        try:
            check(problem)
        except SchedulingError:
            continue
        data, place = mutated(problem, seed)
        try:
            verify(problem, Schedule.from_dict(data))
            ours = ""
        except SchedulingError as error:
            ours = str(error)
        if "expected a number below" in ours or "expected an interval" in ours:
            continue  # the oracle expects numbers that name something
        if "copies" in place or "expected tiles of" in ours or "expected arrays below" in ours:
            continue
        refused += bool(ours)
        assert bool(ours) == bool(violations(problem.to_dict(), data)), (seed, place, ours)
    assert refused >= 20


def test_the_oracle_counts() -> None:
    assert overlaps([0, 5], [6, 9])
    assert not overlaps([0, 6, 3], [6, 9, 3])
    assert most_at_once([0, 2, 4], [3, 6, 5], [1, 10, 100]) == 110
    assert most_at_once([0, 3], [3, 6], [4, 5]) == 5
    assert fold(7, 12, 5) == [(2, 5), (0, 2)]
    rng = np.random.default_rng(0)
    for _ in range(50):
        starts = rng.integers(0, 20, 8)
        ends = starts + rng.integers(0, 9, 8)
        use = [int(((starts <= t) & (t < ends)).sum()) for t in range(30)]
        assert most_at_once(starts, ends, np.ones(8, dtype=int)) == max(use)
        assert overlaps(starts, ends) == (max(use) > 1)
