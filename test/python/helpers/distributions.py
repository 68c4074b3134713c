# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether samples have a distribution: two-sided intervals of 99.9 %."""

from __future__ import annotations

import numpy as np
from scipy import stats

__all__ = [
    "HALF",
    "assert_fraction",
    "assert_standard_normal",
    "assert_uncorrelated",
    "assert_variance",
]

HALF = 0.0005  # either tail of an interval of 99.9 %


def assert_standard_normal(z) -> None:
    """Mean, variance (99.9 % each) and shape (Kolmogorov-Smirnov, 99.9 %)."""
    z = np.ravel(z)
    assert abs(z.mean()) < stats.norm.isf(HALF) / len(z) ** 0.5
    low, high = stats.chi2.ppf([HALF, 1 - HALF], len(z) - 1) / (len(z) - 1)
    assert low < z.var(ddof=1) < high
    assert stats.kstest(z, "norm").pvalue > 2 * HALF


def assert_variance(values, expected) -> None:
    """The variance of normal numbers (99.9 %)."""
    low, high = stats.chi2.ppf([HALF, 1 - HALF], values.size - 1) / (values.size - 1)
    assert low < values.var(ddof=1) / expected < high


def assert_uncorrelated(a, b) -> None:
    """Correlation of two samples of independent numbers (99.9 %)."""
    r = np.corrcoef(np.ravel(a), np.ravel(b))[0, 1]
    assert abs(r) < stats.norm.isf(HALF) / np.size(a) ** 0.5


def assert_fraction(found, expected) -> None:
    """How many of independent cells (99.9 %)."""
    low, high = stats.binom.ppf([HALF, 1 - HALF], found.size, expected)
    assert low <= found.sum() <= high
