# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports: figures that must add up, tables, JSON, traces; on a hand-made run and on a real one."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections import Counter
from copy import deepcopy

import pytest
from rich.console import Console

import pumice
from pumice import PumiceError, Report, tables
from pumice.trace import trace_of


def instruction(number, layer, kind, start, end, lanes, energy):
    return {
        "id": number,
        "label": f"{layer}.{kind}",
        "kind": kind,
        "unit": "crossbar" if kind in ("mvm", "program") else "digital",
        "layer": layer,
        "start_ns": start,
        "end_ns": end,
        "energy_pj": {"total": energy, "adc": energy},
        "counters": {"conversions": 10} if kind == "mvm" else {},
        "arrays": sum(count for resource, _, count in lanes if resource == "array"),
        "depends_on": [number - 1] if number else [],
        "lanes": [
            {"resource": r, "first": f, "count": c, "start_ns": start, "end_ns": end}
            for r, f, c in lanes
        ],
    }


def layer(name, kinds, start, end, busy, energy, arrays, counters):
    return {
        "name": name,
        "kinds": kinds,
        "units": ["crossbar"],
        "start_ns": start,
        "end_ns": end,
        "busy_ns": busy,
        "instructions": len(kinds),
        "energy_pj": {"total": energy, "adc": energy},
        "counters": counters,
        "arrays": arrays,
    }


def books(instructions, layers, latency, wear):
    dynamic = sum(item["energy_pj"]["total"] for item in instructions)
    return {
        "device": "made-up",
        "latency_ns": latency,
        "energy_pj": {
            "total": dynamic + 5.0,
            "dynamic": dynamic,
            "static": 5.0,
            "adc": dynamic,
            "dac": 0.0,
        },
        "area_mm2": 12.5,
        "power_mw": 900.0,
        "levels": [
            {"group": "arrays", "level": "tile", "count": 40, "area_mm2": 0.3, "power_mw": 20.0},
            {"group": "arrays", "level": "chip", "count": 1, "area_mm2": 12.5, "power_mw": 900.0},
        ],
        "layers": layers,
        "instructions": instructions,
        "utilisation": {"array": {"count": 5000, "busy_ns": 40.0, "share": 0.25}},
        "counters": {"conversions": 20, "cells_written": 0},
        "wear": {"max_writes_per_cell": wear, "mean_writes_per_cell": wear, "arrays_written": wear},
    }


def covered(report, layer: str) -> float:
    """How long an instruction of a layer was running, without the gaps between them."""
    own = [step for step in report.instructions if step["layer"] == layer]
    times = sorted({step[end] for step in own for end in ("start_ns", "end_ns")})
    return sum(
        after - before
        for before, after in itertools.pairwise(times)
        if any(step["start_ns"] <= before and after <= step["end_ns"] for step in own)
    )


@pytest.fixture
def data():
    """Two matrices on 4999 arrays, and a digital region in two parts around the second."""
    conv = [("array", 0, 2500), ("array", 3000, 1), ("buffer_port", 0, 1)]
    run = [
        instruction(0, "conv", "mvm", 0.0, 1000.5, conv, 30.0),
        instruction(1, "act", "digital", 1000.5, 1500.0, [("digital_unit", 3, 1)], 4.0),
        instruction(2, "head", "mvm", 1500.0, 2500.0, [("array", 3001, 1999)], 60.0),
        instruction(3, "act", "digital", 2400.0, 3000.0, [("digital_unit", 3, 1)], 6.0),
    ]
    layers = [
        layer("conv", ["mvm"], 0.0, 1000.5, 1000.5, 30.0, 2501, {"conversions": 10}),
        layer("act", ["digital", "digital"], 1000.5, 3000.0, 1099.5, 10.0, 0, {}),
        layer("head", ["mvm"], 1500.0, 2500.0, 1000.0, 60.0, 1999, {"conversions": 10}),
    ]
    once = [instruction(0, "conv", "program", 0.0, 50.0, [("array", 0, 2500)], 7.0)]
    setup = books(once, [layer("conv", ["program"], 0.0, 50.0, 50.0, 7.0, 2500, {})], 50.0, 1)
    return {**books(run, layers, 3000.0, 0), "setup": setup, "peak_buffer_bytes": 2048}


@pytest.fixture
def report(data):
    return Report(data, {"export": 0.25, "prepare": 1.5})


def test_figures(report) -> None:
    assert report.device == "made-up"
    assert (report.latency_ns, report.energy_pj) == (3000.0, 105.0)
    assert (report.dynamic_energy_pj, report.static_energy_pj) == (100.0, 5.0)
    assert report.components == {"adc": 100.0, "dac": 0.0}
    assert (report.area_mm2, report.power_mw) == (12.5, 900.0)
    assert [(level.level, level.count) for level in report.levels] == [("tile", 40), ("chip", 1)]
    assert report.peak_buffer_bytes == 2048
    assert report.utilisation["array"].share == 0.25
    assert report.wear.max_writes_per_cell == 0
    assert report.timings == {"export": 0.25, "prepare": 1.5}
    assert len(report.instructions) == 4


def test_layers(report) -> None:
    conv, act, head = report.layers
    assert (conv.arrays, conv.conversions, conv.energy_pj) == (2501, 10, 30.0)
    assert (head.arrays, head.components) == (1999, {"adc": 60.0})
    assert act.conversions == 0
    assert (act.start_ns, act.end_ns) == (1000.5, 3000.0)
    assert act.busy_ns == 1099.5


def test_setup_is_apart(report) -> None:
    assert report.setup.latency_ns == 50.0
    assert report.setup.wear.arrays_written == 1
    assert report.setup.setup is None
    assert report.arrays == 1


def test_no_setup(data) -> None:
    data["setup"]["instructions"] = []
    assert Report(data).setup is None
    assert "Programming" not in str(Report(data))
    del data["setup"]
    assert Report(data).setup is None


def test_reading_changes_nothing(report, data) -> None:
    before = deepcopy(data)
    assert str(report)
    assert report.layers
    trace_of(report, setup=True)
    after = report.to_dict()
    assert after.pop("figures")["energy_delay_pj_ns"] == report.energy_pj * report.latency_ns
    assert after == {**before, "timings_s": {"export": 0.25, "prepare": 1.5}}


def test_text(report) -> None:
    text = str(report)
    for words in (
        "Run on device 'made-up'",
        "3.00 us",
        "2.00 KiB",
        "12.5 mm2",
        "Programming of the weights (before the first run)",
        "Compilation (time of this computer)",
        "1.75 s",
    ):
        assert words in text
    rows = {line.split()[0]: line for line in text.splitlines() if line}
    assert rows["conv"].split()[1:] == "mvm 2,501 1.00 us 33.4 % 30.0 pJ 30.0 % 10".split()
    assert rows["act"].split()[1:] == "digital digital 1.10 us 36.6 % 10.0 pJ 10.0 %".split()
    assert rows["static"].split()[1:] == "5.00 pJ 4.8 %".split()


def test_layers_are_sorted_cut_and_summed_up(report, data) -> None:
    assert [layer.name for layer in report.layer_table(sort="energy", top=1)] == ["head"]
    by_time = report.layer_table(sort="time")
    assert [layer.busy_ns for layer in by_time] == sorted(
        (layer.busy_ns for layer in report.layers), reverse=True
    )
    names = {layer["name"]: f"body.{i}" for i, layer in enumerate(data["layers"])}
    for layer in data["layers"]:
        layer["name"] = names[layer["name"]]
    for instruction in data["instructions"]:
        instruction["layer"] = names.get(instruction["layer"], instruction["layer"])
    (whole,) = Report(data).layer_table(depth=1)
    assert whole.name == "body"
    assert whole.energy_pj == sum(layer.energy_pj for layer in report.layers)
    assert whole.arrays == sum(layer.arrays for layer in report.layers)
    spans = [
        (i["start_ns"], i["end_ns"]) for i in data["instructions"] if i["layer"] in names.values()
    ]
    covered = {ns for start, end in spans for ns in range(round(start), round(end))}
    assert whole.busy_ns == pytest.approx(len(covered), abs=1)
    assert "body.0" not in tables.plain_text(Report(data).tables(depth=1))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"sort": "name"}, "expected sort to be one of time, energy, arrays, .*, got 'name'"),
        ({"top": 0}, "expected top to be at least 1, got 0"),
        ({"depth": -1}, "expected depth to be at least 1, got -1"),
    ],
)
def test_layer_tables_that_are_refused(report, options, text) -> None:
    with pytest.raises(PumiceError, match=text):
        report.layer_table(**options)


def test_a_device_without_powers_states_no_static_energy(data) -> None:
    data["power_mw"] = 0.0
    data["energy_pj"]["static"] = 0.0
    rows = [line.split() for line in str(Report(data)).splitlines()]
    assert ["energy,", "static", "not", "stated"] in rows
    assert ["static", "not", "stated"] in rows
    assert ["component", "energy", "of", "dynamic"] in rows


def test_text_keeps_markup_and_long_names(data) -> None:
    name = "layer[bold]." + 30 * "deep."
    data["layers"][0]["name"] = name
    data["instructions"][0]["layer"] = name
    text = str(Report(data))
    folded = "".join(line.split("  ")[0] for line in text.splitlines())
    assert name in folded


def test_columns_set_the_width(report, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, str(report).splitlines())) <= 80


def test_rich(report) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(report)
    assert "Run on device 'made-up'" in console.export_text()


def test_empty_run(data) -> None:
    """A program of nothing: no division by zero."""
    empty = books([], [], 0.0, 0)
    empty["energy_pj"] = {"total": 0.0, "dynamic": 0.0, "static": 0.0, "adc": 0.0}
    assert "0 ns" in str(Report(empty))
    assert trace_of(Report(empty))["traceEvents"] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ns"),
        (0.78125, "0.78 ns"),
        (999.4, "999 ns"),
        (999.6, "1.00 us"),
        (12345, "12.3 us"),
        (123456, "123 us"),
        (1.5e6, "1.50 ms"),
        (2e9, "2.00 s"),
        (4e12, "4,000 s"),
    ],
)
def test_time(value, text) -> None:
    assert tables.time(value) == text


def test_energy_and_counts() -> None:
    assert tables.energy(1e3) == "1.00 nJ"
    assert tables.energy(8.654e9) == "8.65 mJ"
    assert tables.power(65808.08) == "65.8 W"
    assert tables.size(11010048) == "10.5 MiB"
    assert (tables.number(999999), tables.number(2109760)) == ("999,999", "2.11M")
    assert (tables.area(0.01312), tables.area(85.42)) == ("0.0131 mm2", "85.4 mm2")


def test_json(report, tmp_path) -> None:
    path = tmp_path / "r.json"
    text = report.to_json(path)
    assert json.loads(text) == json.loads(path.read_text()) == report.to_dict()
    with pytest.raises(PumiceError, match=r"cannot write '.*r\.json': No such file or directory"):
        report.to_json(tmp_path / "none" / "r.json")
    with pytest.raises(PumiceError, match="cannot write"):
        report.to_trace(tmp_path)


def tracks_of(trace):
    """Slices by track; checks the format on the way."""
    assert set(trace) == {"displayTimeUnit", "otherData", "traceEvents"}
    events = trace["traceEvents"]
    kinds = [event["ph"] for event in events]
    assert kinds == sorted(kinds, key=lambda kind: kind != "M"), "metadata come first"
    slices = [event for event in events if event["ph"] == "X"]
    assert [e["ts"] for e in slices] == sorted(e["ts"] for e in slices)
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    processes = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    tracks = {}
    for event in slices:
        assert {"name", "cat", "ts", "dur", "pid", "tid", "args"} <= set(event)
        assert event["dur"] >= 0
        key = (processes[event["pid"]], names[event["pid"], event["tid"]])
        tracks.setdefault(key, []).append(event)
    assert len(tracks) == len(names), "no track is empty, no two have one name"
    for key, found in tracks.items():
        for one, two in itertools.pairwise(found):
            assert one["ts"] + one["dur"] <= two["ts"] + 1e-6, f"overlap on {key}"
    return tracks


def test_trace(report) -> None:
    tracks = tracks_of(trace_of(report))
    assert set(tracks) == {
        ("layers", "layers"),
        ("layers", "layers, row 2"),
        ("crossbar arrays", "arrays 0-2499, 3000 (conv)"),
        ("crossbar arrays", "arrays 3001-4999 (head)"),
        ("buffer ports", "buffer port 0"),
        ("digital units", "digital unit 3"),
    }
    (conv,) = tracks["crossbar arrays", "arrays 0-2499, 3000 (conv)"]
    assert (conv["ts"], conv["dur"], conv["name"]) == (0.0, 1.0005, "conv.mvm")
    assert conv["args"]["energy_pj"] == {"total": 30.0, "adc": 30.0}
    assert [e["name"] for e in tracks["layers", "layers"]] == ["conv", "act"]


def test_trace_with_setup(report, tmp_path) -> None:
    report.to_trace(tmp_path / "t.json", setup=True)
    tracks = tracks_of(json.loads((tmp_path / "t.json").read_text()))
    first, second = tracks["layers", "layers"][:2]
    assert (first["name"], first["dur"]) == ("programming: conv", 0.05)
    assert (second["name"], second["ts"]) == ("conv", 0.05)


def test_books_of_a_run_add_up(isaac) -> None:
    report = isaac.result.report
    layers, steps = report.layers, report.instructions
    assert sum(report.components.values()) == pytest.approx(report.dynamic_energy_pj)
    assert sum(one.energy_pj for one in layers) == pytest.approx(report.dynamic_energy_pj)
    assert report.energy_pj == pytest.approx(report.dynamic_energy_pj + report.static_energy_pj)
    assert report.latency_ns == max(step["end_ns"] for step in steps)
    assert sum(one.conversions for one in layers) == report.counters["conversions"] > 0
    assert sum(one.instructions for one in layers) == len(steps)
    for one in layers:
        assert one.busy_ns == pytest.approx(covered(report, one.name), abs=1e-6)
    ends = {step["id"]: step["end_ns"] for step in steps}
    for step in steps:
        assert all(ends[before] <= step["start_ns"] for before in step["depends_on"])
    share = report.utilisation["digital_unit"]
    assert share.share == pytest.approx(share.busy_ns / share.count / report.latency_ns)


def test_programming_of_a_run(isaac) -> None:
    setup = isaac.result.report.setup
    arrays = {}
    for step in setup.instructions:
        assert step["kind"] == "program"
        arrays[step["layer"]] = step["arrays"]
    assert sum(arrays.values()) == isaac.result.report.arrays == setup.wear.arrays_written
    assert setup.wear.max_writes_per_cell == 1
    assert isaac.result.report.wear.arrays_written == 0
    assert setup.energy_pj > 0


def test_keys_of_the_json(isaac) -> None:
    """lib/Model/Machine/Report.h lists them."""
    data = json.loads(isaac.result.report.to_json())
    top = "device latency_ns energy_pj area_mm2 power_mw levels layers instructions utilisation"
    top += " counters wear waiting_ns"
    run = "setup peak_buffer_bytes timings_s kinds_ns interval_ns figures"
    assert set(data) == {*top.split(), *run.split()}
    assert set(data["setup"]) - {"kinds_ns", "interval_ns", "figures"} == set(top.split())
    keys = "name kinds units reasons nonlinear start_ns end_ns busy_ns instructions energy_pj"
    assert set(data["layers"][0]) == {*keys.split(), "counters", "arrays"}
    keys = "id label kind unit layer start_ns end_ns energy_pj counters arrays depends_on lanes"
    keys += " buffer_bytes"
    assert set(data["instructions"][0]) == set(keys.split())
    assert set(data["utilisation"]) == {"array", "buffer_port", "dram_port", "digital_unit"}


def test_trace_of_a_run(isaac) -> None:
    report = isaac.result.report
    tracks = tracks_of(trace_of(report, setup=True))
    kinds = Counter(process for process, _ in tracks)
    assert kinds["crossbar arrays"] == len(report.setup.instructions)
    names = [event["name"] for found in tracks.values() for event in found]
    for step in report.instructions:
        assert step["label"] in names


def test_results_are_shown_in_notebooks_and_prompts() -> None:
    torch = pytest.importorskip("torch")
    x = torch.ones(1, 3)
    program = pumice.compile(torch.nn.Linear(3, 2).eval(), x, device="isaac")
    assert re.fullmatch(
        r"Program\(inputs=\(.*: float32\[1, 3\]\), outputs=\(.*: float32\[1, 2\]\), levels=.*\)",
        repr(program),
    )
    for shown in (program.estimate(), program.compare(x)):
        assert shown._repr_html_().startswith("<pre")


def test_a_layer_has_the_arrays_of_all_its_matrices() -> None:
    """Not those of its largest one."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchao")

    class Recurrent(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(8, 16)

        def forward(self, x):
            return self.lstm(x)[0]

    torch.manual_seed(0)
    program = pumice.compile(Recurrent(), torch.randn(2, 2, 8), device="isaac")
    report = program.estimate()
    held = {
        place
        for item in report.instructions
        for lane in item["lanes"]
        if lane["resource"] == "array"
        for place in range(lane["first"], lane["first"] + lane["count"])
    }
    (layer,) = (layer for layer in report.layers if layer.arrays)
    largest = max(item["arrays"] for item in report.instructions)
    assert layer.arrays == len(held) == report.arrays > largest
