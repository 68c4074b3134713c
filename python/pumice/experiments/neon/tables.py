# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results as sentences and tables, for a terminal and for a page of Markdown."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable

from pumice.experiments.neon.hardware import SETTINGS
from pumice.experiments.neon.networks import NETWORKS
from pumice.experiments.neon.results import PAPER_GEOMEAN, Results, geomean
from pumice.experiments.neon.systems import CONFIGURATIONS, SystemCost
from pumice.experiments.neon.table3 import NETS
from pumice.experiments.page import Table, write_page
from pumice.tables import area, energy, power, time

__all__ = ["TARGETS", "summary", "tables", "write_markdown"]

#: Gates that were set before the figures were known: the key, whether at most or at least, and
#: the value.
TARGETS: tuple[tuple[str, str, str, float], ...] = (
    ("paper_assumptions", "speedup over DLC", "at least", 2.28),
    ("paper_assumptions", "speedup over LUT", "at least", 1.4),
    ("ours", "speedup over DLC", "at least", 0.95),
    ("ours", "energy over DLC", "at most", 1.25),
    ("ours", "energy over DLC, functions", "at most", 2.0),
)
_NAMES = {"dlc": "DLC", "lut": "LUT", "neon": "NEON", "lut_wide": "LUT, table per element"}
#: Bars of Fig. 10 that a configuration has: NEON and LUT over DLC.
_BARS = {"neon": 0, "lut_wide": 1}


def summary(results: Results) -> list[str]:
    """What agrees with the paper, and each target with how it was met or by how much missed."""
    table = results.table3()
    lines = [
        f"Table III: {table['arrays_exact']} of {len(NETS)} array counts,"
        f" {table['power_exact']} powers and {table['area_exact']} areas are exact, areas with"
        " those of the 12 subarrays of a bank rounded to 0.001 mm2. With Table IV's area of one,"
        f" {table['area_exact_by_table4']} are, and the largest difference is"
        f" {table['largest_area_difference_mm2']:.3f} mm2."
        f" {table['errors_met']} of {len(NETS)} errors are within their targets."
    ]
    for setting, ratio, bound, target in TARGETS:
        value = _base(results, setting)[ratio]
        is_met = value >= target if bound == "at least" else value <= target
        off = max(value / target, target / value)
        verdict = "met" if is_met else f"missed by a factor of {off:.2f}"
        lines.append(
            f"{SETTINGS[setting].title}, geometric mean: {ratio} {value:.3g}; {bound}"
            f" {target:g}: {verdict}."
        )
    lines.append(_check(results))
    lines.append(
        "ours: with a DLC that divides once per vector and multiplies, which the paper's does not,"
        f" the energy of the functions over it would be {results.one_division:.3g}."
    )
    return lines


def _check(results: Results) -> str:
    """Whether the compiler's nets are those that the costs assume."""
    known = [net for net in results.compiled if net.assumed_hidden]
    same = sum(net.hidden == net.assumed_hidden for net in known)
    ratio = geomean([net.energy_pj / net.assumed_pj for net in known]) if known else math.nan
    return (
        f"pumice.compile: {same} of {len(known)} nets for functions of these networks have as many"
        f" units as assumed; their energy is {ratio:.2f} of that assumed (geometric mean),"
        f" {len(results.compiled) - len(known)} are for functions that the comparison has no net"
        " for."
    )


def _base(results: Results, setting: str) -> dict[str, float]:
    return next(item.base for item in results.sensitivities if item.setting == setting)


def tables(results: Results) -> list[Table]:
    """Nets; costs beside the paper's bars; sensitivities."""
    found = [_nets(results), _errors(results), _compiled(results)]
    for setting in SETTINGS:
        found += [_costs(results, setting), _bars(results, setting)]
    found += [_sensitivity(results, setting) for setting in SETTINGS]
    return found


def _nets(results: Results) -> Table:
    return Table(
        "Table III: the paper's nets on the preset neon (an IMA for each array of 128x16 weights)",
        ["net", "layers", "arrays", "paper", "power, mW", "paper", "area, mm2", "by Table IV",
         "paper"],
        [
            [
                net.name, "-".join(map(str, net.sizes)), str(row.arrays),
                str(round(net.power_mw / 24.08)), f"{row.power_mw:.2f}", f"{net.power_mw:.2f}",
                f"{row.table_area_mm2:.3f}", f"{row.area_mm2:.3f}", f"{net.area_mm2:.2f}",
            ]
            for row, net in zip(results.nets, NETS, strict=True)
        ],
        left=2,
    )  # fmt: skip


def _errors(results: Results) -> Table:
    def optional(value: float | None) -> str:
        return "-" if value is None else f"{value:.2g}"

    return Table(
        "Table III: mean squared errors of ours (scalar nets), of whole-vector nets, of the paper",
        ["net", "hidden", "MSE", "target", "normalised", "seconds", "whole: MSE", "normalised",
         "bound", "refused", "paper: MSE", "minutes"],
        [
            [
                net.name, str(row.hidden), f"{row.mse:.2g}", f"{net.target:.2g}",
                f"{row.nmse:.2g}", f"{row.seconds:.1f}", optional(row.whole_mse),
                optional(row.whole_nmse), optional(row.whole_bound),
                "-" if row.refused is None else "yes" if row.refused else "no",
                f"{net.mse:.2g}", f"{net.minutes:g}",
            ]
            for row, net in zip(results.nets, NETS, strict=True)
        ],
    )  # fmt: skip


def _compiled(results: Results) -> Table:
    return Table(
        "Nets that pumice.compile makes for the functions of the networks, and those assumed above",
        ["network", "function", "net", "units", "assumed", "pJ an element", "assumed"],
        [
            [
                net.network, f"{net.function}-{net.size}", net.kind, str(net.hidden),
                str(net.assumed_hidden or "-"), f"{net.energy_pj:.0f}",
                f"{net.assumed_pj:.0f}" if net.assumed_hidden else "-",
            ]
            for net in results.compiled
        ],
        left=3,
    )  # fmt: skip


def _costs(results: Results, setting: str) -> Table:
    return Table(
        f"{SETTINGS[setting].title}: an inference (events), and in the paper's accounting",
        ["network", "functions", "latency", "area", "power", "energy", "of functions",
         "area, paper's", "power, paper's", "energy, paper's"],
        [
            [
                network, _NAMES[config], time(cost.latency_ns), area(cost.area_mm2),
                power(cost.power_mw), energy(cost.energy_pj), energy(cost.function_pj),
                area(cost.paper_area_mm2), power(cost.paper_power_mw), energy(cost.paper_pj),
            ]
            for network, costs in results.costs[setting].items()
            for config, cost in ((config, costs[config]) for config in CONFIGURATIONS)
        ],
        left=2,
    )  # fmt: skip


#: Bars of Fig. 10; ours in the paper's accounting, as the paper's are.
_FIGURES: dict[str, Callable[[SystemCost], float]] = {
    "speedup": lambda cost: 1 / cost.latency_ns,
    "area": lambda cost: cost.paper_area_mm2,
    "power": lambda cost: cost.paper_power_mw,
    "energy": lambda cost: cost.paper_pj,
}


def _bars(results: Results, setting: str) -> Table:
    rows: list[list[str]] = []
    costs = results.costs[setting]
    for config in ("neon", "lut", "lut_wide"):
        for name in [*costs, "geomean"]:
            row = [name, _NAMES[config]]
            for figure, get in _FIGURES.items():
                ratios = {n: get(c[config]) / get(c["dlc"]) for n, c in costs.items()}
                row.append(_ratio(ratios.get(name, geomean(list(ratios.values())))))
                bars = PAPER_GEOMEAN if name == "geomean" else NETWORKS[name].paper
                # A geometric mean of other networks than the paper's has no bar.
                known = config in _BARS and (name != "geomean" or len(costs) == len(NETWORKS))
                row.append(_ratio(bars[figure][_BARS[config]]) if known else "-")
            rows.append(row)
    return Table(
        f"{SETTINGS[setting].title}: over DLC in the paper's accounting, and its Fig. 10",
        ["network", "functions", *(c for f in _FIGURES for c in (f, "paper"))],
        rows,
        left=2,
    )


def _sensitivity(results: Results, setting: str) -> Table:
    items = [item for item in results.sensitivities if item.setting == setting]
    base = items[0].base
    return Table(
        f"{SETTINGS[setting].title}: geometric means if a constant is halved / doubled / 0",
        ["constant", "value", *(f"{name} ({_ratio(value)})" for name, value in base.items())],
        [
            [
                item.constant,
                "" if item.value is None else f"{item.value:.4g}",
                *(
                    " / ".join(
                        _ratio(found[name]) for found in (item.halved, item.doubled, item.removed)
                    )
                    for name in base
                ),
            ]
            for item in items
        ],
    )


def _ratio(value: float) -> str:
    return f"{value:.3g}"


def write_markdown(results: Results, path: str | os.PathLike[str]) -> None:
    """Puts the summary and tables into a page, between its lines for them.

    Raises:
        PumiceError: the file cannot be read or written, or has no such lines.
    """
    lines: Iterable[str] = summary(results)
    write_page(path, "neon", lines, tables(results))
