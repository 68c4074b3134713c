# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bounds on the figures of points."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pumice.errors import PumiceError
from pumice.exploration.result import FIGURES

__all__ = ["Bound", "bounds_of"]


@dataclass(frozen=True)
class Bound:
    """A bound on a figure.

    Attributes:
        text: as it was given.
        figure: its name.
        is_most: whether the figure may not be larger, else not smaller.
        value: of the bound.
    """

    text: str
    figure: str
    is_most: bool
    value: float

    def excess(self, figures: Mapping[str, Any]) -> float:
        """How far figures are beyond the bound; 0 or less within, infinite without the figure."""
        if self.figure not in figures:
            return math.inf
        excess = float(figures[self.figure]) - self.value
        return excess if self.is_most else -excess


def bounds_of(texts: Sequence[str], scored: bool) -> list[Bound]:
    """Bounds of texts such as "area_mm2<=100".

    Args:
        texts: figure, `<=` or `>=`, number.
        scored: whether points have a metric.

    Raises:
        PumiceError: another form, or no such figure.
    """
    known = [*FIGURES, *(["metric"] if scored else [])]
    found = []
    for text in texts:
        parts = re.fullmatch(r"\s*(\w+)\s*([<>])=?\s*(\S+)\s*", text)
        try:
            value = float(parts[3]) if parts else math.nan
        except ValueError:
            value = math.nan
        if parts is None or math.isnan(value):
            raise PumiceError(f"expected a constraint such as area_mm2<=100, got '{text}'")
        if parts[1] not in known:
            similar = get_close_matches(parts[1], known, 1)
            hint = f" (did you mean '{similar[0]}'?)" if similar else ""
            raise PumiceError(
                f"expected a constraint on one of {', '.join(known)}, got '{parts[1]}'{hint}"
            )
        found.append(Bound(text.strip(), parts[1], parts[2] == "<", value))
    return found
