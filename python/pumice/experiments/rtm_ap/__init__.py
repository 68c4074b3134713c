# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reproduction of the comparison in "Full-Stack Optimization for CAM-Only DNN Inference".

    settings = rtm_ap.Settings(networks=("vgg9",), sparsities=(0.9,))
    results = rtm_ap.run(settings, path="rtm-ap.jsonl")
    print(results.to_dict()["vgg9"]["energy_ratio_over_crossbar"])

`pumice reproduce rtm-ap` is this from the command line; docs/reproduce.md shows results.
"""

from __future__ import annotations

from pumice.experiments.rtm_ap.map import BASELINES, Baseline, Events, Map
from pumice.experiments.rtm_ap.plots import plot
from pumice.experiments.rtm_ap.results import NETWORKS, PAPER, Cost, Point, Results, Run, Settings
from pumice.experiments.rtm_ap.runner import count, run
from pumice.experiments.rtm_ap.tables import summary, tables, write_markdown

__all__ = [
    "BASELINES",
    "NETWORKS",
    "PAPER",
    "Baseline",
    "Cost",
    "Events",
    "Map",
    "Point",
    "Results",
    "Run",
    "Settings",
    "count",
    "plot",
    "run",
    "summary",
    "tables",
    "write_markdown",
]
