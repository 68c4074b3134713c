# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports as tables for a terminal, with readable units."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from pumice.layout import SimpleTable, Title

if TYPE_CHECKING:
    from pumice.report import Layer, Report, Wear

__all__ = ["energy", "number", "plain_text", "report_tables", "simple_table", "size", "time"]

#: Stands for a number that a device does not give, unlike 0.
NOT_STATED = "not stated"

#: Width of text that goes to no terminal: lines are not broken.
_UNLIMITED = 1_000_000
#: Links in the table of the busiest.
_LINKS = 10
#: Width of tables in notebooks.
_WIDE = 140


def scaled(value: float, units: Sequence[tuple[float, str]]) -> str:
    """Formats a value with three or four digits in the largest unit that it reaches.

    Args:
        units: factor and name, ascending.
    """
    if value == 0:
        return f"0 {units[0][1]}"
    factor, name = units[0]
    for next_factor, next_name in units[1:]:
        # What rounds to 1000 of a unit is 1 of the next.
        if abs(value) < 0.9995 * next_factor:
            break
        factor, name = next_factor, next_name
    return f"{_digits(value / factor)} {name}"


def _digits(value: float) -> str:
    size = abs(value)
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"


def time(ns: float) -> str:
    """A time given in ns."""
    return scaled(ns, [(1, "ns"), (1e3, "us"), (1e6, "ms"), (1e9, "s")])


def energy(pj: float) -> str:
    """An energy given in pJ."""
    return scaled(pj, [(1, "pJ"), (1e3, "nJ"), (1e6, "uJ"), (1e9, "mJ"), (1e12, "J")])


def power(mw: float) -> str:
    """A power given in mW."""
    return scaled(mw, [(1, "mW"), (1e3, "W"), (1e6, "kW")])


def size(count: float) -> str:
    """A number of bytes."""
    return scaled(count, [(1, "B"), (1 << 10, "KiB"), (1 << 20, "MiB"), (1 << 30, "GiB")])


def years(count: float) -> str:
    """A lifetime given in years."""
    if count >= 1:
        return f"{number(count) if count >= 999.5 else _digits(count)} years"
    days = 365.25 * count
    return f"{_digits(days)} days" if days >= 1 else time(days * 86400e9)


def area(mm2: float) -> str:
    """An area given in mm2."""
    return f"{_digits(mm2) if mm2 >= 1 else f'{mm2:.3g}'} mm2"


def number(count: float) -> str:
    """A count: exact while it is short."""
    if abs(count) < 1e6:
        return f"{count:,.0f}"
    return scaled(count, [(1e6, "M"), (1e9, "G"), (1e12, "T")]).replace(" ", "")


def counted(count: int, what: str) -> str:
    """`1 point`, `2 points`."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def rate(value: float) -> str:
    """A rate or a ratio with three digits."""
    return number(value) if value >= 999.5 else f"{value:.3g}"


def energy_delay(value: float) -> str:
    """A product of energy and time in pJ ns."""
    return scaled(
        value,
        [
            (1, "pJ ns"),
            (1e3, "pJ us"),
            (1e6, "nJ us"),
            (1e9, "uJ us"),
            (1e12, "uJ ms"),
            (1e15, "mJ ms"),
        ],
    )


def simple_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: int = 1,
    *,
    optional: Sequence[str] = (),
    wrapped: Sequence[int] = (),
) -> Group:
    """A title and a table without a frame.

    The first `left` columns are words, the rest are numbers. On a narrow terminal columns in
    `optional` are left out and text in `wrapped` wraps (`SimpleTable`).
    """
    table = SimpleTable(columns, rows, left=left, optional=optional, wrapped=wrapped)
    return Group(Title(title), table)


def report_tables(
    report: Report,
    *,
    sort: str | None = None,
    top: int | None = None,
    depth: int | None = None,
) -> RenderableType:
    """Summary, layers, components, utilisation, wear, one-time programming, compile timings.

    `sort`, `top` and `depth` are those of `Report.layer_table`.
    """
    layers = report.layer_table(sort=sort, top=top, depth=depth)
    parts: list[RenderableType] = [_summary(report), _figures(report), _layers(report, layers)]
    if any(layer.reasons for layer in report.layers):
        parts.append(_reasons(report))
    parts += [_components(report), _utilisation(report)]
    if report.links:
        parts.append(_links(report))
    if report.schedule is not None:
        parts.append(_waiting(report))
    if report.wear.arrays_written:
        parts.append(_wear(report.wear))
    if report.setup is not None:
        parts.append(_setup(report.setup))
    if any(report.timings.values()):  # not for a program that was loaded
        parts.append(_timings(report))
    spaced: list[RenderableType] = []
    for part in parts:
        spaced += [part, Text("")]
    return Group(*spaced[:-1])


def _summary(report: Report) -> Group:
    rows = [
        ("latency", time(report.latency_ns)),
        ("energy, dynamic", energy(report.dynamic_energy_pj)),
        ("energy, static", static_energy(report)),
        ("arrays with weights", number(report.arrays)),
        *_schedule(report),
        *_steady_state(report),
        *((f"{level.group}: {level.level}", number(level.count)) for level in report.levels),
        ("area of the device", area(report.area_mm2) if report.area_mm2 else NOT_STATED),
        ("peak use of the buffer", size(report.peak_buffer_bytes)),
    ]
    conversions = report.counters.get("conversions", 0)
    rows.append(("ADC conversions", number(conversions)))
    if report.wear.lifetime is not None:
        rows.append(("lifetime of the cells", lifetime(report.wear)))
    return simple_table(f"Run on device '{report.device}'", ["", ""], rows)


#: Figures of a run: label, attribute of `Figures`, and how to write it.
FIGURES: list[tuple[str, str, Callable[[float], str]]] = [
    ("multiply-accumulates", "macs", number),
    ("inferences/s, one by one", "inferences_per_s", rate),
    ("inferences/s, pipelined", "inferences_per_s_pipelined", rate),
    ("TOPS, one by one", "tops", rate),
    ("TOPS, pipelined", "tops_pipelined", rate),
    ("TOPS/W", "tops_per_w", rate),
    ("TOPS/mm2", "tops_per_mm2", rate),
    ("mean power", "mean_power_mw", power),
    ("energy per MAC", "energy_per_mac_pj", energy),
    ("energy x delay", "energy_delay_pj_ns", energy_delay),
]


def _figures(report: Report) -> Group:
    """Rates and efficiencies, and what part of the time each kind of work takes."""
    figures = report.figures
    rows = []
    for label, attribute, text in FIGURES:
        value = getattr(figures, attribute)
        if value is not None:
            rows.append((label, text(value)))
        elif attribute == "tops_per_mm2" and figures.tops is not None:
            rows.append((label, NOT_STATED))
    shares = sorted(figures.shares.items(), key=lambda item: -item[1])
    rows += [(f"time with {kind}", percent(share)) for kind, share in shares]
    return simple_table("Figures (2 operations per multiply-accumulate)", ["", ""], rows)


def _schedule(report: Report) -> list[tuple[str, str]]:
    """Rows about a schedule that writes weights in each inference."""
    own = report.schedule
    if own is None:
        return []
    planned, bound = float(own["time_ps"]) / 1e3, float(own["bound_ps"]) / 1e3
    rows = [
        ("schedule", f"{own['algorithm']}, {time(planned)}, bound {time(bound)}"),
        ("arrays of one copy", number(float(own["arrays_of_one_copy"]))),
        ("arrays written per inference", number(float(own["arrays_written"]))),
        ("arrays that keep their weights", number(float(own["arrays_resident"]))),
        ("layers in parts", number(float(own["layers_in_parts"]))),
    ]
    kept = report.cells_kept
    if kept is not None:
        rows.append(("cells kept, steady state", percent(kept)))
    return rows


def _steady_state(report: Report) -> list[tuple[str, str]]:
    """Rows for later inferences, where they differ from the first."""
    steady = report.steady_state
    if steady is None:
        return []
    return [
        ("latency, steady state", time(steady.latency_ns)),
        ("energy, dynamic, steady state", energy(steady.dynamic_energy_pj)),
    ]


def stated_static_energy_pj(report: Report) -> float | None:
    """Static energy; None if the device has no part that is stated to be always on."""
    return report.static_energy_pj or None


def static_energy(report: Report) -> str:
    """Static energy, or that the device does not state it."""
    stated = stated_static_energy_pj(report)
    return NOT_STATED if stated is None else energy(stated)


def layer_cells(
    report: Report, *, sort: str | None = None, top: int | None = None, depth: int | None = None
) -> tuple[list[str], list[list[str]]]:
    """Titles and rows of the table of layers, with the totals.

    `sort`, `top` and `depth` are those of `Report.layer_table`.
    """
    return _layer_cells(report, report.layer_table(sort=sort, top=top, depth=depth))


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A table for a page of Markdown; the first `left` columns are words, the others numbers."""
    ruler = ["---"] * left + ["---:"] * (len(columns) - left)
    lines = [columns, ruler, *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


#: What LaTeX reads as commands.
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def latex(columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """A table for LaTeX with the package booktabs; the first `left` columns are words."""

    def line(cells: Sequence[str]) -> str:
        escaped = ("".join(_LATEX.get(sign, sign) for sign in cell) for cell in cells)
        return f"{' & '.join(escaped)} \\\\"

    kinds = "l" * left + "r" * (len(columns) - left)
    body = "\n".join(line(row) for row in rows)
    return (
        f"\\begin{{tabular}}{{{kinds}}}\n\\toprule\n{line(columns)}\n\\midrule\n{body}\n"
        "\\bottomrule\n\\end{tabular}"
    )


def _layer_cells(report: Report, layers: Sequence[Layer]) -> tuple[list[str], list[list[str]]]:
    total_ns = report.latency_ns or 1.0
    total_pj = report.dynamic_energy_pj or 1.0

    def row(layer: Layer) -> list[str]:
        return [
            layer.name,
            " ".join(layer.kinds),
            number(layer.arrays) if layer.arrays else "",
            time(layer.busy_ns),
            percent(layer.busy_ns / total_ns),
            energy(layer.energy_pj),
            percent(layer.energy_pj / total_pj),
            number(layer.conversions) if layer.conversions else "",
        ]

    rows = [row(layer) for layer in layers]
    conversions = report.counters.get("conversions", 0)
    rows.append(
        [
            "total",
            "",
            number(report.arrays) if report.arrays else "",
            time(report.latency_ns),
            "",
            energy(report.dynamic_energy_pj),
            "",
            number(conversions) if conversions else "",
        ]
    )
    columns = [
        "layer", "kinds", "arrays", "time", "of time", "energy", "of energy", "conversions"
    ]  # fmt: skip
    return columns, rows


def _layers(report: Report, layers: Sequence[Layer]) -> Group:
    columns, rows = _layer_cells(report, layers)
    optional = ["conversions", "kinds", "arrays", "of time", "of energy"]
    title = "Layers (may overlap in time; dynamic energy)"
    return simple_table(title, columns, rows, left=2, optional=optional, wrapped=[1])


def _reasons(report: Report) -> Group:
    rows = [(layer.name, reason) for layer in report.layers for reason in layer.reasons]
    title = "Matrix products that the digital unit computes"
    return simple_table(title, ["layer", "reason"], rows, left=2, wrapped=[1])


def _components(report: Report) -> Group:
    dynamic = report.dynamic_energy_pj or 1.0
    total = report.energy_pj or 1.0
    spent = [(k.replace("_", " "), v) for k, v in report.components.items() if v]
    rows: list[Sequence[str]] = [
        (name, energy(pj), percent(pj / dynamic), percent(pj / total))
        for name, pj in sorted(spent, key=lambda item: -item[1])
    ]
    static = report.static_energy_pj
    rows.append(("static", static_energy(report), "", percent(static / total) if static else ""))
    rows.append(("total", energy(report.energy_pj), "", percent(report.energy_pj / total)))
    columns = ["component", "energy", "of dynamic", "of total"]
    if not static:  # the same shares
        columns.pop()
        rows = [row[:3] for row in rows]
    return simple_table("Energy", columns, rows, optional=["of total", "of dynamic"])


def _utilisation(report: Report) -> Group:
    rows = [
        (name.replace("_", " "), number(use.count), time(use.busy_ns), percent(use.share))
        for name, use in report.utilisation.items()
    ]
    return simple_table("Utilisation", ["resource", "count", "busy time, sum", "share"], rows)


def _links(report: Report) -> Group:
    """The links that were held longest."""
    busiest = sorted(report.links, key=lambda link: (-link.busy_ns, link.link))[:_LINKS]
    rows = [
        (link.name, time(link.busy_ns), percent(link.share), time(link.waiting_ns))
        for link in busiest
    ]
    title = f"Busiest of {number(len(report.links))} links in use"
    return simple_table(title, ["link", "busy time", "share", "waiting for it"], rows)


def _waiting(report: Report) -> Group:
    total = report.latency_ns or 1.0
    rows = [
        (name.replace("_", " "), time(ns), f"{ns / total:.2f}")
        for name, ns in sorted(report.waiting_ns.items(), key=lambda item: -item[1])
    ]
    columns = ["for", "summed", "over latency"]
    return simple_table("Waiting of instructions that were ready otherwise", columns, rows)


def lifetime(wear: Wear) -> str:
    """One line for the summary."""
    life = wear.lifetime
    if life is None:
        return NOT_STATED
    if life.runs is None or life.years_back_to_back is None:
        return "not known: the device has no endurance_writes"
    if math.isinf(life.runs):
        # The first run of a schedule writes weights that later ones find in the cells.
        return f"no limit: {'later runs write' if wear.max_writes_per_cell else 'writes'} no cells"
    return f"{number(life.runs)} runs, {years(life.years_back_to_back)} back to back"


def _wear(wear: Wear) -> Group:
    rows = [
        (
            ", ".join(part.layers),
            number(part.count),
            number(part.max_writes_per_cell),
            f"{part.mean_writes_per_cell:.3g}",
        )
        for part in wear.ranges
    ]
    cells = sum(wear.histogram.values()) or 1
    counts = ", ".join(
        f"{number(writes)}: {percent(count / cells)}" for writes, count in wear.histogram.items()
    )
    most = "writes per cell, at most" if wear.max_is_bound else "writes per cell, most"
    return Group(
        simple_table("Wear in the run", ["layers", "arrays", most, "mean"], rows, wrapped=[0]),
        Text(f"cells by writes: {counts}"),
    )


def _setup(setup: Report) -> Group:
    wear = setup.wear
    rows = [
        ("time", time(setup.latency_ns)),
        ("energy, dynamic", energy(setup.dynamic_energy_pj)),
        ("energy, static", static_energy(setup)),
        ("arrays written", number(wear.arrays_written)),
        ("cells written", number(setup.counters.get("cells_written", 0))),
        ("writes per cell, most", f"{wear.max_writes_per_cell:g}"),
    ]
    return simple_table("Programming of the weights (before the first run)", ["", ""], rows)


def _timings(report: Report) -> Group:
    rows = []
    for name, seconds in report.timings.items():
        rows.append((name.replace("_", " "), time(seconds * 1e9)))
        if name == "prepare" and report.code is not None:
            code = report.code
            counts = f"{code.distinct} of {code.regions} regions, {code.cached} cached"
            rows.append((f"  of which code: {counts}", time(code.seconds * 1e9)))
    rows.append(("all", time(sum(report.timings.values()) * 1e9)))
    return simple_table("Compilation (time of this computer)", ["phase", "time"], rows)


def plain_text(renderable: Any) -> str:
    """What rich would print, without colours; as wide as COLUMNS says, or else unbroken."""
    width = os.environ.get("COLUMNS", "")
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=int(width) if width.isdigit() and int(width) else _UNLIMITED,
        color_system=None,
    )
    console.print(renderable, crop=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def html_text(renderable: Any) -> str:
    """A table for a notebook."""
    console = Console(file=io.StringIO(), record=True, width=_WIDE, force_jupyter=False)
    console.print(renderable, crop=False)
    pre = "<pre style='overflow:auto;line-height:1.3'>{code}</pre>"
    return console.export_html(inline_styles=True, code_format=pre)
