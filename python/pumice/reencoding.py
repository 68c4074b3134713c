# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Levels that keep what cells hold, when arrays are written again (docs/reencoding.md).

chain = [codes_of_one_layer, codes_of_the_next]  # int8, (rows, columns) each
(found,) = reencoding.encode([chain])
print(found[1].counts.cells_kept, found[1].counts.steps)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pumice.errors import PumiceError
from pumice.interrupts import interruptible

__all__ = ["DIGITS", "METHODS", "Counts", "Encoding", "ReencodingError", "costs", "count", "encode"]

#: Cells of 2 bits that hold a weight of 8 bits.
DIGITS = 4
#: Names of methods, from the simplest to the best.
METHODS = ("offset", "centre", "fitted", "columns", "bitlines")

Codes = NDArray[np.int8]


class ReencodingError(PumiceError):
    """Tiles that do not fit into an array, or options that do not exist."""


@dataclass(frozen=True)
class Counts:
    """What a write does to the cells in use.

    Attributes:
        transitions: (4, 4), cells by old and new level.
        squared_error: of clipped weights, summed; 0 for exact encodings.
    """

    transitions: NDArray[np.int64]
    squared_error: float = 0.0

    @property
    def cells(self) -> int:
        """Cells in use."""
        return int(self.transitions.sum())

    @property
    def cells_kept(self) -> float:
        """The share of cells that keep their level."""
        return float(np.trace(self.transitions)) / self.cells

    @property
    def steps(self) -> float:
        """The mean of |old - new|."""
        old, new = np.indices((4, 4))
        return float((np.abs(old - new) * self.transitions).sum()) / self.cells

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.transitions + other.transitions, self.squared_error + other.squared_error
        )


@dataclass(frozen=True)
class Encoding:
    """How a tile of K x N codes is written.

    Attributes:
        offsets: (N, G) uint8, by column and group of rows; group g has rows K*g//G to K*(g+1)//G.
        negated: (N,) bool: the column holds offset - code, else offset + code.
        bitlines: (N, 4) uint16, the bitline of each digit, the least significant one first.
        flipped: (N, 4) bool: the bitline holds 3 - digit.
        counts: what the write does to the cells.
    """

    offsets: NDArray[np.uint8]
    negated: NDArray[np.bool_]
    bitlines: NDArray[np.uint16]
    flipped: NDArray[np.bool_]
    counts: Counts


_Tables = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint16], NDArray[np.uint8]]


def _run(
    chains: Sequence[Sequence[Codes]],
    method: str,
    rows: int,
    bitlines: int,
    row_groups: int,
    minimize: str,
    clip_error: float,
    cyclic: bool,
    threads: int | None,
    has_tables: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float64], _Tables | None]:
    from pumice._mlir_libs import _pumice

    if minimize not in ("changes", "steps"):
        raise ReencodingError(f"expected to minimize changes or steps, got '{minimize}'")
    tiles = [tile for chain in chains for tile in chain]
    for tile in tiles:
        if tile.dtype != np.int8 or tile.ndim != 2:
            raise ReencodingError(
                f"expected tiles of (rows, columns) int8, got {tile.shape} {tile.dtype}"
            )
    shapes = np.array([tile.shape for tile in tiles], np.int64).reshape(-1, 2)
    lengths = np.array([len(chain) for chain in chains], np.int64)
    codes = np.concatenate([np.empty(0, np.int8), *(tile.ravel() for tile in tiles)])
    transitions = np.zeros((len(tiles), 16), np.int64)
    errors = np.zeros(len(tiles))
    tables = None
    if has_tables:
        columns = int(shapes[:, 1].sum())
        tables = (
            np.zeros(columns * max(row_groups, 1), np.uint8),
            np.zeros(columns, np.uint8),
            np.zeros(columns * DIGITS, np.uint16),
            np.zeros(columns * DIGITS, np.uint8),
        )
    try:
        request = (
            codes, shapes, lengths, method, rows, bitlines, row_groups, minimize == "steps",
            clip_error, cyclic, threads or os.cpu_count() or 1, transitions, errors, tables,
        )  # fmt: skip
        interruptible(_pumice.reencode, *request)
    except ValueError as error:
        raise ReencodingError(str(error)) from None
    return transitions, errors, tables


def encode(
    chains: Sequence[Sequence[Codes]],
    method: str = "bitlines",
    *,
    rows: int = 128,
    bitlines: int = 128,
    row_groups: int = 1,
    minimize: str = "changes",
    clip_error: float = 0.0,
    cyclic: bool = True,
    threads: int | None = None,
) -> list[list[Encoding]]:
    """Encodes tiles that are written one after the other into one array, for each chain.

    Args:
        chains: for each array, its tiles in the order in which they are written: int8 codes of
            (K, N) each, with K up to `rows` and 4 N up to `bitlines`.
        method: of `METHODS`.
        row_groups: groups of rows of a tile that have their own offset in each column.
        minimize: "changes", cells that get another level; or "steps", the sum of their differences.
        clip_error: share of a column's root mean square by which clipping may change it; 0 keeps
            all products exact.
        cyclic: the first tile follows the last one; else cells of level 0.
        threads: all by default; the result does not depend on it.

    Raises:
        ReencodingError: tiles of another type, or larger than an array; an unknown method.
    """
    transitions, errors, tables = _run(
        chains, method, rows, bitlines, row_groups, minimize, clip_error, cyclic, threads, True
    )
    assert tables is not None
    offsets, negated, places, flipped = tables
    result: list[list[Encoding]] = []
    tile = column = 0
    for chain in chains:
        result.append([])
        for codes in chain:
            last = column + codes.shape[1]
            result[-1].append(
                Encoding(
                    offsets[column * row_groups : last * row_groups].reshape(-1, row_groups),
                    negated[column:last].astype(bool),
                    places[column * DIGITS : last * DIGITS].reshape(-1, DIGITS),
                    flipped[column * DIGITS : last * DIGITS].astype(bool).reshape(-1, DIGITS),
                    Counts(transitions[tile].reshape(4, 4), float(errors[tile])),
                )
            )
            tile, column = tile + 1, last
    return result


def count(
    chains: Sequence[Sequence[Codes]],
    method: str = "bitlines",
    *,
    rows: int = 128,
    bitlines: int = 128,
    row_groups: int = 1,
    minimize: str = "changes",
    clip_error: float = 0.0,
    cyclic: bool = True,
    threads: int | None = None,
) -> Counts:
    """The sum over all tiles of what `encode` with the same arguments finds.

    Raises:
        ReencodingError: as `encode`.
    """
    transitions, errors, _ = _run(
        chains, method, rows, bitlines, row_groups, minimize, clip_error, cyclic, threads, False
    )
    return Counts(transitions.sum(0).reshape(4, 4), float(errors.sum()))


def costs(
    method: str, *, columns: int = 32, bitlines: int = 128, row_groups: int = 1
) -> tuple[int, int]:
    """What a tile needs in addition to its weights: bytes in DRAM, and corrections of one window.

    Corrections are multiply-accumulates that undo offsets and flips.

    Raises:
        ReencodingError: an unknown method.
    """
    from pumice._mlir_libs import _pumice

    try:
        found: tuple[int, int] = _pumice.reencode_costs(method, columns, bitlines, row_groups)
    except ValueError as error:
        raise ReencodingError(str(error)) from None
    return found
