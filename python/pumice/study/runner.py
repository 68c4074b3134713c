# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs points on networks; results are lines of JSON, and what is there is not run again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import pumice
from pumice.compiler import compile_imported
from pumice.device import Device
from pumice.errors import PumiceError
from pumice.lines import append_line, kept_lines
from pumice.study.sweeps import Point

if TYPE_CHECKING:
    from pumice.program import Program
    from pumice.study.networks import Network

__all__ = ["REFERENCES", "Results", "run"]

#: Images per run of a program.
BATCH = 100
#: What every network is run on besides: PyTorch in float, and a device that loses nothing.
REFERENCES = ("float", "lossless")

Record = dict[str, Any]


class Results:
    """Records, in a file of JSON lines if there is a path; those that the file has are kept.

    Raises:
        PumiceError: the file cannot be read or written, or has something else in it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = None if path is None else Path(path)
        self.records: list[Record] = []
        self._known: dict[str, Record] = {}
        if self._path is None:
            return
        for number, line in enumerate(kept_lines(self._path), 1):
            try:
                record = json.loads(line)
                self._known[_key(record)] = record
                record["correct"], record["images"], record["seconds"]
            except (ValueError, TypeError, KeyError, AttributeError):
                raise PumiceError(
                    f"expected a study's results in '{self._path}', got something else in line"
                    f" {number}"
                ) from None

    def take(self, setting: Record) -> bool:
        """Takes what is known of a setting; False if nothing is."""
        record = self._known.get(_key(setting))
        if record is not None:
            self.records.append(record)
        return record is not None

    def add(self, setting: Record, correct: int, seconds: float) -> None:
        """Adds a result, and writes it at once."""
        record = {**setting, "correct": correct, "seconds": round(seconds, 3)}
        self._known[_key(setting)] = record
        self.records.append(record)
        if self._path is not None:
            append_line(self._path, record)


def _key(record: Record) -> str:
    """What decides a result."""
    rest = {key: value for key, value in record.items() if key not in ("correct", "seconds")}
    return json.dumps(rest, sort_keys=True)


def run(
    points: Sequence[Point],
    networks: Iterable[str],
    *,
    device: str = "isaac",
    images: int | None = None,
    threads: int | None = None,
    path: str | os.PathLike[str] | None = None,
    advance: Callable[[str], None] = lambda doing: None,
) -> Results:
    """Accuracy of each network on each point.

    Args:
        points: of `pumice.study.points`.
        networks: names of `pumice.study.NETWORKS`.
        device: preset or file that the points change.
        images: how many digits to test with; all that there are by default.
        threads: for `Program.run`.
        path: a file of JSON lines to go on with and to add results to.
        advance: called before each run with what it is, and at the end.

    Raises:
        PumiceError: a network, device or file that cannot be used; fewer images than asked for.
    """
    from pumice.study.networks import load

    results = Results(path)
    base = Device(device)
    for name in networks:
        bench = _Bench(load(name), base, images, threads)
        for reference in REFERENCES:
            advance(f"{name}, {reference}")
            _measure(results, bench, Point("reference", reference, 0, {}))
        for point in points:
            advance(f"{name}, {point.sweep} {point.value:g}, {point.series}")
            _measure(results, bench, point)
    advance("")
    return results


def _measure(results: Results, bench: _Bench, point: Point) -> None:
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
    if results.take(setting):
        return
    start = time.perf_counter()
    correct = bench.correct(point)
    results.add(setting, correct, time.perf_counter() - start)


class _Bench:
    """A network that is quantized and imported once, and compiled for one device after another."""

    def __init__(
        self, network: Network, device: Device, images: int | None, threads: int | None
    ) -> None:
        if images is not None:
            if not 1 <= images <= len(network.labels):
                raise PumiceError(
                    f"expected 1 to {len(network.labels)} images for '{network.name}', got {images}"
                )
            network.inputs, network.labels = network.inputs[:images], network.labels[:images]
        self.network, self.device, self._threads = network, device, threads
        self._imported: Any = None

    def correct(self, point: Point) -> int:
        """Digits that the network recognizes on the point's device."""
        import torch

        if (point.sweep, point.series) == ("reference", "float"):
            with torch.no_grad():
                return self._score(self.network.model(self.network.inputs).numpy())
        if point.sweep == "reference":
            program = self._compile(Device("ideal"))
        else:
            program = self._compile(self.device.replace(name="study", array=dict(point.array)))
        if point.percentile is not None:
            calibration = self._batches(self.network.calibration)
            program.calibrate(calibration, percentile=point.percentile)
        batches = self._batches(self.network.inputs)
        found = [program.run(batch, threads=self._threads).outputs.numpy() for batch in batches]
        return self._score(np.concatenate(found)[: len(self.network.labels)])

    def _score(self, logits: Any) -> int:
        return int((logits.argmax(1) == self.network.labels).sum())

    def _compile(self, device: Device) -> Program:
        from pumice.frontend import import_model

        network = self.network
        if self._imported is None:
            quantized = pumice.quantize(network.model, [network.calibration])
            self._imported = import_model(quantized, self._batches(network.inputs)[0])
        return compile_imported(self._imported, device)

    def _batches(self, inputs: Any) -> list[Any]:
        """Inputs in batches of one size: the last is filled up from the front."""
        size = min(BATCH, len(self.network.inputs))
        places = np.arange(-(-len(inputs) // size) * size) % len(inputs)
        return [inputs[part] for part in places.reshape(-1, size)]
