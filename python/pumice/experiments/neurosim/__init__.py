# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the device `neurosim-rram` against runs of DNN+NeuroSim V1.3.

    results = neurosim.run(neurosim.Settings())
    print(results.worst)

`pumice reproduce neurosim` is this from the command line; docs/reproduce.md shows results.
"""

from __future__ import annotations

from pumice.experiments.neurosim.results import CATEGORIES, RUNS, Check, Results, Run, Settings
from pumice.experiments.neurosim.runner import count, network, run
from pumice.experiments.neurosim.tables import summary, tables, write_markdown

__all__ = [
    "CATEGORIES",
    "RUNS",
    "Check",
    "Results",
    "Run",
    "Settings",
    "count",
    "network",
    "run",
    "summary",
    "tables",
    "write_markdown",
]
