# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs points on networks. Results are lines of JSON; existing results are not computed again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import pumice
from pumice.device import Device, as_device
from pumice.errors import PumiceError
from pumice.experiments.bench import Bench
from pumice.experiments.noise.summary import Row, summarize, tables
from pumice.experiments.noise.sweeps import Point
from pumice.experiments.store import Store

if TYPE_CHECKING:
    from pumice.experiments.noise.networks import Network
    from pumice.frontend.importer import ImportedModel

__all__ = ["REFERENCES", "Results", "run"]

#: Images per run of a program.
BATCH = 100
#: Additional references for every network: PyTorch in float, and a lossless device.
REFERENCES = ("float", "lossless")

Record = dict[str, Any]


@dataclass
class Results:
    """What `run` returns.

    Attributes:
        records: a dict for each point of a network, with the network, the point, the number of
            images, and how many of them were `correct`.
    """

    records: list[Record] = field(default_factory=list)

    def rows(self) -> list[Row]:
        """One row per point over its seeds."""
        return summarize(self.records)

    def tables(self) -> list[Any]:
        """A table per network and sweep, see `pumice.experiments.noise.tables`."""
        return [*tables(self.rows())]

    def to_dict(self) -> dict[str, Any]:
        """The rows as plain data."""
        return {"rows": [row.to_dict() for row in self.rows()]}


def run(
    points: Sequence[Point],
    networks: Iterable[str] | Mapping[str, tuple[Any, Iterable[Any]]],
    *,
    device: str | Device = "isaac",
    images: int | None = None,
    threads: int | None = None,
    path: str | os.PathLike[str] | None = None,
    advance: Callable[[str], None] = lambda doing: None,
) -> Results:
    """Accuracy of each network on each point.

    Args:
        points: of `points`.
        networks: names of `networks.NETWORKS`; or, by names of their own, pairs of a float
            torch.nn.Module that classifies and of batches (inputs, labels), such as a DataLoader.
            Every tenth item of these calibrates.
        device: what the points change: a preset, a file or a `Device`.
        images: how many items to test with; all that there are by default.
        threads: for `Program.run`.
        path: a file of JSON lines to continue, to which results are appended.
        advance: called before each run with what it is, and at the end.

    Raises:
        PumiceError: a network, device or file that cannot be used; fewer images than asked for.
    """
    from pumice.experiments.noise.networks import load, own

    store = Store(path, names=frozenset(("correct", "seconds")))
    results = Results()
    base = as_device(device)
    given = networks if isinstance(networks, Mapping) else dict.fromkeys(networks)
    for name, pair in given.items():
        network = load(name) if pair is None else own(name, *pair)
        bench = _Digits(network, base, images, threads)
        for reference in REFERENCES:
            advance(f"{name}, {reference}")
            _measure(results, store, bench, Point("reference", reference, 0, {}))
        for point in points:
            advance(f"{name}, {point.sweep} {point.value:g}, {point.series}")
            _measure(results, store, bench, point)
    advance("")
    return results


def _measure(results: Results, store: Store, bench: _Digits, point: Point) -> None:
    setting = {
        "network": bench.network.name,
        "sweep": point.sweep,
        "series": point.series,
        "value": point.value,
        "device": bench.device.name,
        "array": dict(point.array),
        "percentile": point.percentile,
        "images": len(bench.network.labels),
        "pumice": pumice.__version__,
    }
    if bench.network.key:
        setting["key"] = bench.network.key
    results.records.append(setting | store.get(setting, lambda: bench.measure(point)))


class _Digits(Bench):
    """A network and the digits that it is tested with."""

    def __init__(
        self, network: Network, device: Device, images: int | None, threads: int | None
    ) -> None:
        super().__init__(threads)
        if images is not None:
            if not 1 <= images <= len(network.labels):
                raise PumiceError(
                    f"expected 1 to {len(network.labels)} images for '{network.name}', got {images}"
                )
            network.inputs, network.labels = network.inputs[:images], network.labels[:images]
        self.network, self.device = network, device

    def build(self) -> ImportedModel:
        from pumice.frontend import import_model

        network = self.network
        quantized = pumice.quantize(network.model, [network.calibration])
        return import_model(quantized, self._batches(network.inputs)[0])

    def measure(self, point: Point) -> Record:
        """What a point gives: `correct`, and the `seconds` that it took."""
        start = time.perf_counter()
        correct = self.correct(point)
        return {"correct": correct, "seconds": round(time.perf_counter() - start, 3)}

    def correct(self, point: Point) -> int:
        """Digits that the network recognizes on the point's device."""
        import torch

        if (point.sweep, point.series) == ("reference", "float"):
            with torch.no_grad():
                return self._score(self.network.model(self.network.inputs).numpy())
        if point.sweep == "reference":
            program = self.compile(Device("ideal"))
        else:
            program = self.compile(self.device.replace(name="study", array=dict(point.array)))
        if point.percentile is not None:
            calibration = self._batches(self.network.calibration)
            program.calibrate(calibration, percentile=point.percentile)
        batches = self._batches(self.network.inputs)
        found = [program.run(batch, threads=self.threads).outputs.numpy() for batch in batches]
        return self._score(np.concatenate(found)[: len(self.network.labels)])

    def _score(self, logits: Any) -> int:
        return int((logits.argmax(1) == self.network.labels).sum())

    def _batches(self, inputs: Any) -> list[Any]:
        """Inputs in batches of one size: the last is filled up from the front."""
        size = min(BATCH, len(self.network.inputs))
        places = np.arange(-(-len(inputs) // size) * size) % len(inputs)
        return [inputs[part] for part in places.reshape(-1, size)]
