# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results as tables, for a terminal and for a page of Markdown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pumice.experiments.aras.results import (
    OURS,
    PAPER,
    Level,
    Results,
    Setting,
)
from pumice.experiments.page import Table, write_page
from pumice.scheduling.networks import Constants
from pumice.tables import energy, number, percent, size, years

__all__ = ["summary", "tables", "write_markdown"]

#: Writes that a cell lasts, from the pessimistic to the optimistic end of papers; guess.
ENDURANCES = (1e6, 1e9, 1e12)
_SECONDS_OF_A_YEAR = 365.25 * 86400

#: Targets: (what, path in the results, at least (or at most) what).
_TARGETS: tuple[tuple[str, tuple[str, ...], float, bool], ...] = (
    ("best transformer, speed over naive", ("best_transformer", "speedup_over_naive"), 2.2, True),
    ("geometric mean, speed over strong", ("geomean", "speedup_over_strong"), 1.2, True),
    ("8 writers: geometric mean, speed over strong",
     ("writers_8", "geomean", "speedup_over_strong"), 1.55, True),
    ("8 writers: best, speed over strong",
     ("writers_8", "best", "speedup_over_strong"), 2.0, True),
    ("best, energy saved over naive", ("best", "energy_saving_over_naive"), 0.45, True),
    ("geometric mean, energy saved over strong",
     ("geomean", "energy_saving_over_strong"), 0.15, True),
    ("cells kept, codes by channel", ("cells_kept", "per_channel"), 0.40, True),
    ("cells kept, codes by tensor", ("cells_kept", "per_tensor"), 0.50, True),
    ("gap to the optimum, mean", ("gap_to_optimum", "mean"), 0.01, False),
    ("gap to the optimum, worst", ("gap_to_optimum", "worst"), 0.05, False),
)  # fmt: skip


def _figure(plain: dict[str, Any], path: Sequence[str]) -> float | None:
    value: Any = plain
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else float(value)


def _target(plain: dict[str, Any], text: str, path: Sequence[str], goal: float, up: bool) -> str:
    found = _figure(plain, path)
    if found is None:
        return f"{text}: not run."
    met = found >= goal if up else found <= goal
    sign = "at least" if up else "at most"
    verdict = "met" if met else f"missed by {abs(found - goal):.3g}"
    return f"{text}: {found:.4g}, {sign} {goal:g}: {verdict}."


def _dynamic(setting: Setting) -> str:
    figures = {name: n.figures() for name, n in setting.networks.items()}
    over = {name: f["dynamic_energy_over_naive"] for name, f in figures.items()}
    worst = max(over, key=lambda name: over[name])
    within = [name for name, value in over.items() if value <= 1.1]
    verdict = "met" if len(within) == len(over) else f"missed by {over[worst] - 1.1:.3g}"
    least = figures[worst]["least_dynamic_energy_over_naive"]
    return (
        f"dynamic energy over naive, at most 1.1: {verdict} (worst {worst}, {over[worst]:.3f};"
        f" {len(within)} of {len(over)} networks within). No schedule of {worst} that is as fast"
        f" gets below {least:.3f} with these pulses."
    )


def _throughput(results: Results) -> str:
    worst = max(results.throughput, key=lambda t: t.above_bound)
    met = worst.above_bound <= 0.1
    relaxed = [t for t in results.throughput if t.above_relaxed <= 0.1]
    return (
        "throughput of VGG-16 and ResNet-50 on ISAAC, at most 10 % below the bound by arrays and"
        f" converters: {'met' if met else 'missed'} (worst {worst.above_bound:.1%} above the"
        f" bound). Were parts of copies possible, {len(relaxed)} of {len(results.throughput)}"
        " would be within 10 %."
    )


def summary(results: Results) -> list[str]:
    """A sentence for the paper's figures, and one for each target."""
    plain = results.to_dict()
    first = results.by_writers[0]
    best = first.summary()["best"]
    sentences = [
        f"The paper reports up to {PAPER.speedup:g} x and {percent(PAPER.energy_saving)} of the"
        " energy over a baseline without optimizations. Over `naive` we find up to"
        f" {best['speedup_over_naive']:.3g} x and {percent(best['energy_saving_over_naive'])}.",
        f"Over a machine like a TPU it reports up to {PAPER.tpu_speedup:g} x and"
        f" {percent(PAPER.tpu_energy_saving)}; we find up to {best['speedup_over_tpu_like']:.3g} x"
        f" and {percent(best['energy_saving_over_tpu_like'])}.",
    ]
    if "best_transformer" not in plain:
        sentences.append("No transformer was asked for.")
    sentences += [_target(plain, *target) for target in _TARGETS]
    sentences.append(_dynamic(first))
    if results.throughput:
        sentences.append(_throughput(results))
    if "resnet50" in first.networks and not first.writers:
        figures = first.networks["resnet50"].figures()
        saved, slower = (
            figures["steady_rewriting_saved_over_fastest"],
            figures["steady_time_over_fastest"],
        )
        met = saved >= 0.4 and slower <= 0.05
        sentences.append(
            "steady state of ResNet-50, at least 40 % of the write and DRAM energy of the fastest"
            f" schedule for at most 5 % of the time: {percent(saved)} for {percent(slower)}:"
            f" {'met' if met else 'missed'}. Over the schedule with few copies it is"
            f" {percent(figures['steady_rewriting_saved'])}. No schedule of the steady state that"
            f" is as fast saves more than {percent(figures['steady_rewriting_saved_at_most'])}."
        )
    return sentences


def _writers(setting: Setting) -> str:
    return f"{setting.writers} writers" if setting.writers else "all writers"


def _ms(level: Level) -> str:
    return f"{level.time_ps / 1e9:.3f}"


def _mj(pj: float) -> str:
    return f"{pj / 1e9:.3f}"


def _speed(setting: Setting) -> Table:
    rows = []
    for name, n in setting.networks.items():
        f = n.figures()
        timed = ("naive", "strong", "overlap", "fastest", OURS)
        rows.append([
            name, *(_ms(n.levels[level]) for level in timed), f"{f['speedup_over_naive']:.2f}",
            f"{f['speedup_over_strong']:.2f}", f"{f['fastest_speedup_over_strong']:.2f}",
            f"{f['copies']:.1f}", percent(f["gap_to_bound"]),
        ])  # fmt: skip
    own = setting.summary()
    for how in ("geomean", "best"):
        rows.append([
            how, *[""] * 5, *(f"{own[how][key]:.2f}" for key in (
                "speedup_over_naive", "speedup_over_strong", "fastest_speedup_over_strong")),
            "", "",
        ])  # fmt: skip
    return Table(
        f"Time of an inference in ms, {_writers(setting)}; ours: few copies",
        ["network", "naive", "strong", "overlap", "fastest", "ours", "over naive", "over strong",
         "fastest over strong", "copies", "gap to bound"],
        rows,
    )  # fmt: skip


def _levels(setting: Setting) -> Table:
    """Each level's time and energy over both baselines."""
    rows = []
    for name, n in setting.networks.items():
        naive, strong = n.levels["naive"], n.levels["strong"]
        for level, own in n.levels.items():
            rows.append([
                name, level, f"{naive.time_ps / own.time_ps:.2f}",
                f"{strong.time_ps / own.time_ps:.2f}", _mj(own.total_pj), _mj(own.dynamic_pj),
                _mj(own.static_pj), percent(1 - own.total_pj / naive.total_pj),
                percent(1 - own.total_pj / strong.total_pj),
                percent(1 - own.dynamic_pj / naive.dynamic_pj),
                percent(1 - own.dynamic_pj / strong.dynamic_pj),
            ])  # fmt: skip
    return Table(
        f"Each level over naive and over strong, {_writers(setting)}; energies in mJ",
        ["network", "level", "speed / naive", "speed / strong", "energy", "dynamic", "static",
         "saved / naive", "saved / strong", "dynamic saved / naive", "dynamic saved / strong"],
        rows,
        left=2,
    )  # fmt: skip


def _components(setting: Setting) -> Table:
    rows = []
    for name, n in setting.networks.items():
        for level in (name for name in ("naive", "strong", OURS, "steady") if name in n.levels):
            own = n.levels[level]
            parts = (
                own.write_pj, own.dram_pj, own.compute_pj, own.digital_pj,
                own.static_arrays_pj, own.static_banks_pj, own.static_other_pj,
            )  # fmt: skip
            rows.append([name, level, *(_mj(part) for part in parts), size(own.dram_bytes)])
    return Table(
        f"Energy of an inference in mJ by component, and DRAM traffic, {_writers(setting)}",
        ["network", "level", "writes", "DRAM", "arrays", "digital", "static arrays",
         "static banks", "static other", "DRAM traffic"],
        rows,
        left=2,
    )  # fmt: skip


def _wear(setting: Setting) -> Table:
    rows = []
    for name, n in setting.networks.items():
        for level in (name for name in ("naive", OURS, "steady") if name in n.levels):
            own = n.levels[level]
            seconds = own.time_ps / 1e12 / max(own.most_writes_of_an_array, 1)
            rows.append([
                name, level, number(own.arrays_written), str(own.most_writes_of_an_array),
                *(years(e * seconds / _SECONDS_OF_A_YEAR) for e in ENDURANCES),
            ])  # fmt: skip
    return Table(
        f"Wear: arrays written in an inference, and how long inferences can go on, "
        f"{_writers(setting)}",
        ["network", "level", "arrays", "most of one", *(f"{e:.0e} writes" for e in ENDURANCES)],
        rows,
        left=2,
    )


def _steady(setting: Setting) -> Table:
    rows = []
    for name, n in setting.networks.items():
        f = n.figures()
        rows.append([
            name, str(n.levels["steady"].pinned), f"{n.levels['steady'].kept_tiles:,}",
            percent(f["steady_time"]), percent(f["steady_rewriting_saved"]),
            percent(f["steady_time_over_fastest"]),
            percent(f["steady_rewriting_saved_over_fastest"]),
            percent(f["steady_rewriting_saved_at_most"]),
        ])  # fmt: skip
    return Table(
        f"Steady state: write and DRAM energy that pinned layers save, {_writers(setting)}",
        ["network", "whole layers", "tiles kept", "time over ours", "saved over ours",
         "time over fastest", "saved over fastest", "at most"],
        rows,
    )  # fmt: skip


def _tpu(setting: Setting) -> Table:
    rows = []
    for name, n in setting.networks.items():
        f = n.figures()
        run = n.systolic
        rows.append([
            name, f"{run.time_ps / 1e9:.3f}", _ms(n.ours), f"{f['speedup_over_tpu_like']:.2f}",
            _mj(run.total_pj), _mj(n.ours.total_pj), percent(f["energy_saving_over_tpu_like"]),
            _mj(run.dynamic_pj), _mj(n.ours.dynamic_pj),
            percent(f["dynamic_energy_saving_over_tpu_like"]),
        ])  # fmt: skip
    side = next(iter(setting.networks.values())).systolic.side
    return Table(
        f"tpu-like: a systolic array of {side} x {side} on the area of the crossbars; ms and mJ",
        ["network", "tpu-like", "ours", "speed", "energy", "ours", "saved", "dynamic", "ours",
         "saved"],
        rows,
    )  # fmt: skip


def _kept(results: Results) -> Table:
    return Table(
        "Re-encoding of all-MiniLM-L6-v2 in the order of a schedule, exact",
        ["codes", "encoding", "cells kept", "pulses", "table bytes", "share of DRAM",
         "corrections per window"],
        [
            [k.quantizer, k.configuration.name, percent(k.cells_kept), f"{k.pulses:.3f}",
             str(k.table_bytes), percent(k.table_bytes / _BYTES_OF_AN_ARRAY), str(k.corrections)]
            for k in results.kept
        ],
        left=2,
    )  # fmt: skip


_BYTES_OF_AN_ARRAY = Constants().rows * Constants().columns // Constants().cells_per_weight


def _break_even(results: Results) -> Table:
    """What a pulse must cost for an encoding to pay for its tables in DRAM."""
    c = Constants()
    cells = c.rows * c.columns
    rows = []
    for quantizer in dict.fromkeys(k.quantizer for k in results.kept):
        own = [k for k in results.kept if k.quantizer == quantizer]
        plain = own[0]
        for k in own[1:]:
            saved = cells * (plain.pulses - k.pulses)
            table = k.table_bytes * c.dram_pj_per_byte
            rows.append([
                quantizer, k.configuration.name, energy(saved * c.cell_write_pj), energy(table),
                f"{table / saved:.2f}",
            ])  # fmt: skip
    return Table(
        "When re-encoding pays: energy of a copy of an array, against `offset`, pulses by"
        " difference",
        ["codes", "encoding", "pulses saved", "tables from DRAM", "break-even pJ per cell"],
        rows,
        left=2,
    )


def _streams(results: Results) -> Table:
    return Table(
        "Streams of inputs on chips like those of ISAAC; relaxed: with parts of copies",
        ["network", "chips", "us per input", "inputs/s", "latency us", "bound us", "above",
         "relaxed us", "above"],
        [
            [t.network, str(t.chips), f"{t.period_ps / 1e6:.2f}", f"{1e12 / t.period_ps:,.0f}",
             f"{t.latency_ps / 1e6:.0f}", f"{t.bound_ps / 1e6:.2f}", f"{t.above_bound:.1%}",
             f"{t.relaxed_bound_ps / 1e6:.2f}", f"{t.above_relaxed:.1%}"]
            for t in results.throughput
        ],
    )  # fmt: skip


def _sensitivities(results: Results) -> Table:
    def three(values: Sequence[float]) -> list[str]:
        return [f"{value:.3f}" for value in values]

    return Table(
        "Geometric means over strong with one constant halved, as it is, and doubled",
        ["constant", "source", "value", "speed, halved", "speed", "speed, doubled",
         "saved, halved", "saved", "saved, doubled"],
        [
            [s.constant, s.label, f"{s.value:g}", *three(s.speedup), *three(s.saving)]
            for s in results.sensitivities
        ],
        left=2,
    )  # fmt: skip


def tables(results: Results) -> list[Table]:
    """Speed for each number of writers; levels, energy, wear and so on for the first."""
    first = results.by_writers[0]
    found = [_speed(setting) for setting in results.by_writers]
    found += [make(first) for make in (_levels, _components, _wear, _tpu)]
    if not first.writers:
        found.append(_steady(first))
    if results.throughput:
        found.append(_streams(results))
    found += [_kept(results), _break_even(results)]
    if results.sensitivities:
        found.append(_sensitivities(results))
    return found


def write_markdown(results: Results, path: str | os.PathLike[str]) -> None:
    """Puts the summary and tables into a page, between its lines for them.

    Raises:
        PumiceError: the file cannot be read or written, or has no such lines.
    """
    write_page(path, "aras", summary(results), tables(results))
