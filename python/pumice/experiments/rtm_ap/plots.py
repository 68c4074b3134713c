# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The map of the ratio over energies of searches, writes and shifts. Needs matplotlib."""

from __future__ import annotations

import os
from typing import Any

from pumice.errors import PumiceError
from pumice.experiments.figures import LINES, STYLE, require_matplotlib, save
from pumice.experiments.rtm_ap.map import Map
from pumice.experiments.rtm_ap.results import Results

__all__ = ["plot"]

#: Range of the axes: fJ of a search of a row; pJ of a written bit.
SEARCH_FJ, WRITE_PJ = (0.03, 300.0), (0.0003, 3.0)


def plot(results: Results, path: str | os.PathLike[str]) -> None:
    """Lines on which crossbars and processors take as much, and 7.5 times as much, energy.

    A row for the energy of shifts of the device, and one without. Below and left of a line,
    processors are better than the line says. Dots are energies of published cells.

    Raises:
        PumiceError: no matplotlib, no map in the results, or the file cannot be written.
    """
    require_matplotlib()
    if not results.maps:
        raise PumiceError("expected results with a map to plot, got none")
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    name = "resnet18" if "resnet18" in results.maps else next(iter(results.maps))
    chart = results.maps[name]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, shift in zip(panels, (chart.shift_pj, 0.0), strict=True):
            _panel(axes, chart, shift)
            axes.set_title(f"{name}, shift {1000 * shift:.3g} fJ", loc="left")
            axes.set_xlabel("search of a row, fJ")
        panels[0].set_ylabel("write of a bit, pJ")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        save(figure, path)


def _panel(axes: Any, chart: Map, shift_pj: float) -> None:
    steps = 200
    low, high = WRITE_PJ
    writes = [low * (high / low) ** (i / (steps - 1)) for i in range(steps)]
    colors = [color for color, _ in LINES] + ["#56B4E9"]
    for color, baseline in zip(colors, chart.baselines, strict=False):
        for ratio, style in ((1.0, "-"), (7.5, "--")):
            points = [
                (1000 * chart.search_for(baseline, ratio, write, shift_pj), write)
                for write in writes
            ]
            points = [point for point in points if point[0] > SEARCH_FJ[0] / 10]
            axes.plot(
                [x for x, _ in points], [y for _, y in points], style, color=color, linewidth=1,
                label=f"{baseline.name}: {ratio:g}",
            )  # fmt: skip
    axes.plot(1000 * chart.search_pj, chart.write_pj, "o", color="black", markersize=5)
    axes.annotate(
        "rtm-ap", (1000 * chart.search_pj, chart.write_pj), textcoords="offset points",
        xytext=(4, 4),
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*SEARCH_FJ)
    axes.set_ylim(*WRITE_PJ)
