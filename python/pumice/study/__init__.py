# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Accuracy of real networks against what keeps crossbars from being ideal.

    points = list(study.points(["adc", "read"], seeds=3))
    results = study.run(points, ["demo"], path="results.jsonl")
    rows = study.summarize(results.records)

`pumice study noise` is this from the command line; docs/study.md shows results.
"""

from __future__ import annotations

from pumice.study.plots import plot
from pumice.study.runner import REFERENCES, Results, run
from pumice.study.summary import Row, summarize, tables
from pumice.study.sweeps import SWEEPS, Point, Sweep, points

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
