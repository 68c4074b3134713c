# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results of the study of training as rows and tables."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pumice.experiments.page import Table, write_page

__all__ = ["Results", "Row", "write_markdown"]


@dataclass(frozen=True)
class Row:
    """A network on a device; accuracies are fractions.

    Attributes:
        images: digits that it is tested with.
        exact: accuracy of the float model.
        lossless: accuracy of the quantized network, before training, on lossless arrays.
        before, after: accuracy on the device before and after training, for each chip.
        epochs: of training.
        plain_s, seconds: processor time of an epoch of plain PyTorch and of hardware-aware
            training.
        aihwkit_s: that of an epoch with aihwkit's layers; None if it is not installed.
    """

    network: str
    setting: str
    images: int
    exact: float
    lossless: float
    before: Sequence[float]
    after: Sequence[float]
    epochs: int
    plain_s: float
    seconds: float
    aihwkit_s: float | None = None

    @property
    def recovered(self) -> float:
        """The part of the lost accuracy that training recovers."""
        before, after = statistics.mean(self.before), statistics.mean(self.after)
        lost = self.lossless - before
        return (after - before) / lost if lost > 0 else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"recovered": self.recovered}


@dataclass
class Results:
    """What `run` returns."""

    rows: list[Row] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The rows as plain data."""
        return {"rows": [row.to_dict() for row in self.rows]}

    def tables(self) -> list[Table]:
        """One table."""
        images = max((row.images for row in self.rows), default=0)
        title = f"Hardware-aware training; {images} digits, accuracy in per cent"
        rows = [_cells(row) for row in self.rows]
        keep = len(_COLUMNS) if any(row[-1] for row in rows) else len(_COLUMNS) - 1
        return [Table(title, _COLUMNS[:keep], [row[:keep] for row in rows], left=2)]


_COLUMNS = [
    "network", "device", "float", "lossless", "before", "after", "recovered", "s/epoch", "plain",
    "aihwkit",
]  # fmt: skip


def _cells(row: Row) -> list[str]:
    return [
        row.network, row.setting, _percent([row.exact]), _percent([row.lossless]),
        _percent(row.before), _percent(row.after), f"{100 * row.recovered:.0f} %",
        f"{row.seconds:.1f}", f"{row.plain_s:.1f}",
        "" if row.aihwkit_s is None else f"{row.aihwkit_s:.1f}",
    ]  # fmt: skip


def _percent(values: Sequence[float]) -> str:
    mean = f"{100 * statistics.mean(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * statistics.stdev(values):.1f}"


def write_markdown(results: Results, path: str | os.PathLike[str]) -> None:
    """Puts the table into a page, between the lines for it.

    Raises:
        PumiceError: the page cannot be read or written, or has no such lines.
    """
    write_page(path, "training", [], results.tables(), command="study")
