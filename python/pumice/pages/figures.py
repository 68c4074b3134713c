# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of reports, for pages and notebooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from pumice.pages.page import require_plotly
from pumice.tables import energy, number, time

if TYPE_CHECKING:
    from pumice.report import Layer, Report

__all__ = [
    "KINDS", "PALETTE", "components", "in_use", "in_use_steps", "layers", "layout",
    "modules", "rows_axis", "time_unit", "timeline", "wear",
]  # fmt: skip

#: Okabe and Ito's colours, which people with colour blindness tell apart.
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
)  # fmt: skip
_OTHER = "#8a929b"
KINDS = {
    "mvm": "#0072B2",
    "digital": "#009E73",
    "transfer": "#E69F00",
    "program": "#D55E00",
    "ap": "#CC79A7",
    "cam_search": "#56B4E9",
    "cam_write": "#F0E442",
}
#: Pixels of a row of a figure with a row for each layer.
ROW = 18


def layout(**more: Any) -> dict[str, Any]:
    """What all figures have in common."""
    return {
        "margin": {"l": 8, "r": 8, "t": 24, "b": 40},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        "hovermode": "closest",
        **more,
    }


#: Units of axes, ascending.
_TIMES = ((1.0, "ns"), (1e3, "us"), (1e6, "ms"), (1e9, "s"))
_ENERGIES = ((1.0, "pJ"), (1e3, "nJ"), (1e6, "uJ"), (1e9, "mJ"), (1e12, "J"))


def _unit(largest: float, units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    """The largest unit that a value reaches, as a factor and a name."""
    return max((unit for unit in units if unit[0] <= largest), default=units[0])


def time_unit(largest: float) -> tuple[float, str]:
    """The unit of an axis of times in ns: a factor and a name."""
    return _unit(largest, _TIMES)


def rows_axis(names: Sequence[str]) -> dict[str, Any]:
    """An axis with a row for each name, the first at the top."""
    return {
        "automargin": True,
        "autorange": "reversed",
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(names),
    }


def _largest(reports: Sequence[Mapping[str, float]]) -> tuple[list[str], bool]:
    """The components that get a colour of their own, and whether others are left."""
    sums: dict[str, float] = defaultdict(float)
    for spent in reports:
        for name, value in spent.items():
            sums[name] += value
    ordered = sorted((name for name in sums if sums[name]), key=lambda name: -sums[name])
    return ordered[: len(PALETTE)], len(ordered) > len(PALETTE)


def _stacks(
    names: Sequence[str], spent: Sequence[Mapping[str, float]]
) -> tuple[list[dict[str, Any]], str]:
    """Horizontal bars of energy by component, one for each name, and the unit."""
    factor, unit = _unit(max((sum(item.values()) for item in spent), default=0.0), _ENERGIES)
    shown, others = _largest(spent)
    bars = []
    for component, colour in [*zip(shown, PALETTE, strict=False), *([("other", _OTHER)] * others)]:
        values = [
            item.get(component, 0.0)
            if component != "other"
            else sum(v for k, v in item.items() if k not in shown)
            for item in spent
        ]
        label = component.replace("_", " ")
        bars.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": label,
                "y": list(names),
                "x": [value / factor for value in values],
                "marker": {"color": colour},
                "hovertext": [
                    f"{n}<br>{label}: {energy(v)}" for n, v in zip(names, values, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
    return bars, unit


def components(reports: Mapping[str, Report]) -> Any:
    """Dynamic energy by component of each run, as stacked bars."""
    plotly = require_plotly()
    spent = [report.components for report in reports.values()]
    bars, unit = _stacks(list(reports), spent)
    return plotly.Figure(
        data=bars,
        layout=layout(
            barmode="stack", xaxis={"title": {"text": unit}}, yaxis=rows_axis(list(reports))
        ),
    )


def layers(shown: Sequence[Layer]) -> Any:
    """Busy time and dynamic energy by component of each layer, side by side."""
    plotly = require_plotly()
    names = [layer.name for layer in shown]
    stacks, energy_unit = _stacks(names, [layer.components for layer in shown])
    bars = [{**bar, "xaxis": "x2"} for bar in stacks]
    factor, unit = time_unit(max((layer.busy_ns for layer in shown), default=0.0))
    busy = {
        "type": "bar",
        "orientation": "h",
        "name": "busy time",
        "y": names,
        "x": [layer.busy_ns / factor for layer in shown],
        "marker": {"color": _OTHER},
        "hovertext": [f"{layer.name}<br>{time(layer.busy_ns)}" for layer in shown],
        "hoverinfo": "text",
    }
    return plotly.Figure(
        data=[busy, *bars],
        layout=layout(
            barmode="stack",
            yaxis=rows_axis(names),
            xaxis={"domain": [0, 0.46], "title": {"text": f"time, {unit}"}},
            xaxis2={"domain": [0.54, 1], "title": {"text": f"energy, {energy_unit}"}},
        ),
    )


def timeline(report: Report) -> Any:
    """Instructions over time, a row for each layer, coloured by kind."""
    plotly = require_plotly()
    names = [layer.name for layer in report.layers]
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for instruction in report.instructions:
        kinds[instruction["kind"]].append(instruction)
    factor, unit = time_unit(report.latency_ns)
    spare = iter([*PALETTE[4:], _OTHER])
    bars = []
    for kind, items in kinds.items():
        bars.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": kind,
                "y": [item["layer"] for item in items],
                "base": [item["start_ns"] / factor for item in items],
                "x": [(item["end_ns"] - item["start_ns"]) / factor for item in items],
                "marker": {"color": KINDS.get(kind) or next(spare, _OTHER), "line": {"width": 0}},
                "hovertext": [
                    f"{item['label']} (instruction {item['id']})<br>"
                    f"{time(item['start_ns'])} to {time(item['end_ns'])}<br>"
                    f"{energy(item['energy_pj']['total'])}"
                    for item in items
                ],
                "hoverinfo": "text",
            }
        )
    return plotly.Figure(
        data=bars,
        layout=layout(
            barmode="overlay",
            xaxis={"title": {"text": unit}},
            yaxis=rows_axis(names),
            dragmode="zoom",
        ),
    )


def in_use_steps(report: Report) -> dict[str, tuple[list[float], list[int]]]:
    """Times in ns and how many resources of each class are in use from each of them on."""
    changes: dict[str, dict[float, int]] = defaultdict(lambda: defaultdict(int))
    for instruction in report.instructions:
        for lane in instruction["lanes"]:
            changes[lane["resource"]][lane["start_ns"]] += lane["count"]
            changes[lane["resource"]][lane["end_ns"]] -= lane["count"]
    steps = {}
    for resource, deltas in sorted(changes.items()):
        times = sorted(deltas)
        steps[resource] = (times, list(accumulate(deltas[when] for when in times)))
    return steps


def in_use(report: Report) -> Any:
    """Resources of each class in use over time, as a share of all of them."""
    plotly = require_plotly()
    changes = in_use_steps(report)
    factor, unit = time_unit(report.latency_ns)
    lines = []
    for (resource, (times, counts)), colour in zip(
        changes.items(), [*PALETTE, *[_OTHER] * len(changes)], strict=False
    ):
        total = report.utilisation[resource].count if resource in report.utilisation else 0
        label = resource.replace("_", " ")
        lines.append(
            {
                "type": "scattergl",
                "mode": "lines",
                "line": {"shape": "hv", "color": colour, "width": 1.5},
                "name": label,
                "x": [when / factor for when in times],
                "y": [100 * count / total if total else count for count in counts],
                "hovertext": [
                    f"{label}: {number(count)} of {number(total)} from {time(when)}"
                    for when, count in zip(times, counts, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
    return plotly.Figure(
        data=lines,
        layout=layout(
            xaxis={"title": {"text": unit}},
            yaxis={"title": {"text": "in use, %"}, "rangemode": "tozero", "automargin": True},
        ),
    )


def modules(report: Report) -> Any:
    """Dynamic energy by module: each box holds the boxes of its submodules."""
    plotly = require_plotly()
    values: dict[str, float] = defaultdict(float)
    for layer in report.layers:
        parts = [layer.name] if ":" in layer.name else layer.name.split(".")
        for depth in range(len(parts) + 1):
            values["/".join(parts[:depth])] += layer.energy_pj
    paths = list(values)
    return plotly.Figure(
        data=[
            {
                "type": "icicle",
                "ids": [path or "all" for path in paths],
                "labels": [path.rpartition("/")[2] or "network" for path in paths],
                "parents": ["" if not path else path.rpartition("/")[0] or "all" for path in paths],
                "values": [values[path] for path in paths],
                "branchvalues": "total",
                "text": [energy(values[path]) for path in paths],
                "textinfo": "label+text+percent root",
                "hoverinfo": "label+text+percent root",
                "tiling": {"orientation": "h"},
            }
        ],
        layout=layout(),
    )


def wear(report: Report) -> Any:
    """Largest and mean writes of a cell in each range of arrays."""
    plotly = require_plotly()
    ranges = report.wear.ranges
    names = [f"{r.group} {r.first}..{r.first + r.count - 1}: {', '.join(r.layers)}" for r in ranges]
    return plotly.Figure(
        data=[
            {
                "type": "bar",
                "orientation": "h",
                "name": title,
                "y": names,
                "x": values,
                "marker": {"color": colour},
            }
            for title, values, colour in (
                ("most writes of a cell", [r.max_writes_per_cell for r in ranges], PALETTE[5]),
                ("mean", [r.mean_writes_per_cell for r in ranges], PALETTE[4]),
            )
        ],
        layout=layout(
            barmode="group",
            xaxis={"title": {"text": "writes per cell in a run"}, "rangemode": "tozero"},
            yaxis=rows_axis(names),
        ),
    )
