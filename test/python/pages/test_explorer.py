# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The explorer: IR of every level, linked by layer and source line, in one file."""

from __future__ import annotations

import json
import re
import textwrap

import pytest

import browser
import pumice
from pumice._mlir_libs import _pumice
from pumice.cli import main
from pumice.compiler import record_passes
from pumice.levels import LEVELS

pytest.importorskip("torch")

import torch

MODEL = textwrap.dedent(
    """
    import torch
    from torch import nn


    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(1, 3, 3)
            self.head = nn.Linear(108, 4)

        def forward(self, x):
            y = torch.relu(self.stem(x))
            return self.head(y.flatten(1))


    def model():
        torch.manual_seed(0)
        return Net().eval()
    """
)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The program of a model that is in a file, and the folder."""
    import importlib.util

    folder = tmp_path_factory.mktemp("explorer")
    file = folder / "net_of_explorer.py"
    file.write_text(MODEL)
    spec = importlib.util.spec_from_file_location("net_of_explorer", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x = torch.ones(1, 1, 8, 8)
    return pumice.compile(module.model(), x, device="isaac"), folder


def data_of(text: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])


def test_listings_say_where_lines_come_from(found) -> None:
    program = found[0]
    for level in program.levels:
        listing = json.loads(_pumice.listing(program.module(level)))
        lines = listing["text"].splitlines()
        assert listing["ops"]
        for op in listing["ops"]:
            assert op["name"] in lines[op["line"]] or op["name"].split(".")[1] in lines[op["line"]]
        layers = {op.get("layer") for op in listing["ops"]}
        assert {"stem", "head"} <= layers, level


def test_instructions_of_a_listing_are_those_of_the_report(found) -> None:
    program = found[0]
    report = program.estimate()
    ops = [
        op
        for op in json.loads(_pumice.listing(program.module("simulator")))["ops"]
        if "instruction" in op
    ]
    for books, own in (
        (report, [op for op in ops if not op.get("setup")]),
        (report.setup, [op for op in ops if op.get("setup")]),
    ):
        assert [op["instruction"] for op in own] == [item["id"] for item in books.instructions]
        assert [op["layer"] for op in own] == [item["layer"] for item in books.instructions]
        assert [op["name"].split(".")[1] for op in own] == [
            item["kind"] for item in books.instructions
        ]


def test_the_page_holds_every_level_and_its_costs(found) -> None:
    program, folder = found
    text = program.explore(folder / "e.html", title="a <net>")
    assert (folder / "e.html").read_text() == text
    assert "<title>a &lt;net&gt;</title>" in text
    assert not re.search(r'(src|href)="', text)
    data = data_of(text)
    assert [pane["name"] for pane in data["panes"]] == ["source", *LEVELS]
    report = program.estimate()
    machine = data["panes"][-1]
    costs = [op for op in machine["ops"] if len(op) > 4]
    spent = sum(op[5] for op in costs)
    assert spent == pytest.approx(report.dynamic_energy_pj + report.setup.dynamic_energy_pj)
    for pane in data["panes"][1:-1]:  # each node once
        spent = sum(op[5] for op in pane["ops"] if len(op) > 4)
        assert spent <= report.dynamic_energy_pj * (1 + 1e-9)
        assert spent > 0
    layer = next(item for item in data["layers"] if item["name"] == "stem")
    assert layer["energy"] == next(x.energy_pj for x in report.layers if x.name == "stem")


def test_source_lines_are_linked(found) -> None:
    program, _ = found
    data = data_of(program.explore())
    source = data["panes"][0]
    lines = source["text"].splitlines()
    known = {lines[op[0]].strip() for op in source["ops"] if op[3] >= 0}
    assert any("self.stem(x)" in line for line in known)
    assert any("self.head(" in line for line in known)
    used = {op[3] for pane in data["panes"][1:] for op in pane["ops"]}
    assert {op[3] for op in source["ops"] if op[3] >= 0} <= used


def without_numbers(text: str) -> str:
    """A context numbers resources of one name."""
    return re.sub(r"pumice_folded_\d+", "pumice_folded", text)


def test_passes_lead_from_each_level_to_the_next(found) -> None:
    program = found[0]
    levels = []
    for level, before, records in record_passes(program):
        levels.append(level)
        above = LEVELS[LEVELS.index(level) - 1]
        assert "func.func @main" in before, above
        wanted = json.loads(_pumice.listing(program.module(level)))["text"]
        assert without_numbers(records[-1][1]) == without_numbers(wanted), level
        flags = [flags for flags, _ in records]
        assert all(flags)
    assert levels == list(LEVELS[1:])
    data = data_of(program.explore(passes=True))
    shown = [item["flags"] for item in data["passes"] if item["level"] == "simulator"]
    assert any("pum" in flags for flags in shown)
    assert all(item["added"] + item["removed"] > 0 for item in data["passes"])


def test_a_program_from_a_file_shows_its_machine_program(found) -> None:
    program, folder = found
    program.save(folder / "p.mlirbc")
    data = data_of(pumice.load(folder / "p.mlirbc").explore())
    assert [pane["name"] for pane in data["panes"]][-1] == "simulator"
    assert "holds the machine program only" in data["note"]
    assert data["passes"] == []


def test_the_command_explores(found, monkeypatch, capsys) -> None:
    program, folder = found
    monkeypatch.chdir(folder)
    program.save("q.mlirbc")
    assert main(["explore", "q.mlirbc", "--html", "q.html"]) == 0
    assert "q.mlirbc on &#x27;isaac&#x27;" in (folder / "q.html").read_text()
    assert main(["explore", "q.mlirbc", "--html", "none/q.html"]) == 1
    assert "cannot write 'none/q.html'" in capsys.readouterr().err


LOOK = """async (w, d) => {
  const wait = () => new Promise(done => w.setTimeout(done, 300));
  const out = { ready: d.documentElement.dataset.ready, panes: d.querySelectorAll('.pane').length,
    lines: d.querySelectorAll('.line').length, rows: d.querySelectorAll('.row').length,
    fits: d.documentElement.scrollWidth <= d.documentElement.clientWidth,
    back: w.getComputedStyle(d.body).backgroundColor };
  [...d.querySelectorAll('.row')].find(row => row.textContent.includes('head')).click();
  await wait();
  out.marked = [...d.querySelectorAll('.pane')].filter(pane => pane.querySelector('.weak, .strong'))
    .map(pane => pane.dataset.pane);
  out.details = d.getElementById('details').textContent;
  out.hash = w.location.hash;
  const search = d.getElementById('search');
  search.value = 'simulator.mvm';
  search.dispatchEvent(new w.Event('input'));
  for (let i = 0; i < 50 && !d.querySelector('.line.match'); i++) await wait();
  out.found = d.getElementById('found').textContent;
  out.match = d.querySelector('.line.match') && d.querySelector('.line.match').textContent;
  const only = d.getElementById('only');
  only.click();
  await wait();
  out.only = d.querySelector('[data-pane=linalg] .line') !== null;
  d.getElementById('from').value = 'crossbar';
  d.getElementById('to').value = 'pum';
  d.getElementById('difference').click();
  out.plus = d.querySelectorAll('#diff .plus').length;
  out.minus = d.querySelectorAll('#diff .minus').length;
  d.querySelector('[data-tab=passes]').click();
  await wait();
  d.querySelector('.row').click();
  out.pass = d.getElementById('diff').dataset.title;
  only.click();
  await wait();
  d.querySelector('[data-pane=source] .text').scrollTop = 0;
  await wait();
  [...d.querySelectorAll('[data-pane=source] .line')]
    .find(line => line.textContent.includes('self.stem(x)')).click();
  await wait();
  out.source = [...d.querySelectorAll('.pane')].filter(pane => pane.querySelector('.strong'))
    .map(pane => pane.dataset.pane);
  return out;
}"""


@pytest.mark.skipif(browser.BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_explores(found, tmp_path, width, dark) -> None:
    page = tmp_path / "e.html"
    found[0].explore(page, passes=True)
    ready = "d.documentElement.dataset.ready"
    seen = browser.probe(page, LOOK, ready=ready, width=width, dark=dark)
    assert seen.get("error") is None
    assert seen["panes"] == 6
    assert seen["rows"] > 0
    assert seen["fits"]
    assert seen["back"] == ("rgb(22, 24, 28)" if dark else "rgb(255, 255, 255)")
    assert set(LEVELS) <= set(seen["marked"])
    assert "layer head" in seen["details"]
    assert seen["hash"] == "#head"
    assert re.fullmatch(r"1 of [2-9]\d*", seen["found"])
    assert "simulator.mvm" in seen["match"]
    assert seen["only"]
    assert seen["plus"] > 0
    assert seen["minus"] > 0
    assert ": " in seen["pass"]
    assert {"source", *LEVELS} <= set(seen["source"])


OPEN = """(w, d) => ({ ms: Number(d.documentElement.dataset.ready),
  lines: d.querySelectorAll('.line').length,
  all: JSON.parse(d.getElementById('data').textContent).panes
    .reduce((sum, pane) => sum + pane.text.split('\\n').length, 0) })"""


@pytest.mark.nightly
@pytest.mark.skipif(browser.BROWSER is None, reason="needs Chromium")
def test_explorer_of_bert(tmp_path) -> None:
    """BERT-base with all levels opens in less than 3 s, with few lines in the document."""
    pytest.importorskip("transformers")
    from pumice.zoo import NETWORKS

    network = NETWORKS["bert-base"].build()
    inputs = network.inputs(0)
    program = pumice.compile(pumice.quantize(network.model, [inputs]), inputs, device="isaac")
    page = tmp_path / "bert.html"
    program.explore(page)
    seen = browser.probe(page, OPEN, ready="d.documentElement.dataset.ready")
    print(f"{page.stat().st_size / 1e6:.1f} MB, {seen['all']} lines, {seen['ms']} ms")
    assert seen["all"] > 10_000
    assert seen["lines"] < 1000
    assert seen["ms"] < 3000
