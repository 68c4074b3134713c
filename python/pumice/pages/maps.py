# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of arrays over time, wear, waiting, and the network as a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pumice.pages import data
from pumice.pages.figures import PALETTE, layout, rows_axis, time_unit
from pumice.pages.page import require_plotly
from pumice.tables import energy, number, time

if TYPE_CHECKING:
    from pumice.report import Report

__all__ = ["graph", "occupancy", "waiting", "wear_map"]

#: From unused to much used, for maps on light and dark pages.
SCALE = [[0, "rgba(128,128,128,0.12)"], [0.01, "#56B4E9"], [0.5, "#0072B2"], [1, "#D55E00"]]


def _bar(title: str) -> dict[str, Any]:
    """The key of a scale of colours, at the top right."""
    return {
        "title": {"text": title}, "thickness": 12, "lenmode": "pixels", "len": 180, "y": 1,
        "yanchor": "top",
    }  # fmt: skip


def occupancy(found: data.Occupancy) -> Any:
    """A map of arrays over time: how much of the time and of the arrays was held."""
    plotly = require_plotly()
    factor, unit = time_unit(found.ends_ns[-1] if found.ends_ns else 0.0)
    step = found.ends_ns[0] if found.ends_ns else 1.0
    return plotly.Figure(
        data=[
            {
                "type": "heatmap",
                "x": [(end - step / 2) / factor for end in found.ends_ns],
                "y": [first + (found.per_row - 1) / 2 for first in found.first],
                "z": (100 * found.share).round(2).tolist(),
                "zmin": 0,
                "zmax": 100,
                "colorscale": SCALE,
                "colorbar": _bar("held, %"),
                "hovertemplate": f"array %{{y:.0f}}, %{{x:.4g}} {unit}<br>%{{z}} %<extra></extra>",
            }
        ],
        layout=layout(
            xaxis={"title": {"text": unit}},
            yaxis={
                "title": {"text": "array"},
                "autorange": "reversed",
                "automargin": True,
                "tickformat": "d",
                "dtick": max(1, len(found.first) * found.per_row // 8),
                "tick0": 0,
            },
        ),
    )


def wear_map(found: data.WearMap) -> Any:
    """Arrays as cells of a grid, 64 in a row, coloured by their most written cell."""
    plotly = require_plotly()
    rows, columns = found.writes.shape
    written = [[None if v != v else v for v in row] for row in found.writes.tolist()]
    labels = [
        [
            f"array {r * columns + c}<br>{name}"
            if name
            else f"array {r * columns + c}: not written"
            for c, name in enumerate([*row, *[""] * (columns - len(row))])
        ]
        for r, row in enumerate(found.names)
    ]
    when = "before the first run" if found.setup else "in a run"
    return plotly.Figure(
        data=[
            {
                "type": "heatmap",
                "z": written,
                "text": labels,
                "zmin": 0,
                "zmax": max([1, *(v for row in written for v in row if v is not None)]),
                "colorscale": SCALE,
                "colorbar": _bar("writes"),
                "xgap": 1,
                "ygap": 1,
                "hovertemplate": f"%{{text}}<br>most writes {when}: %{{z}}<extra></extra>",
            }
        ],
        layout=layout(
            xaxis={"showticklabels": False, "showgrid": False, "zeroline": False},
            yaxis={
                "autorange": "reversed",
                "showgrid": False,
                "zeroline": False,
                "automargin": True,
                "tickvals": list(range(0, rows, max(1, rows // 8))),
                "ticktext": [str(r * columns) for r in range(0, rows, max(1, rows // 8))],
                "title": {"text": "array"},
            },
        ),
    )


def waiting(found: Mapping[str, Mapping[str, float]]) -> Any:
    """How long the instructions of each layer waited, by what they waited for."""
    plotly = require_plotly()
    names = list(found)
    factor, unit = time_unit(max((sum(item.values()) for item in found.values()), default=0.0))
    reasons = sorted({reason for item in found.values() for reason in item})
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": reason.replace("_", " "),
            "y": names,
            "x": [found[name].get(reason, 0.0) / factor for name in names],
            "marker": {"color": PALETTE[index % len(PALETTE)]},
            "hovertext": [
                f"{name}<br>{reason.replace('_', ' ')}: {time(found[name].get(reason, 0.0))}"
                for name in names
            ],
            "hoverinfo": "text",
        }
        for index, reason in enumerate(reasons)
    ]
    return plotly.Figure(
        data=bars,
        layout=layout(
            barmode="stack", xaxis={"title": {"text": f"sum, {unit}"}}, yaxis=rows_axis(names)
        ),
    )


def graph(report: Report, errors: Mapping[str, float]) -> Any:
    """Layers by dependence from top to bottom: size is energy, colour is time or error."""
    plotly = require_plotly()
    found = data.network(report, errors)
    layers, places = found.layers, found.places
    lines: dict[str, list[float | None]] = {"x": [], "y": []}
    for before, after in found.edges:
        for axis, key in enumerate("xy"):
            lines[key] += [places[before][axis], places[after][axis], None]
    most = max((layer.energy_pj for layer in layers), default=0.0) or 1.0
    values = [
        found.errors.get(layer.name, 0.0) if found.errors else layer.busy_ns for layer in layers
    ]
    factor, unit = time_unit(max(values, default=0.0))
    title = "error" if found.errors else f"time, {unit}"
    labels = [
        layer.name if len(layer.name) < 24 else "\u2026" + layer.name[-23:] for layer in layers
    ]
    hover = [
        f"{layer.name}<br>{' '.join(layer.kinds)}<br>busy {time(layer.busy_ns)}<br>"
        f"{energy(layer.energy_pj)}<br>arrays: {number(layer.arrays)}"
        + (f"<br>relative error: {found.errors[layer.name]:.3g}" if layer.name in errors else "")
        for layer in layers
    ]
    depth = max((y for _, y in places), default=0)
    left = min((x for x, _ in places), default=0.0)
    right = max((x for x, _ in places), default=0.0)
    return plotly.Figure(
        data=[
            {
                "type": "scatter",
                "mode": "lines",
                **lines,
                "line": {"color": "#8a929b", "width": 1},
                "hoverinfo": "skip",
                "showlegend": False,
            },
            {
                "type": "scatter",
                "mode": "markers+text",
                "x": [x for x, _ in places],
                "y": [y for _, y in places],
                "text": labels,
                "textposition": "middle right",
                "hovertext": hover,
                "hoverinfo": "text",
                "showlegend": False,
                "marker": {
                    "size": [8 + 16 * (layer.energy_pj / most) ** 0.5 for layer in layers],
                    "color": [value / (1.0 if found.errors else factor) for value in values],
                    "cmin": 0,
                    "colorscale": [[0, "#56B4E9"], [0.5, "#0072B2"], [1, "#D55E00"]],
                    "colorbar": _bar(title),
                },
            },
        ],
        layout=layout(
            xaxis={"visible": False, "range": [left - 0.4, right + 1.2]},
            yaxis={"visible": False, "range": [depth + 0.7, -0.7]},
        ),
    )


def graph_height(report: Report) -> int:
    """Pixels that the graph of a network needs."""
    depth = max((y for _, y in data.network(report).places), default=0)
    return max(300, 120 + 26 * (1 + depth))
