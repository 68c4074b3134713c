# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results as tables, for a terminal and for a page of Markdown."""

from __future__ import annotations

import os

from pumice.experiments.neurosim.results import CATEGORIES, Results
from pumice.experiments.page import Table, write_page

__all__ = ["summary", "tables", "write_markdown"]


def summary(results: Results) -> list[str]:
    """How many runs are met, and by how much the worst is missed."""
    checks = results.checks
    close = sum(check.is_close for check in checks)
    return [
        f"{close} of {len(checks)} runs are met within 10 % in total and, where the preset does not"
        " follow from another run, 20 % in each category. The largest deviation of a total is"
        f" {100 * results.worst:.1f} %."
    ]


def tables(results: Results) -> list[Table]:
    """Energies of the runs and ours; ratios by category."""
    return [
        Table(
            "Energies in uJ: runs of DNN+NeuroSim, and estimates",
            ["run", "device", "NeuroSim", "Pumice", "ratio", "met", "digital unit", "DRAM"],
            [
                [
                    check.run.name, check.run.device, f"{check.run.total:.1f}",
                    f"{check.total:.1f}", f"{check.ratio:.3f}", "yes" if check.is_close else "no",
                    f"{check.digital:.1f}", f"{check.dram:.1f}",
                ]
                for check in results.checks
            ],
            left=2,
        ),
        Table(
            "Ratios by category: estimates over runs",
            ["run", "device", *CATEGORIES],
            [
                [check.run.name, check.run.device, *(f"{r:.2f}" for r in check.ratios.values())]
                for check in results.checks
            ],
            left=2,
        ),
    ]  # fmt: skip


def write_markdown(results: Results, path: str | os.PathLike[str]) -> None:
    """Puts the summary and tables into a page, between its lines for them.

    Raises:
        PumiceError: the file cannot be read or written, or has no such lines.
    """
    write_page(path, "neurosim", summary(results), tables(results))
