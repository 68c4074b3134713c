# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of measurements for tests: numbers are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["adc_codes", "cell_levels", "csv_text"]


def cell_levels(
    count: int, seed: int = 0, temperatures: Sequence[float] = (), **fixed: float
) -> list[dict[str, float]]:
    """Levels of cells with uneven steps, at each of the temperatures; `fixed` fields of all."""
    rng = np.random.default_rng(seed)
    levels = []
    for temperature in temperatures or (0.0,):
        means = 1e-6 + np.cumsum(rng.uniform(0.5, 1.5, count)) * 20e-6 / count
        for mean in means:
            level = {
                "mean_siemens": float(mean),
                "spread_siemens": float(rng.uniform(0, 2e-6)),
                "drift_exponent": float(rng.uniform(0, 0.1)),
                "drift_exponent_sigma": float(rng.uniform(0, 0.03)),
            } | fixed  # fmt: skip
            levels.append(level | ({"temperature_k": float(temperature)} if temperature else {}))
    return levels


def adc_codes(bits: int, seed: int = 0) -> dict[str, list[float]]:
    """Output codes of a converter with uneven steps."""
    rng = np.random.default_rng(seed)
    return {
        "thresholds": np.sort(rng.uniform(0, 1, 2**bits - 1)).tolist(),
        "values": np.sort(rng.uniform(-0.02, 1.05, 2**bits)).tolist(),
    }


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Comma-separated values with the names of the first row."""
    lines = [",".join(rows[0])] + [",".join(str(value) for value in row.values()) for row in rows]
    return "\n".join(lines) + "\n"
