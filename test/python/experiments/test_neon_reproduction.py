# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.experiments.neon and `pumice reproduce neon`: networks, costs by hand, tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

for name in ("torch", "pumice._mlir_libs._pumice"):
    pytest.importorskip(name)

import torch  # noqa: E402

from pumice import Device, PumiceError  # noqa: E402
from pumice.cli import main  # noqa: E402
from pumice.experiments import neon  # noqa: E402
from pumice.experiments.neon.costs import Matrix  # noqa: E402
from pumice.experiments.neon.hardware import OURS, PAPER, Hardware, NetShape  # noqa: E402
from pumice.experiments.neon.networks import NETWORKS  # noqa: E402
from pumice.experiments.neon.systems import CONFIGURATIONS, System  # noqa: E402
from pumice.experiments.neon.table3 import NETS  # noqa: E402
from pumice.experiments.neon.trace import Step, trace  # noqa: E402

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reproduce.md"
SHAPES = {name: NetShape(4, 2, 16) for name in ("exp", "reciprocal", "sqrt", "rsqrt")}


@pytest.fixture(scope="module")
def hardware():
    return Hardware()


@pytest.fixture(scope="module")
def capsnet():
    return trace("capsnet")


@pytest.fixture(scope="module")
def results():
    return neon.run(neon.Settings(("capsnet", "transformer"), whole=False))


PARAMETERS = {"vgg16": 138357544, "gru": 594432, "transformer": 63082496, "capsnet": 6804224}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_have_the_published_parameters(name) -> None:
    with torch.device("meta"):
        model = NETWORKS[name].build()
    if name == "gru":
        model = model.cells  # the paper counts no head
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[name]


def test_the_capsule_network_computes_like_that_of_the_zoo() -> None:
    """With the softmax over classes, as there."""
    from pumice import zoo
    from pumice.experiments.neon.networks import Function, capsnet

    theirs, ours = zoo.capsnet(), capsnet().eval()
    ours.conv, ours.primary = theirs.conv, theirs.primary
    ours.votes.weight = theirs.weight

    class Classes(Function):
        def forward(self, x):
            return torch.softmax(x, 1)

    ours.softmaxes = torch.nn.ModuleList(Classes() for _ in range(3))
    x = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(ours(x).norm(dim=-1), theirs(x), atol=1e-4)


def test_steps_are_those_of_the_models(capsnet) -> None:
    found = {step.name: step for step in capsnet}
    assert found["conv"].vectors == 20 * 20
    assert (found["primary"].rows, found["primary"].columns) == (9 * 9 * 256, 256)
    assert (found["primary_squash"].vectors, found["primary_squash"].sites) == (1152, 32)
    assert (found["votes"].rows, found["votes"].columns, found["votes"].groups) == (8, 160, 1152)
    softmax = found["softmaxes.0"]
    assert (softmax.kind, softmax.vectors, softmax.size, softmax.sites) == ("softmax", 10, 1152, 10)
    assert found["sums.0"].macs == found["agreements.0"].macs == 1152 * 10 * 16
    steps = trace("transformer")
    kinds = [step.kind for step in steps]
    assert kinds.count("softmax") == 18
    assert kinds.count("sqrt") == 30
    assert all(s.vectors == 8 * 64 and s.sites == 8 for s in steps if s.kind == "softmax")
    assert sum(s.waits for s in steps) == 12  # keys of 12 self-attentions
    with torch.device("meta"):
        weights = [p for p in NETWORKS["transformer"].build().parameters() if p.dim() == 2]
    matrices = [s for s in steps if s.kind == "matrix"]
    assert sum(s.rows * s.columns for s in matrices) == sum(w.numel() for w in weights)
    assert all(s.macs == 64 * s.rows * s.columns for s in matrices)


def test_constants_are_those_of_the_device_files(hardware) -> None:
    units = hardware.units
    assert (units.exp_mw, units.exp_um2) == (7.424, 5017)  # Table IV
    assert (units.div_mw, units.div_um2) == (26.88, 23869)
    assert units.exp_pj == pytest.approx(7.424 * units.exp_ns)
    assert units.div_pj == pytest.approx(26.88 * units.div_ns)
    energy = Device("neon").crossbars["energy"]
    conversion = sum(energy[f"{k}_pj"] for k in ("adc", "sample_hold", "shift_add", "cell_read"))
    assert units.lut_pj == pytest.approx(8 * conversion + energy["dac_pj"])
    assert units.lut_arrays * 128 * 128 * 2 == 128 * 1024 * 8  # 128 KiB
    assert hardware.units_of(PAPER).exp_ns == 800
    assert hardware.units_of(OURS) == units


def test_costs_of_matrices_are_the_machine_s(hardware) -> None:
    """By docs/devices.md, anew."""
    energy = Device("neon").crossbars["energy"]
    for rows, columns in [(128, 16), (27, 64), (1152, 256)]:
        cost = hardware.cost(Matrix(rows, columns))
        tiles = -(-rows // 128)
        assert cost.arrays == tiles * -(-columns // 16)
        assert cost.conversions == 16 * tiles * columns * 8
        assert cost.latency_ns == 1600
        each = energy["adc_pj"] + energy["sample_hold_pj"] + energy["shift_add_pj"]
        cells = 16 * rows * columns * 8 * energy["cell_read_pj"]
        lines = 16 * rows * -(-columns // 16) * energy["dac_pj"]
        assert cost.array_pj == pytest.approx(cost.conversions * each + cells + lines)
    net = NetShape(4, 2, 16)
    conversions = 16 * 4 + 16 * 8
    least = conversions * each
    assert least < hardware.net_pj(net) < 1.5 * least
    assert hardware.net_arrays(net, 64) == 2 + 4
    assert hardware.net_arrays(net, 65) == 3 + 5


def test_times_by_hand(hardware) -> None:
    """One softmax-64 of 8 heads and 64 tokens after a layer."""
    layer = Step("layer", "matrix", 64, 512, 512, macs=64 * 512 * 512)
    softmax = Step("softmax", "softmax", 512, size=64, sites=8)
    paper = System(hardware, PAPER, SHAPES)
    # EXP, sum and DIV of the first vector, then a vector in two rounds of 800 ns.
    fill = 1600 + 1600 + 1600 + 1600
    assert paper.cost([layer, softmax], "dlc").latency_ns == fill + 511 * 1600
    # Two nets of two products each; 64 tokens, a net per head.
    assert paper.cost([layer, softmax], "neon").latency_ns == 1600 + 4 * 1600 + 63 * 1600
    ours = System(hardware, OURS, SHAPES)
    assert ours.cost([layer, softmax], "dlc").latency_ns == 64 * 1600 + 16 + 6 + 16 + 511 * 16
    waiting = replace(softmax, waits=True)
    assert paper.cost([layer, waiting], "dlc").latency_ns == 64 * 1600 + 4800 + 511 * 1600
    # Exponentials and quotients of each element; max, differences and sums in all.
    shared = 3 * 64 * 1.71
    assert ours.cost([softmax], "dlc").function_pj == pytest.approx(
        512 * (64 * (59.392 + 215.04) + shared)
    )
    net = hardware.net_pj(SHAPES["exp"])
    assert ours.cost([softmax], "neon").function_pj == pytest.approx(
        512 * (65 * net + shared + 64 * 1.71)
    )
    divided = System(hardware, OURS, SHAPES, one_division=True).cost([softmax], "dlc")
    assert divided.function_pj == pytest.approx(512 * (64 * (59.392 + 1.71) + 215.04 + shared))


def test_equal_area_is_equal(hardware, capsnet) -> None:
    ours = System(hardware, OURS, SHAPES)
    areas = {name: ours.cost(capsnet, name).function_area_mm2 for name in CONFIGURATIONS}
    assert areas["neon"] <= areas["dlc"]
    assert areas["neon"] == pytest.approx(areas["dlc"], rel=0.01)
    assert areas["lut"] == pytest.approx(areas["dlc"], rel=0.05)


def test_table_3(results) -> None:
    table = results.table3()
    assert table["arrays_exact"] == table["power_exact"] == len(NETS) == 7
    # Areas follow the rounded area of a bank's subarrays; Table IV's 13120 um2 gives two others.
    assert table["area_exact"] == 7
    assert table["exact"] == 1
    assert table["area_exact_by_table4"] == 5
    assert table["largest_area_difference_mm2"] < 0.02
    assert table["errors_met"] == 7
    for net in table["nets"]:
        assert net["mse"] <= net["paper"]["target"]
        assert net["nmse"] < 1e-3
        assert net["hidden"] <= 16


def test_results(results) -> None:
    found = json.loads(json.dumps(results.to_dict(), allow_nan=False))
    ours, paper = found["ours"], found["paper_assumptions"]
    assert set(ours["networks"]) == {"capsnet", "transformer"}
    assert ours["geomean"]["energy_over_dlc"] <= 1.25
    assert 1 < ours["operations"]["energy_over_dlc"] <= 2
    assert ours["operations"]["energy_over_dlc_with_one_division"] > 2
    assert ours["geomean"]["speedup_over_dlc"] < 1
    assert paper["geomean"]["speedup_over_dlc"] > 2.28
    assert paper["geomean"]["speedup_over_lut"] > 1.4
    networks = ours["networks"].values()
    ratios = [n["neon"]["energy_pj"] / n["dlc"]["energy_pj"] for n in networks]
    assert ours["geomean"]["energy_over_dlc"] == pytest.approx((ratios[0] * ratios[1]) ** 0.5)
    for cost in (c for n in networks for c in n.values()):
        assert 0 < cost["function_pj"] < cost["energy_pj"]
        assert cost["function_area_mm2"] < cost["area_mm2"] < cost["paper_area_mm2"]


def test_sensitivities_have_the_right_direction(results) -> None:
    items = {(item.setting, item.constant): item for item in results.sensitivities}
    for setting in ("ours", "paper_assumptions"):
        speed = items[setting, "EXP latency, ns"]
        key = "speedup over DLC"
        assert speed.removed[key] <= speed.halved[key] <= speed.base[key] <= speed.doubled[key]
        conversion = items[setting, "conversion, pJ"]
        key = "energy over DLC, functions"
        assert conversion.removed[key] < conversion.halved[key] < conversion.base[key]
        assert conversion.base[key] < conversion.doubled[key]
        power = items[setting, "DIV power, mW"]
        assert power.halved[key] > power.base[key] > power.doubled[key]


def test_curves_cross(results) -> None:
    """Energy per operation grows with the latency of units of the same power."""
    for curve in results.curves:
        assert curve.energies == sorted(curve.energies, reverse=True)
        assert curve.energies[0] > 1 > curve.energies[-1]
        assert curve.speedups == sorted(curve.speedups)


def test_plot(results, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    neon.plot(results, tmp_path / "p.svg")
    assert "latency of an EXP or DIV unit" in (tmp_path / "p.svg").read_text()


def test_command(capsys, tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- pumice reproduce neon writes from here -->\n<!-- to here -->\nb\n")
    out = tmp_path / "r.json"
    main(["reproduce", "neon", "--quick", "--json", str(out), "--markdown", str(page)])
    printed = capsys.readouterr().out
    assert "Table III: 7 of 7 array counts, 7 powers and 7 areas are exact, areas with" in printed
    assert "With Table IV's area of one, 5 are, and the largest difference is 0.014 mm2." in printed
    assert json.loads(out.read_text())["settings"]["networks"] == ["capsnet"]
    text = page.read_text()
    assert text.startswith("a\n")
    assert text.endswith("b\n")
    assert "| softmax-2048 | 2048-128-128-2048 | 264 | 264 | 6357.12 | 6357.12 |" in text
    assert main(["reproduce", "neon", "-n", "bert"]) == 2
    assert "expected a network of vgg16, gru" in capsys.readouterr().err


def test_settings_refuse_impossible_values() -> None:
    for options, text in [
        ({"networks": ()}, "expected at least one network, got none"),
        ({"networks": ("bert",)}, "expected a network of vgg16, gru, .* got 'bert'"),
        ({"bits": 4}, "expected nets of 8 to 16 bits, got 4"),
    ]:
        with pytest.raises(PumiceError, match=text):
            neon.Settings(**options)


def test_the_page_has_the_tables_of_this_version() -> None:
    """Its head line: what a run prints does not depend on the machine but for seconds."""
    text = PAGE.read_text()
    assert "<!-- pumice reproduce neon writes from here -->" in text
    assert "Table III: 7 of 7 array counts" in text
