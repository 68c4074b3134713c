# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports as HTML pages: figures show the report's numbers, and the page needs no network."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import browser

pytest.importorskip("torch")
pytest.importorskip("plotly")

import torch
from torch import nn

import pumice
from pumice import PumiceError, Report
from pumice.cli import main
from pumice.pages import report_page
from pumice.pages.data import network


class Page(HTMLParser):
    """Figures by name, tables by name as rows of cells, and what would be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.figures: dict[str, dict] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.loaded: list[str] = []
        self.titles: list[str] = []
        self._data: str | None = None
        self._table: list[list[str]] | None = None
        self._cell = self._title = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.loaded += [found[key] for key in ("src", "href") if key in found]
        if tag == "script" and found.get("type") == "application/json":
            self._data = found["id"].removesuffix("-data")
        if tag == "table":
            self._table = self.tables.setdefault(found["id"], [])
        if tag == "tr":
            self._table.append([])
        if tag in ("td", "th"):
            self._cell = True
            self._table[-1].append("")
        self._title = tag == "h2"

    def handle_endtag(self, tag):
        self._cell = self._title = False
        self._data = None

    def handle_data(self, data):
        if self._data:
            self.figures[self._data] = json.loads(data)
        if self._cell:
            self._table[-1][-1] += data
        if self._title:
            self.titles.append(data)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    x = torch.randn(1, 2, 8, 8)
    program = pumice.compile(model, x, device="isaac")
    found = {"isaac": program.estimate(), "puma": program.estimate(device="puma")}
    folder = tmp_path_factory.mktemp("reports")
    for name, report in found.items():
        report.to_json(folder / f"{name}.json")
    return found, folder


def test_figures_show_the_numbers_of_the_report(reports) -> None:
    report = reports[0]["isaac"]
    page = Page(report.to_html())
    data = page.figures["r0-timeline"]["data"]
    assert sum(len(bars["x"]) for bars in data) == len(report.instructions)
    ends = [base + x for bars in data for base, x in zip(bars["base"], bars["x"], strict=True)]
    unit = page.figures["r0-timeline"]["layout"]["xaxis"]["title"]["text"]
    factor = {"ns": 1, "us": 1e3, "ms": 1e6}[unit]
    assert max(ends) * factor == pytest.approx(report.latency_ns)
    busy, *stacks = page.figures["r0-layers"]["data"]
    unit = page.figures["r0-layers"]["layout"]["xaxis2"]["title"]["text"].split()[-1]
    factor = {"pJ": 1, "nJ": 1e3, "uJ": 1e6}[unit]
    assert busy["y"] == [layer.name for layer in report.layers]
    sums = np.sum([bars["x"] for bars in stacks], axis=0) * factor
    assert sums == pytest.approx([layer.energy_pj for layer in report.layers])
    (icicle,) = page.figures["r0-modules"]["data"]
    assert icicle["values"][icicle["ids"].index("all")] == pytest.approx(report.dynamic_energy_pj)
    rows = page.tables["r0-table"]
    assert [row[0] for row in rows[1:]] == [layer.name for layer in report.layers]
    for line in page.figures["r0-use"]["data"]:
        assert line["y"][-1] == 0  # all is released at the end
        assert min(line["y"]) == 0 <= max(line["y"]) <= 100


def test_layers_of_a_schedule_are_in_the_order_of_the_model() -> None:
    """The weights of all layers are written before the first of them computes."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3)).eval()
    program = pumice.compile(model, torch.randn(1, 1, 8, 8), device="aras", schedule="overlap")
    report = program.estimate()
    assert {item["kind"] for item in report.instructions[:2]} >= {"program"}
    names = [layer.name for layer in report.layers]
    assert names == sorted(names), names
    graph = network(report)
    assert [y for _, y in graph.places] == list(range(len(names)))


def test_a_page_needs_no_network_and_is_the_same_each_time(reports) -> None:
    report = reports[0]["isaac"]
    text = report.to_html()
    assert text == report.to_html()
    assert Page(text).loaded == []
    assert not re.search(r"@import|url\(", text.split("<script>")[0])


def test_several_reports_side_by_side(reports) -> None:
    page = Page(report_page(reports[0], "two devices"))
    assert [row[:2] for row in page.tables["runs"]] == [
        ["run", "device"], ["isaac", "isaac"], ["puma", "puma"]
    ]  # fmt: skip
    assert {"isaac: Timeline", "puma: Timeline"} <= set(page.titles)
    assert page.figures["components"]["data"][0]["y"] == ["isaac", "puma"]
    with pytest.raises(PumiceError, match="expected at least one report, got none"):
        report_page({})


def test_names_are_escaped(reports) -> None:
    data = reports[0]["isaac"].to_dict()
    old = data["layers"][0]["name"]
    evil = "<!--<script></script><script>alert(1)</script>"
    text = Report(json.loads(json.dumps(data).replace(f'"{old}"', json.dumps(evil)))).to_html()
    assert evil not in text
    assert "<!--<script" not in text
    assert Page(text).tables["r0-table"][1][0] == evil


def test_the_command(reports, monkeypatch, capsys) -> None:
    monkeypatch.chdir(reports[1])
    assert main(["report", "isaac.json", "puma.json", "--html", "both.html"]) == 0
    assert "two" not in Page((reports[1] / "both.html").read_text()).titles
    assert main(["report", "isaac.json", "--csv", "layers.csv"]) == 0
    lines = (reports[1] / "layers.csv").read_text().splitlines()
    report = reports[0]["isaac"]
    assert len(lines) == 1 + len(report.layers)
    assert lines[0].startswith("layer,kinds,arrays,start_ns,end_ns,busy_ns,energy_pj,")
    capsys.readouterr()
    assert main(["report", "isaac.json", "--top", "1"]) == 0
    assert "Run on device 'isaac'" in capsys.readouterr().out
    assert (
        str(Report.from_json("isaac.json")).split("Compilation")[0]
        == str(report).split("Compilation")[0]
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read 'r.json': No such file"),
        ("{", "expected 'r.json' to be a report in JSON"),
        ("[]", "expected 'r.json' to be a report, but the file: expected an object, got"),
        ('{"device": "x"}', "expected 'r.json' to be a report, but it has no 'latency_ns'"),
    ],
)
def test_files_that_are_no_reports(text, words, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "r.json").write_text(text)
    assert main(["report", "r.json"]) == 1
    assert words in capsys.readouterr().err


def test_one_report_for_csv(reports, monkeypatch, capsys) -> None:
    monkeypatch.chdir(reports[1])
    assert main(["report", "isaac.json", "puma.json", "--csv", "c.csv"]) == 2
    assert "expected one report for --csv, got 2" in capsys.readouterr().err


def test_without_plotly(reports, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(PumiceError, match="expected plotly for HTML reports, which is not"):
        reports[0]["isaac"].to_html()


def test_notebooks_show_tables(reports) -> None:
    text = reports[0]["isaac"]._repr_html_()
    assert text.startswith("<pre")
    assert "Run on device" in text


#: True when all figures are drawn; the frame is high enough that all are in view.
READY = """d.querySelectorAll('.figure').length > 0 &&
  [...d.querySelectorAll('.figure')].every(figure => figure.querySelector('.main-svg'))"""
LOOK = """(w, d) => {
  const style = w.getComputedStyle(d.body);
  // The area of the data, and that of the figure that it is in.
  const areas = [...d.querySelectorAll('.nsewdrag')].map(area =>
    area.getBoundingClientRect().width / area.closest('.figure').clientWidth);
  return { figures: d.querySelectorAll('.figure').length, narrowest: Math.min(...areas),
    fits: d.documentElement.scrollWidth <= d.documentElement.clientWidth,
    back: style.backgroundColor, text: style.color };
}"""


@pytest.mark.skipif(browser.BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_draws_all_figures(reports, tmp_path, width, dark) -> None:
    page = tmp_path / "page.html"
    old = reports[0]["isaac"].layers[0].name
    text = json.dumps(reports[0]["isaac"].to_dict())
    long = ".".join(["a_module_in_a_module"] * 20)
    Report(json.loads(text.replace(f'"{old}"', f'"{long}"'))).to_html(page)
    seen = browser.probe(page, LOOK, ready=READY, width=width, height=9000, dark=dark)
    assert seen["figures"] == len(Page(page.read_text()).figures)
    assert seen["fits"]  # nothing is wider than the window
    assert seen["narrowest"] > 0.2  # long names leave room for the data: here, two figures in one
    assert seen["back"] == ("rgb(22, 24, 28)" if dark else "rgb(255, 255, 255)")
    assert seen["text"] == ("rgb(231, 233, 236)" if dark else "rgb(28, 30, 33)")
