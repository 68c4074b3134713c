# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results as tables, for a terminal and for a page of Markdown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pumice.experiments.page import Table, write_page
from pumice.experiments.rtm_ap.map import BASELINES
from pumice.experiments.rtm_ap.results import PAPER, Cost, Point, Results
from pumice.tables import energy, number, percent, time

if TYPE_CHECKING:
    from pumice.experiments.sensitivity import Sensitivity

__all__ = ["summary", "tables", "write_markdown"]

_KEY = ["network", "sparsity", "bits"]


def summary(results: Results) -> list[str]:
    """One sentence per network that compares it with crossbars and with the paper."""
    return [_sentence(results, name) for name in results.settings.networks]


def _sentence(results: Results, name: str) -> str:
    sparsity, bits = results.settings.headline
    point = _headline(results, name)
    int8 = point.int8.energy_pj / point.processors.energy_pj
    winner = "processors" if point.energy_ratio > 1 else "crossbars"
    text = (
        f"{name}, sparsity {sparsity:g}, activations of {bits} bits: {winner} take less energy;"
        f" crossbars over processors: energy {_ratio(point.energy_ratio)}, latency"
        f" {_ratio(point.latency_ratio)} for the same codes, energy {_ratio(int8)} with 8-bit"
        " weights on crossbars."
    )
    target = PAPER.energy_ratios.get(name)
    if target is not None:
        met = point.energy_ratio >= target
        verdict = "met" if met else f"missed by a factor of {target / point.energy_ratio:.1f}"
        text += f" The paper's {target:g} in energy is {verdict}."
    chart = results.maps.get(name)
    if chart is not None:
        hp = next(item for item in chart.baselines if item.name == BASELINES[-1][0])
        text += (
            f" Beside crossbars with 8-bit weights, high-performance transistors and no pipeline,"
            f" whose energy is {percent(hp.leakage_pj / hp.energy_pj)} leakage, the ratio is"
            f" {_ratio(chart.ratio(hp))}. This explanation was found after the paper's ratio was"
            " known; nothing that we read says that it is the paper's baseline."
        )
    run = results.runs.get(name)
    if run is not None:
        outputs = "are" if run.exact else "are not"
        text += (
            f" With every pass simulated: {energy(run.energy_pj)} (estimated"
            f" {energy(point.processors.energy_pj)}), a ratio of"
            f" {_ratio(point.crossbars.energy_pj / run.energy_pj)}; the outputs {outputs} those"
            " of the device 'ideal'."
        )
    return text


def tables(results: Results) -> list[Table]:
    """Programs, costs, shares; then the sensitivities of each network."""
    points = results.points
    on = ["rtm-ap", "not shared", "crossbars", "8-bit weights", "ratio", "ratio, 8-bit weights"]
    found = [
        Table(
            "Programs and units (random ternary weights)",
            [*_KEY, "nonzero", "add/sub", "saved", "bound", "passes", "shifts", "processors",
             "arrays", "8-bit"],
            [[*_key(p), *_programs(p)] for p in points],
        ),
        Table(
            "Energy of an inference; ratio: crossbars over rtm-ap",
            [*_KEY, *on],
            [[*_key(p), *_compared(p, lambda cost: cost.energy_pj, energy)] for p in points],
        ),
        Table(
            "Latency of an inference; ratio: crossbars over rtm-ap",
            [*_KEY, *on],
            [[*_key(p), *_compared(p, lambda cost: cost.latency_ns, time)] for p in points],
        ),
        Table(
            "Shares of the energy",
            [*_KEY, "device", *points[0].processors.shares],
            [[*_key(p), cost.device, *map(percent, cost.shares.values())]
             for p in points for cost in (p.processors, p.crossbars)],
        ),
    ]  # fmt: skip
    found += [table for name in results.maps for table in _map(results, name)]
    return [*found, *(t for name in results.sensitivities for t in _sensitivities(results, name))]


def _map(results: Results, name: str) -> Iterable[Table]:
    chart, events = results.maps[name], results.maps[name].events
    sparsity, bits = results.settings.headline
    yield Table(
        f"{name}, sparsity {sparsity:g}, {bits} bits: events on processors",
        ["event", "number", "energy of one", "energy"],
        [
            ["search of a row", number(round(events.searches)), _femto(chart.search_pj),
             energy(events.searches * chart.search_pj)],
            ["write of a bit", number(round(events.writes)), _femto(chart.write_pj),
             energy(events.writes * chart.write_pj)],
            ["shift", number(round(events.shifts)), _femto(chart.shift_pj),
             energy(events.shifts * chart.shift_pj)],
            ["everything else", "", "", energy(events.rest_pj)],
        ],
    )  # fmt: skip
    yield Table(
        f"{name}: what it would take, by baseline",
        ["crossbars", "energy", "leakage", "ratio", "per row and pass", "for 1", "for 7.5"],
        [
            [item.name, energy(item.energy_pj), percent(item.leakage_pj / item.energy_pj),
             _ratio(chart.ratio(item)), _femto(chart.energy_pj / events.searches),
             _femto(chart.implied_pj(item, 1)), _femto(chart.implied_pj(item, 7.5))]
            for item in chart.baselines
        ],
    )  # fmt: skip


def _femto(pj: float) -> str:
    return f"{1000 * pj:.3g} fJ"


def _sensitivities(results: Results, name: str) -> Iterable[Table]:
    sparsity, bits = results.settings.headline
    items = results.sensitivities[name]
    for quantity in ("energy", "time"):
        part = [item for item in items if item.quantity == quantity]
        what = "energy" if quantity == "energy" else "latency"
        targets = list(part[0].factors)
        yield Table(
            f"{name}, sparsity {sparsity:g}, {bits} bits: ratio of {what} ({_ratio(part[0].ratio)})"
            " if a constant changes",
            ["constant", "of", "value", *(["share"] if quantity == "energy" else []), "halved",
             "doubled", "0", *(f"factor for {target}" for target in targets)],
            [_sensitivity(item) for item in part],
            left=2,
        )  # fmt: skip


def _sensitivity(item: Sensitivity) -> list[str]:
    return [
        item.constant,
        item.side,
        "" if item.value is None else f"{item.value:.4g}",
        *([] if item.share is None else [percent(item.share)]),
        *(_ratio(ratio) for ratio in (item.halved, item.doubled, item.removed)),
        *("none" if f is None else f"{f:.3g}" for f in item.factors.values()),
    ]


def write_markdown(results: Results, path: str | os.PathLike[str]) -> None:
    """Puts the summary and tables into a page, between its lines for them.

    Raises:
        PumiceError: the file cannot be read or written, or has no such lines.
    """
    write_page(path, "rtm-ap", summary(results), tables(results))


def _headline(results: Results, name: str) -> Point:
    point = results.point(name, *results.settings.headline)
    assert point is not None
    return point


def _key(point: Point) -> list[str]:
    return [point.network, f"{point.sparsity:g}", str(point.activation_bits)]


def _programs(point: Point) -> list[str]:
    return [
        number(point.nonzeros),
        number(point.additions),
        percent(1 - point.additions / point.nonzeros),
        percent(1 - point.bound / point.nonzeros),
        number(point.passes),
        number(point.shifts),
        number(point.processors.units),
        number(point.crossbars.units),
        number(point.int8.units),
    ]


def _compared(
    point: Point, get: Callable[[Cost], float], text: Callable[[float], str]
) -> list[str]:
    """One figure of each configuration of a point, then the ratios."""
    ours = get(point.processors)
    costs = [get(cost) for cost in (point.unshared, point.crossbars, point.int8)]
    return [text(ours), *map(text, costs), *(_ratio(cost / ours) for cost in costs[1:])]


def _ratio(value: float) -> str:
    return f"{value:.3g}"
