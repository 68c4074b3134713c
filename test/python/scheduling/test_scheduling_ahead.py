# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Units that are written at the end of one inference for the next one."""

from __future__ import annotations

import copy
import re

import pytest

from pumice.scheduling import (
    Group,
    Machine,
    Options,
    Problem,
    Schedule,
    SchedulingError,
    Unit,
    networks,
    schedule,
    verify,
)
from pumice.scheduling.schedule import Compute, Part, Resident, Transfer, Write
from scheduling_oracle import violations


def problem(groups: int = 1, pinned: bool = False, arrays: int = 2) -> Problem:
    """Two units of two tiles; bytes take 1 ps, a write 10 ps."""
    return Problem(
        Machine(
            groups=[
                Group(f"g{i}", arrays_per_element=arrays, rows=1, row_write_ps=10)
                for i in range(groups)
            ],
            dram_bytes_per_us=10**6,
        ),
        [
            Unit("a", row_tiles=1, col_tiles=2, mvm_ps=100, bytes=4, pinned=pinned, groups=["g0"]
                 if pinned else []),
            Unit("b", dependencies=["a"], row_tiles=1, col_tiles=2, mvm_ps=100, bytes=4),
        ],
    )  # fmt: skip


def by_hand() -> Schedule:
    """a computes from 0, b is written when it is done, then a again in the same arrays."""
    return Schedule(
        algorithm="hand",
        start="steady",
        end_ps=228,
        parts=[Part("a", 0, 2, 1), Part("b", 0, 2, 1)],
        residents=[Resident(0, 0, 0, 2, 0)],
        transfers=[Transfer(1, 0, 2, 0, 100, 104), Transfer(0, 0, 2, 0, 214, 218, ahead=True)],
        writes=[Write(0, 0, 0, 2, 0, 104, 114), Write(1, 0, 0, 2, 0, 218, 228)],
        computes=[Compute(0, 0, 100), Compute(1, 114, 214)],
    )


def test_by_hand() -> None:
    summary = verify(problem(), by_hand())
    assert summary.ahead == ["a"]
    assert summary.pinned == []
    assert summary.tiles_written == 4
    assert summary.bounds.best_ps <= 228
    assert violations(problem().to_dict(), by_hand().to_dict()) == []


def test_found() -> None:
    """The scheduler cuts a unit into two parts, each written when an array is free."""
    # b in two parts and a ahead take 226, as do a in two parts and nothing ahead: either will do.
    found = schedule(problem(), "steady").summary
    assert found.ahead in ([], ["a"])
    assert found.bounds.best_ps <= found.time_ps == 226
    # With a third array, a tile of each stays, and one of them is written ahead: 2 + 10 ps for the
    # other, while nothing else can be done.
    given = problem(arrays=3)
    result = schedule(given, "steady")
    assert result.summary.kept_tiles == {"a": 1, "b": 1}
    assert result.summary.ahead == ["a"]
    assert result.summary.bounds.best_ps <= result.summary.time_ps == 224
    assert result.schedule is not None
    assert violations(given.to_dict(), result.schedule.to_dict()) == []


def broken(what: str) -> tuple[Problem, Schedule]:
    found, own = problem(), copy.deepcopy(by_hand())
    if what == "half":
        own.writes[1].tiles = 1
    elif what == "other group":
        found = problem(groups=2)
        own.writes[1].first_array = 2
    elif what == "cold":
        own.start, own.residents = "cold", []
        own.transfers.append(Transfer(0, 0, 2, 0, 0, 4))
        own.writes.append(Write(2, 0, 0, 2, 0, 4, 14))
        own.computes[0] = Compute(0, 14, 100)
    elif what == "too early":
        own.transfers[1] = Transfer(0, 0, 2, 0, 200, 204, ahead=True)
        own.writes[1] = Write(1, 0, 0, 2, 0, 204, 214)
    elif what == "pinned":
        found = problem(groups=2, pinned=True)
        own.writes[0].first_array = 2
    return found, own


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("half", "copy 0 for the next run: expected each tile in one array, got tile 1 in none"),
        ("other group", "expected as many arrays of each element for the next run as for this"),
        ("cold", "unit 'a', part 0: expected"),
        ("too early", "array 0: expected one user at once"),
        ("pinned", "expected a pinned unit to be resident in the steady state, got a transfer"),
    ],
)
def test_what_breaks_a_rule(what: str, text: str) -> None:
    found, own = broken(what)
    with pytest.raises(SchedulingError, match=re.escape(text)):
        verify(found, own)
    assert violations(found.to_dict(), own.to_dict())


def test_networks() -> None:
    given = networks.problem("resnet50")
    result = schedule(given, "steady", Options(moves=60, time_share=0.05))
    assert result.summary.ahead
    assert result.schedule is not None
    assert violations(given.to_dict(), result.schedule.to_dict()) == []
    # Weights that are written ahead are still transferred once in each inference.
    pinned = set(result.summary.pinned)
    moved = sum(unit.bytes for unit in given.units if unit.name not in pinned)
    assert result.summary.dram_bytes == moved
    # With few writers, where weights lie would matter: nothing is written ahead.
    few = problem()
    few.machine.groups[0].writers_per_element = 1
    assert schedule(few, "steady").summary.ahead == []
