# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a sweep: one point after the other, each program lowered once per shape of arrays."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pumice.device import Device, as_device
from pumice.errors import PumiceError
from pumice.evaluation import Metric, evaluate
from pumice.evaluation.metrics import metric_of
from pumice.evaluation.state import chained, key_of
from pumice.experiments.store import Store
from pumice.exploration.result import FIGURES, Sweep, figures_of
from pumice.exploration.space import Setting, device_with, mapping_key, settings_of, unscaled

if TYPE_CHECKING:
    from pumice.program import Program
    from pumice.report import Report

__all__ = ["sweep"]

Values = dict[str, Any]
#: Programs are kept for this many shapes of arrays at a time.
_KEPT = 8


def sweep(
    programs: Program | Mapping[str, Program],
    devices: Iterable[str | Device] = ("isaac",),
    fields: Mapping[str, Iterable[Any]] | Sequence[Setting] = (),
    *,
    data: Iterable[Any] | None = None,
    metric: str | Metric = "accuracy",
    search: str = "grid",
    trials: int | None = None,
    objectives: Sequence[str] = ("latency_ns", "dynamic_energy_pj"),
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    on_point: Callable[[dict[str, Any]], None] | None = None,
) -> Sweep:
    """The figures of programs on devices with varied fields.

    Each network is lowered once for each shape of arrays; points that differ in energies, times or
    areas only are estimates of the same machine program.

    Args:
        programs: one, or several by name, that contain their quantized networks (results of
            `pumice.compile`).
        devices: names, paths or `Device`s.
        fields: values by the path of a field, as in `{"array.adc.bits": [4, 6, 8]}`; or `Setting`s.
        data: batches as for `pumice.evaluate`; each point then runs on them, and the metric is
            among the figures. Converters that are `calibrated` are calibrated on the first batch.
        metric: as for `pumice.evaluate`.
        search: "grid" (all combinations), "random" (different combinations, drawn), or "optuna"
            (NSGA-II over the objectives; needs optuna).
        trials: number of points for each program; all combinations by default for "grid", 100
            otherwise.
        objectives: figures that "optuna" minimizes, or maximizes if "-" precedes the name.
        seed: of "random" and "optuna".
        store: a file of JSON lines that keeps each point; points in it are not computed again.
        on_point: called with the record of each point.

    Returns:
        A `Sweep` with a record for each point. A point that is impossible (a network that does not
        fit, a value that a device cannot have) has an `error` and no figures.

    Raises:
        PumiceError: an unknown search, objective or field; no devices or programs.
    """
    settings = settings_of(fields)
    bases = [as_device(device) for device in devices]
    named = {"": programs} if not isinstance(programs, Mapping) else dict(programs)
    if not bases or not named:
        raise PumiceError("expected at least one device and one program, got none")
    names = [device.name for device in bases]
    for name in names:
        if names.count(name) > 1:
            raise PumiceError(f"expected devices with different names, got '{name}' twice")
    if trials is not None and trials < 1:
        raise PumiceError(f"expected at least 1 trial, got {trials}")
    batches = None if data is None else list(data)
    goals = _goals(objectives, batches is not None)
    for base in bases:
        _check_fields(base, settings)
    kept = Store(store)
    records: list[dict[str, Any]] = []
    for name, program in named.items():
        evaluator = _Evaluator(name, program, batches, metric, kept)

        def at(base: Device, values: Values, evaluator: _Evaluator = evaluator) -> dict[str, Any]:
            record = evaluator.record(base, values)
            records.append(record)
            if on_point is not None:
                on_point(record)
            return record

        if search == "optuna":
            _optimize(at, bases, settings, goals, trials or 100, seed)
        else:
            for base, values in _points(bases, settings, search, trials, seed):
                at(base, values)
    return Sweep(records, {device.name: device for device in bases})


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
            if "unknown field" in str(error):
                raise


def _combinations(settings: Sequence[Setting]) -> Iterator[Values]:
    for choice in itertools.product(*(setting.values for setting in settings)):
        yield _assigned(settings, choice)


def _assigned(settings: Sequence[Setting], choice: Sequence[tuple[Any, ...]]) -> Values:
    return {
        path: value
        for setting, values in zip(settings, choice, strict=True)
        for path, value in zip(setting.fields, values, strict=True)
    }


def _points(
    bases: Sequence[Device],
    settings: Sequence[Setting],
    search: str,
    trials: int | None,
    seed: int,
) -> Iterator[tuple[Device, Values]]:
    if search not in ("grid", "random"):
        raise PumiceError(f"expected a search of grid, random, optuna, got '{search}'")
    everything = ((base, values) for base in bases for values in _combinations(settings))
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
        yield bases[place], _assigned(settings, choice)


def _optimize(
    at: Callable[[Device, Values], dict[str, Any]],
    bases: Sequence[Device],
    settings: Sequence[Setting],
    goals: Mapping[str, bool],
    trials: int,
    seed: int,
) -> None:
    try:
        import optuna
    except ImportError:
        raise PumiceError(
            "expected optuna for this search, which is not installed: pip install 'pumice[sweep]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known: dict[str, list[float]] = {}

    def objective(trial: Any) -> list[float]:
        place = trial.suggest_categorical("device", list(range(len(bases))))
        choice = [
            setting.values[
                trial.suggest_categorical(
                    ",".join(setting.fields), list(range(len(setting.values)))
                )
            ]
            for setting in settings
        ]
        values = _assigned(settings, choice)
        key = repr((place, values))
        if key not in known:  # the sampler may propose a point again
            record = at(bases[place], values)
            if "error" in record:
                raise optuna.TrialPruned(record["error"])
            known[key] = [float(record[name]) for name in goals]
        return known[key]

    study = optuna.create_study(
        directions=["minimize" if less else "maximize" for less in goals.values()],
        sampler=optuna.samplers.NSGAIISampler(seed=seed, population_size=min(50, trials)),
    )
    study.optimize(objective, n_trials=trials, catch=(), n_jobs=1)


class _Evaluator:
    """Computes the points of one program."""

    def __init__(
        self,
        name: str,
        program: Program,
        data: list[Any] | None,
        metric: str | Metric,
        store: Store,
    ) -> None:
        self._name, self._program = name, program
        self._data, self._metric = data, metric
        self._store = store
        self._lowered: dict[str, Program] = {}
        self._scores: dict[str, float] = {}
        self._setting: dict[str, Any] = {"program": key_of(program, metric_of(metric))}
        if data is not None:
            self._setting["data"] = chained("", data)

    def record(self, base: Device, values: Values) -> dict[str, Any]:
        """The record of a point: names, fields, and figures or an error."""
        point = {"model": self._name} if self._name else {}
        point |= {"device": base.name, **values}
        setting = {**self._setting, "base": base.fields, "values": values}
        return {**point, **self._store.get(setting, lambda: self._figures(base, values))}

    def _figures(self, base: Device, values: Values) -> dict[str, Any]:
        try:
            device = device_with(base, values)
            report = self._estimated(device)
            found: dict[str, Any] = figures_of(report)
            if self._data is not None:
                found["metric"] = self._scored(device)
        except PumiceError as error:
            return {"error": str(error).splitlines()[0]}
        same = unscaled(base, device)
        return {**found, **({"unscaled": "; ".join(same)} if same else {})}

    def _estimated(self, device: Device) -> Report:
        if "auto" in self._program.options.methods.values():  # methods are chosen by energy
            return self._program.recompile(device).estimate()
        key = mapping_key(device)
        if key in self._lowered:
            return self._lowered[key].estimate(device, recompile=False)
        program = self._program.recompile(device)
        report = program.estimate()
        if report.schedule is None:  # a schedule is chosen by costs
            while len(self._lowered) >= _KEPT:
                self._lowered.pop(next(iter(self._lowered)))
            self._lowered[key] = program
        return report

    def _scored(self, device: Device) -> float:
        """The metric, which does not depend on costs."""
        key = mapping_key(device)
        if key not in self._scores:
            self._scores[key] = self._score(device)
        return self._scores[key]

    def _score(self, device: Device) -> float:
        assert self._data is not None
        program = self._program.recompile(device)
        if device.adc_mode == "calibrated":
            inputs = self._data[0][:-1]
            program.calibrate([inputs[0] if isinstance(inputs[0], Mapping) else tuple(inputs)])
        values = evaluate(program, self._data, self._metric, progress=False).values
        return float(next(iter(values.values())))
