# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records of a sweep: tables, files, and the points that no other point beats."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pumice.device import Device
from pumice.errors import PumiceError
from pumice.experiments.figures import LINES, require_matplotlib, save
from pumice.exploration.space import device_with
from pumice.files import csv_text, replacing, write_text
from pumice.report import Report
from pumice.tables import (
    NOT_STATED,
    area,
    counted,
    energy,
    number,
    simple_table,
    size,
    stated_static_energy_pj,
    time,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["FIGURES", "Sweep", "figures_of"]


#: What is computed of each point; for `Sweep.pareto` less is better, but for rates and TOPS.
FIGURES: dict[str, Callable[[Report], float | None]] = {
    "latency_ns": lambda report: report.latency_ns,
    "dynamic_energy_pj": lambda report: report.dynamic_energy_pj,
    "static_energy_pj": stated_static_energy_pj,
    "energy_pj": lambda report: report.energy_pj,
    "energy_delay_pj_ns": lambda report: report.figures.energy_delay_pj_ns,
    "mean_power_mw": lambda report: report.figures.mean_power_mw,
    "inferences_per_s": lambda report: report.figures.inferences_per_s,
    "inferences_per_s_pipelined": lambda report: report.figures.inferences_per_s_pipelined,
    "tops": lambda report: report.figures.tops,
    "tops_per_w": lambda report: report.figures.tops_per_w,
    "tops_per_mm2": lambda report: report.figures.tops_per_mm2,
    "energy_per_mac_pj": lambda report: report.figures.energy_per_mac_pj,
    "area_mm2": lambda report: report.area_mm2,
    "arrays": lambda report: report.arrays,
    "conversions": lambda report: report.counters.get("conversions", 0),
    "peak_buffer_bytes": lambda report: report.peak_buffer_bytes,
}

_SHOWN: dict[str, tuple[str, Callable[[float], str]]] = {
    "latency_ns": ("latency", time),
    "dynamic_energy_pj": ("dynamic energy", energy),
    "energy_pj": ("energy", energy),
    "area_mm2": ("area", area),
    "arrays": ("arrays", number),
    "peak_buffer_bytes": ("buffer", size),
    "metric": ("metric", lambda value: f"{value:.4g}"),
}


def _type(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _places(values: Sequence[Any]) -> tuple[list[tuple[str, float]], Callable[[Any], float]]:
    """Labels of an axis, and where it has a value: 0 to 1, logarithmic where that is possible."""
    kinds = list(dict.fromkeys(values))
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in kinds)
    if not numeric or len(kinds) < 2:
        kinds = kinds if not numeric else sorted(kinds)
        step = {value: i / max(len(kinds) - 1, 1) for i, value in enumerate(kinds)}
        return [(str(value), height) for value, height in step.items()], lambda v: step[v]
    scale: Callable[[float], float] = math.log if min(kinds) > 0 else float
    low, high = scale(min(kinds)), scale(max(kinds))

    def height(value: float) -> float:
        return (scale(value) - low) / (high - low)

    marks = sorted(kinds) if len(kinds) <= 8 else [min(kinds), max(kinds)]
    return [(f"{mark:.4g}", height(mark)) for mark in marks], height


def _written(value: Any) -> str:
    """The value of a field as `--set` takes it."""
    return "null" if value is None else str(value)


def _shown(record: Mapping[str, Any], name: str) -> str:
    if name in record:
        return _SHOWN[name][1](record[name])
    return "" if "error" in record else NOT_STATED


def figures_of(report: Report) -> dict[str, float]:
    """All of `FIGURES` but those that the device does not state or the run does not have."""
    values = {name: figure(report) for name, figure in FIGURES.items()}
    return {name: value for name, value in values.items() if value is not None}


@dataclass
class Sweep:
    """The points of a sweep.

    Attributes:
        records: flat dicts: `model` (if there are several), `device`, the fields that were set,
            and `FIGURES` in ns, pJ, mW, mm2 and bytes; `metric` of the data; or `error`.
            `unscaled` names fields whose costs did not follow them, `outside` laws that left the
            range of their source, `infeasible` the constraints that a point breaks. Figures that a
            device does not state are left out.
        devices: the devices that were varied, by name.
    """

    records: list[dict[str, Any]]
    devices: dict[str, Device]

    @property
    def fields(self) -> list[str]:
        """Paths of the fields that were set."""
        known = {"model", "device", "error", "infeasible", "unscaled", "outside", "metric"}
        known.update(FIGURES)
        return list(dict.fromkeys(k for record in self.records for k in record if k not in known))

    def device(self, record: Mapping[str, Any]) -> Device:
        """The device of a record; `str` of it is a device file."""
        values = {path: record[path] for path in self.fields if path in record}
        return device_with(self.devices[record["device"]], values)

    def pareto(
        self, figures: Sequence[str] = ("latency_ns", "dynamic_energy_pj")
    ) -> list[dict[str, Any]]:
        """Records that no other record of the model beats in one figure and equals in the others.

        Args:
            figures: less is better, or more if "-" precedes the name.

        Raises:
            PumiceError: a figure that no record has.
        """
        names = [text.removeprefix("-") for text in figures]
        complete = [r for r in self.records if all(name in r for name in names)]
        if complete and all("infeasible" in r for r in complete):
            raise PumiceError(f"no point is feasible: {complete[0]['infeasible']}")
        complete = [r for r in complete if "infeasible" not in r]
        if not complete or not names:
            known = ", ".join(k for k in [*FIGURES, "metric"] if any(k in r for r in self.records))
            raise PumiceError(f"expected figures of {known or 'no record'}, got {', '.join(names)}")
        signs = [-1 if text.startswith("-") else 1 for text in figures]

        def point(record: Mapping[str, Any]) -> tuple[float, ...]:
            return tuple(sign * record[name] for sign, name in zip(signs, names, strict=True))

        found = []
        for record in complete:
            own = point(record)
            rivals = (point(r) for r in complete if r.get("model") == record.get("model"))
            if not any(
                rival != own and all(a <= b for a, b in zip(rival, own, strict=True))
                for rival in rivals
            ):
                found.append(record)
        return found

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """The records as CSV; written to `path` if given.

        Raises:
            PumiceError: the file cannot be written.
        """
        columns = list(dict.fromkeys(key for record in self.records for key in record))
        text = csv_text(columns, self.records)
        if path is not None:
            write_text(path, text)
        return text

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The records as JSON; written to `path` if given.

        Raises:
            PumiceError: the file cannot be written.
        """
        text = json.dumps(self.records, indent=2)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Writes the records as a Parquet file; what a record does not have is null.

        Columns with values of several types are text.

        Raises:
            PumiceError: pyarrow is not installed; the file cannot be written.
        """
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise PumiceError(
                "expected pyarrow for Parquet, which is not installed: pip install 'pumice[sweep]'"
            ) from None
        columns = {}
        for name in dict.fromkeys(key for record in self.records for key in record):
            values = [record.get(name) for record in self.records]
            if len({_type(value) for value in values if value is not None}) > 1:
                values = [None if value is None else str(value) for value in values]
            columns[name] = values
        with replacing(path) as stream:
            pyarrow.parquet.write_table(pyarrow.table(columns), stream)

    def plot_parallel(
        self,
        path: str | os.PathLike[str],
        figures: Sequence[str] = ("latency_ns", "dynamic_energy_pj", "area_mm2"),
    ) -> None:
        """A picture with an axis for each field that was set and each figure.

        A point is a line across the axes; those of `pareto` are in colour, by device.

        Raises:
            PumiceError: as `plot`.
        """
        best = {id(record) for record in self.pareto(figures)}
        require_matplotlib()
        from matplotlib.figure import Figure

        names = ["device", *self.fields, *(name.removeprefix("-") for name in figures)]
        if any("model" in record for record in self.records):
            names.insert(0, "model")
        shown = [r for r in self.records if all(name in r for name in names)]
        places = {name: _places([record[name] for record in shown]) for name in names}
        picture = Figure(figsize=(1.6 * len(names) + 1, 4.5), layout="constrained")
        axes = picture.add_subplot()
        devices = list(self.devices)
        for record in sorted(shown, key=lambda record: id(record) in best):
            on_front = id(record) in best
            colour = LINES[devices.index(record["device"]) % len(LINES)][0] if on_front else "0.85"
            line = [places[name][1](record[name]) for name in names]
            axes.plot(line, color=colour, linewidth=1.4 if on_front else 0.6, alpha=0.9)
        for x, name in enumerate(names):
            axes.axvline(x, color="0.3", linewidth=0.8)
            for label, height in places[name][0]:
                axes.annotate(label, (x, height), (3, 0), textcoords="offset points", fontsize=7)
        axes.set_xticks(range(len(names)), names, rotation=20, ha="right", fontsize=8)
        axes.set_yticks([])
        axes.set_ylim(-0.05, 1.08)
        axes.spines[:].set_visible(False)
        save(picture, path)

    def plot(
        self,
        path: str | os.PathLike[str],
        figures: tuple[str, str] = ("latency_ns", "dynamic_energy_pj"),
    ) -> None:
        """A picture of two figures of all points, with a line through those of `pareto`.

        Raises:
            PumiceError: matplotlib is not installed; a figure that no record has; the file cannot
                be written.
        """
        best = self.pareto(figures)
        require_matplotlib()
        from matplotlib.figure import Figure

        x, y = (name.removeprefix("-") for name in figures)
        picture = Figure(figsize=(7, 5), layout="constrained")
        axes = picture.add_subplot()
        keys = dict.fromkeys((r.get("model", ""), r["device"]) for r in self.records if x in r)
        for model, device in keys:
            own = [
                r
                for r in self.records
                if (r.get("model", ""), r["device"]) == (model, device) and x in r and y in r
            ]
            label = f"{model} on {device}" if model else device
            axes.scatter([r[x] for r in own], [r[y] for r in own], s=18, label=label)
        for model in dict.fromkeys(r.get("model", "") for r in best):
            line = sorted((r for r in best if r.get("model", "") == model), key=lambda r: r[x])
            axes.plot([r[x] for r in line], [r[y] for r in line], color="0.4", linewidth=1)
        axes.set(xlabel=x, ylabel=y, xscale="log", yscale="log")
        axes.grid(alpha=0.3)
        axes.legend()
        save(picture, path)

    def table(self, records: Sequence[Mapping[str, Any]] | None = None) -> RenderableType:
        """Records as a table for rich; all of them if not given."""
        shown = list(self.records if records is None else records)
        models = any("model" in record for record in shown)
        figures = [name for name in _SHOWN if any(name in record for record in shown)]
        words = [*(["model"] if models else []), "device"]
        columns = [*words, *self.fields, *(_SHOWN[name][0] for name in figures)]
        notes = [n for n in ("error", "infeasible") if any(n in record for record in shown)]
        columns += notes
        rows = [
            [
                *(str(record.get(word, "")) for word in words),
                *(_written(record.get(path, "")) for path in self.fields),
                *(_shown(record, name) for name in figures),
                *(str(record.get(note, "")) for note in notes),
            ]
            for record in shown
        ]
        title = counted(len(shown), "point")
        optional = ["buffer", "arrays", "energy"]
        return simple_table(title, columns, rows, left=len(words), optional=optional)

    def __rich__(self) -> RenderableType:
        return self.table()

    def __str__(self) -> str:
        from pumice.tables import plain_text

        return plain_text(self)
