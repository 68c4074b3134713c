# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What probes of a program show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Observation", "observations"]


@dataclass
class Observation:
    """The elements of a probed value, over all runs.

    Attributes:
        count: finite elements. The other figures are of these.
        non_finite: NaNs and infinities.
        min, max: of the finite elements; NaN if there are none.
        counts: a histogram: elements in bins of equal width.
        edges: of the bins, one more than `counts`.
        samples: all elements in their order, or a random choice if they are more than asked for.
    """

    count: int
    non_finite: int
    min: float
    max: float
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    samples: npt.NDArray[np.float64]


def observations(text: str) -> dict[str, Observation]:
    """From the JSON of a collector, by name of the probe."""
    return {name: _observation(found) for name, found in json.loads(text).items()}


def _observation(found: dict[str, Any]) -> Observation:
    histogram = found.get("histogram", {"lowest": 0.0, "width": 1.0, "counts": []})
    counts = np.array(histogram["counts"], np.int64)
    return Observation(
        count=found["count"],
        non_finite=found["non_finite"],
        min=found.get("min", float("nan")),
        max=found.get("max", float("nan")),
        counts=counts,
        edges=histogram["lowest"] + histogram["width"] * np.arange(len(counts) + 1),
        samples=np.array(found["samples"], np.float64),
    )
