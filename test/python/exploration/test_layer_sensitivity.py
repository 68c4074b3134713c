# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sensitivity by layer: every number is that of the network built by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import pumice
from pumice import CompileOptions, Device, PumiceError
from pumice.cli import main
from pumice.exploration import changed_arrays
from pumice.frontend.quantizer import PumiceQuantizer


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.second = nn.Linear(40, 16), nn.Linear(16, 16)
        self.last = nn.Linear(16, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.second(torch.relu(self.first(x)))))


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return Net().eval()


@pytest.fixture(scope="module")
def data(model):
    """Labels are the answers of the float network."""
    torch.manual_seed(3)
    x = torch.randn(64, 40)
    with torch.no_grad():
        return [(x, model(x).argmax(1))]


CHANGE = {"array": {"adc": {"bits": 3}}}


def accuracy_of(program: pumice.Program, data) -> float:
    ((x, y),) = data
    return float((program.run(x).outputs.argmax(1) == y).double().mean())


def test_other_arrays_in_single_layers(model, data) -> None:
    program = pumice.compile(model, data[0][0], device="isaac")
    found = pumice.layer_sensitivity(program, data, change=CHANGE, greedy=True)
    assert found.change == "array.adc.bits=3"
    device = changed_arrays(Device("isaac"), CHANGE)
    assert [device.groups[name]["array"]["adc"]["bits"] for name in ("arrays", "changed")] == [8, 3]
    by_hand = {}
    for layer in ("first", "second", "last"):
        one = program.recompile(device, CompileOptions(targets={layer: "changed"}))
        assert one.estimate().utilisation["changed.array"].busy_ns > 0
        by_hand[layer] = accuracy_of(one, data)
    assert {effect.layer: effect.metric for effect in found.alone} == by_hand
    drops = [effect.drop for effect in found.alone]
    assert drops == sorted(drops, reverse=True)
    assert drops[0] > 0  # a network that takes 3 bits everywhere would test nothing
    assert found.unchanged == accuracy_of(program, data)
    targets = dict.fromkeys(by_hand, "changed")
    everywhere = program.recompile(device, CompileOptions(targets=targets))
    assert found.changed == accuracy_of(everywhere, data)
    # Greedily: the first step is the best one, the last is all layers.
    assert sorted(step.layer for step in found.greedily) == sorted(by_hand)
    assert found.greedily[0].metric == max(by_hand.values())
    assert found.greedily[-1].metric == found.changed
    assert found.greedily[0].drop == found.unchanged - found.greedily[0].metric


def test_narrow_weights_in_single_layers(model, data) -> None:
    found = pumice.layer_sensitivity(model, data, weight_bits=2, layers=["first", "last"])
    assert found.change == "weights of 2 bits"
    assert not found.greedily
    x = data[0][0]
    for effect in found.alone:
        quantizer = PumiceQuantizer(layer_bits={effect.layer: 2})
        quantized = pumice.quantize(model, [(x,)], quantizer=quantizer)
        program = pumice.compile(quantized, x, device="isaac")
        assert effect.metric == accuracy_of(program, data)
        arrays = {layer.name: layer for layer in program.estimate().layers}
        other = {"first": "last", "last": "first"}[effect.layer]
        cells = {
            name: layer.counters["cell_reads"] / layer.counters["wordline_drives"]
            for name, layer in arrays.items()
            if layer.conversions
        }
        outputs = {"first": 16, "last": 6}
        assert cells[effect.layer] == outputs[effect.layer]  # one cell for a weight, not four
        assert cells[other] == 4 * outputs[other]


def test_noise_and_calibrated_converters(model, data) -> None:
    noisy = pumice.layer_sensitivity(
        model, data, change={"array": {"analog": {"read_noise": 30.0}}}, layers=["first"]
    )
    assert noisy.alone[0].drop > 0
    found = pumice.layer_sensitivity(
        model, data, change={"array": {"adc": {"bits": 2}}}, device="neurosim-rram",
        layers=["last"],
    )  # fmt: skip
    assert found.alone[0].metric <= found.unchanged


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "expected a change of arrays or weight_bits, got both or neither"),
        ({"change": CHANGE, "weight_bits": 4}, "got both or neither"),
        ({"change": CHANGE, "layers": ["firts"]}, "expected layers on arrays: first, second, last"),
        ({"change": {"array": {"rows": 0}}}, "rows must be between 1 and 65536, got 0"),
    ],
)
def test_what_is_refused(model, data, options, words) -> None:
    with pytest.raises(PumiceError, match=words):
        pumice.layer_sensitivity(model, data, **options)


def test_programs_have_their_weights(model, data) -> None:
    program = pumice.compile(model, data[0][0])
    with pytest.raises(PumiceError, match="expected a float torch.nn.Module for weight_bits, got"):
        pumice.layer_sensitivity(program, data, weight_bits=4)
    with pytest.raises(ValueError, match="expected layer_bits of 'first' of 2 to 8, got 9"):
        PumiceQuantizer(layer_bits={"first": 9})


def test_the_command(tmp_path, monkeypatch, capsys, data) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "import torch\ndef make():\n    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(torch.nn.Linear(40, 6))\n"
    )
    ((x, y),) = data
    np.savez("d.npz", x=x.numpy(), y=y.numpy())
    np.save("c.npy", x.numpy()[:8])
    command = ["sensitivity", "net.py:make", "--data", "d.npz"]
    assert main([*command, "--set", "array.adc.bits=3", "--greedy", "--plot", "s.svg"]) == 0
    out = capsys.readouterr().out
    assert "array.adc.bits=3" in out
    assert "One layer after the other" in out
    assert "drop of the metric" in (tmp_path / "s.svg").read_text()
    assert main([*command, "--weight-bits", "3", "--layer", "0", "-c", "c.npy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["alone"][0]["layer"] == "0"
    for options, words in (
        ([], "expected --set or --weight-bits, got both or neither"),
        (["--set", "array.rows=64,128"], "expected one value for each field, got"),
    ):
        assert main([*command, *options]) == 2
        assert words in " ".join(capsys.readouterr().err.split())
