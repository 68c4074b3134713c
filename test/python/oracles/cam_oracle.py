# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Searches of content-addressable memories in NumPy: docs/cam.md, without calling Pumice."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def differing(queries: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Whether a 0 meets a 1, [Q, R, W]: 2 equals everything."""
    q, t = queries[:, None, :], table[None, :, :]
    return (q != t) & (q != 2) & (t != 2)


def distances(queries: np.ndarray, table: np.ndarray) -> np.ndarray:
    return differing(queries, table).sum(-1)


def best(found: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest distances; of equal ones, the lower row first."""
    rows = np.argsort(found, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(found, rows, 1), rows


def _mix(z: int) -> int:
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def normal(place: list[int], index: int) -> float:
    """Standard normal number `index` of the stream of a place."""
    key = 0
    for part in place:
        key = _mix(((key ^ part) + STEP) & MASK)
    bits = _mix((key + (index + 1) * STEP) & MASK)
    return NormalDist().inv_cdf(((bits >> 12) + 0.5) * 2.0**-52)


def noisy(
    queries: np.ndarray, table: np.ndarray, cam: dict[str, Any], part_bits: int, first_unit: int
) -> np.ndarray:
    """Sums of the sensed distances of parts."""
    apart = differing(queries, table)
    rows, bits = table.shape
    total = np.zeros((len(queries), rows), int)
    for part in range(math.ceil(bits / part_bits)):
        piece = apart[:, :, part * part_bits : (part + 1) * part_bits]
        most = min(piece.shape[2], cam["max_distance"])
        exact = np.minimum(piece.sum(-1), most)
        for q in range(len(queries)):
            for r in range(rows):
                number = normal([cam.get("seed", 0), first_unit, part], q * rows + r)
                sensed = round(float(exact[q, r]) + cam["distance_noise"] * number)
                total[q, r] += min(max(sensed, 0), most)
    return total


def energies(cam: dict[str, Any], shape: dict[str, int]) -> dict[str, float]:
    """Energies by component; shape: queries, rows, bits, parts, blocks, key_bits, count."""
    q, r, w = shape["queries"], shape["rows"], shape["bits"]
    lines = q * r * shape["parts"]
    result = {
        "search_line": shape["key_bits"] * shape["blocks"] * cam["search_line_pj"],
        "match_line": lines * cam["match_line_pj"] + q * r * w * cam["cell_pj"],
        "sense": lines * cam["sense_pj"],
        "merge": q * r * (shape["parts"] - 1) * cam["merge_pj"],
    }
    if shape["count"]:
        levels = max(math.ceil(math.log2(r)), 1) if r > 1 else 1
        result["rank"] = q * (r - 1 + (shape["count"] - 1) * levels) * cam["rank_pj"]
    return {name: value for name, value in result.items() if value}


def search_ns(cam: dict[str, Any], shape: dict[str, int], cycles: int) -> float:
    """How long the arrays are held."""
    interval = cycles * cam["search_ns"]
    tail = math.ceil(math.log2(shape["parts"])) * cam["merge_ns"]
    if shape["count"]:
        interval = max(interval, shape["count"] * cam["rank_ns"])
        tail += math.ceil(math.log2(shape["rows"])) * cam["rank_ns"]
    return shape["queries"] * interval + tail
