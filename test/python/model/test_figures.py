# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of reports: counted and computed again from shapes and from the timeline."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import pumice
from pumice import Device, Report


class Attention(nn.Module):
    """Products of layers, of activations, and sums that are not products of two operands."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, stride=2)
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8)
        self.query, self.key = nn.Linear(8, 6), nn.Linear(8, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.depthwise(torch.relu(self.conv(x))))
        x = x.flatten(2).transpose(1, 2)
        scores = torch.softmax(self.query(x) @ self.key(x).transpose(1, 2), -1)
        return (scores @ x).mean(1)


#: By hand, for a batch of 2 images of 3 x 10 x 12: windows x inputs x outputs.
TOKENS = 3 * 4
MACS = 2 * ((5 * 6) * (27 * 8) + TOKENS * (9 * 8) + 2 * TOKENS * 8 * 6 + TOKENS * TOKENS * (6 + 8))


@pytest.fixture(scope="module")
def program() -> pumice.Program:
    torch.manual_seed(0)
    return pumice.compile(Attention().eval(), torch.randn(2, 3, 10, 12), device="isaac")


@pytest.mark.parametrize("device", ["ideal", "isaac", "neurosim-rram"])
def test_multiply_accumulates(program, device) -> None:
    assert program.recompile(device).estimate().figures.macs == MACS


def test_multiply_accumulates_wherever_they_run(program) -> None:
    """Temporary weights, a network in float, and a network that does not fit count the same."""
    onto = Device("isaac").replace(dynamic_matmul="crossbar")
    assert program.recompile(onto).estimate().figures.macs == MACS
    torch.manual_seed(0)
    x = torch.randn(2, 3, 10, 12)
    plain = pumice.compile(Attention().eval(), x, quantize=False)
    assert plain.estimate().figures.macs == MACS
    few = Device("isaac").replaced(
        {"levels": {name: {"holds": 1} for name in ("chip", "tile", "ima")}}
    )
    scheduled = program.recompile(few).estimate()
    assert scheduled.schedule is not None
    assert scheduled.figures.macs == MACS
    x = torch.randn(2, 3, 10, 12)
    assert program.run(x).report.figures == program.estimate().figures


def test_nets_of_functions_have_none() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 10)
    model = nn.Sequential(nn.Linear(10, 6), nn.GELU(), nn.Linear(6, 2)).eval()
    program = pumice.compile(model, x, device="isaac", nonlinear="lut")
    report = program.estimate()
    assert "apply" in report.figures.shares
    assert report.figures.macs == 4 * (60 + 12)


def test_associative_processors() -> None:
    """Products of weights that are 0 count: they are multiply-accumulates of the layer."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 3)).eval()
    x = torch.randn(2, 3, 8, 9)
    network = pumice.ternarize(model, [x])
    report = pumice.compile(network, x, device="rtm-ap").estimate()
    assert "ap" in report.figures.shares
    assert report.figures.macs == 2 * (6 * 7 * 27 * 5 + 4 * 5 * 45 * 4)


def test_rates_and_efficiencies(program) -> None:
    report = program.estimate()
    figures = report.figures
    latency_s, energy_j = report.latency_ns * 1e-9, report.energy_pj * 1e-12
    assert figures.latency_ns == report.latency_ns
    assert figures.inferences_per_s == pytest.approx(1 / latency_s)
    assert figures.tops == pytest.approx(2 * MACS / latency_s / 1e12)
    assert figures.tops_per_w == pytest.approx(2 * MACS / energy_j / 1e12)
    assert figures.tops_per_mm2 == pytest.approx(figures.tops / report.area_mm2)
    assert figures.mean_power_mw == pytest.approx(1e3 * energy_j / latency_s)
    assert figures.energy_per_mac_pj == pytest.approx(1e12 * energy_j / MACS)
    assert figures.energy_delay_pj_ns == pytest.approx(report.energy_pj * report.latency_ns)
    assert figures.inferences_per_s_pipelined == pytest.approx(1e9 / figures.interval_ns)
    assert figures.tops_pipelined == pytest.approx(2 * MACS / figures.interval_ns / 1e3)


def covered(spans: list[tuple[float, float]]) -> float:
    """Length of a union, on the grid of all bounds."""
    bounds = np.unique([bound for span in spans for bound in span])
    middles = (bounds[1:] + bounds[:-1]) / 2
    inside = [any(a < middle < b for a, b in spans) for middle in middles]
    return float(((bounds[1:] - bounds[:-1]) * inside).sum())


@pytest.mark.parametrize("name", ["isaac", "shared"])
def test_the_interval_and_the_shares_are_those_of_the_timeline(program, name) -> None:
    """A unit that is held longest, counted unit by unit; pools share their work."""
    device = Device("isaac")
    if name == "shared":
        device = device.replace(
            converters={"level": "ima", "count": 2},
            write_drivers={"level": "tile", "count": 1},
            dynamic_matmul="crossbar",
        )
    report = program.recompile(device).estimate()
    held: dict[tuple[str, int], float] = defaultdict(float)
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    pools = {"converter": 2, "write_driver": 1}
    for instruction in report.instructions:
        spans[instruction["kind"]].append((instruction["start_ns"], instruction["end_ns"]))
        for lane in instruction["lanes"]:
            busy = lane["end_ns"] - lane["start_ns"]
            for unit in range(lane["first"], lane["first"] + lane["count"]):
                per = pools.get(lane["resource"])
                if lane["resource"] == "array":
                    held["array", unit] += busy
                else:
                    size = per or report.utilisation[lane["resource"]].count
                    held[lane["resource"], unit // size] += busy / size
    assert report.figures.interval_ns == pytest.approx(max(held.values()), rel=1e-9)
    assert report.figures.interval_ns <= report.latency_ns * (1 + 1e-9)
    expected = {kind: covered(own) / report.latency_ns for kind, own in spans.items()}
    assert report.figures.shares == pytest.approx(expected)


def test_what_a_device_does_not_state_is_not_0(program) -> None:
    report = program.recompile("neurosim-rram").estimate()
    assert report.area_mm2 is None
    assert report.power_mw is None
    assert all(level.area_mm2 is None for level in report.levels)
    assert report.figures.tops_per_mm2 is None
    assert report.figures.tops_per_w > 0
    assert report.not_stated == ("components",)
    assert json.loads(report.to_json())["area_mm2"] is None
    assert "TOPS/mm2                  not stated" in str(report)
    free = Device("isaac").replaced(
        {
            "components": [
                {"name": "fan", "group": "arrays", "level": "chip", "power_mw": 0, "area_um2": 0}
            ],
            "laws": None,
        }
    )
    assert program.recompile(free).estimate().area_mm2 == 0
    both = Device("isaac").replaced({"groups": {"processors": Device("rtm-ap").processors}})
    assert program.recompile(both).estimate().not_stated == ("components of processors",)


def test_json_and_tables(program, tmp_path) -> None:
    report = program.estimate()
    data: dict[str, Any] = json.loads(report.to_json(tmp_path / "r.json"))
    assert data["figures"]["macs"] == data["counters"]["macs"] == MACS
    assert sum(layer["counters"].get("macs", 0) for layer in data["layers"]) == MACS
    again = Report.from_json(tmp_path / "r.json")
    assert again.figures == report.figures
    for words in (
        "TOPS/W",
        "TOPS/mm2",
        "inferences/s, pipelined",
        "energy per MAC",
        "time with mvm",
    ):
        assert words in str(report)
    del data["counters"]["macs"], data["interval_ns"], data["kinds_ns"]  # by an older version
    old = Report(data).figures
    assert (old.macs, old.tops, old.tops_per_w, old.interval_ns) == (None, None, None, None)
    assert old.inferences_per_s == report.figures.inferences_per_s


def test_a_network_without_products() -> None:
    program = pumice.compile(nn.ReLU(), torch.randn(3, 4), quantize=False)
    figures = program.estimate().figures
    assert (figures.macs, figures.tops, figures.energy_per_mac_pj) == (None, None, None)
