# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Streams: pipelines whose units start before what they read is done."""

from __future__ import annotations

import copy
import re
import sys

import pytest

from pumice.scheduling import (
    Bank,
    Group,
    Machine,
    Problem,
    Schedule,
    SchedulingError,
    Unit,
    networks,
    schedule,
    streams,
    verify,
)
from pumice.scheduling import __main__ as command
from pumice.scheduling.schedule import Compute, Held, Part, Resident
from scheduling_oracle import violations


def problem(arrays: int = 3, digital_ps: int = 0, buffer: int = 1000) -> Problem:
    """b reads rows of a: ten windows of 10 ps each, and a tenth of a for the first one."""
    return Problem(
        Machine([Group("g", arrays_per_element=arrays)], dram_bytes_per_us=10**6,
                banks=[Bank(buffer)], digital_units=1),
        [
            Unit("a", row_tiles=1, col_tiles=1, windows=10, mvm_ps=10, output_bytes=100,
                 digital_ps=digital_ps, lead_ppm=100_000, input_bytes=50),
            Unit("b", dependencies=["a"], row_tiles=1, col_tiles=1, windows=10, mvm_ps=10,
                 output_bytes=20, digital_ps=digital_ps, lead_ppm=100_000, max_copies=2),
            Unit("c", dependencies=["b"], row_tiles=1, col_tiles=1, mvm_ps=10, output_bytes=4),
        ],
    )  # fmt: skip


def test_by_hand() -> None:
    result = schedule(problem(), "stream")
    found = result.schedule
    assert found is not None
    assert result.summary.period_ps == 100
    # b needs a tenth of a at 10, and its last window starts when a is done: 100 + 10 - 100. c waits
    # for all of b.
    assert [(c.start_ps, c.end_ps) for c in found.computes] == [(0, 100), (10, 110), (110, 120)]
    rings = {(h.unit, h.tensor): h.bytes for h in found.held}
    # A byte of a stays 20 ps at most: b is 10 behind, and keeps a tenth of a (one more for
    # rounding). Inputs come at the rate at which they are read: two tenths. b is there whole twice.
    assert rings == {
        ("a", "output"): 21,
        ("a", "input"): 10,
        ("b", "output"): 22,
        ("c", "output"): 4,
    }
    assert violations(problem().to_dict(), found.to_dict()) == []
    assert verify(problem(), found).gap == 0


def test_copies_take_windows_of_successive_inputs() -> None:
    """Three windows of 10 ps on two copies: a pipeline needs 20 ps, a stream 15."""
    given = Problem(
        Machine([Group("g", arrays_per_element=3)], banks=[Bank(1000)], digital_units=1),
        [
            Unit("a", row_tiles=1, col_tiles=1, windows=3, mvm_ps=10, output_bytes=30,
                 lead_ppm=333_334, input_bytes=30, max_copies=3),
            Unit("b", dependencies=["a"], row_tiles=1, col_tiles=1, mvm_ps=10, output_bytes=4),
        ],
    )  # fmt: skip
    assert schedule(given, "pipeline").summary.period_ps == 20
    result = schedule(given, "stream")
    found = result.schedule
    assert found is not None
    assert result.summary.period_ps == result.summary.bounds.period_ps == 15
    # Windows start at 0, 5 and 10, those of the next input at 15, 20, 25; copies take turns.
    assert [(c.start_ps, c.end_ps) for c in found.computes] == [(0, 20), (20, 30)]
    assert [part.copies for part in found.parts] == [2, 1]
    assert violations(given.to_dict(), found.to_dict()) == []
    # One copy is not enough for that, and other distances are not even.
    found.computes[0].end_ps = 19
    with pytest.raises(SchedulingError, match="expected a compute of at least 20 ps, got 19"):
        verify(given, found)
    assert violations(given.to_dict(), found.to_dict())
    found.computes[0].end_ps = 20
    found.period_ps = 14
    with pytest.raises(SchedulingError, match="within the period of 14 ps, got 20"):
        verify(given, found)
    assert violations(given.to_dict(), found.to_dict())


def test_digital_work_is_spread() -> None:
    result = schedule(problem(digital_ps=60), "stream")
    assert result.schedule is not None
    # One digital unit serves both in turn.
    assert result.summary.period_ps == 120
    assert {d.end_ps - d.start_ps for d in result.schedule.digitals} == {120}
    assert violations(problem(digital_ps=60).to_dict(), result.schedule.to_dict()) == []


def test_what_a_stream_needs() -> None:
    with pytest.raises(SchedulingError, match="a stream needs 57 bytes of buffer for rows between"):
        schedule(problem(buffer=50), "stream")
    with pytest.raises(SchedulingError, match="a pipeline needs 3 arrays"):
        schedule(problem(arrays=2), "stream")
    wrong = problem()
    wrong.units[0].lead_ppm = 10**6 + 1
    with pytest.raises(SchedulingError, match="lead_ppm"):
        schedule(wrong, "stream")


def changed(what: str) -> Schedule:
    found = copy.deepcopy(schedule(problem(digital_ps=40), "stream").schedule)
    assert found is not None
    if what == "early":
        found.computes[1].start_ps -= 5
        found.computes[1].end_ps -= 5
    elif what == "ring":
        (ring,) = [h for h in found.held if (h.unit, h.tensor) == ("a", "output")]
        ring.bytes -= 5
    elif what == "inputs":
        (ring,) = [h for h in found.held if h.tensor == "input"]
        ring.bytes -= 1
    elif what == "digital":
        found.digitals[0].end_ps -= 1
    elif what == "too soon":
        found.digitals[0].start_ps -= 1
        found.digitals[0].end_ps -= 1
    elif what == "period":
        found.period_ps = None
    elif what == "parts":
        found.parts[1] = Part("b", 0, 1, 1)
    return found


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (
            "early",
            "unit 'b': expected a start at 20 or later, when enough of unit 'a' is there, got",
        ),
        ("ring", "unit 'a': expected a ring of"),
        ("inputs", "bytes for inputs, got"),
        ("digital", "unit 'a': expected digital work of a stream to take the period of 100 ps"),
        ("too soon", "unit 'a': expected digital work from"),
        ("period", "expected a stream to have a period, got none"),
    ],
)
def test_what_breaks_a_rule(what: str, text: str) -> None:
    with pytest.raises(SchedulingError, match=re.escape(text)):
        verify(problem(digital_ps=40), changed(what))
    if what != "period":
        assert violations(problem(digital_ps=40).to_dict(), changed(what).to_dict())


def test_too_much_digital_work_and_several_parts() -> None:
    found = schedule(problem(digital_ps=40), "stream").schedule
    assert found is not None
    own = problem(digital_ps=60)
    with pytest.raises(SchedulingError, match="at most 100 ps of work in a period, got 120"):
        verify(own, found)
    own = problem()
    own.units[1].col_tiles = 2
    own.machine.groups[0].arrays_per_element = 4
    split = Schedule(
        start="steady", end_ps=200, period_ps=100, streams=True,
        parts=[Part("a", 0, 1, 1), Part("b", 0, 1, 1), Part("b", 1, 1, 1), Part("c", 0, 1, 1)],
        residents=[Resident(i, 0, t, 1, i) for i, t in enumerate((0, 0, 1, 0))],
        computes=[Compute(0, 0, 100), Compute(1, 10, 110), Compute(2, 10, 110),
                  Compute(3, 110, 120)],
        held=[Held("a", "output", 0, 0, 100, 0, 100)],
    )  # fmt: skip
    with pytest.raises(SchedulingError, match="unit 'b': expected one part in a stream"):
        verify(own, split)
    assert violations(own.to_dict(), split.to_dict())


@pytest.mark.parametrize(("network", "chips"), [("vgg16", 4), ("resnet50", 4)])
def test_throughput_on_isaac(network: str, chips: int) -> None:
    """Within a tenth of what arrays allow, were copies not whole."""
    given = networks.problem(network, networks.isaac(chips))
    result = schedule(given, "stream")
    assert result.schedule is not None
    assert result.summary.gap == 0
    assert result.summary.period_ps is not None
    assert result.summary.period_ps <= 1.1 * streams.relaxed(given)
    # Early layers have many copies: none takes one window at a time. Together they are enough.
    units = {unit.name: unit for unit in given.units}
    for part in result.schedule.parts:
        unit = units[part.unit]
        assert part.copies * result.summary.period_ps >= unit.windows * unit.mvm_ps
    # Whole tensors would need far more.
    whole = sum(unit.output_bytes for unit in given.units)
    assert sum(ring.bytes for ring in result.schedule.held) < whole / 3


def test_the_command(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "-n", "resnet50", "vgg16", "--streams", "1"])
    command.main()
    text = capsys.readouterr().out
    assert "a pipeline needs 33804 arrays" in text
    assert re.search(r"resnet50 +1 +69\.69", text)
