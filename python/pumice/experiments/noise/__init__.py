# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Accuracy of trained networks against non-ideal effects of crossbars.

    points = list(noise.points(["adc", "read"], seeds=3))
    results = noise.run(points, ["demo"], path="results.jsonl")
    rows = noise.summarize(results.records)

`pumice study noise` is this from the command line; docs/study.md shows results.
"""

from __future__ import annotations

from pumice.experiments.noise.plots import plot
from pumice.experiments.noise.runner import REFERENCES, Results, run
from pumice.experiments.noise.summary import Row, summarize, tables
from pumice.experiments.noise.sweeps import SWEEPS, Point, Sweep, points

__all__ = [
    "REFERENCES",
    "SWEEPS",
    "Point",
    "Results",
    "Row",
    "Sweep",
    "plot",
    "points",
    "run",
    "summarize",
    "tables",
]
