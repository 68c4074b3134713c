# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results of a study as rows, tables and plots."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pumice.experiments.noise.sweeps import SWEEPS
from pumice.tables import simple_table

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Row", "summarize", "tables"]


@dataclass(frozen=True)
class Row:
    """Accuracy at one point over its seeds, as fractions.

    Attributes:
        spread: standard deviation over the seeds; 0 for one.
        runs: seeds.
    """

    network: str
    sweep: str
    series: str
    value: float
    images: int
    mean: float
    spread: float
    least: float
    most: float
    runs: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def summarize(records: Iterable[dict[str, Any]]) -> list[Row]:
    """One row per point, in the order of the records."""
    groups: dict[tuple[str, str, str, float, int], list[float]] = {}
    for record in records:
        network, sweep, series = record["network"], record["sweep"], record["series"]
        key = network, sweep, series, record["value"], record["images"]
        groups.setdefault(key, []).append(record["correct"] / record["images"])
    return [
        Row(
            network, sweep, series, value, images, statistics.mean(found),
            statistics.stdev(found) if len(found) > 1 else 0.0,
            min(found), max(found), len(found),
        )
        for (network, sweep, series, value, images), found in groups.items()
    ]  # fmt: skip


def tables(rows: list[Row]) -> list[Group]:
    """A table per network and sweep: values down, series across, accuracy in per cent.

    With several seeds: mean and standard deviation.
    """
    found = []
    for network in dict.fromkeys(row.network for row in rows):
        own = [row for row in rows if row.network == network]
        references = ", ".join(
            f"{row.series} {100 * row.mean:.1f} %" for row in own if row.sweep == "reference"
        )
        for sweep in dict.fromkeys(row.sweep for row in own if row.sweep != "reference"):
            part = [row for row in own if row.sweep == sweep]
            series = list(dict.fromkeys(row.series for row in part))
            cells = {(row.value, row.series): _cell(row) for row in part}
            lines = [
                [f"{value:g}", *(cells.get((value, name), "") for name in series)]
                for value in sorted({row.value for row in part})
            ]
            runs = max(row.runs for row in part)
            title = (
                f"{network}: {SWEEPS[sweep].title.lower()}; {part[0].images} items"
                + (f", {runs} seeds" if runs > 1 else "")
                + f" ({references})"
            )
            found.append(simple_table(title, [SWEEPS[sweep].label, *series], lines))
    return found


def _cell(row: Row) -> str:
    mean = f"{100 * row.mean:.1f}"
    return mean if row.runs == 1 else f"{mean} ± {100 * row.spread:.1f}"
