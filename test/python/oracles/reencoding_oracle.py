# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cells and products of re-encoded tiles, from the definition in docs/reencoding.md. NumPy only."""

from __future__ import annotations

import numpy as np


def group_of_rows(rows: int, groups: int) -> np.ndarray:
    """The group of each row: group g has rows rows*g//groups to rows*(g+1)//groups."""
    firsts = [rows * g // groups for g in range(groups + 1)]
    return np.concatenate([np.full(firsts[g + 1] - firsts[g], g) for g in range(groups)])


def levels(codes: np.ndarray, encoding) -> np.ndarray:
    """(K, N, 4) levels of the digits as they lie in cells. Clips stored values to 8 bits."""
    rows = codes.shape[0]
    offsets = encoding.offsets[:, group_of_rows(rows, encoding.offsets.shape[1])].T.astype(np.int64)
    signs = np.where(encoding.negated, -1, 1)
    stored = np.clip(offsets + signs * codes.astype(np.int64), 0, 255)
    digits = np.stack([stored >> 2 * i & 3 for i in range(4)], axis=-1)
    return np.where(encoding.flipped, 3 - digits, digits)


def write(cells: np.ndarray, codes: np.ndarray, encoding) -> np.ndarray:
    """Writes a tile into an array; the pairs (old, new) of the cells in use, counted."""
    rows, columns = codes.shape
    places = encoding.bitlines.reshape(-1).astype(int)
    assert len(set(places)) == len(places), "two digits on one bitline"
    new = levels(codes, encoding).reshape(rows, columns * 4)
    old = cells[:rows, places]
    counts = np.zeros((4, 4), np.int64)
    np.add.at(counts, (old.ravel(), new.ravel()), 1)
    cells[:rows, places] = new
    return counts


def products(cells: np.ndarray, x: np.ndarray, encoding) -> np.ndarray:
    """(B, K) inputs by the tile that lies in the cells -> (B, N), from column sums alone."""
    rows = x.shape[1]
    groups = group_of_rows(rows, encoding.offsets.shape[1])
    x = x.astype(np.int64)
    sums = (x @ cells[:rows].astype(np.int64))[:, encoding.bitlines.astype(int)]
    sums = np.where(encoding.flipped, 3 * x.sum(1)[:, None, None] - sums, sums)
    total = (sums * 4 ** np.arange(4)).sum(-1)
    for g in range(encoding.offsets.shape[1]):
        total -= np.outer(x[:, groups == g].sum(1), encoding.offsets[:, g].astype(np.int64))
    return np.where(encoding.negated, -total, total)
