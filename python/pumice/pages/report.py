# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The page of one report, or of several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pumice.errors import PumiceError
from pumice.pages import data, figures, maps
from pumice.pages.page import Card, Cell, Section, figure, grid, page, table
from pumice.tables import (
    NOT_STATED,
    area,
    energy,
    lifetime,
    number,
    percent,
    size,
    static_energy,
    time,
)

if TYPE_CHECKING:
    from pumice.comparison import Comparison
    from pumice.report import Report

__all__ = ["report_page"]

#: Height in pixels of a figure of few rows: its legend has several lines on a phone.
_LEAST = 260


def report_page(
    reports: Mapping[str, Report],
    title: str | None = None,
    *,
    comparison: Comparison | Mapping[str, Any] | None = None,
) -> str:
    """A self-contained page.

    Args:
        reports: by the names that the page gives them; details are shown of each.
        title: of the page; the names of the reports if not given.
        comparison: with PyTorch, of `Program.compare` or what its `to_json` wrote; its errors are
            shown on the graph of the network.

    Raises:
        PumiceError: no report, or plotly is not installed.
    """
    if not reports:
        raise PumiceError("expected at least one report, got none")
    errors = data.layer_errors(comparison) if comparison is not None else {}
    sections: list[Section] = []
    lead = ""
    if len(reports) > 1:
        sections += _comparison(reports)
    else:
        lead = grid(_cards(next(iter(reports.values()))))
    for index, (name, report) in enumerate(reports.items()):
        prefix = f"{name}: " if len(reports) > 1 else ""
        sections += [
            Section(prefix + section.title, section.body, section.note)
            for section in _details(report, f"r{index}", errors)
        ]
    return page(title or " and ".join(reports), lead, sections)


def _cards(report: Report) -> Iterator[Card]:
    yield Card("device", report.device)
    yield Card("latency", time(report.latency_ns))
    yield Card("dynamic energy", energy(report.dynamic_energy_pj))
    yield Card("static energy", static_energy(report))
    yield Card("arrays with weights", number(report.arrays))
    yield Card("area of the device", area(report.area_mm2) if report.area_mm2 else NOT_STATED)
    yield Card("peak use of the buffer", size(report.peak_buffer_bytes))
    if report.steady_state is not None:
        yield Card("latency, steady state", time(report.steady_state.latency_ns))
    if report.wear.lifetime is not None and report.wear.lifetime.limit == "endurance":
        yield Card("lifetime of the cells", lifetime(report.wear))


def _comparison(reports: Mapping[str, Report]) -> Iterator[Section]:
    rows: list[list[Cell]] = [
        [
            name,
            report.device,
            (time(report.latency_ns), report.latency_ns),
            (energy(report.dynamic_energy_pj), report.dynamic_energy_pj),
            (static_energy(report), report.static_energy_pj or -1),
            (number(report.arrays), report.arrays),
            (area(report.area_mm2) if report.area_mm2 else NOT_STATED, report.area_mm2 or -1),
        ]
        for name, report in reports.items()
    ]
    columns = [
        "run", "device", "latency", "dynamic energy", "static energy", "arrays", "area"
    ]  # fmt: skip
    yield Section("Runs", table(columns, rows, left=2, name="runs"))
    height = max(_LEAST, 140 + 40 * len(reports))
    yield Section(
        "Dynamic energy by component", figure(figures.components(reports), height, "components")
    )


def _details(report: Report, key: str, errors: Mapping[str, float]) -> Iterator[Section]:
    layers = report.layers
    height = max(_LEAST, 140 + figures.ROW * len(layers))
    yield Section(
        "Timeline",
        figure(figures.timeline(report), height, f"{key}-timeline"),
        "Instructions of each layer. Drag to zoom, double-click to reset.",
    )
    yield Section(
        "Resources in use", figure(figures.in_use(report), 320, f"{key}-use"), "Share of all."
    )
    for found in data.occupancy(report):
        yield Section(
            f"{found.resource.replace('_', ' ').replace('.', ': ').capitalize()}s over time",
            figure(maps.occupancy(found), 340, f"{key}-{found.resource}"),
            "Share of the time and of the arrays that is held."
            + (f" A row is {found.per_row} arrays." if found.per_row > 1 else ""),
        )
    waits = data.waiting(report)
    if waits:
        yield Section(
            "Waiting",
            figure(
                maps.waiting(waits),
                max(_LEAST, 140 + figures.ROW * len(waits)),
                f"{key}-waiting",
            ),
            "How long instructions of a layer whose inputs were there waited, by the resource that"
            " was freed when they started.",
        )
    yield Section(
        "Network",
        figure(maps.graph(report, errors), maps.graph_height(report), f"{key}-network"),
        "Layers by dependence. Size is energy, colour is "
        + ("the error that a layer adds." if errors else "time."),
    )
    yield Section(
        "Time and energy by layer",
        figure(figures.layers(layers), height, f"{key}-layers"),
        "Layers may overlap in time.",
    )
    yield Section(
        "Energy by module",
        figure(figures.modules(report), 480, f"{key}-modules"),
        "Click a module to enlarge it.",
    )
    yield Section("Layers", _layer_table(report, f"{key}-table"), "Click a title to sort.")
    yield Section("Energy by component", _component_table(report, f"{key}-parts"))
    yield Section("Utilisation", _utilisation_table(report, f"{key}-utilisation"))
    for worn in data.wear_maps(report):
        height = 300 + min(300, 12 * len(worn.names))
        yield Section(
            f"Wear of {worn.group}",
            figure(maps.wear_map(worn), height, f"{key}-wear-{worn.group}"),
            "Most writes of a cell of each array "
            + ("before the first run; runs write nothing." if worn.setup else "in a run."),
        )
    if report.wear.ranges:
        height = 140 + 2 * figures.ROW * len(report.wear.ranges)
        yield Section("Wear by layer", figure(figures.wear(report), height, f"{key}-wear"))


def _layer_table(report: Report, name: str) -> str:
    rows: list[list[Cell]] = [
        [
            layer.name,
            " ".join(layer.kinds),
            "; ".join(layer.reasons),
            (number(layer.arrays), layer.arrays),
            (time(layer.busy_ns), layer.busy_ns),
            (energy(layer.energy_pj), layer.energy_pj),
            (number(layer.conversions), layer.conversions),
        ]
        for layer in report.layers
    ]
    columns = [
        "layer", "kinds", "why on the digital unit", "arrays", "busy time", "dynamic energy",
        "conversions",
    ]  # fmt: skip
    return table(columns, rows, left=3, name=name, searched=True)


def _component_table(report: Report, name: str) -> str:
    dynamic = report.dynamic_energy_pj or 1.0
    rows: list[list[Cell]] = [
        [part.replace("_", " "), (energy(pj), pj), (percent(pj / dynamic), pj / dynamic)]
        for part, pj in sorted(report.components.items(), key=lambda item: -item[1])
        if pj
    ]
    return table(["component", "energy", "of dynamic"], rows, name=name)


def _utilisation_table(report: Report, name: str) -> str:
    rows: list[list[Cell]] = [
        [
            resource.replace("_", " "),
            (number(use.count), use.count),
            (time(use.busy_ns), use.busy_ns),
            (percent(use.share), use.share),
        ]
        for resource, use in report.utilisation.items()
    ]
    return table(["resource", "count", "busy time, sum", "share"], rows, name=name)
