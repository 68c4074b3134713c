# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Error metrics between two tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Errors", "errors_of"]


@dataclass(frozen=True)
class Errors:
    """Errors of a tensor against a reference, in the units of the network's real numbers.

    Attributes:
        max_abs, mean_abs: of the differences.
        relative: root of (sum of squared differences / sum of squared reference values); infinite
            where the reference is zero or a number is finite on one side only.
        sqnr_db: signal to quantization noise ratio, -20 log10(relative); infinite without error.
        cosine: of the angle between both, seen as vectors; 1 if both are zero.
        equal: share of equal elements, 0 to 1; for quantized values and sums, of equal integers.
    """

    max_abs: float
    mean_abs: float
    relative: float
    sqnr_db: float
    cosine: float
    equal: float

    def to_dict(self) -> dict[str, float | None]:
        """Data for JSON; infinite values become None."""
        return {k: v if math.isfinite(v) else None for k, v in vars(self).items()}


def errors_of(found: Any, expected: Any, scale: Any = 1.0) -> Errors:
    """Compares two arrays of one shape.

    Args:
        found, expected: real numbers, or integers.
        scale: the real value of the integer 1; broadcasts.

    Raises:
        ValueError: the shapes differ.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise ValueError(f"expected the shape {expected.shape}, got {found.shape}")
    if not found.size:
        return Errors(0.0, 0.0, 0.0, math.inf, 1.0, 1.0)
    same = (found == expected) | (_nan(found) & _nan(expected))
    equal = float(same.mean())
    with np.errstate(invalid="ignore", over="ignore"):
        ours = np.asarray(found, np.float64) * scale
        theirs = np.asarray(expected, np.float64) * scale
        # Equal infinities (masks) are neither an error nor a signal.
        void = same & ~np.isfinite(ours)
        ours, theirs = np.where(void, 0.0, ours), np.where(void, 0.0, theirs)
        difference = np.abs(ours - theirs)
        difference = np.where(np.isnan(difference), np.inf, difference)
        noise, signal = float((difference**2).sum()), float((theirs**2).sum())
        length = math.sqrt(signal) * math.sqrt(float((ours**2).sum()))
        product = float((ours * theirs).sum())
    if noise == 0:
        relative = 0.0
    elif not math.isfinite(noise) or not math.isfinite(signal) or signal == 0:
        relative = math.inf
    else:
        relative = math.sqrt(noise / signal)
    if noise == 0:
        cosine = 1.0
    elif not math.isfinite(length) or length == 0:
        cosine = 0.0
    else:
        cosine = min(1.0, max(-1.0, product / length))
    if relative == 0:
        decibels = math.inf
    else:
        decibels = -math.inf if relative == math.inf else -20 * math.log10(relative)
    return Errors(
        float(difference.max()), float(difference.mean()), relative, decibels, cosine, equal
    )


def _nan(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, np.bool_)
