# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports side by side: one table with a column for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from pumice.tables import (
    FIGURES,
    NOT_STATED,
    area,
    counted,
    energy,
    number,
    percent,
    simple_table,
    size,
    stated_static_energy_pj,
    time,
)

if TYPE_CHECKING:
    from pumice.report import Report

__all__ = ["side_by_side"]

#: Rows: label, value (None if the device does not state it), and how to write it.
_ROWS: list[tuple[str, Callable[[Report], float | None], Callable[[float], str]]] = [
    ("latency", lambda report: report.latency_ns, time),
    ("energy, dynamic", lambda report: report.dynamic_energy_pj, energy),
    ("energy, static", stated_static_energy_pj, energy),
    ("arrays with weights", lambda report: report.arrays, number),
    ("ADC conversions", lambda report: report.counters.get("conversions", 0), number),
    ("area of the device", lambda report: report.area_mm2, area),
    ("peak use of the buffer", lambda report: report.peak_buffer_bytes, size),
]


def side_by_side(reports: Mapping[str, Report]) -> Group:
    """A table of runs or estimates, by name; what devices do not state is named below it."""
    names = list(reports)
    every = list(reports.values())
    rows: list[list[str]] = []
    missing: dict[str, list[str]] = {}

    def add(label: str, values: list[float | None], text: Callable[[float], str]) -> None:
        rows.append([label, *(NOT_STATED if v is None else text(v) for v in values)])
        for name, value in zip(names, values, strict=True):
            if value is None:
                missing.setdefault(name, []).append(label)

    for label, value, text in _ROWS:
        add(label, [value(report) for report in every], text)
    figures = [report.figures for report in every]
    for label, attribute, text in FIGURES:
        add(label, [getattr(item, attribute) for item in figures], text)
    kinds = dict.fromkeys(kind for item in figures for kind in item.shares)
    for kind in kinds:
        add(f"time with {kind}", [item.shares.get(kind, 0.0) for item in figures], percent)
    table = simple_table(f"{counted(len(reports), 'estimate')} side by side", ["", *names], rows)
    notes = [
        Text(f"{name} does not state: {', '.join(labels)}") for name, labels in missing.items()
    ]
    partial = [
        Text(f"sums of {name} leave out the {', '.join(report.not_stated)}")
        for name, report in reports.items()
        if report.area_mm2 is not None and report.not_stated
    ]
    return Group(table, *notes, *partial)
