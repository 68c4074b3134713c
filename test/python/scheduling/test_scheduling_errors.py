# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the scheduler refuses, and in what words."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from pumice._mlir_libs import _pumice
from pumice.scheduling import (
    Bank,
    Group,
    Machine,
    Problem,
    Schedule,
    SchedulingError,
    Unit,
    bounds,
    check,
    networks,
    schedule,
    verify,
)
from scheduling_oracle import violations

Change = Callable[[Any], None]


def problem() -> Problem:
    """Two groups, a digital unit of work, a unit with partial sums, a pinned one."""
    return Problem(
        Machine(
            groups=[
                Group("g", elements=2, arrays_per_element=4, rows=5, row_write_ps=2),
                Group("w", arrays_per_element=4, writers_per_element=1, rows=5, row_write_ps=2),
                Group("p", "ap", arrays_per_element=2),
            ],
            dram_bytes_per_us=10**6,
            banks=[Bank(64), Bank(200)],
            digital_units=1,
        ),
        [
            Unit("a", row_tiles=1, col_tiles=3, windows=8, mvm_ps=50, bytes=12, groups=["g"],
                 input_bytes=5, output_bytes=20, window_bytes=4, max_copies=2),
            Unit("b", dependencies=["a"], row_tiles=10, col_tiles=1, mvm_ps=50, groups=["w"],
                 output_bytes=20, window_bytes=4, partial_bytes=8, digital_ps=9),
            Unit("c", "digital", dependencies=["a"], digital_ps=30, output_bytes=400,
                 window_bytes=4, windows=2),
            Unit("d", dependencies=["b", "c"], row_tiles=2, col_tiles=2, mvm_ps=50, groups=["g"],
                 bytes=8, window_bytes=4, windows=2, max_copies=2),
            Unit("e", "ap", dependencies=["d"], row_tiles=1, col_tiles=1, pinned=True, bytes=1),
        ],
    )  # fmt: skip


def test_the_problem_itself_is_fine() -> None:
    check(problem())


# ---------------------------------------------------------------- problems


def set_unit(name: str, /, **keys: Any) -> Change:
    def change(p: Problem) -> None:
        (unit,) = [u for u in p.units if u.name == name]
        for key, value in keys.items():
            setattr(unit, key, value)

    return change


def set_machine(**keys: Any) -> Change:
    return lambda p: [setattr(p.machine, key, value) for key, value in keys.items()]


def set_group(index: int, **keys: Any) -> Change:
    return lambda p: [setattr(p.machine.groups[index], key, value) for key, value in keys.items()]


PROBLEMS: list[tuple[Change, str]] = [
    (lambda p: p.units.clear(), "expected at least one unit, got none"),
    (
        lambda p: p.machine.groups.pop(),
        "unit 'e' needs 1 arrays, got a machine without arrays of kind ap",
    ),
    (
        set_unit("a", groups=["p"]),
        "unit 'a' of kind crossbar cannot run on group 'p' of kind ap",
    ),
    (
        lambda p: p.units.append(Unit("a", row_tiles=1, col_tiles=1)),
        "expected units of distinct names, got 'a' twice",
    ),
    (
        lambda p: p.machine.groups.append(Group("g")),
        "expected groups of distinct names, got 'g' twice",
    ),
    (set_group(2, kind="digital"), "group 'p': expected a kind that has arrays, got digital"),
    (set_group(0, elements=0), "group 'g': expected elements of at least 1, got 0"),
    (set_group(0, rows=-5), "group 'g': expected rows of at least 1, got -5"),
    (
        set_group(0, row_write_ps=2**41),
        "group 'g': expected row_write_ps of at most 1099511627776, got 2199023255552",
    ),
    (
        set_group(0, elements=2**24),
        "group 'g': expected at most 16777216 arrays of all groups, got more",
    ),
    (
        set_group(0, static_mw_per_array=-1.0),
        "group 'g': expected a finite static_mw_per_array of at least 0, got -1.000000",
    ),
    (set_machine(dram_channels=0), "machine: expected dram_channels of at least 1, got 0"),
    (set_machine(dram_bytes_per_us=0), "machine: expected dram_bytes_per_us of at least 1, got 0"),
    (set_machine(banks=[Bank(1)] * 5000), "machine: expected at most 4096 banks, got 5000"),
    (set_machine(banks=[Bank(0)]), "bank 0: expected bytes of at least 1, got 0"),
    (set_machine(digital_units=0), "unit 'b' needs a digital unit, got none"),
    (set_unit("a", windows=0), "unit 'a': expected windows of at least 1, got 0"),
    (set_unit("a", mvm_ps=-1), "unit 'a': expected mvm_ps of at least 0, got -1"),
    (set_unit("a", row_tiles=0), "unit 'a': expected row_tiles of at least 1, got 0"),
    (set_unit("a", bytes=2**60), "unit 'a': expected bytes of at most 1125899906842624, got"),
    (
        set_unit("a", row_tiles=2**13, col_tiles=2**13),
        "unit 'a': expected at most 16777216 tiles, got 67108864",
    ),
    (
        lambda p: [set_unit("a", col_tiles=2**24)(p), set_unit("d", col_tiles=2**23)(p)],
        "unit 'b': expected at most 16777216 tiles of all units, got more",
    ),
    (
        set_unit("a", windows=2**45, mvm_ps=2**45),
        "unit 'a': expected all work, one by one, to take less than 2^62 ps and 2^62 bytes, got",
    ),
    (set_unit("a", compute_pj=float("1e400")), "expected JSON"),
    (
        set_unit("c", row_tiles=1, col_tiles=1),
        "unit 'c': expected no tiles, bytes, decoded_weights and mvm_ps of a digital unit of work",
    ),
    (
        set_unit("b", decoded_weights=7),
        "unit 'b': expected bytes from which a decoder makes 7 weights, got none",
    ),
    (
        set_unit("c", pinned=True),
        "unit 'c': expected a unit on arrays to be pinned, got one of kind digital",
    ),
    (
        set_unit("a", dependencies=["d"]),
        "expected dependencies without cycles, got 3 units that depend on each other: "
        "'a' <- 'd' <- 'b'",
    ),
    (
        set_unit("b", dependencies=["a", "a"]),
        "unit 'b': expected each dependency once, got 'a' twice",
    ),
    (
        set_unit("e", col_tiles=3),
        "unit 'e' is pinned and needs 3 arrays of group 'p', got 2",
    ),
    (
        lambda p: [
            set_unit("e", col_tiles=2)(p),
            p.units.append(Unit("f", "ap", row_tiles=1, col_tiles=1)),
        ],
        "unit 'f' needs 1 array for its smallest split, got 0: pinned units take all of group 'p'",
    ),
    (
        set_unit("a", window_bytes=265),
        "unit 'a' needs 265 bytes of buffer for one window, got 264",
    ),
    (
        set_unit("b", partial_bytes=261),
        "unit 'b' needs 265 bytes of buffer for one window and the partial sums of one column of "
        "its smallest split, got 264",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "text"), PROBLEMS, ids=[text[:60] for _, text in PROBLEMS])
def test_problem_is_refused(change: Change, text: str) -> None:
    bad = problem()
    change(bad)
    with pytest.raises(SchedulingError) as error:
        check(bad)
    assert text in str(error.value)


def test_only_a_few_units_of_a_long_cycle_are_named() -> None:
    units = [
        Unit(f"u{i}", dependencies=[f"u{(i + 1) % 9}"], row_tiles=1, col_tiles=1) for i in range(9)
    ]
    with pytest.raises(SchedulingError, match="got 9 units that depend on each other") as error:
        check(Problem(problem().machine, units))
    assert str(error.value).endswith("'u0' <- 'u1' <- 'u2' <- 'u3' <- 'u4' <- ...")


# ---------------------------------------------------------------- JSON


def ask(change: Change, **keys: Any) -> str:
    data = {"problem": problem().to_dict(), **keys}
    change(data)
    return _pumice.schedule(json.dumps(data))


REQUESTS: list[tuple[Change, str]] = [
    (lambda r: r.update(prblem=1), "request: expected known keys, got 'prblem'"),
    (lambda r: r.pop("problem"), "request: expected a key 'problem'"),
    (
        lambda r: r["problem"]["units"][1].update(wndows=1),
        "problem.units[1]: expected known keys, got 'wndows'",
    ),
    (
        lambda r: r["problem"]["machine"].update(x=1),
        "problem.machine: expected known keys, got 'x'",
    ),
    (
        lambda r: r["problem"]["units"][0].update(windows=1.5),
        "problem.units[0].windows: expected an integer",
    ),
    (
        lambda r: r["problem"]["units"][0].update(windows="1"),
        "problem.units[0].windows: expected an integer",
    ),
    (
        lambda r: r["problem"]["units"][0].update(write_pj="1"),
        "problem.units[0].write_pj: expected a number",
    ),
    (
        lambda r: r["problem"]["units"][0].update(pinned=1),
        "problem.units[0].pinned: expected true or false",
    ),
    (lambda r: r["problem"]["units"][0].update(name=1), "units[0].name: expected a text"),
    (
        lambda r: r["problem"]["units"][0].update(kind="cpu"),
        "problem.units[0].kind: expected crossbar, ap, systolic or digital, got 'cpu'",
    ),
    (
        lambda r: r["problem"]["units"][0].update(dependencies=["x"]),
        "problem.units[0].dependencies: expected a name that is defined, got 'x'",
    ),
    (
        lambda r: r["problem"]["units"][0].update(groups=["x"]),
        "problem.units[0].groups: expected a name that is defined, got 'x'",
    ),
    (
        lambda r: r["problem"]["units"][0].update(groups="g"),
        "problem.units[0].groups: expected a list",
    ),
    (
        lambda r: r["problem"]["units"][0].update(groups=[1]),
        "problem.units[0].groups: expected a list of names",
    ),
    (lambda r: r["problem"].update(units={}), "problem.units: expected a list"),
    (lambda r: r["problem"].update(units=[1]), "problem.units[0]: expected an object"),
    (lambda r: r["problem"]["units"][0].pop("name"), "problem.units[0]: expected a key 'name'"),
    (lambda r: r["problem"]["machine"]["groups"][0].pop("kind"), "expected a key 'kind'"),
    (
        lambda r: r.update(algorithm="best"),
        "request.algorithm: expected one of naive, strong, overlap, copies, steady, pipeline, "
        "stream, got 'best'",
    ),
    (
        lambda r: r.update(action="run"),
        "request.action: expected schedule, check, bounds or verify, got 'run'",
    ),
    (lambda r: r.update(action="verify"), "request: expected a schedule to verify, got none"),
    (
        lambda r: r.update(options={"time_share": -1}),
        "options.time_share: expected a share of 0 to 10",
    ),
    (
        lambda r: r.update(options={"moves": -1}),
        "options.moves: expected 0 to 10000000 moves, got -1",
    ),
    (lambda r: r.update(options={"sed": 1}), "options: expected known keys, got 'sed'"),
    (
        lambda r: r.update(action="verify", schedule={"start": "warm"}),
        "schedule.start: expected one of cold, steady, got 'warm'",
    ),
    (
        lambda r: r.update(action="verify", schedule={"computes": [{"part": 2**40}]}),
        "schedule.computes[0].part: expected an integer of 32 bits, got 1099511627776",
    ),
]


@pytest.mark.parametrize(("change", "text"), REQUESTS, ids=[text[:60] for _, text in REQUESTS])
def test_request_is_refused(change: Change, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        ask(change)


def test_a_request_is_json() -> None:
    with pytest.raises(ValueError, match="request: expected JSON: "):
        _pumice.schedule("{")


def test_networks_are_named() -> None:
    with pytest.raises(SchedulingError, match="expected one of the networks vgg16, .* got 'x'"):
        networks.problem("x")


def test_a_pipeline_needs_room_for_all() -> None:
    with pytest.raises(SchedulingError) as error:
        schedule(problem(), "pipeline")
    assert "a pipeline needs 10 arrays of group 'w' for one copy of each unit, got 4" in str(
        error.value
    )
    small = problem()
    set_unit("b", row_tiles=4)(small)
    with pytest.raises(SchedulingError) as error:
        schedule(small, "pipeline")
    assert "bytes of buffer for all tensors that live at once, got 264" in str(error.value)


# ---------------------------------------------------------------- schedules


@pytest.fixture(scope="module")
def good() -> dict[str, Any]:
    found = schedule(problem(), "overlap").schedule
    assert found is not None
    return found.to_dict()


def partof(s: dict[str, Any], unit: str) -> int:
    return next(i for i, p in enumerate(s["parts"]) if p["unit"] == unit)


def compute_of(s: dict[str, Any], unit: str) -> dict[str, Any]:
    return next(c for c in s["computes"] if c["part"] == partof(s, unit))


def transfer_of(s: dict[str, Any], unit: str) -> dict[str, Any]:
    return next(t for t in s["transfers"] if t["part"] == partof(s, unit))


def write_of(s: dict[str, Any], unit: str) -> dict[str, Any]:
    return next(w for w in s["writes"] if s["transfers"][w["transfer"]]["part"] == partof(s, unit))


def held_of(s: dict[str, Any], unit: str, tensor: str) -> dict[str, Any]:
    return next(h for h in s["held"] if h["unit"] == unit and h["tensor"] == tensor)


def digital_of(s: dict[str, Any], unit: str) -> dict[str, Any]:
    return next(d for d in s["digitals"] if d["unit"] == unit)


def delay(record: dict[str, Any], by: int) -> None:
    record["start_ps"] += by
    record["end_ps"] += by


def lengthen(s: dict[str, Any]) -> None:
    s["end_ps"] += 10**6


SCHEDULES: list[tuple[str, Change, str]] = [
    ("V1", lambda s: s.update(end_ps=-1), "expected a schedule of at least 0 ps"),
    ("V1", lambda s: s["parts"][0].update(copies=0), "unit 'a': expected 1 to 2 copies, got 0"),
    ("V1", lambda s: s["parts"][0].update(copies=9), "unit 'a': expected 1 to 2 copies, got 9"),
    (
        "V1",
        lambda s: s["computes"][0].update({"part": 99}),
        "part of a compute: expected a number below",
    ),
    ("V1", lambda s: s["writes"][0].update(transfer=-1), "transfer of a write: expected a number"),
    ("V1", lambda s: s["transfers"][0].update({"part": 77}), "part of a transfer: expected a"),
    ("V1", lambda s: s["transfers"][0].update(channel=1), "channel of a transfer: expected a"),
    ("V1", lambda s: s["writes"][0].update(copy=7), "copy of a write: expected a number"),
    ("V1", lambda s: s["digitals"][0].update(digital_unit=7), "digital unit: expected a number"),
    ("V1", lambda s: s["held"][0].update(bank=7), "bank: expected a number below 2, got 7"),
    ("V1", lambda s: s["held"][0].update(bytes=0), "expected at least one byte held, got 0"),
    ("V1", lambda s: s["spills"][0].update(channel=7), "channel of a spill: expected a number"),
    ("V1", lambda s: s["spills"][0].update(reader_part=70), "reading part of a spill: expected a"),
    ("V1", lambda s: s["computes"][0].update(start_ps=-1), "compute: expected an interval in [0, "),
    ("V1", lambda s: s["writes"][0].update(end_ps=0), "write: expected an interval in [0, "),
    ("V1", lambda s: s["transfers"][0].update(end_ps=-1), "transfer: expected an interval in [0, "),
    ("V1", lambda s: s["held"][0].update(end_ps=10**9), "tensor: expected an interval in [0, "),
    ("V1", lambda s: s["spills"][0].update(end_ps=10**9), "spill: expected an interval in [0, "),
    (
        "V1",
        lambda s: s["digitals"][0].update(end_ps=10**9),
        "digital work: expected an interval in [0, ",
    ),
    (
        "V1",
        lambda s: s["transfers"][0].update(first_tile=2),
        "transfer of unit 'a', part 0: expected tiles of the part, got 3 from 2",
    ),
    (
        "V1",
        lambda s: s["residents"].append(
            {"part": 0, "copy": 0, "first_tile": 3, "tiles": 1, "first_array": 0}
        ),
        "resident of unit 'a', part 0: expected tiles of the part, got 1 from 3",
    ),
    (
        "V1",
        lambda s: s["residents"].append(
            {"part": 90, "copy": 0, "first_tile": 3, "tiles": 1, "first_array": 0}
        ),
        "part of a resident: expected a number below",
    ),
    (
        "V1",
        lambda s: s["residents"].append(
            {"part": 0, "copy": 5, "first_tile": 0, "tiles": 1, "first_array": 0}
        ),
        "copy of a resident: expected a number below 1, got 5",
    ),
    (
        "V1",
        lambda s: s["writes"][0].update(first_tile=1),
        "write of unit 'a', part 0: expected tiles of its transfer, got 3 from 1",
    ),
    (
        "V1",
        lambda s: s["writes"][0].update(first_array=12),
        "expected arrays below 14, got 3 from 12",
    ),
    (
        "V2",
        lambda s: s["parts"].append({"unit": "a", "first_tile": 3, "tiles": 1, "copies": 1}),
        "unit 'a': expected a part from tile 3, got 1 tiles from 3",
    ),
    (
        "V3",
        lambda s: s["computes"].append(copy.deepcopy(s["computes"][0])),
        "unit 'a', part 0: expected one compute, got two",
    ),
    (
        "V3",
        lambda s: s["computes"].pop(0),
        "unit 'a', part 0: expected one compute, got none",
    ),
    (
        "V3",
        lambda s: s["computes"][0].update(end_ps=s["computes"][0]["start_ps"] + 1),
        "unit 'a', part 0: expected a compute of at least 400 ps, got 1",
    ),
    (
        "V3",
        lambda s: s["digitals"].append(copy.deepcopy(digital_of(s, "b"))),
        "unit 'b': expected digital work once, got twice",
    ),
    (
        "V3",
        lambda s: s["digitals"].remove(digital_of(s, "c")),
        "unit 'c': expected digital work once, got none",
    ),
    (
        "V3",
        lambda s: digital_of(s, "c").update(end_ps=digital_of(s, "c")["start_ps"]),
        "unit 'c': expected digital work of at least 30 ps, got 0",
    ),
    (
        "V11",
        lambda s: s["spills"].append(
            copy.deepcopy(next(p for p in s["spills"] if "reader" not in p))
        ),
        "expected results to be stored once, got twice",
    ),
    (
        "V4",
        lambda s: transfer_of(s, "a").update(end_ps=transfer_of(s, "a")["start_ps"]),
        "unit 'a', part 0: expected a transfer of at least 12 ps, got 0",
    ),
    (
        "V4",
        lambda s: write_of(s, "a").update(end_ps=write_of(s, "a")["end_ps"] - 1),
        "unit 'a', part 0: expected a write of at least 10 ps, got 9",
    ),
    (
        "V4",
        lambda s: write_of(s, "a").update(start_ps=3),
        "unit 'a', part 0: expected a write after its transfer ends at 12, got 3",
    ),
    (
        "V4",
        lambda s: write_of(s, "a").update(end_ps=write_of(s, "a")["end_ps"] + 50),
        "unit 'a', part 0: expected all writes before it computes at 22, got 72",
    ),
    (
        "V4",
        lambda s: write_of(s, "a").update(first_array=8),
        "unit 'a', part 0: expected arrays of a group that the unit allows, got 3 from 8",
    ),
    (
        "V5",
        lambda s: s["writes"].remove(write_of(s, "a")),
        "unit 'a', part 0, copy 0: expected each tile in one array, got tile 0 in none",
    ),
    (
        "V5",
        lambda s: s["writes"].append(copy.deepcopy(write_of(s, "a"))),
        "unit 'a', part 0, copy 0: expected each tile in one array, got tile 0 in two",
    ),
    (
        "V6",
        lambda s: write_of(s, "d").update(first_array=write_of(s, "a")["first_array"]),
        "expected one user at once, got unit",
    ),
    (
        "V7",
        lambda s: [
            w.update(start_ps=0, end_ps=10)
            for w in s["writes"]
            if 8 <= w["first_array"] < 12 and w["end_ps"] <= 40
        ],
        "element 0 of group 'w': expected at most 1 arrays written at once, got",
    ),
    (
        "V8",
        lambda s: [transfer_of(s, "d").update(start_ps=1)],
        "DRAM channel 0: expected one use at once, got two at 1",
    ),
    (
        "V9",
        lambda s: [lengthen(s), delay(compute_of(s, "a"), 1)],
        "expected a start after unit 'a' is done at 423, got 422",
    ),
    (
        "V10",
        lambda s: digital_of(s, "b").update(start_ps=digital_of(s, "b")["start_ps"] - 9),
        "unit 'b': expected digital work from",
    ),
    (
        "V11",
        lambda s: [p.update(end_ps=p["start_ps"]) for p in s["spills"][:1]],
        "unit 'c': expected a spill of at least 400 ps outside of pipelines, got 0",
    ),
    (
        "V11",
        lambda s: s["spills"].pop(1),
        "unit 'd': expected 1 reads of spilled tensors, got 0",
    ),
    (
        "V11",
        lambda s: s["spills"][1].update(reader_part=partof(s, "a")),
        "unit 'd': expected reads by its own parts",
    ),
    (
        "V11",
        lambda s: [
            lengthen(s),
            s["spills"].append(copy.deepcopy(s["spills"][1])),
            delay(s["spills"][2], 10**5),
        ],
        "unit 'd': expected one read of unit 'c' for each part, got two",
    ),
    (
        "V11",
        lambda s: delay(s["spills"][0], -20),
        "unit 'c': expected results stored from 626 or later to 841 or later, got [606, 1006)",
    ),
    (
        "V11",
        lambda s: delay(s["spills"][1], 1),
        "unit 'd': expected reads of unit 'c' after it is done and one window before they are "
        "needed, got [1027, 1427)",
    ),
    (
        "V12",
        lambda s: s["held"].remove(held_of(s, "a", "output")),
        "unit 'a': expected 20 bytes of results held in [22, ",
    ),
    (
        "V12",
        lambda s: s["held"].remove(held_of(s, "a", "input")),
        "unit 'a': expected 5 bytes of inputs held in [22, 422), got 0",
    ),
    (
        "V12",
        lambda s: s["held"].remove(held_of(s, "c", "window")),
        "unit 'c': expected 4 bytes of a window held in [611, ",
    ),
    (
        "V12",
        lambda s: s["held"].remove(held_of(s, "b", "partial")),
        "unit 'b': expected 8 bytes of partial sums held in [",
    ),
    (
        "V12",
        lambda s: held_of(s, "a", "output").update(bytes=400),
        "expected at most 64 bytes, got 4",
    ),
    (
        "V13",
        lambda s: [
            s["writes"].remove(write_of(s, "e")),
            s["residents"].append(
                {"part": partof(s, "e"), "copy": 0, "first_tile": 0, "tiles": 1, "first_array": 13}
            ),
        ],
        "expected no weights in arrays at a cold start, got unit 'e', part",
    ),
    (
        "V13",
        lambda s: s.update(start="steady"),
        "expected a pinned unit to be resident in the steady state, got a transfer",
    ),
]


@pytest.mark.parametrize(
    ("rule", "change", "text"), SCHEDULES, ids=[f"{r} {t[:50]}" for r, _, t in SCHEDULES]
)
def test_schedule_is_refused(good: dict[str, Any], rule: str, change: Change, text: str) -> None:
    bad = copy.deepcopy(good)
    change(bad)
    with pytest.raises(SchedulingError) as error:
        verify(problem(), Schedule.from_dict(bad))
    assert text in str(error.value), (rule, str(error.value))
    if rule != "V1":
        assert violations(problem().to_dict(), bad)


def test_the_schedule_itself_is_fine(good: dict[str, Any]) -> None:
    verify(problem(), Schedule.from_dict(good))
    assert violations(problem().to_dict(), good) == []
    assert len(good["spills"]) == 2
    assert bounds(problem()).best_ps <= good["end_ps"]


def test_an_empty_schedule_is_refused() -> None:
    with pytest.raises(SchedulingError, match="unit 'a': expected parts of 3 tiles, got 0"):
        verify(problem(), Schedule())


def test_parts_are_columns_or_parts_of_one() -> None:
    unit = Unit("a", row_tiles=2, col_tiles=2)
    small = Problem(Machine([Group("g", arrays_per_element=4)]), [unit])
    bad = {
        "parts": [
            {"unit": "a", "first_tile": 0, "tiles": 3, "copies": 1},
            {"unit": "a", "first_tile": 3, "tiles": 1, "copies": 1},
        ],
        "transfers": [
            {"part": i, "first_tile": 3 * i, "tiles": n, "channel": 0, "start_ps": 0, "end_ps": 0}
            for i, n in enumerate([3, 1])
        ],
        "writes": [
            {"transfer": i, "copy": 0, "first_tile": 3 * i, "tiles": n, "first_array": 3 * i,
             "start_ps": 0, "end_ps": 0}
            for i, n in enumerate([3, 1])
        ],
        "computes": [{"part": i, "start_ps": 0, "end_ps": 0} for i in range(2)],
    }  # fmt: skip
    with pytest.raises(SchedulingError) as error:
        verify(small, Schedule.from_dict(bad))
    assert "unit 'a': expected a part to be whole columns or to lie in one column" in str(
        error.value
    )


def stages() -> Problem:
    """One layer and digital work on its results, then more digital work."""
    machine = Machine([Group("g", arrays_per_element=4)], banks=[Bank(9)], digital_units=1)
    return Problem(machine, [
        Unit("a", row_tiles=1, col_tiles=1, mvm_ps=50),
        Unit("b", "digital", dependencies=["a"], digital_ps=80),
        Unit("c", "digital", dependencies=["b"], digital_ps=40),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (30, "unit 'a', part 0: expected a compute within the period of 30 ps, got 50"),
        (60, "unit 'b': expected digital work within the period of 60 ps, got 80"),
        (100, "digital unit 0: expected one use at once, got two at"),
        (-1, "expected a schedule of at least 0 ps"),
    ],
)
def test_pipeline_is_refused(period: int, text: str) -> None:
    found = schedule(stages(), "pipeline").schedule
    assert found is not None
    assert found.period_ps == 120
    verify(stages(), found)
    found.period_ps = period
    with pytest.raises(SchedulingError) as error:
        verify(stages(), found)
    assert text in str(error.value)
    if period > 0:
        assert violations(stages().to_dict(), found.to_dict())


def test_a_pipeline_writes_nothing() -> None:
    found = schedule(stages(), "overlap").schedule
    assert found is not None
    found.period_ps = 10**6
    with pytest.raises(SchedulingError, match="expected a pipeline without writes, got 1"):
        verify(stages(), found)
