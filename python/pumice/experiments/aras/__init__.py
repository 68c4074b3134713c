# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reproduction of the comparison in "ARAS" (arXiv 2410.17931): networks larger than the machine.

    settings = aras.Settings(networks=("bert-large",), sensitivity=False, gaps=0)
    results = aras.run(settings)
    print(results.to_dict()["best_transformer"]["speedup_over_naive"])

`pumice reproduce aras` is this from the command line; docs/reproduce.md shows results.
"""

from __future__ import annotations

from pumice.experiments.aras.results import LEVELS, PAPER, Results, Settings
from pumice.experiments.aras.runner import count, run
from pumice.experiments.aras.tables import summary, tables, write_markdown

__all__ = [
    "LEVELS",
    "PAPER",
    "Results",
    "Settings",
    "count",
    "run",
    "summary",
    "tables",
    "write_markdown",
]
