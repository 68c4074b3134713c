# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a sweep: which points, and what is known of them already."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pumice.device import Device, as_device
from pumice.errors import PumiceError
from pumice.evaluation import Metric
from pumice.evaluation.metrics import metric_of
from pumice.evaluation.state import chained, key_of
from pumice.experiments.store import Store
from pumice.exploration.axes import Source, built, check_axes
from pumice.exploration.constraints import Bound, bounds_of
from pumice.exploration.evaluator import Evaluator, Network, Point, Study
from pumice.exploration.result import FIGURES, Sweep
from pumice.exploration.search import SAMPLERS, Choice, optimize
from pumice.exploration.space import Setting, assigned, combinations, device_with, settings_of
from pumice.exploration.workers import LOST, Workers, cluster_of, processes_of, this_process

if TYPE_CHECKING:
    from pumice.program import Program

__all__ = ["sweep"]

Values = dict[str, Any]


def sweep(
    programs: Source | Mapping[str, Source],
    devices: Iterable[str | Device] = ("isaac",),
    fields: Mapping[str, Iterable[Any]] | Sequence[Setting] = (),
    *,
    data: Iterable[Any] | None = None,
    metric: str | Metric = "accuracy",
    search: str = "grid",
    trials: int | None = None,
    objectives: Sequence[str] = ("latency_ns", "dynamic_energy_pj"),
    constraints: Sequence[str] = (),
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    study: str | None = None,
    workers: int = 1,
    cluster: str | None = None,
    on_point: Callable[[dict[str, Any]], None] | None = None,
) -> Sweep:
    """The figures of programs on devices with varied fields.

    Each network is lowered once for each shape of arrays; points that differ in energies, times or
    areas only are estimates of the same machine program.

    Args:
        programs: one, or several by name, that contain their quantized networks (results of
            `pumice.compile`); or functions that return them and take the values of `model.` axes:
            `{"model.weight_bits": [4, 8]}` calls them with `weight_bits=4` and `weight_bits=8`.
        devices: names, paths or `Device`s.
        fields: values by the path of a field, as in `{"array.adc.bits": [4, 6, 8]}`; or `Setting`s.
            Also `model.NAME`, and options of compilation as `compile.NAME`,
            such as `{"compile.schedule": ["naive", "overlap"]}`.
        data: batches as for `pumice.evaluate`; each point then runs on them, and the metric is
            among the figures. Converters that are `calibrated` are calibrated on the first batch.
        metric: as for `pumice.evaluate`.
        search: "grid" (all combinations), "random" (different combinations, drawn), or, with
            Optuna over the objectives, "nsga2" or "tpe" ("optuna" is "nsga2").
        trials: number of points for each program; all combinations by default for "grid", 100
            otherwise.
        objectives: figures that Optuna minimizes, or maximizes if "-" precedes the name.
        constraints: bounds on figures, such as "area_mm2<=100" or "metric>=0.9". A point that
            breaks one, or does not have the figure, says so in `infeasible`: fronts leave it out,
            and Optuna looks elsewhere.
        seed: of "random" and of Optuna.
        store: a file of JSON lines that keeps each point; points in it are not computed again.
        study: where Optuna keeps its trials: a file for its journal, or the URL of a database
            such as "sqlite:///study.db". A study that is there goes on until it has `trials`.
        workers: number of processes on this machine; 1: this process.
        cluster: address of the scheduler of a Dask cluster, such as "tcp://10.0.0.1:8786", whose
            workers compute the points (needs dask).
        on_point: called with the record of each point.

    Returns:
        A `Sweep` with a record for each point. A point that is impossible (a network that does not
        fit, a value that a device cannot have) has an `error` and no figures.

    Raises:
        PumiceError: an unknown search, objective or field; no devices or programs; programs without
            their networks, for several processes; no such cluster.
    """
    settings = settings_of(fields)
    check_axes([path for setting in settings for path in setting.fields])
    bases = [as_device(device) for device in devices]
    given = {"": programs} if not isinstance(programs, Mapping) else dict(programs)
    if not bases or not given:
        raise PumiceError("expected at least one device and one program, got none")
    names = [device.name for device in bases]
    for name in names:
        if names.count(name) > 1:
            raise PumiceError(f"expected devices with different names, got '{name}' twice")
    named = built(given, combinations(settings))
    if data is not None and any(program.costs_only for program in named.values()):
        raise PumiceError(
            "expected programs with weights and calibration for data, got one for estimates only"
        )
    if trials is not None and trials < 1:
        raise PumiceError(f"expected at least 1 trial, got {trials}")
    batches = None if data is None else list(data)
    goals = _goals(objectives, batches is not None)
    bounds = bounds_of(constraints, batches is not None)
    for base in bases:
        _check_fields(base, settings)
    if workers < 1 or (workers > 1 and cluster is not None):
        raise PumiceError(
            f"expected at least 1 worker, or a cluster, got {workers} and {cluster or 'none'}"
        )
    if study is not None and search not in SAMPLERS:
        raise PumiceError(f"expected a study with a search of {', '.join(SAMPLERS)}, got {search}")
    varied = {device.name: device for device in bases}
    points = _Points(named, varied, batches, metric, store, bounds, on_point)
    with points.workers(workers, cluster) as pool:
        if search in SAMPLERS:
            for name in given:

                def compute(chosen: Sequence[Choice], name: str = name) -> list[dict[str, Any]]:
                    found = [Point(name, base.name, values) for base, values in chosen]
                    return points.records(found, pool)

                optimize(
                    compute, points.adopt, bases, settings, goals, trials or 100, seed,
                    pool.count, study, name, SAMPLERS[search], bounds,
                )  # fmt: skip
        else:
            every = [
                Point(name, base.name, values)
                for name in given
                for base, values in _points(bases, settings, search, trials, seed)
            ]
            points.records(every, pool)
    return Sweep(points.found, varied)


class _Points:
    """Records of points: stored ones are read, the others computed."""

    def __init__(
        self,
        programs: Mapping[str, Program],
        devices: Mapping[str, Device],
        data: list[Any] | None,
        metric: str | Metric,
        store: str | os.PathLike[str] | None,
        bounds: Sequence[Bound],
        on_point: Callable[[dict[str, Any]], None] | None,
    ) -> None:
        self._programs, self._devices = programs, devices
        self._data, self._metric = data, metric
        self._store, self._bounds, self._on_point = Store(store), bounds, on_point
        self._fields = {name: device.fields for name, device in devices.items()}
        self._settings: dict[str, dict[str, Any]] = {}
        for name, program in programs.items():
            key = name if store is None else _key_of(program, metric)
            self._settings[name] = {"program": key}
            if data is not None:
                self._settings[name]["data"] = chained("", data)
        self.found: list[dict[str, Any]] = []

    @contextlib.contextmanager
    def workers(self, count: int, cluster: str | None) -> Iterator[Workers]:
        """Whoever computes the points."""
        with contextlib.ExitStack() as stack:
            if count == 1 and cluster is None:
                evaluators = {
                    name: Evaluator(program, self._data, self._metric)
                    for name, program in self._programs.items()
                }
                yield stack.enter_context(this_process(evaluators, self._devices))
                return
            study = Study(
                {name: Network.of(program) for name, program in self._programs.items()},
                {name: device.fields for name, device in self._devices.items()},
                self._data,
                self._metric,
            )
            if cluster is not None:
                yield stack.enter_context(cluster_of(study, cluster))
            else:
                yield stack.enter_context(processes_of(study, count))

    def adopt(self, records: list[dict[str, Any]]) -> None:
        """Takes records that were computed by another call."""
        self.found += records

    def records(self, points: Sequence[Point], pool: Workers) -> list[dict[str, Any]]:
        """The records of points, in their order: names, fields, and figures or an error."""
        records: list[dict[str, Any]] = [{} for _ in points]

        def finish(number: int, figures: dict[str, Any]) -> None:
            point = points[number]
            model = {"model": point.network} if point.network else {}
            records[number] = {**model, "device": point.device, **point.values, **figures}
            broken = [bound.text for bound in self._bounds if bound.excess(figures) > 0]
            if broken and "error" not in figures:
                records[number]["infeasible"] = "; ".join(broken)
            if self._on_point is not None:
                self._on_point(records[number])

        def computed(number: int, figures: dict[str, Any]) -> None:
            if figures.get("error") != LOST:
                self._store.put(self._setting(points[number]), figures)
            finish(number, figures)

        missing = []
        for number, point in enumerate(points):
            setting = self._setting(point)
            if self._store.find(setting) is None:
                missing.append((number, point))
            else:
                finish(number, self._store.get(setting, dict, _figures))
        if missing:
            pool.run(missing, computed)
        self.found += records
        return records

    def _setting(self, point: Point) -> dict[str, Any]:
        base = self._fields[point.device]
        return {**self._settings[point.source], "base": base, "values": dict(point.values)}


def _figures(found: Any) -> dict[str, Any]:
    """Figures of a point that a store has; raises if they are something else."""
    for name, value in found.items():
        if not isinstance(value, (int, float) if name in FIGURES or name == "metric" else str):
            raise TypeError
    return dict(found)


def _key_of(program: Program, metric: str | Metric) -> str:
    """A hash of what decides the figures of a program."""
    if program._is_absent:  # its bytes are gigabytes of zeros
        return "without weights " + hashlib.sha256(program.ir().encode()).hexdigest()
    return key_of(program, metric_of(metric))


def _goals(objectives: Sequence[str], scored: bool) -> dict[str, bool]:
    """Figures to optimize, and whether less is better."""
    goals = {text.removeprefix("-"): not text.startswith("-") for text in objectives}
    for name in goals:
        if name not in FIGURES and not (scored and name == "metric"):
            known = ", ".join([*FIGURES, *(["metric"] if scored else [])])
            raise PumiceError(f"expected an objective of {known}, got '{name}'")
    return goals


def _check_fields(base: Device, settings: Sequence[Setting]) -> None:
    """Raises if a device has no such field; its values may still be impossible together."""
    for setting in settings:
        try:
            device_with(base, dict(zip(setting.fields, setting.values[0], strict=True)))
        except PumiceError as error:
            if "unknown field" in str(error) or "unknown level" in str(error):
                raise


def _points(
    bases: Sequence[Device],
    settings: Sequence[Setting],
    search: str,
    trials: int | None,
    seed: int,
) -> Iterator[tuple[Device, Values]]:
    if search not in ("grid", "random"):
        known = ", ".join(["grid", "random", *SAMPLERS])
        raise PumiceError(f"expected a search of {known}, got '{search}'")
    everything = ((base, values) for base in bases for values in combinations(settings))
    if search == "grid":
        yield from itertools.islice(everything, trials)
        return
    sizes = [len(setting.values) for setting in settings]
    total = len(bases)
    for size in sizes:
        total *= size
    chosen = random.Random(seed).sample(range(total), min(trials or 100, total))
    for number in chosen:
        number, place = divmod(number, len(bases))
        choice = []
        for setting, size in zip(settings, sizes, strict=True):
            number, index = divmod(number, size)
            choice.append(setting.values[index])
        yield bases[place], assigned(settings, choice)
