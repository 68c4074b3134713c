# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The crossover: for which units nets are faster, or take less energy. Needs matplotlib."""

from __future__ import annotations

import os
from typing import Any

from pumice.experiments.figures import LINES, STYLE, require_matplotlib, save
from pumice.experiments.neon.hardware import SETTINGS
from pumice.experiments.neon.results import Results

__all__ = ["plot"]

_LABELS = {1 / 64: "d/64 units", 1 / 8: "d/8", 1 / 2: "d/2 (paper)", 2.0: "2d"}


def plot(results: Results, path: str | os.PathLike[str]) -> None:
    """Speedup over DLC and energy of the functions over DLC, by latency and number of its units.

    A row for each setting. Dots are the settings' own constants; above 1 (speedup) and below 1
    (energy) nets win.

    Raises:
        PumiceError: no matplotlib, or the file cannot be written.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 2.4 * len(SETTINGS)), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(len(SETTINGS), 2, squeeze=False, sharex=True)
        for i, name in enumerate(SETTINGS):
            _panel(grid[i, 0], results, name, "speedups", "speedup over DLC")
            _panel(grid[i, 1], results, name, "energies", "energy over DLC, functions")
            grid[i, 0].set_title(SETTINGS[name].title, loc="left")
        for axes in grid[-1]:
            axes.set_xlabel("latency of an EXP or DIV unit, ns")
        grid[0, 0].legend(frameon=False)
        save(figure, path)


def _panel(axes: Any, results: Results, setting: str, figure: str, label: str) -> None:
    curves = [curve for curve in results.curves if curve.setting == setting]
    for (color, marker), curve in zip(LINES, curves, strict=False):
        axes.plot(
            curve.latencies_ns, getattr(curve, figure), color=color, marker=marker, markersize=3,
            linewidth=1, label=_LABELS.get(curve.lane_part, f"{curve.lane_part:g} d"),
        )  # fmt: skip
    base = next(item for item in results.sensitivities if item.setting == setting)
    key = "speedup over DLC" if figure == "speedups" else "energy over DLC, functions"
    axes.plot(base.value, base.base[key], "o", color="black", markersize=5, zorder=3)
    axes.axhline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylabel(label)
