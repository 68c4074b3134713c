# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sweeps: every point is what a separate compilation gives, and fronts are what NumPy says."""

from __future__ import annotations

import csv
import io
import itertools
import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import pumice
from pumice import Device, PumiceError, Setting
from pumice.cli import main
from pumice.exploration import parse_setting
from pumice.exploration.result import FIGURES, Sweep, figures_of
from pumice.exploration.space import device_with, mapping_key, unscaled


@pytest.fixture(scope="module")
def program():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    return pumice.compile(model, torch.randn(4, 2, 8, 8))


def test_points_are_what_compiling_for_each_device_gives(program) -> None:
    fields = {"array.rows": [64, 128], "energy.adc_pj": [1.0, 2.0]}
    found = pumice.sweep(program, ["isaac", "puma"], fields)
    points = list(itertools.product(["isaac", "puma"], [64, 128], [1.0, 2.0]))
    assert [(r["device"], r["array.rows"], r["energy.adc_pj"]) for r in found.records] == points
    for record in found.records:
        device = Device(record["device"]).replace(
            array={"rows": record["array.rows"]}, energy={"adc_pj": record["energy.adc_pj"]}
        )
        assert found.device(record) == device
        report = program.recompile(device).estimate()
        assert record["latency_ns"] == report.latency_ns
        assert record["dynamic_energy_pj"] == report.dynamic_energy_pj
        assert record["area_mm2"] == report.area_mm2
        assert record["arrays"] == report.arrays
        assert record["inferences_per_s"] == pytest.approx(1e9 / report.latency_ns)
        assert record["mean_power_mw"] == pytest.approx(report.energy_pj / report.latency_ns)


@pytest.mark.parametrize(
    ("device", "path"),
    [
        ("isaac", "timing.adc_ns"), ("puma", "energy.adc_pj"), ("rtm-ap", "ap.search_ns"),
        ("neurosim-rram", "digital.clock_ghz"), ("aras", "energy.level_steps.set_pj"),
    ],
)  # fmt: skip
def test_estimates_of_one_machine_program_have_all_figures(program, device, path) -> None:
    value = 1.5
    found = pumice.sweep(program, [device], {path: [value, 2 * value]})
    for record in found.records:
        assert "error" not in record
        expected = figures_of(program.recompile(found.device(record)).estimate())
        assert {name: record[name] for name in FIGURES if name in record} == expected


def test_laws_that_make_sizes_of_costs_are_followed(program) -> None:
    law = {"of": "buffer.ports", "kind": "bus", "level": "tile", "at": {"bus_bits": 8, "arrays": 1}}
    device = Device("isaac")
    law["at"]["bus_bits"] = 8 * device.fields["buffer"]["bandwidth_bytes_per_ns"]
    law["at"]["arrays"] = 96
    device = device.replace(laws=[law])
    base = device.effective["buffer"]["ports"]
    wider = 4 * device.fields["buffer"]["bandwidth_bytes_per_ns"]
    found = pumice.sweep(program, [device], {"buffer.bandwidth_bytes_per_ns": [wider]})
    assert found.device(found.records[0]).effective["buffer"]["ports"] != base
    expected = program.recompile(found.device(found.records[0])).estimate()
    assert found.records[0]["latency_ns"] == expected.latency_ns


def test_a_network_is_lowered_once_for_each_shape_of_arrays(program, monkeypatch) -> None:
    lowered = []
    recompile = type(program).recompile

    def counted(self, device, options=None):
        lowered.append(device)
        return recompile(self, device, options)

    monkeypatch.setattr(type(program), "recompile", counted)
    fields = {"array.rows": [64, 128], "energy.adc_pj": [1, 2, 3], "timing.read_ns": [50, 100]}
    assert len(pumice.sweep(program, ["isaac"], fields).records) == 12
    assert len(lowered) == 2


def test_what_a_machine_program_depends_on() -> None:
    isaac = Device("isaac")
    key = mapping_key(isaac)
    assert mapping_key(isaac.replace(name="other", energy={"adc_pj": 3})) == key
    assert mapping_key(isaac.replace(array={"adc": {"bits": 6}})) != key
    assert mapping_key(isaac.replace(levels={"chip": {"holds": 10}})) != key


def test_fields_that_change_together(program) -> None:
    setting = Setting(("array.adc.bits", "energy.adc_pj"), ((6, 0.4), (8, 1.56)))
    assert parse_setting("array.adc.bits,energy.adc_pj=6:0.4,8:1.56") == setting
    found = pumice.sweep(program, ["isaac"], [setting])
    assert [(r["array.adc.bits"], r["energy.adc_pj"]) for r in found.records] == [
        (6, 0.4), (8, 1.56)
    ]  # fmt: skip
    assert found.records[0]["dynamic_energy_pj"] < found.records[1]["dynamic_energy_pj"]
    assert "unscaled" not in found.records[0]


def test_costs_that_do_not_follow_are_named(program) -> None:
    bare = Device("isaac").replace(laws=None)
    found = pumice.sweep(program, [bare], {"array.adc.bits": [6, 8]})
    assert found.records[0]["unscaled"] == (
        "array.adc.bits (of energy.adc_pj, timing.adc_ns, components)"
    )
    assert "unscaled" not in found.records[1]
    isaac = Device("isaac")
    (followed,) = pumice.sweep(program, [isaac], {"array.adc.bits": [3]}).records
    assert "unscaled" not in followed
    assert "law adc_energy supports at least 4 of adc_bits, got 3" in followed["outside"]
    cheaper = isaac.replace(array={"rows": 64}, timing={"read_ns": 80})
    assert unscaled(isaac, cheaper) == []
    assert unscaled(isaac, isaac.replaced({"array": {"cell_bits": 1}})) == [
        "array.cell_bits (of energy.cell_read_pj, energy.cell_write_pj, timing.row_write_ns)"
    ]


def test_points_that_are_impossible_have_an_error(program) -> None:
    found = pumice.sweep(program, ["isaac"], {"array.rows": [0, 64]})
    impossible, possible = found.records
    assert "rows" in impossible["error"]
    assert "latency_ns" not in impossible
    assert "error" not in possible
    assert found.pareto() == [possible]


def test_accuracy_is_a_figure(program) -> None:
    torch.manual_seed(1)
    x = torch.randn(8, 2, 8, 8)
    labels = torch.as_tensor(program.run(x[:4]).outputs).argmax(1)
    labels = torch.cat([labels, torch.as_tensor(program.run(x[4:]).outputs).argmax(1)])
    found = pumice.sweep(program, ["ideal"], data=[(x, labels)])
    assert found.records[0]["metric"] == 1.0
    coarse = pumice.sweep(program, ["isaac"], {"array.adc.bits": [1, 8]}, data=[(x, labels)])
    assert coarse.records[0]["metric"] < coarse.records[1]["metric"]
    assert coarse.pareto(["-metric"])[0]["array.adc.bits"] == 8


def test_a_store_is_not_computed_again(program, tmp_path, monkeypatch) -> None:
    fields = {"energy.adc_pj": [1, 2]}
    first = pumice.sweep(program, ["isaac"], fields, store=tmp_path / "s.jsonl")
    monkeypatch.setattr(type(program), "recompile", None)
    again = pumice.sweep(program, ["isaac"], fields, store=tmp_path / "s.jsonl")
    assert again.records == first.records


@pytest.mark.parametrize("search", ["random", "optuna"])
def test_searches_are_repeatable(program, search) -> None:
    if search == "optuna":
        pytest.importorskip("optuna")
    fields = {"energy.adc_pj": [1, 2, 3, 4], "timing.read_ns": [50, 100, 200]}

    def run(seed: int):
        return pumice.sweep(
            program, ["isaac", "puma"], fields, search=search, trials=8, seed=seed
        ).records

    first = run(3)
    assert first == run(3)
    assert first != run(4)
    assert 1 <= len(first) <= 8
    points = [(r["device"], r["energy.adc_pj"], r["timing.read_ns"]) for r in first]
    assert len(set(points)) == len(points)
    assert set(points) <= set(itertools.product(["isaac", "puma"], [1, 2, 3, 4], [50, 100, 200]))


def test_the_front_is_what_a_comparison_of_all_pairs_gives() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 6, (60, 3))
    records = [
        {"device": "d", "latency_ns": int(a), "energy_pj": int(b), "arrays": int(c), "i": i}
        for i, (a, b, c) in enumerate(values)
    ]
    found = {r["i"] for r in Sweep(records, {}).pareto(["latency_ns", "energy_pj", "-arrays"])}
    signed = values * [1, 1, -1]
    no_worse = (signed[:, None] <= signed[None]).all(2)
    better = (signed[:, None] < signed[None]).any(2)
    assert found == set(np.flatnonzero(~(no_worse & better).any(0)))


def test_files(program, tmp_path) -> None:
    found = pumice.sweep({"net": program}, ["isaac"], {"array.rows": [64, 128]})
    rows = list(csv.DictReader(io.StringIO(found.to_csv(tmp_path / "s.csv"))))
    assert [(row["model"], row["array.rows"]) for row in rows] == [("net", "64"), ("net", "128")]
    assert (tmp_path / "s.csv").read_text().startswith("model,device,array.rows,latency_ns,")
    assert json.loads(found.to_json()) == found.records
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "s.svg")
    assert "<svg" in (tmp_path / "s.svg").read_text()
    assert "net" in str(found)
    with pytest.raises(PumiceError, match="cannot write"):
        found.plot(tmp_path / "missing" / "s.svg")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"devices": []}, "expected at least one device and one program, got none"),
        ({"devices": ["isaac", "isaac"]}, "expected devices with different names, got 'isaac'"),
        ({"fields": {"array.colour": [1]}}, "unknown field 'groups.arrays.array.colour'"),
        ({"fields": {"array.rows": []}}, "expected values for array.rows, got none"),
        ({"fields": [Setting(("a",), ((1,),)), Setting(("a",), ((2,),))]},
         "expected each field once, got a twice"),
        ({"search": "tabu"}, "expected a search of grid, random, optuna, nsga2, tpe, got 'tabu'"),
        ({"trials": 0}, "expected at least 1 trial, got 0"),
        ({"objectives": ["beauty"]}, "expected an objective of latency_ns, .*, got 'beauty'"),
    ],
)  # fmt: skip
def test_sweeps_that_are_refused(program, options, words) -> None:
    with pytest.raises(PumiceError, match=words):
        pumice.sweep(program, **{"devices": ["isaac"], **options})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("array.rows", "expected FIELD=VALUE,VALUE..., got 'array.rows'"),
        ("=1", "expected FIELD=VALUE,VALUE..., got '=1'"),
        ("a..b=1", "expected fields such as array.adc.bits, got"),
        ("a=1,,2", "expected a value between commas, got nothing"),
        ("a,b=1:2:3", "expected 2 values for a, b, got 3"),
    ],
)
def test_texts_that_are_no_setting(text, words) -> None:
    with pytest.raises(PumiceError, match=words.replace(".", r"\.")):
        parse_setting(text)


def test_values_of_texts() -> None:
    assert parse_setting("a.b=1,2.5,true,clip").values == ((1,), (2.5,), (True,), ("clip",))
    assert device_with(Device("isaac"), {"array.adc.mode": "full_scale"}).adc_mode == "full_scale"


def test_pareto_needs_figures(program) -> None:
    found = pumice.sweep(program, ["isaac"])
    with pytest.raises(PumiceError, match="expected figures of latency_ns, .*, got beauty"):
        found.pareto(["beauty"])


def test_the_command(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "import torch\ndef make():\n    torch.manual_seed(0)\n    return torch.nn.Linear(6, 3)\n"
    )
    x = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    np.save("x.npy", x)
    np.savez("d.npz", x=x, y=np.zeros(4, np.int64))
    command = ["sweep", "net.py:make", "-i", "x.npy", "-d", "isaac", "-d", "puma"]
    assert main([*command, "--set", "array.cell_bits=1,2", "--data", "d.npz", "--csv", "s.csv",
                 "--best", "best.mlir"]) == 0  # fmt: skip
    shown = capsys.readouterr()
    assert "4 points" in shown.out
    assert "costs did not follow: array.cell_bits" in shown.err.replace("\n", " ")
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 5
    assert Device("best.mlir").name in ("isaac", "puma")
    assert main([*command, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    for options, code, words in (
        (["--set", "array.rows"], 1, "expected FIELD=VALUE"),
        (["--objective", "latency_ns", "--plot", "p.svg"], 2, "expected two of --objective"),
        (["--data", "x.npy"], 1, "expected 'x.npy' to be an .npz file with arrays x and y"),
        (["--data", "none.npz"], 1, "cannot read 'none.npz'"),
        (["--set", "array.rows=0"], 1, "no point is possible: "),
    ):
        assert main([*command, *options]) == code
        assert words in capsys.readouterr().err.replace("\n", " ")
    np.savez("e.npz", x=x, y=np.zeros(3, np.int64))
    assert main([*command, "--data", "e.npz"]) == 1
    assert "expected as many targets as inputs in 'e.npz', got 3 and 4" in capsys.readouterr().err


def test_a_store_tells_other_weights_and_other_data_apart(program, tmp_path) -> None:
    """Equal structures with other weights, or data of the same size, are other points."""
    torch.manual_seed(5)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    other = pumice.compile(model, torch.randn(4, 2, 8, 8))
    x = torch.randn(16, 2, 8, 8)
    labels = torch.cat(
        [torch.as_tensor(program.run(part).outputs).argmax(1) for part in x.split(4)]
    )
    store = tmp_path / "s.jsonl"

    def metric(network, targets) -> float:
        found = pumice.sweep(network, ["ideal"], data=[(x, targets)], store=store)
        return found.records[0]["metric"]

    assert metric(program, labels) == 1.0
    assert metric(program, (labels + 1) % 5) == 0.0
    expected = torch.cat(
        [torch.as_tensor(other.run(part).outputs).argmax(1) for part in x.split(4)]
    )
    assert metric(other, labels) == (expected == labels).double().mean()


def test_networks_that_do_not_fit_are_scheduled_for_each_cost(program) -> None:
    few = Device("isaac").replace(levels={name: {"holds": 1} for name in ("chip", "tile", "ima")})
    found = pumice.sweep(program, [few], {"timing.row_write_ns": [1.0, 85.7, 5000.0]})
    for record in found.records:
        report = program.recompile(found.device(record)).estimate()
        assert report.schedule is not None
        assert record["latency_ns"] == report.latency_ns


def test_accuracy_is_computed_once_for_each_machine_program(program, monkeypatch) -> None:
    from pumice.exploration import evaluator

    calls = []

    def counted(*args, **kwargs):
        calls.append(args)
        return evaluate(*args, **kwargs)

    evaluate = evaluator.evaluate
    monkeypatch.setattr(evaluator, "evaluate", counted)
    data = [(torch.randn(4, 2, 8, 8), torch.zeros(4, dtype=torch.long))]
    fields = {"array.rows": [64, 128], "energy.adc_pj": [1, 2, 3]}
    assert len(pumice.sweep(program, ["isaac"], fields, data=data).records) == 6
    assert len(calls) == 2
