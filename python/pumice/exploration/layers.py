# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sensitivity by layer: which layer takes other arrays, or narrow weights, worst."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from pumice.device import Device, as_device
from pumice.errors import PumiceError
from pumice.evaluation import Metric, evaluate
from pumice.experiments.figures import LINES, require_matplotlib, save
from pumice.files import write_text
from pumice.tables import simple_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pumice.program import Program

__all__ = ["LayerEffect", "LayerSensitivity", "changed_arrays", "layer_sensitivity"]

#: Name of the group of arrays that is added to a device.
_GROUP = "changed"


@dataclass(frozen=True)
class LayerEffect:
    """The metric after a change of one layer more.

    Attributes:
        layer: path of its module.
        metric: of the network.
        drop: of the metric, compared with the network in which no layer is changed.
    """

    layer: str
    metric: float
    drop: float


@dataclass(frozen=True)
class LayerSensitivity:
    """What a change of single layers does to a network.

    Attributes:
        change: what changes, in words.
        unchanged, changed: the metric without the change, and with all layers changed.
        alone: each layer changed alone, the one with the largest drop first.
        greedily: layers added one after the other, in each step the one that leaves the best
            metric; empty if that was not asked for.
    """

    change: str
    unchanged: float
    changed: float
    alone: tuple[LayerEffect, ...]
    greedily: tuple[LayerEffect, ...] = ()

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """As JSON; written to `path` if given.

        Raises:
            PumiceError: the file cannot be written.
        """
        text = json.dumps(asdict(self), indent=2)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def table(self) -> RenderableType:
        """Tables for rich."""
        from rich.console import Group
        from rich.text import Text

        def rows(effects: Sequence[LayerEffect]) -> list[tuple[str, str, str]]:
            return [(e.layer, f"{e.metric:.4g}", f"{e.drop:.4g}") for e in effects]

        columns = ["layer", "metric", "drop"]
        title = f"{self.change}: {self.unchanged:.4g} without, {self.changed:.4g} in all layers"
        parts: list[Any] = [
            simple_table(f"{title}; one layer at a time", columns, rows(self.alone))
        ]
        if self.greedily:
            parts += [
                Text(""),
                simple_table("One layer after the other", columns, rows(self.greedily)),
            ]
        return Group(*parts)

    def __rich__(self) -> RenderableType:
        return self.table()

    def __str__(self) -> str:
        from pumice.tables import plain_text

        return plain_text(self)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """A picture: the drop of each layer alone, and the metric as layers are added.

        Raises:
            PumiceError: matplotlib is not installed; the file cannot be written.
        """
        require_matplotlib()
        from matplotlib.figure import Figure

        count = 2 if self.greedily else 1
        height = 1 + 0.22 * len(self.alone)
        picture = Figure(figsize=(5 * count, max(height, 2.5)), layout="constrained")
        left = picture.add_subplot(1, count, 1)
        left.barh([e.layer for e in self.alone], [e.drop for e in self.alone], color=LINES[0][0])
        left.invert_yaxis()
        left.set(xlabel="drop of the metric, alone", title=self.change)
        if self.greedily:
            right = picture.add_subplot(1, count, 2)
            steps = ["none", *(f"+ {e.layer}" for e in self.greedily)]
            metrics = [self.unchanged, *(e.metric for e in self.greedily)]
            right.plot(metrics, range(len(steps)), color=LINES[1][0], marker=LINES[1][1])
            right.set_yticks(range(len(steps)), steps)
            right.invert_yaxis()
            right.set(xlabel="metric, one layer after the other")
        for axes in picture.axes:
            axes.tick_params(labelsize=7)
            axes.grid(axis="x", alpha=0.3)
        save(picture, path)


def changed_arrays(device: Device, change: Mapping[str, Any]) -> Device:
    """The device with a second group of arrays, `changed`: a copy with some fields changed.

    Layers get these arrays by `CompileOptions.targets`.

    Args:
        change: fields of the group, as for `Device.replace`: `{"array": {"adc": {"bits": 4}}}`.

    Raises:
        PumiceError: the device has no arrays, or cannot have these.
    """
    base = device.crossbars
    whole = device.replaced({"groups": {base["name"]: change}})
    group = deepcopy(whole.groups[base["name"]])
    return device.replaced({"groups": {_GROUP: {**group, "name": _GROUP}}})


def layer_sensitivity(
    model: Any,
    data: Iterable[Any],
    *,
    change: Mapping[str, Any] | None = None,
    weight_bits: int | None = None,
    calibration: Iterable[Any] | None = None,
    device: str | Device = "isaac",
    metric: str | Metric = "accuracy",
    layers: Sequence[str] | None = None,
    greedy: bool = False,
    on_point: Callable[[str], None] | None = None,
) -> LayerSensitivity:
    """What a change of single layers does to the metric of a network.

    Args:
        model: a `Program` that contains its quantized network, for `change`; or a float
            torch.nn.Module, for either.
        data: batches as for `pumice.evaluate`.
        change: fields of the arrays of single layers, such as `{"array": {"adc": {"bits": 4}}}`,
            `{"array": {"cell_bits": 4}}` or `{"array": {"analog": {"read_noise": 1.0}}}`. These
            layers run on a group of arrays of their own (`changed_arrays`).
        weight_bits: bits of the weights of single layers, 2 to 8, instead of `change`.
        calibration: as for `pumice.compile`; the inputs of the first batch by default.
        device: whose first group of arrays is changed.
        metric: as for `pumice.evaluate`; more is better.
        layers: paths of the modules to change; all that run on arrays by default.
        greedy: also change one layer after the other, in each step the one that leaves the best
            metric. n layers take n (n + 1) / 2 evaluations.
        on_point: called with the layers of each evaluation.

    Raises:
        PumiceError: both or neither of `change` and `weight_bits`; no such layer; what
            `pumice.compile` and `pumice.evaluate` raise.
    """
    if (change is None) == (weight_bits is None):
        raise PumiceError("expected a change of arrays or weight_bits, got both or neither")
    batches = list(data)
    chosen = as_device(device)
    network: _OtherArrays | _NarrowWeights
    if change is not None:
        network = _OtherArrays(model, chosen, change, batches, calibration)
        words = _words(change)
    else:
        assert weight_bits is not None
        network = _NarrowWeights(model, chosen, weight_bits, batches, calibration)
        words = f"weights of {weight_bits} bits"
    known: dict[frozenset[str], float] = {}

    def score(some: Iterable[str]) -> float:
        key = frozenset(some)
        if key not in known:
            if on_point is not None:
                on_point(", ".join(sorted(key)))
            program = network.program(key)
            if chosen.adc_mode == "calibrated":
                program.calibrate([_inputs_of(batches[0])])
            values = evaluate(program, batches, metric, progress=False).values
            known[key] = float(next(iter(values.values())))
        return known[key]

    on_arrays = network.layers
    for layer in layers or ():
        if layer not in on_arrays:
            raise PumiceError(
                f"expected layers on arrays: {', '.join(on_arrays) or 'there are none'}, got"
                f" '{layer}'"
            )
    candidates = list(on_arrays if layers is None else layers)
    best = score(())

    def effect(layer: str, some: Iterable[str]) -> LayerEffect:
        value = score(some)
        return LayerEffect(layer, value, best - value)

    alone = [effect(layer, [layer]) for layer in candidates]
    steps: list[LayerEffect] = []
    while greedy and len(steps) < len(candidates):
        taken = [step.layer for step in steps]
        rest = [layer for layer in candidates if layer not in taken]
        steps.append(max((effect(layer, [*taken, layer]) for layer in rest), key=_metric_of))
    everything = score(candidates)
    ranked = sorted(alone, key=lambda item: -item.drop)
    return LayerSensitivity(words, best, everything, tuple(ranked), tuple(steps))


def _metric_of(effect: LayerEffect) -> float:
    return effect.metric


def _inputs_of(batch: Any) -> Any:
    """The inputs of a batch with targets, as one item of calibration."""
    inputs = batch[:-1]
    return inputs[0] if isinstance(inputs[0], Mapping) else tuple(inputs)


def _words(change: Mapping[str, Any], prefix: str = "") -> str:
    found = []
    for key, value in change.items():
        if isinstance(value, Mapping):
            found.append(_words(value, f"{prefix}{key}."))
        else:
            found.append(f"{prefix}{key}={value}")
    return ", ".join(found)


def _layers_of(program: Program) -> list[str]:
    """Modules that run on arrays; other layers are source locations."""
    return [
        layer.name
        for layer in program.estimate().layers
        if "mvm" in layer.kinds and ":" not in layer.name
    ]


class _OtherArrays:
    """Single layers on changed arrays."""

    def __init__(
        self,
        model: Any,
        device: Device,
        change: Mapping[str, Any],
        batches: list[Any],
        calibration: Iterable[Any] | None,
    ) -> None:
        from pumice.compiler import compile
        from pumice.program import Program

        self._device = changed_arrays(device, change)
        if isinstance(model, Program):
            self._program = model.recompile(self._device)
        else:
            example = _inputs_of(batches[0])
            items = [example] if calibration is None else list(calibration)
            self._program = compile(model, example, device=self._device, calibration=items)
        self.layers = _layers_of(self._program)

    def program(self, layers: frozenset[str]) -> Program:
        targets = {layer: _GROUP for layer in sorted(layers)}
        options = self._program.options
        return self._program.recompile(
            self._device, replace(options, targets={**targets, **options.targets})
        )


class _NarrowWeights:
    """Single layers with narrow weights."""

    def __init__(
        self,
        model: Any,
        device: Device,
        bits: int,
        batches: list[Any],
        calibration: Iterable[Any] | None,
    ) -> None:
        import torch

        if not isinstance(model, torch.nn.Module):
            raise PumiceError(
                f"expected a float torch.nn.Module for weight_bits, got {type(model).__name__}"
            )
        self._model, self._device, self._bits = model, device, bits
        self._example = _inputs_of(batches[0])
        self._calibration = [self._example] if calibration is None else list(calibration)
        self.layers = _layers_of(self.program(frozenset()))

    def program(self, layers: frozenset[str]) -> Program:
        from pumice.compiler import compile
        from pumice.frontend import quantize
        from pumice.frontend.quantizer import PumiceQuantizer

        quantizer = PumiceQuantizer(layer_bits={layer: self._bits for layer in sorted(layers)})
        quantized = quantize(self._model, self._calibration, quantizer=quantizer)
        return compile(quantized, self._example, device=self._device)
