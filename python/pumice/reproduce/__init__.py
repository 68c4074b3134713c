# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Comparisons of papers, computed again.

    settings = reproduce.Settings(networks=("vgg9",), sparsities=(0.9,))
    results = reproduce.reproduce(settings, path="rtm-ap.jsonl")
    print(results.to_dict()["vgg9"]["energy_ratio_over_crossbar"])

`pumice reproduce` is this from the command line; docs/reproduce.md shows results.
"""

from __future__ import annotations

from pumice.reproduce.results import NETWORKS, PAPER, Cost, Point, Results, Run, Settings
from pumice.reproduce.rtm_ap import count, reproduce
from pumice.reproduce.sensitivity import Sensitivity
from pumice.reproduce.tables import summary, tables, write_markdown

__all__ = [
    "NETWORKS",
    "PAPER",
    "Cost",
    "Point",
    "Results",
    "Run",
    "Sensitivity",
    "Settings",
    "count",
    "reproduce",
    "summary",
    "tables",
    "write_markdown",
]
