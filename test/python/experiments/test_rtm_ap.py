# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.experiments.rtm_ap and `pumice reproduce rtm-ap`, on a small network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

for name in ("torch", "torch_mlir", "torchao"):
    pytest.importorskip(name)
pytest.importorskip("pumice._mlir_libs._pumice")

from pumice import Device, PumiceError, zoo  # noqa: E402
from pumice.cli import main  # noqa: E402
from pumice.experiments import rtm_ap, store  # noqa: E402
from pumice.experiments.page import write_page  # noqa: E402
from pumice.experiments.rtm_ap import results, runner  # noqa: E402
from pumice.experiments.rtm_ap.constants import CONSTANTS  # noqa: E402
from pumice.experiments.sensitivity import Side, sensitivities  # noqa: E402
from pumice.experiments.ternary import make_ternary  # noqa: E402
from pumice.tables import plain_text  # noqa: E402

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reproduce.md"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A VGG-9 with an eighth of the channels, called `small`: results, and their file."""
    path = tmp_path_factory.mktemp("reproduce") / "out" / "r.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        network = results.Network(lambda: zoo.vgg9(divisor=8), 32)
        patch.setitem(results.NETWORKS, "small", network)
        patch.setitem(results.PAPER.energy_ratios, "small", 7.5)
        settings = rtm_ap.Settings(("small",), (0.5, 0.8), (4, 8), run=True, threads=1)
        told: list[str] = []
        found = rtm_ap.run(settings, path=path, advance=told.append)
        yield SimpleNamespace(results=found, path=path, told=told, settings=settings)


def test_points(small) -> None:
    points = small.results.points
    found = [(p.network, p.sparsity, p.activation_bits) for p in points]
    assert found == [("small", s, b) for s in (0.5, 0.8) for b in (4, 8)]
    for point in points:
        model = make_ternary(zoo.vgg9(divisor=8), point.sparsity)
        weights = [p for p in model.parameters() if p.dim() > 1]
        assert point.nonzeros == sum(int(w.count_nonzero()) for w in weights)
        assert point.unshared_additions == point.nonzeros
        assert point.bound <= point.additions < point.nonzeros
        assert point.processors.device == "rtm-ap"
        assert point.crossbars.device == point.int8.device == "neurosim-rram"
        assert point.passes > 0 < point.shifts
        for cost in (point.processors, point.unshared, point.crossbars, point.int8):
            assert sum(cost.components.values()) == pytest.approx(cost.energy_pj)
            assert sum(cost.shares.values()) == pytest.approx(1)
            assert min(cost.shares.values()) >= 0
        # Codes of -1, 0 and 1 take one cell of two bits, not four.
        assert point.crossbars.units < point.int8.units
        assert point.crossbars.energy_pj < point.int8.energy_pj


def test_more_zeros_and_fewer_bits_cost_less(small) -> None:
    cost = {(p.sparsity, p.activation_bits): p for p in small.results.points}
    for bits in (4, 8):
        assert cost[0.8, bits].nonzeros < cost[0.5, bits].nonzeros
        assert cost[0.8, bits].processors.energy_pj < cost[0.5, bits].processors.energy_pj
        # Crossbars gain nothing from zeros.
        assert cost[0.8, bits].crossbars.energy_pj == cost[0.5, bits].crossbars.energy_pj
    for sparsity in (0.5, 0.8):
        assert cost[sparsity, 4].nonzeros == cost[sparsity, 8].nonzeros
        assert cost[sparsity, 4].processors.energy_pj < cost[sparsity, 8].processors.energy_pj


def test_every_pass(small) -> None:
    run = small.results.runs["small"]
    point = small.results.point("small", 0.8, 4)
    assert run.exact
    assert run.latency_ns == point.processors.latency_ns
    assert run.energy_pj == pytest.approx(point.processors.energy_pj, rel=0.5)
    assert run.energy_pj != point.processors.energy_pj


def test_sensitivities(small) -> None:
    found = {item.constant: item for item in small.results.sensitivities["small"]}
    assert list(found) == [constant.name for constant in CONSTANTS]
    point = small.results.point("small", 0.8, 4)
    for item in found.values():
        energy = item.quantity == "energy"
        assert item.ratio == (point.energy_ratio if energy else point.latency_ratio)
        way = [item.removed, item.halved, item.ratio, item.doubled]
        if item.side == "processors":
            assert way == sorted(way, reverse=True)
        if item.side == "crossbars":
            assert way == sorted(way)
        assert set(item.factors) == ({"1", "7.5"} if energy else {"1"})
    assert found["ap.shift_pj_per_bit"].halved > found["ap.shift_pj_per_bit"].doubled
    # Some are all that there is: four sums of parts are the whole.
    shares = [found[f"ap.{event}_pj_per_bit"].share for event in ("search", "write", "shift")]
    assert sum(shares) < found["ap energies"].share < 1
    assert found["ap.shift_pj_per_bit"].share == pytest.approx(point.processors.shares["shifts"])


def test_factors_give_the_ratios_that_they_are_for(small, monkeypatch) -> None:
    bench = runner._Network("small", 0.8, 4, small.settings)
    ours, theirs = bench.processors, bench.crossbars
    devices = Device("rtm-ap"), Device("neurosim-rram")
    assert (
        ours.estimate(devices[0], recompile=False).to_dict()["energy_pj"]
        == (ours.estimate().to_dict()["energy_pj"])
    )
    checked = 0
    for item, constant in zip(small.results.sensitivities["small"], CONSTANTS, strict=True):
        for target, factor in item.factors.items():
            if not factor:
                continue
            reports = [
                program.estimate(constant.scaled(device, factor), recompile=False)
                if constant.side in (side, "both")
                else program.estimate()
                for program, device, side in zip(
                    (ours, theirs), devices, ("processors", "crossbars"), strict=True
                )
            ]
            costs = [r.energy_pj if item.quantity == "energy" else r.latency_ns for r in reports]
            tolerance = 1e-6 if item.quantity == "energy" else 1e-2
            assert costs[1] / costs[0] == pytest.approx(float(target), rel=tolerance)
            checked += 1
    assert checked >= 5


def test_a_changed_device_is_that_of_a_new_compilation(small) -> None:
    """Of crossbars, whose mapping does not depend on energies and times."""
    device = Device("neurosim-rram")
    bench = runner._Network("small", 0.8, 4, small.settings)
    for constant in CONSTANTS:
        if constant.side != "processors":
            changed = constant.scaled(device, 3)
            again = bench.compile(changed).estimate()
            report = bench.crossbars.estimate(changed, recompile=False)
            assert report.to_dict()["energy_pj"] == again.to_dict()["energy_pj"]
            assert report.latency_ns == again.latency_ns
            mapped = bench.crossbars.estimate(changed)
            assert mapped.to_dict()["energy_pj"] == again.to_dict()["energy_pj"]


def test_constants_are_those_of_the_device_file() -> None:
    device = Device("rtm-ap")
    named = {constant.name: constant for constant in CONSTANTS}
    shift = named["ap.shift_pj_per_bit"]
    assert shift.value(device) == device.processors["ap"]["shift_pj_per_bit"]
    assert shift.value(shift.scaled(device, 2)) == 2 * shift.value(device)
    assert named["digital cycle"].value(device) is None
    slower = named["digital cycle"].scaled(device, 4)
    assert slower.digital["clock_ghz"] == device.digital["clock_ghz"] / 4
    ops = named["digital energies"].scaled(device, 2).digital["ops"]
    before = device.digital["ops"]
    assert [op["energy_pj"] for op in ops] == [2 * op["energy_pj"] for op in before]
    # Every energy and time of the device is one of them.
    numbers = {path for c in CONSTANTS for path in c.paths}
    for field in device.processors["ap"]:
        if "_pj_" in field or field.endswith("_ns"):
            assert ("ap", field) in numbers


def keywords(device):
    """Fields by the keywords that `Device.replace` takes."""
    fields = device.fields
    for group in fields["groups"]:
        fields |= {key: value for key, value in group.items() if isinstance(value, dict)}
        fields[group["name"]] = group
    return fields


def estimate_like(energy, time):
    """An estimate that is a formula of the device's fields."""

    def estimate(device):
        return SimpleNamespace(
            energy_pj=energy(keywords(device)), latency_ns=time(keywords(device))
        )

    return estimate


def test_the_map_is_what_changed_devices_give(small) -> None:
    """Energies of searches, writes and shifts, chosen freely, and each baseline."""
    chart = small.results.maps["small"]
    point = small.results.point("small", 0.8, 4)
    assert chart.energy_pj == pytest.approx(point.processors.energy_pj)
    bench = runner._Network("small", 0.8, 4, small.settings)
    prices = {"search_pj_per_bit": 0.0, "search_pj_per_row": 0.02}
    device = Device("rtm-ap").replace(
        ap={**prices, "write_pj_per_bit": 0.3, "shift_pj_per_bit": 0.04}
    )
    changed = bench.processors.estimate(device, recompile=False).energy_pj
    assert chart.events.energy_pj(0.02, 0.3, 0.04) == pytest.approx(changed)
    assert [item.name for item in chart.baselines] == [name for name, _, _ in rtm_ap.BASELINES]
    by_name = {item.name: item for item in chart.baselines}
    assert by_name["ternary"].energy_pj == pytest.approx(point.crossbars.energy_pj)
    assert by_name["8-bit weights"].energy_pj == pytest.approx(point.int8.energy_pj)
    for item in chart.baselines:
        assert chart.ratio(item) == pytest.approx(item.energy_pj / chart.energy_pj)
        needed = chart.search_for(item, 7.5, 0.001, 0.0)
        there = chart.events.energy_pj(needed, 0.001, 0.0)
        assert item.energy_pj / there == pytest.approx(7.5)
        assert chart.implied_pj(item, 7.5) * 7.5 == pytest.approx(chart.implied_pj(item, 1))


def test_the_map_is_plotted(small, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    rtm_ap.plot(small.results, tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text()
    assert "search of a row, fJ" in text
    assert "ternary: 7.5" in text
    with pytest.raises(PumiceError, match="expected results with a map to plot, got none"):
        rtm_ap.plot(rtm_ap.Results(small.settings), tmp_path / "none.svg")


def test_break_even_by_hand() -> None:
    """100 shifts and 50 pJ of digital work against 20 pJ of cells and the same digital work."""
    ours = Device("rtm-ap").replace(ap={"shift_pj_per_bit": 0.5, "search_ns": 4.0})
    theirs = Device("neurosim-rram").replace(energy={"cell_read_pj": 0.02})

    def digital(fields):
        return 50 / 0.26524 * fields["digital"]["ops"][0]["energy_pj"]

    found = sensitivities(
        Side("processors", ours, estimate_like(
            lambda f: 100 * f["ap"]["shift_pj_per_bit"] + digital(f),
            lambda f: 10 * f["ap"]["search_ns"] + 5,
        )),
        Side("crossbars", theirs, estimate_like(
            lambda f: 1000 * f["energy"]["cell_read_pj"] + digital(f),
            lambda f: 20 / f["digital"]["clock_ghz"],
        )),
        CONSTANTS,
        [1, 7.5],
    )  # fmt: skip
    by_name = {item.constant: item for item in found}
    shift = by_name["ap.shift_pj_per_bit"]
    assert (shift.ratio, shift.share) == (pytest.approx(0.7), pytest.approx(0.5))
    assert shift.halved == pytest.approx(70 / 75)
    assert shift.doubled == pytest.approx(70 / 150)
    assert shift.removed == pytest.approx(70 / 50)
    assert shift.factors == {"1": pytest.approx(0.4), "7.5": None}
    cells = by_name["energy.cell_read_pj"]
    assert cells.factors == {"1": pytest.approx(2.5), "7.5": pytest.approx(35)}
    both = by_name["digital energies"]  # tends to a ratio of 1, from below
    assert both.doubled == pytest.approx(120 / 150)
    assert both.factors == {"1": None, "7.5": None}
    search = by_name["ap.search_ns"]
    assert search.ratio == pytest.approx(20 / 45)
    assert search.factors["1"] == pytest.approx(15 / 40, rel=2e-3)
    cycle = by_name["digital cycle"]
    assert cycle.factors["1"] == pytest.approx(45 / 20, rel=2e-3)
    assert by_name["ap.write_ns"].factors["1"] is None


def test_json(small) -> None:
    found = json.loads(json.dumps(small.results.to_dict()))
    assert set(found) == {"paper", "pumice", "weights", "settings", "points", "small"}
    assert found["weights"] == "random ternary"
    assert found["paper"]["energy_ratios"]["resnet18"] == 7.5
    network = found["small"]
    point = small.results.point("small", 0.8, 4)
    assert (network["sparsity"], network["activation_bits"]) == (0.8, 4)
    ours = point.processors
    assert network["energy_ratio_over_crossbar"] == point.crossbars.energy_pj / ours.energy_pj
    assert network["latency_ratio_over_crossbar"] == point.crossbars.latency_ns / ours.latency_ns
    assert network["energy_ratio_over_int8_crossbar"] == point.int8.energy_pj / ours.energy_pj
    wide = small.results.point("small", 0.8, 8).int8.energy_pj / ours.energy_pj
    assert network["energy_ratio_over_int8_8_bit_crossbar"] == wide
    assert network["paper_energy_ratio"] == 7.5
    met = network["energy_ratio_over_crossbar"] >= 7.5
    assert network["paper_energy_ratio_met"] is met
    missed = 7.5 / network["energy_ratio_over_crossbar"]
    assert network["paper_energy_ratio_missed_by"] == missed
    assert network["run"]["exact"] is True
    assert len(network["sensitivity"]) == len(CONSTANTS)
    assert len(found["points"]) == 4
    assert found["points"][0]["processors"]["shares"]["shifts"] > 0
    # Each key of a network and of a point is explained.
    page = PAGE.read_text()
    for key in {*network, *network["sensitivity"][0], *network["run"], *found["points"][0]}:
        assert f"`{key}`" in page, key


def test_tables(small) -> None:
    text = plain_text(rtm_ap.tables(small.results)[1])
    assert re.search(
        r"^small +0\.8 +4 +[\d.]+ .J +[\d.]+ .J +[\d.]+ .J +[\d.]+ .J +0\.", text, re.M
    )
    titles = [table.title for table in rtm_ap.tables(small.results)]
    assert len(titles) == 8
    assert titles[4] == "small, sparsity 0.8, 4 bits: events on processors"
    assert titles[5] == "small: what it would take, by baseline"
    assert titles[-1].startswith("small, sparsity 0.8, 4 bits: ratio of latency")
    for table in rtm_ap.tables(small.results):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(len(line) <= 110 for line in plain_text(table).splitlines())
    (sentence,) = rtm_ap.summary(small.results)
    assert "The paper's 7.5 in energy is missed by a factor of" in sentence
    assert "the outputs are those of the device 'ideal'" in sentence


def test_markdown(small, tmp_path) -> None:
    page = tmp_path / "page.md"
    lines = (
        "# A\n<!-- pumice reproduce rtm-ap writes from here -->\n"
        + "yesterday\n<!-- to here -->\nend\n"
    )
    page.write_text(lines)
    for _ in range(2):
        rtm_ap.write_markdown(small.results, page)
        text = page.read_text()
        assert text.startswith("# A\n")
        assert text.endswith("<!-- to here -->\nend\n")
        assert "yesterday" not in text
        assert text.count("| network | sparsity | bits | rtm-ap |") == 2
    with pytest.raises(PumiceError, match="expected the lines .* got none"):
        write_page(page, "neon", [], [])
    with pytest.raises(PumiceError, match=r"cannot read '.*no\.md'"):
        rtm_ap.write_markdown(small.results, tmp_path / "no.md")


def test_progress(small) -> None:
    parts = [text for text in small.told if text]
    assert len(parts) == rtm_ap.count(small.settings)
    assert parts[0] == "small, 8-bit weights, 4 bits"
    assert "small, every pass" in parts


def test_what_is_known_is_not_computed_again(small, monkeypatch) -> None:
    before = small.path.read_text()

    def fail(bench, device, **options):
        raise AssertionError

    monkeypatch.setattr(runner._Network, "compile", fail)
    again = rtm_ap.run(small.settings, path=small.path)
    assert again.to_dict() == small.results.to_dict()
    assert small.path.read_text() == before


def test_store(tmp_path) -> None:
    path = tmp_path / "r.jsonl"
    assert store.Store(path).get({"a": 1}, lambda: [1]) == [1]
    path.write_text(path.read_text() + '{"setting": {"a"')  # an interruption
    again = store.Store(path)
    assert again.get({"a": 1}, lambda: [2]) == [1]
    assert again.get({"a": 2}, lambda: [3]) == [3]
    assert len(path.read_text().splitlines()) == 2
    path.write_text("{}\n")
    with pytest.raises(
        PumiceError,
        match="expected stored results of this experiment in .*got something else in line 1",
    ):
        store.Store(path)
    with pytest.raises(PumiceError, match="cannot keep results in"):
        store.Store(tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"networks": ()}, "expected at least one network, got none"),
        ({"networks": ("alexnet",)}, "expected a network of vgg9, vgg11, resnet18.* got 'alexnet'"),
        ({"sparsities": (1.0,)}, "expected a sparsity of at least 0 and below 1, got 1"),
        ({"sparsities": (float("nan"),)}, "expected a sparsity .* got nan"),
        ({"activation_bits": (9,)}, "expected widths of activations from 2 to 8, got 9"),
        ({"threads": 0}, "expected at least 1 thread, got 0"),
    ],
)
def test_bad_settings(fields, message) -> None:
    with pytest.raises(PumiceError, match=message):
        rtm_ap.Settings(**fields)


def test_headline() -> None:
    assert rtm_ap.Settings().headline == (0.8, 4)
    assert rtm_ap.Settings(sparsities=(0.9, 0.85), activation_bits=(8, 5)).headline == (0.85, 5)


def test_make_ternary() -> None:
    import torch

    model = make_ternary(zoo.vgg9(divisor=8), 0.7, seed=3)
    weight = model.features[0].weight
    assert len(weight.unique()) == 3
    assert not model.training
    linear = model.classifier[0].weight
    assert (linear == 0).float().mean() == pytest.approx(0.7, abs=0.02)
    assert torch.equal(weight, make_ternary(zoo.vgg9(divisor=8), 0.7, 3).features[0].weight)
    with pytest.raises(PumiceError, match="expected a sparsity of at least 0 and below 1, got 1"):
        make_ternary(model, 1)


def test_command(small, tmp_path, monkeypatch, capsys) -> None:
    common = ["reproduce", "rtm-ap", "-n", "small", "-s", "0.5", "0.8", "-b", "4", "8", "--run"]
    folder = small.path.parent
    small.path.rename(folder / "rtm-ap.jsonl")
    monkeypatch.setattr(runner._Network, "compile", None)  # all is known
    page, file = tmp_path / "page.md", tmp_path / "r.json"
    page.write_text("<!-- pumice reproduce rtm-ap writes from here -->\n<!-- to here -->\n")
    options = ["--json", str(file), "--markdown", str(page), "--out", str(folder)]
    assert main([*common, *options]) == 0
    printed = capsys.readouterr()
    assert "Energy of an inference" in printed.out
    assert "missed by a factor" in printed.out
    assert "wrote" in printed.err
    assert json.loads(file.read_text()) == json.loads(json.dumps(small.results.to_dict()))
    assert "| small | 0.8 | 4 |" in page.read_text()
    assert main([*common, "--out", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["small"]["sparsity"] == 0.8


def test_quick(monkeypatch, capsys) -> None:
    asked = []
    monkeypatch.setattr(rtm_ap, "run", lambda settings, **_: asked.append(settings) or 1 / 0)
    for options in (["--quick"], ["--quick", "-n", "resnet18", "resnet18", "--threads", "1"], []):
        with pytest.raises(ZeroDivisionError):
            main(["reproduce", "rtm-ap", *options])
    assert asked == [
        rtm_ap.Settings(("vgg9",), (0.8,), (4,)),
        rtm_ap.Settings(("resnet18",), (0.8,), (4,), threads=1),
        rtm_ap.Settings(),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-n", "alexnet"], "error: expected a network of vgg9, vgg11, resnet18.* got 'alexnet'"),
        (["-s", "0.8", "1.5"], "error: expected a sparsity of at least 0 and below 1, got 1.5"),
        (["-b", "1"], "error: expected widths of activations from 2 to 8, got 1"),
    ],
)
def test_usage(options, message, capsys) -> None:
    assert main(["reproduce", "rtm-ap", *options]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_page() -> None:
    """A row of the page, computed again."""
    text = PAGE.read_text()
    settings = rtm_ap.Settings(("vgg9",), (0.9,), (4,))
    bench = runner._Network("vgg9", 0.9, 4, settings)
    int8 = results.Cost(**runner._Network("vgg9", None, 4, settings).int8())
    found = rtm_ap.Results(settings, [runner._point(bench.point(), int8)])
    for table in rtm_ap.tables(found)[:4]:
        for row in table.rows:
            assert f"| {' | '.join(row)} |" in text
