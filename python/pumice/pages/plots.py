# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figures of a report as drawings by matplotlib, for papers and slides."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pumice.errors import PumiceError
from pumice.experiments.figures import save
from pumice.pages import data
from pumice.pages.figures import KINDS, PALETTE, in_use_steps, time_unit

if TYPE_CHECKING:
    from pumice.report import Layer, Report

__all__ = ["KINDS_OF_PLOTS", "plot"]

_GREY = "#8a929b"


def plot(report: Report, kind: str, path: str | os.PathLike[str] | None, axes: Any) -> Any:
    """See `Report.plot`."""
    if kind not in _PLOTS:
        raise PumiceError(f"expected a plot of {', '.join(_PLOTS)}, got '{kind}'")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise PumiceError(
            "expected matplotlib for plots, which is not installed: pip install 'pumice[plot]'"
        ) from None
    if axes is None:
        rows = len(report.layers) if kind in _BY_LAYER else 12
        figure = Figure(figsize=(8, 1.6 + 0.22 * max(rows, 6)), layout="constrained")
        axes = figure.subplots()
    _PLOTS[kind](report, axes)
    if path is not None:
        save(axes.figure, path)
    return axes


#: Characters of a name beside a row; the end of a longer one is shown.
_MOST = 40


def _names(axes: Any, names: Sequence[str]) -> None:
    shown = [name if len(name) <= _MOST else f"\u2026{name[1 - _MOST :]}" for name in names]
    axes.set_yticks(range(len(names)), shown, fontsize=7)
    if names:
        axes.set_ylim(len(names) - 0.5, -0.5)


def _legend(axes: Any) -> None:
    if axes.get_legend_handles_labels()[0]:  # a network may compute nothing
        axes.legend(fontsize=7)


def _timeline(report: Report, axes: Any) -> None:
    factor, unit = time_unit(report.latency_ns)
    row = {layer.name: index for index, layer in enumerate(report.layers)}
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for item in report.instructions:
        kinds.setdefault(item["kind"], []).append(item)
    for kind, items in kinds.items():
        axes.barh(
            [row[item["layer"]] for item in items],
            [(item["end_ns"] - item["start_ns"]) / factor for item in items],
            left=[item["start_ns"] / factor for item in items],
            color=KINDS.get(kind, _GREY),
            label=kind,
        )
    _names(axes, list(row))
    axes.set_xlabel(f"time, {unit}")
    _legend(axes)


def _bars(axes: Any, layers: Sequence[Layer], components: Sequence[str]) -> None:
    ends = np.zeros(len(layers))
    for index, component in enumerate(components):
        values = np.array([layer.components.get(component, 0.0) / 1e3 for layer in layers])
        colour = PALETTE[index] if index < len(PALETTE) else _GREY
        label = component.replace("_", " ")
        axes.barh(range(len(layers)), values, left=ends, color=colour, label=label)
        ends += values
    _names(axes, [layer.name for layer in layers])
    axes.set_xlabel("dynamic energy, nJ")
    _legend(axes)


def _used(report: Report) -> list[str]:
    """Components with energy, the largest first."""
    spent = report.components
    return sorted((name for name in spent if spent[name]), key=lambda name: -spent[name])


def _energy(report: Report, axes: Any) -> None:
    _bars(axes, report.layers, _used(report))


def _components(report: Report, axes: Any) -> None:
    names = _used(report)
    values = [report.components[name] / 1e3 for name in names]
    axes.barh(range(len(names)), values, color=PALETTE[0])
    _names(axes, [name.replace("_", " ") for name in names])
    axes.set_xlabel("dynamic energy, nJ")


def _time(report: Report, axes: Any) -> None:
    layers = report.layers
    factor, unit = time_unit(max((layer.busy_ns for layer in layers), default=0.0))
    axes.barh(range(len(layers)), [layer.busy_ns / factor for layer in layers], color=PALETTE[0])
    _names(axes, [layer.name for layer in layers])
    axes.set_xlabel(f"busy time, {unit}")


def _in_use(report: Report, axes: Any) -> None:
    factor, unit = time_unit(report.latency_ns)
    for index, (resource, (times, counts)) in enumerate(in_use_steps(report).items()):
        use = report.utilisation.get(resource)
        total = use.count if use else 0
        axes.step(
            [when / factor for when in times],
            [100 * count / total if total else count for count in counts],
            where="post",
            label=resource.replace("_", " "),
            color=PALETTE[index] if index < len(PALETTE) else _GREY,
            linewidth=1,
        )
    axes.set_xlabel(f"time, {unit}")
    axes.set_ylabel("in use, %")
    _legend(axes)


def _image(axes: Any, values: Any, extent: Any, label: str, largest: float) -> None:
    image = axes.imshow(
        values, aspect="auto", interpolation="nearest", extent=extent, vmin=0, vmax=largest
    )
    axes.figure.colorbar(image, ax=axes, label=label)


def _occupancy(report: Report, axes: Any) -> None:
    factor, unit = time_unit(report.latency_ns)
    for found in data.occupancy(report)[:1]:
        last = found.first[-1] + found.per_row
        extent = (0, found.ends_ns[-1] / factor, last, 0)
        _image(axes, 100 * found.share, extent, "held, %", 100.0)
        axes.set_title(found.resource.replace("_", " "))
    axes.set_xlabel(f"time, {unit}")
    axes.set_ylabel("array")


def _waiting(report: Report, axes: Any) -> None:
    found = data.waiting(report)
    factor, unit = time_unit(max((sum(item.values()) for item in found.values()), default=0.0))
    ends = np.zeros(len(found))
    for index, reason in enumerate(sorted({r for item in found.values() for r in item})):
        values = np.array([item.get(reason, 0.0) / factor for item in found.values()])
        colour = PALETTE[index % len(PALETTE)]
        axes.barh(
            range(len(found)), values, left=ends, color=colour, label=reason.replace("_", " ")
        )
        ends += values
    _names(axes, list(found))
    axes.set_xlabel(f"waiting, sum, {unit}")
    _legend(axes)


def _wear(report: Report, axes: Any) -> None:
    for found in data.wear_maps(report)[:1]:
        rows, columns = found.writes.shape
        largest = float(np.nanmax(found.writes, initial=1.0))
        extent = (0, columns, rows * columns, 0)
        _image(axes, found.writes, extent, "most writes of a cell", largest)
        axes.set_title(f"{found.group}, " + ("before the first run" if found.setup else "in a run"))
    axes.set_xticks([])
    axes.set_ylabel("array")


def _network(report: Report, axes: Any) -> None:
    found = data.network(report)
    x = [place[0] for place in found.places]
    y = [place[1] for place in found.places]
    for before, after in found.edges:
        axes.plot(
            [x[before], x[after]], [y[before], y[after]], color=_GREY, linewidth=0.8, zorder=1
        )
    most = max((layer.energy_pj for layer in found.layers), default=0.0) or 1.0
    factor, unit = time_unit(max((layer.busy_ns for layer in found.layers), default=0.0))
    points = axes.scatter(
        x,
        y,
        s=[20 + 180 * layer.energy_pj / most for layer in found.layers],
        c=[layer.busy_ns / factor for layer in found.layers],
        zorder=2,
    )
    for layer, at in zip(found.layers, zip(x, y, strict=True), strict=True):
        axes.annotate(layer.name, at, xytext=(8, -2), textcoords="offset points", fontsize=7)
    axes.figure.colorbar(points, ax=axes, label=f"busy time, {unit}")
    axes.invert_yaxis()
    axes.margins(x=0.4)
    axes.set_axis_off()


_PLOTS: dict[str, Callable[[Any, Any], None]] = {
    "timeline": _timeline,
    "energy": _energy,
    "time": _time,
    "components": _components,
    "in_use": _in_use,
    "occupancy": _occupancy,
    "waiting": _waiting,
    "wear": _wear,
    "network": _network,
}
#: What `Report.plot` draws.
KINDS_OF_PLOTS = tuple(_PLOTS)
_BY_LAYER = ("timeline", "energy", "time", "waiting", "network")
