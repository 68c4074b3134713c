# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A few mutated inputs of each target; `python test/fuzz/fuzz.py` runs as many as wanted."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import fuzz
import mutations
import targets

COUNTS = {
    "regions": 30,
    "programs": 20,
    "saved": 60,
    "networks": 4,
    "passes": 60,
    "devices": 10,
    "arrays": 100,
    "devices-json": 30,
    "schedules": 100,
    "reports": 60,
    "onnx": 6,
}


@pytest.mark.parametrize("target", targets.TARGETS)
def test_mutated_inputs(target: str) -> None:
    """Each is refused, or keeps the invariants; none ends the process."""
    counts, failures = fuzz.run_range(target, 0, range(COUNTS[target]))
    assert not failures
    assert sum(counts.values()) == COUNTS[target]


def test_the_corpus_passes() -> None:
    for text in targets.region_corpus():
        targets.check_text(text.encode())


def test_inputs_are_reproducible() -> None:
    for target in targets.TARGETS:
        assert fuzz.make(target, 3, 7) == fuzz.make(target, 3, 7)
    assert len({fuzz.make("regions", 0, number) for number in range(20)}) > 10


def test_failures_are_found_and_minimised(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ends the process, and one that breaks an invariant, are told apart."""
    import os

    def check(data: bytes) -> None:
        if b"bad" in data:
            os.abort()
        assert b"wrong" not in data, "an invariant"

    monkeypatch.setitem(
        targets.TARGETS,
        "arrays",
        targets.Target(lambda chosen: chosen.choice((b"bad", b"wrong", b"good")), check),
    )
    counts, failures = fuzz.run_range("arrays", 0, range(30))
    assert counts["failed"] == len(failures) > 5
    assert {how.split("\n")[0] for _, how in failures} == {
        "SIGABRT",
        "AssertionError at check: an invariant",
    }
    data = b"x" * 500 + b"bad" + b"y" * 500
    found = fuzz.minimise("arrays", data, "SIGABRT")
    assert b"bad" in found
    assert len(found) <= 32


def test_children_that_go_on_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child of the one that checks must not come back from the check."""
    import os

    monkeypatch.setitem(
        targets.TARGETS, "arrays", targets.Target(lambda chosen: b"", lambda data: os.fork())
    )
    assert fuzz.run_one("arrays", b"") == ("failed", "2 processes went on")
    _, failures = fuzz.run_range("arrays", 0, range(1))
    assert failures == [(0, "two processes went on")]


def test_what_ends_the_reader_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and refused when a child reads the file."""
    text = b"module {" * 100000
    monkeypatch.setitem(
        targets.TARGETS,
        "programs",
        targets.Target(lambda chosen: text, targets.check_text),
    )
    counts, failures = fuzz.run_range("programs", 0, range(2))
    assert not failures
    assert counts["contained"] == 2


def test_what_takes_too_long_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader has a limit of its own, where it runs in a child."""
    ways = {"reads here": False}

    def check(data: bytes) -> None:
        while ways["reads here"]:
            pass
        raise targets.Refused(parsed=False)

    monkeypatch.setattr(targets, "read_here", lambda: ways.update({"reads here": True}))
    monkeypatch.setattr(fuzz, "LIMIT_SECONDS", 0.2)
    monkeypatch.setitem(targets.TARGETS, "saved", targets.Target(lambda chosen: b"", check))
    counts, failures = fuzz.run_range("saved", 0, range(2))
    assert not failures
    assert counts["contained"] == 2


def test_figures_of_a_run() -> None:
    state = {
        "arrays": {"passed": 3, "refused": 1, "unparsed": 4, "seconds": 2.0},
        "saved": {"unparsed": 1, "contained": 1, "seconds": 0},
    }
    lines = [line.split() for line in fuzz.table(state).split("\n")]
    assert lines[0][:3] == ["target", "inputs", "past"]
    assert lines[1:] == [
        ["saved", "2", "0", "%", "0", "0", "1", "1", "0", "2000000000"],
        ["arrays", "8", "50", "%", "3", "1", "4", "0", "0", "4"],
        ["all", "10", "40", "%", "3", "1", "5", "1", "0", "5"],
    ]


def test_failures_of_a_kind_are_alike() -> None:
    assert fuzz.kind_of("Error at f: %v12 is 7, not 'x'") == fuzz.kind_of(
        "Error at f: %v3 is 9, not 'x'"
    )


def test_numbers_of_mutations_reach_edges() -> None:
    chosen = random.Random(0)
    found = {mutations.number(chosen, "5") for _ in range(500)}
    assert {"0", "-1", str(2**63 - 1), "6", "4"} <= found
