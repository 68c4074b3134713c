# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reproduction of the comparison in NEON (arXiv 2211.05730).

    results = neon.run(neon.Settings(networks=("gru",)))
    print(results.to_dict()["ours"]["geomean"]["energy_over_dlc"])

`pumice reproduce neon` is this from the command line; docs/reproduce.md shows results.
"""

from __future__ import annotations

from pumice.experiments.neon.networks import NETWORKS
from pumice.experiments.neon.plots import plot
from pumice.experiments.neon.results import Results, Settings
from pumice.experiments.neon.runner import count, run
from pumice.experiments.neon.tables import summary, tables, write_markdown

__all__ = [
    "NETWORKS",
    "Results",
    "Settings",
    "count",
    "plot",
    "run",
    "summary",
    "tables",
    "write_markdown",
]
