# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of conversions in the statistical mode: from formulas, or measured on the arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Errors", "fitted", "is_independent", "rounding_deviation"]

#: Read noise, in levels, from which rounding errors do not depend on what is rounded: their mean is
#: below exp(-2 pi^2 noise^2) / pi = 0.0023 levels.
_DITHER = 0.5


@dataclass
class Errors:
    """Sums that the arrays deliver: `gain * sum + offset + deviation * z`, for each output.

    Attributes:
        share: part of the errors of cells that `sum` has; converters round the rest away.
        gain, offset, deviation: for each output; offset and deviation in units of sums.
    """

    share: float
    gain: Tensor
    offset: Tensor
    deviation: Tensor


def is_independent(read_noise: float, whole: bool) -> bool:
    """Whether rounding errors of lossless converters are independent of the sums.

    Args:
        read_noise: in levels.
        whole: sums are integers, as with ideal cells.
    """
    return whole or read_noise >= _DITHER


def rounding_deviation(read_noise: float, whole: bool) -> float:
    """Standard deviation of `round(v + read_noise z) - v`, z standard normal.

    Args:
        read_noise: in levels.
        whole: `v` is an integer, as with ideal cells; otherwise its fraction is uniform, so that
            the rounding error is independent of the noise.
    """
    if not whole:
        return math.sqrt(read_noise**2 + 1 / 12)
    if read_noise == 0:
        return 0.0

    def beyond(level: float) -> float:
        return math.erfc(level / (read_noise * math.sqrt(2)))

    # E[k^2] = sum of (2 k - 1) P(|round| >= k).
    most = math.ceil(8 * read_noise) + 1
    return math.sqrt(sum((2 * k - 1) * beyond(k - 0.5) for k in range(1, most + 1)))


def fitted(exact: Tensor, of_cells: Tensor, delivered: Tensor) -> Errors:
    """Errors by least squares, from sums of the same input vectors, of shape (vectors, outputs).

    The share is one number, because errors of cells differ between chips; it is fitted first.

    Args:
        exact: sums of quantized values.
        of_cells: what the errors of cells add to these before conversions.
        delivered: sums after conversions.
    """
    u, w, y = (values - values.mean(0) for values in (exact, of_cells, delivered))
    uu, uw = u.square().sum(0).clamp(min=1e-12), (u * w).sum(0)
    rest = w - u * (uw / uu)  # what the exact sums do not explain
    common, own = (rest * y).sum(0), rest.square().sum(0)
    gain = ((u * y).sum(0) - _ratio(common, own) * uw) / uu
    share = float(_ratio((gain * common).sum(), (gain.square() * own).sum()).clamp(min=0))
    linear = exact + share * of_cells
    mean = linear.mean(0)
    centred = linear - mean
    gain = _ratio((centred * delivered).sum(0), centred.square().sum(0))
    offset = delivered.mean(0) - gain * mean
    rest = delivered - gain * linear - offset
    deviation = (rest.square().sum(0) / max(len(rest) - 2, 1)).sqrt()
    return Errors(share, gain, offset, deviation)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """a / b; 1 where b is nearly 0."""
    return torch.where(b > 1e-6, a / b.clamp(min=1e-12), torch.ones_like(a))
