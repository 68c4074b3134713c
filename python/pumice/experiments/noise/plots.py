# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plots of a study. Needs matplotlib (the optional dependencies `plot`)."""

from __future__ import annotations

import os
from typing import Any

from pumice.errors import PumiceError
from pumice.experiments.figures import LINES, STYLE, require_matplotlib, save
from pumice.experiments.noise.summary import Row
from pumice.experiments.noise.sweeps import SWEEPS

__all__ = ["plot", "require_matplotlib"]


def plot(rows: list[Row], path: str | os.PathLike[str]) -> None:
    """A grid of plots: a row per network, a column per sweep.

    Lines are means, bands reach from the least to the largest accuracy over the seeds; the dotted
    line is the lossless device.

    Raises:
        PumiceError: no matplotlib, nothing to plot, or the file cannot be written.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    networks = list(dict.fromkeys(row.network for row in rows))
    sweeps = [name for name in SWEEPS if any(row.sweep == name for row in rows)]
    if not sweeps:
        raise PumiceError("expected results of at least one sweep to plot, got none")
    with rc_context(STYLE):
        size = (2.5 * len(sweeps) + 0.6, 2.1 * len(networks) + 0.6)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(len(networks), len(sweeps), squeeze=False, sharey=True)
        explained: set[str] = set()
        for i, network in enumerate(networks):
            for j, sweep in enumerate(sweeps):
                part = [row for row in rows if (row.network, row.sweep) == (network, sweep)]
                lossless = [
                    row.mean for row in rows
                    if (row.network, row.sweep, row.series) == (network, "reference", "lossless")
                ]  # fmt: skip
                legend = bool(part) and sweep not in explained
                explained |= {sweep} if legend else set()
                _panel(grid[i, j], sweep, part, lossless, legend)
                if i == 0:
                    grid[i, j].set_title(SWEEPS[sweep].title)
                if i == len(networks) - 1:
                    grid[i, j].set_xlabel(SWEEPS[sweep].label)
            grid[i, 0].set_ylabel(f"{network}: accuracy, %")
        save(figure, path)


def _panel(axes: Any, sweep: str, rows: list[Row], lossless: list[float], legend: bool) -> None:
    from matplotlib.ticker import NullFormatter

    for name, (colour, marker) in zip(SWEEPS[sweep].series, LINES, strict=False):
        line = sorted((row for row in rows if row.series == name), key=lambda row: row.value)
        if not line:
            continue
        values = [row.value for row in line]
        axes.plot(
            values, [100 * row.mean for row in line], color=colour, marker=marker, markersize=3,
            linewidth=1.2, label=name,
        )  # fmt: skip
        axes.fill_between(
            values, [100 * row.least for row in line], [100 * row.most for row in line],
            color=colour, alpha=0.18, linewidth=0,
        )  # fmt: skip
    for accuracy in lossless:
        axes.axhline(100 * accuracy, color="#777777", linewidth=0.8, linestyle=":")
    if SWEEPS[sweep].logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0, 102)
    if legend:
        axes.legend(frameon=False, fontsize=7)
