# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports from files: what is not as a report has it is named, with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pumice
from pumice import Report

INPUTS = Path(__file__).resolve().parents[2] / "Inputs"


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return pumice.compile(INPUTS / "network.mlir", device="isaac").estimate().to_dict()


def changed(data: Any, path: list[Any], value: Any) -> str:
    """JSON with one value replaced, or left out if it is `...`."""
    copy = json.loads(json.dumps(data))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(copy)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["latency_ns"], "1", "latency_ns: expected a number, got '1'"),
        (["latency_ns"], float("nan"), "latency_ns: expected a number, got nan"),
        (["latency_ns"], 10**400, "latency_ns: expected a number, got 1000"),
        (["layers", 0, "counters"], ..., "layers[0] has no 'counters'"),
        (["layers", 0, "kinds"], 3, "layers[0].kinds: expected a list, got 3"),
        (["layers", 0, "kinds", 0], None, "layers[0].kinds[0]: expected a text, got None"),
        (["layers", 0, "kinds", 0], "\ud800", "layers[0].kinds[0]: expected a text, got '\\ud800'"),
        (["utilisation", "\ud800"], {}, "utilisation has an unknown '\\ud800'"),
        (["levels", 0, "count"], 1.5, "levels[0].count: expected an integer, got 1.5"),
        (["levels", 0, "extra"], 1, "levels[0] has an unknown 'extra'"),
        (["wear", "max_is_bound"], 0, "wear.max_is_bound: expected true or false, got 0"),
        (["utilisation"], [], "utilisation: expected an object, got []"),
        (["setup", "wear"], ..., "setup has no 'wear'"),
        (["timings_s", "parse"], True, "timings_s.parse: expected a number, got True"),
    ],
)
def test_named_with_its_place(
    path: list[Any], value: Any, words: str, data: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "r.json").write_text(changed(data, path, value))
    with pytest.raises(pumice.PumiceError, match="to be a report, but") as caught:
        Report.from_json(tmp_path / "r.json")
    assert words in str(caught.value)


def test_deep_nesting(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(
        pumice.PumiceError, match="to be a report in JSON: expected values nested at most 200"
    ):
        Report.from_json(tmp_path / "r.json")


@pytest.mark.parametrize("device", ["isaac", "neon", "rtm-ap"])
def test_reports_are_read(device: str, tmp_path: Path) -> None:
    program = pumice.compile(INPUTS / "network.mlir", device=device)
    report = program.estimate()
    report.to_json(tmp_path / "r.json")
    assert str(Report.from_json(tmp_path / "r.json")) == str(report)
