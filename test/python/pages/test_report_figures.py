# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Maps, graphs and plots of reports show the report's numbers; tables for papers."""

from __future__ import annotations

import itertools
import json
import re
import sys

import numpy as np
import pytest

import pumice
from pumice import PumiceError, Report
from pumice.cli import main
from pumice.pages import data

pytest.importorskip("torch")

import torch
from torch import nn


class Branches(nn.Module):
    """Two convolutions of one input, added."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 4, 3), nn.Conv2d(2, 4, 3)
        self.head = nn.Linear(144, 5)

    def forward(self, x):
        return self.head(torch.relu(self.left(x) + self.right(x)).flatten(1))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 8, 8)
    program = pumice.compile(Branches().eval(), x, device="isaac")
    comparison = program.compare(x)
    folder = tmp_path_factory.mktemp("figures")
    report = program.estimate()
    report.to_json(folder / "r.json")
    comparison.to_json(folder / "c.json")
    return program, report, comparison, folder, x


def test_occupancy_is_held_time(found) -> None:
    report = found[1]
    (held,) = data.occupancy(report)
    step = held.ends_ns[0]
    total = sum(
        lane["count"] * (lane["end_ns"] - lane["start_ns"])
        for item in report.instructions
        for lane in item["lanes"]
        if lane["resource"] == "array"
    )
    assert held.ends_ns[-1] == pytest.approx(report.latency_ns)
    assert held.share.sum() * step * held.per_row == pytest.approx(total)
    assert 0 <= held.share.min() <= held.share.max() <= 1


def _made_up(lanes, latency, depends=()):
    """A report of instructions that hold (resource, first, count, start, end)."""
    return Report(
        {
            "latency_ns": latency,
            "energy_pj": {"total": 3.0, "dynamic": 2.0, "static": 1.0},
            "layers": [],
            "instructions": [
                {
                    "id": i,
                    "layer": f"layer{i}",
                    "start_ns": start,
                    "end_ns": end,
                    "depends_on": [a for a, b in depends if b == i],
                    "energy_pj": {"total": 1.0},
                    "lanes": [
                        {"resource": resource, "first": first, "count": count,
                         "start_ns": start, "end_ns": end}
                    ],
                }
                for i, (resource, first, count, start, end) in enumerate(lanes)
            ],
        }
    )  # fmt: skip


def test_occupancy_of_many_arrays() -> None:
    report = _made_up([("array", 0, 150, 0, 10), ("array", 100, 50, 10, 20)], 20)
    (held,) = data.occupancy(report)
    assert held.per_row == 3
    assert len(held.first) == 50
    half = held.share.shape[1] // 2
    assert held.share[:, :half] == pytest.approx(1.0)
    assert (held.share[:33, half:] == 0).all()
    assert held.share[33, half] == pytest.approx(2 / 3)
    assert held.share[34:, half:] == pytest.approx(1.0)
    assert data.occupancy(_made_up([], 0)) == []


def test_waiting_names_what_was_freed() -> None:
    lanes = [("array", 0, 1, 0, 10), ("array", 0, 1, 10, 15), ("dram_port", 0, 1, 20, 25)]
    assert data.waiting(_made_up(lanes, 25)) == {
        "layer1": {"array": 10},
        "layer2": {"other": 20},
    }
    assert data.waiting(_made_up(lanes, 25, [(0, 1), (1, 2)])) == {"layer2": {"other": 5}}


def test_power_is_energy_over_time() -> None:
    lanes = [("array", 0, 1, 0, 10), ("array", 1, 1, 5, 15)]
    report = _made_up(lanes, 20)
    static = 1 / 20
    assert data.power_steps(report) == [
        (0, pytest.approx(0.1 + static)),
        (5, pytest.approx(0.2 + static)),
        (10, pytest.approx(0.1 + static)),
        (15, pytest.approx(static)),
    ]


def test_the_power_of_a_run_adds_up_to_its_energy(found) -> None:
    report = found[1]
    steps = [*data.power_steps(report), (report.latency_ns, 0.0)]
    spent = sum(power * (until - when) for (when, power), (until, _) in itertools.pairwise(steps))
    assert spent == pytest.approx(report.energy_pj)
    held = data.buffer_steps(report)
    assert max(count for _, count in held) == report.peak_buffer_bytes
    assert held[-1] == (report.latency_ns, 0)


def test_the_network_is_a_graph(found) -> None:
    report, comparison = found[1], found[2]
    graph = data.network(report, data.layer_errors(comparison))
    names = [layer.name for layer in graph.layers]
    edges = {(names[a], names[b]) for a, b in graph.edges}
    before = {a for a, b in edges if b == "head"}
    assert before
    assert {a for a, b in edges if b in before or b == "head"} >= {"left", "right"}
    for a, b in graph.edges:
        assert graph.places[a][1] < graph.places[b][1]
    assert len(set(graph.places)) == len(graph.places)
    assert graph.errors["left"] == max(
        tensor.own.relative for tensor in comparison.tensors if tensor.layer == "left"
    )


def test_the_wear_map_is_that_of_the_setup_if_runs_write_nothing(found) -> None:
    report = found[1]
    (worn,) = data.wear_maps(report)
    assert worn.setup
    assert worn.group == "arrays"
    assert np.nansum(worn.writes) == report.setup.wear.arrays_written
    assert {name for row in worn.names for name in row if name} == {"left", "right", "head"}


def test_plots(found, tmp_path, monkeypatch) -> None:
    pytest.importorskip("matplotlib")
    from pumice.pages.plots import KINDS_OF_PLOTS

    report = found[1]
    for kind in KINDS_OF_PLOTS:
        axes = report.plot(kind, tmp_path / f"{kind}.svg")
        text = (tmp_path / f"{kind}.svg").read_text()
        assert "<svg" in text
        assert axes.figure.axes
    bars = report.plot("energy").patches
    assert sum(bar.get_width() for bar in bars) == pytest.approx(report.dynamic_energy_pj / 1e3)
    times = report.plot("time").patches
    assert len(times) == len(report.layers)
    with pytest.raises(PumiceError, match="expected a plot of timeline, energy, .*, got 'pie'"):
        report.plot("pie")
    with pytest.raises(PumiceError, match="cannot write .*none"):
        report.plot("time", tmp_path / "none" / "t.svg")
    with pytest.raises(PumiceError, match=r"cannot write '.*t\.what'"):
        report.plot("time", tmp_path / "t.what")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PumiceError, match="expected matplotlib for plots, which is not installed"):
        report.plot("time")


def test_plots_of_long_names_and_of_nothing(found) -> None:
    pytest.importorskip("matplotlib")
    report = found[1]
    old, long = report.layers[0].name, "a_module." * 50 + "end"
    text = json.dumps(report.to_dict()).replace(f'"{old}"', f'"{long}"')
    labels = Report(json.loads(text)).plot("time").get_yticklabels()
    assert labels[0].get_text() == "\u2026" + long[-39:]
    nothing = {**report.to_dict(), "layers": [], "instructions": []}
    empty = Report(json.loads(json.dumps(nothing)))
    for kind in ("timeline", "in_use", "waiting"):
        assert empty.plot(kind).get_legend() is None


def test_tables_for_pages_and_papers(found) -> None:
    report = found[1]
    lines = report.to_markdown().splitlines()
    assert lines[1] == "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == [
        *(layer.name for layer in report.layers),
        "total",
    ]
    latex = report.to_latex(top=1)
    assert latex.startswith("\\begin{tabular}{llrrrrrr}\n\\toprule\nlayer & kinds")
    assert latex.count(r"\\") == 3
    assert re.search(r"[\d.]+ \\%", latex)


def test_marks_of_latex_and_markdown_are_escaped() -> None:
    from pumice.tables import latex, markdown

    assert r"a\_b \& 50 \% \{\} \$ \# \textasciitilde{}" in latex(["x"], [["a_b & 50 % {} $ # ~"]])
    assert r"\textbackslash{}\textasciicircum{}" in latex(["x"], [["\\^"]])
    assert "| a\\|b |" in markdown(["x"], [["a|b"]])


def test_the_command_draws_and_prints(found, monkeypatch, capsys) -> None:
    monkeypatch.chdir(found[3])
    assert main(["report", "r.json", "--format", "markdown", "--top", "2"]) == 0
    assert capsys.readouterr().out.count("\n|") == 4
    assert main(["report", "r.json", "--format", "latex"]) == 0
    assert "\\bottomrule" in capsys.readouterr().out
    pytest.importorskip("matplotlib")
    assert main(["report", "r.json", "--plot", "time=t.png", "--plot", "wear=w.pdf"]) == 0
    assert (found[3] / "t.png").read_bytes().startswith(b"\x89PNG")
    assert (found[3] / "w.pdf").read_bytes().startswith(b"%PDF")
    assert main(["report", "r.json", "--plot", "energy=e.png", "--plot", "pie=p.png"]) == 2
    assert "expected a plot of timeline, energy, " in capsys.readouterr().err
    assert not (found[3] / "e.png").exists()
    assert main(["report", "r.json", "--plot", "time"]) == 2
    assert "expected --plot KIND=FILE, got 'time'" in capsys.readouterr().err
    (found[3] / "s.json").write_text((found[3] / "r.json").read_text())
    assert main(["report", "r.json", "s.json", "--plot", "time=t.png"]) == 2
    assert "expected one report for --plot, got 2" in capsys.readouterr().err


def test_errors_of_a_comparison_are_on_the_page(found, monkeypatch, capsys) -> None:
    pytest.importorskip("plotly")
    monkeypatch.chdir(found[3])
    assert main(["report", "r.json", "--comparison", "c.json", "--html", "r.html"]) == 0
    text = (found[3] / "r.html").read_text()
    assert "the error that a layer adds" in text
    assert "relative error: " in text
    direct = found[1].to_html(comparison=found[2], title="r")
    assert direct == text
    for name, content, words in (
        ("none.json", None, "cannot read 'none.json': No such file"),
        ("bad.json", "{", "expected 'bad.json' to be a comparison in JSON"),
        ("list.json", "[]", "expected 'list.json' to be a comparison, but it has no 'tensors'"),
    ):
        if content is not None:
            (found[3] / name).write_text(content)
        assert main(["report", "r.json", "--comparison", name, "--html", "x.html"]) == 1
        assert words in capsys.readouterr().err


def test_how_results_are_shown(found) -> None:
    program, report, comparison, _, x = found
    result = program.run(x)
    assert re.fullmatch(
        r"Result\(outputs=float32\[1, 5\], report=Report\(.*\), tensors=0\)", repr(result)
    )
    assert repr(comparison).startswith("Comparison(device='isaac', tensors=")
    assert repr(comparison).endswith("first=None)")
    for shown, word in (
        (program, "crossbar"), (result, "float32[1, 5]"), (report, "Run on device"),
        (comparison, "against PyTorch"), (pumice.Device("isaac"), "tile"),
    ):  # fmt: skip
        text = shown._repr_html_()
        assert text.startswith("<pre")
        assert word in text


def test_results_of_several_outputs_are_shown() -> None:
    from pumice.program import Result

    made_up = _made_up([], 1)
    made_up._data["device"] = "x"
    shown = repr(Result({"a": np.zeros((2, 3)), "b": [1, np.zeros(2, "i4")]}, made_up))
    assert "outputs={'a': float64[2, 3], 'b': (1, int32[2])}" in shown


def test_arrows_and_counters_of_the_trace(found) -> None:
    report = found[1]
    report.to_trace(found[3] / "t.json", setup=True)
    events = json.loads((found[3] / "t.json").read_text())["traceEvents"]
    counters = {event["name"] for event in events if event["ph"] == "C"}
    assert counters == {"power, mW", "activations in the buffer, bytes"}
    largest = max(event["args"].get("bytes", 0) for event in events if event["ph"] == "C")
    assert largest == report.peak_buffer_bytes
    starts = {event["id"]: event for event in events if event["ph"] == "s"}
    finishes = {event["id"]: event for event in events if event["ph"] == "f"}
    assert starts.keys() == finishes.keys()
    assert len(starts) == sum(len(item["depends_on"]) for item in report.instructions)
    slices = [event for event in events if event["ph"] == "X"]
    for event in [*starts.values(), *finishes.values()]:
        assert any(
            s["ts"] <= event["ts"] <= s["ts"] + s["dur"]
            for s in slices
            if (s["pid"], s["tid"]) == (event["pid"], event["tid"])
        )
