# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models without weights: estimates as with weights, in little memory, and nothing else."""

from __future__ import annotations

import json
import mmap

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import pumice
from pumice import CompileError, Device, PumiceError
from pumice.cli import main
from pumice.frontend import FrontendError, absent, quantize
from pumice.frontend.absent import has_absent_weights, is_absent, with_zeros, zeros

X = torch.zeros(1, 3, 12, 12)


class Tied(nn.Module):
    """A large matrix that serves twice, batch norms, and a table of words."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.large = nn.Linear(1152, 300, bias=False)
        self.back = nn.Linear(300, 1152)
        self.last = nn.Linear(1152, 300, bias=False)
        self.last.weight = self.large.weight

    def forward(self, x):
        x = self.norm(self.first(x)).relu().flatten(1)
        return self.last(self.back(self.large(x).relu()).relu())


def on_meta() -> nn.Module:
    with torch.device("meta"):
        return Tied().eval()


@pytest.fixture(scope="module")
def program() -> pumice.Program:
    return pumice.compile(on_meta(), X, device="isaac")


def test_zeros_take_no_memory() -> None:
    before = _resident_kib()
    value = zeros((1 << 16, 1 << 14), torch.float32)  # 4 GiB
    assert is_absent(value)
    assert is_absent(value[5:])
    assert not is_absent(torch.zeros(3))
    assert value[-1, -1] == 0
    assert _resident_kib() - before < 1 << 20


def _resident_kib() -> int:
    try:
        with open("/proc/self/status") as file:
            return int(file.read().split("VmRSS:")[1].split()[0])
    except OSError:
        pytest.skip("needs /proc")


def test_an_estimate_is_that_of_a_model_with_weights(program) -> None:
    torch.manual_seed(0)
    full = pumice.compile(Tied().eval(), torch.randn(1, 3, 12, 12), device="isaac")
    assert program.costs_only
    assert not full.costs_only
    expected, found = full.estimate().to_dict(), program.estimate().to_dict()
    for data in (expected, found):
        data.pop("timings_s")
    assert json.dumps(found) == json.dumps(expected)


def test_assumed_ranges_need_no_run() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    assumed = pumice.compile(model, torch.zeros(1, 6), calibrate=False)
    measured = pumice.compile(model, torch.randn(1, 6))
    assert assumed.costs_only
    assert assumed.estimate().dynamic_energy_pj == measured.estimate().dynamic_energy_pj
    assert assumed.recompile("puma").costs_only


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p, path: p.run(X), "to run, got one for estimates only"),
        (lambda p, path: p.calibrate([X]), "to calibrate, got one"),
        (lambda p, path: p.observe([X]), "to observe, got one"),
        (lambda p, path: p.compare(X), "to compare, got one"),
        (lambda p, path: p.save(path), "to save, got one"),
        (lambda p, path: p.ir(elide=False), "to print with its constants, got one"),
    ],
)
def test_what_needs_values_is_refused(program, tmp_path, call, words) -> None:
    with pytest.raises(
        PumiceError, match=f"expected a program with weights and calibration {words}"
    ):
        call(program, tmp_path / "p.mlirbc")


@pytest.mark.parametrize(
    ("device", "options", "words"),
    [
        ("rtm-ap", {}, "costs depend on programs of the associative processors in group"),
        ("aras", {}, r"costs depend on levels of cells in group 'arrays' \("),
        ("isaac", {"nonlinear": "lut"}, "costs depend on the domains of nets and tables"),
        ("isaac", {"reencode": True}, "costs depend on levels of cells that are re-encoded"),
    ],
)
def test_costs_that_depend_on_weights_are_refused(program, device, options, words) -> None:
    reason = f"expected weights and calibration on device '{device}': {words}"
    with pytest.raises(CompileError, match=reason):
        program.recompile(device, options)
    with pytest.raises(CompileError, match=words):
        pumice.compile(on_meta(), X, device=device, options=options)


def test_cells_that_keep_their_level_are_refused(program) -> None:
    device = Device("isaac").replace(pulse_unchanged_cells=False)
    with pytest.raises(CompileError, match=r"in group 'arrays' \(pulse_unchanged_cells\)"):
        program.recompile(device)


def test_models_that_stay_float_are_refused() -> None:
    with pytest.raises(CompileError, match="expected a float torch.nn.Module to quantize for est"):
        pumice.compile(on_meta(), X, quantize=False)
    with pytest.raises(
        FrontendError, match="expected weights to quantize, got Tied on the meta"
    ) as e:
        quantize(on_meta(), [X])
    assert "on the meta device: pumice.compile takes it, for estimates" in str(e.value)
    with pytest.raises(
        CompileError, match="weight_bits=4 and activation_bits=8 with one that is not"
    ):
        pumice.compile(Tied().eval(), X, quantize=False, weight_bits=4)


def test_a_copy_has_its_ties_and_its_names() -> None:
    model = on_meta()
    twin = with_zeros(model)
    assert has_absent_weights(model)
    assert not has_absent_weights(twin)
    assert twin.last.weight is twin.large.weight
    assert is_absent(twin.large.weight)
    assert not is_absent(twin.first.weight)  # small
    assert bool((twin.norm.running_var > 0).all())
    assert twin.state_dict().keys() == model.state_dict().keys()


def test_a_tensor_beyond_all_addresses_is_refused() -> None:
    with pytest.raises(FrontendError, match="no room for a tensor of "):
        zeros((1 << 58,), torch.float32)


def test_a_configuration_without_a_model_is_refused() -> None:
    transformers = pytest.importorskip("transformers")
    with pytest.raises(FrontendError, match="transformers has no model for "):
        pumice.compile(transformers.PretrainedConfig(), X)


def test_a_sweep_needs_no_weights(program) -> None:
    found = pumice.sweep(program, ["isaac", "aras"], {"array.rows": [64, 128]})
    assert ["error" in r for r in found.records] == [False] * 2 + [True] * 2
    with pytest.raises(
        PumiceError, match="expected programs with weights and calibration for data"
    ):
        pumice.sweep(program, ["isaac"], data=[(X, torch.zeros(1))])
    with pytest.raises(PumiceError, match="expected programs with weights for several processes"):
        pumice.sweep(program, ["isaac"], workers=2)


def test_a_configuration_is_a_model(tmp_path, capsys) -> None:
    pytest.importorskip("transformers")
    path = tmp_path / "config.json"
    sizes = {"n_layer": 1, "n_embd": 32, "n_head": 2, "vocab_size": 60, "n_positions": 16}
    ids = {"bos_token_id": 1, "eos_token_id": 1}
    path.write_text(
        json.dumps({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], **sizes, **ids})
    )
    shape = ["--shape", "input_ids=1x8:int64"]
    assert main(["estimate", str(path), *shape, "-d", "isaac", "--json"]) == 0
    found = capsys.readouterr()
    assert "ranges of activations are assumed" in found.err
    import transformers

    words = {"input_ids": torch.zeros(1, 8, dtype=torch.int64)}
    program = pumice.compile(
        transformers.GPT2Config(**sizes, **ids), example_kwargs=words, device="isaac"
    )
    base = json.loads(found.out)  # GPT2LMHeadModel, which has a product more
    assert base["counters"]["macs"] == program.estimate().counters["macs"]
    assert main(["run", str(path), *shape]) != 0
    words = "without: `pumice estimate` and `pumice sweep` need none"
    assert words in " ".join(capsys.readouterr().err.split())
    path.write_text("{}")
    assert main(["estimate", str(path), *shape]) != 0
    assert "expected a configuration of transformers in" in capsys.readouterr().err


def test_the_command_without_weights(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\ndef make():\n    return nn.Linear(300, 400).eval()\n"
    )
    np.save("x.npy", np.random.default_rng(0).normal(size=(1, 300)).astype("float32"))
    reports = []
    for options in (["--no-weights"], [], ["-i", "x.npy"]):
        shape = [] if "-i" in options else ["--shape", "1x300"]
        assert main(["estimate", "net.py:make", *shape, "--json", *options]) == 0
        reports.append(json.loads(capsys.readouterr().out)["energy_pj"])
    assert reports[0] == reports[1] == reports[2]
    assert main(["compile", "net.py:make", "-i", "x.npy", "-o", "p", "--no-weights"]) != 0
    assert "expected a model with weights" in capsys.readouterr().err


def test_addresses_of_absent_weights_are_forgotten() -> None:
    weight = zeros((512, 512), torch.float32)
    begin = weight.data_ptr()
    part = weight[3:]
    del weight
    assert is_absent(part)
    del part
    # Whatever is there next is a tensor like others.
    others = [torch.frombuffer(mmap.mmap(-1, 1 << 20), dtype=torch.float32) for _ in range(1 << 6)]
    assert not any(is_absent(other) for other in others)
    assert all(first != begin for first, _ in absent._ranges)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("resnet18", 0), ("mobilenet-v2", 0), ("lenet", 0), ("bert-base", 0.015),
        ("gpt2", 0.015), ("vit-b16", 0.015),
    ],
)  # fmt: skip
def test_estimates_of_the_zoo_are_those_after_calibration(name, most) -> None:
    network = pumice.zoo.NETWORKS[name]
    full = network.small()
    inputs = full.inputs(0)
    with torch.device("meta"):
        absent = network.small()
    expected = pumice.compile(full.model, inputs).estimate()
    found = pumice.compile(absent.model, inputs).estimate()
    assert found.arrays == expected.arrays
    assert found.latency_ns == pytest.approx(expected.latency_ns, rel=most)
    assert found.dynamic_energy_pj == pytest.approx(expected.dynamic_energy_pj, rel=most)
