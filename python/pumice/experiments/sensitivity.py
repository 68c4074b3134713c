# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sensitivity of a ratio of two devices to their constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pumice.device import Device
from pumice.experiments.constants import Constant
from pumice.report import Report

__all__ = ["Sensitivity", "Side", "sensitivities"]

Estimate = Callable[[Device], Report]

#: A time that stands for none: devices refuse 0.
_NO_TIME = 1e-6
#: A bisection ends when it knows a factor this well, and looks no further than that.
_PRECISION, _LARGEST = 1e-3, 1e4


@dataclass(frozen=True)
class Sensitivity:
    """One constant: ratios are the energy (or latency) of `theirs` over that of `ours`.

    Attributes:
        constant, side, quantity: of `Constant`. Energies decide the ratio of energies, times that
            of latencies.
        value: in the unit that its name ends with; None for several numbers.
        share: of the energy of the device that has it (of `ours`, if both have), 0 to 1; None for
            times.
        ratio, halved, doubled, removed: with the constant as it is, halved, doubled and 0.
        factors: by target ratio, the factor on the constant that gives this ratio; None if no
            factor does.
    """

    constant: str
    side: str
    quantity: str
    value: float | None
    share: float | None
    ratio: float
    halved: float
    doubled: float
    removed: float
    factors: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Side:
    """One of two devices that are compared.

    Attributes:
        name: as constants have it in `Constant.side`.
        estimate: what a run of the network on the device, or on a changed one, costs.
    """

    name: str
    device: Device
    estimate: Estimate


def sensitivities(
    ours: Side, theirs: Side, constants: Sequence[Constant], targets: Sequence[float]
) -> list[Sensitivity]:
    """Estimates with each constant halved, doubled and 0, and the factors that give certain ratios.

    Args:
        targets: ratios of energies. Times are asked for a ratio of 1 only.
    """
    pair = _Pair(ours, theirs)
    return [
        pair.energy(constant, targets) if constant.quantity == "energy" else pair.time(constant)
        for constant in constants
    ]


class _Pair:
    def __init__(self, ours: Side, theirs: Side) -> None:
        self._ours, self._theirs = ours, theirs
        self._base = {side.name: side.estimate(side.device) for side in (ours, theirs)}

    def _report(self, side: Side, constant: Constant, factor: float) -> Report:
        if constant.side not in (side.name, "both"):
            return self._base[side.name]
        return side.estimate(constant.scaled(side.device, factor))

    def _owner(self, constant: Constant) -> Side:
        return self._theirs if constant.side == self._theirs.name else self._ours

    def _ratio(self, constant: Constant, factor: float) -> float:
        """Of latencies."""
        ours = self._report(self._ours, constant, factor).latency_ns
        return self._report(self._theirs, constant, factor).latency_ns / ours

    def energy(self, constant: Constant, targets: Sequence[float]) -> Sensitivity:
        """Energy is linear in each energy constant, so two estimates tell all."""
        ours, theirs = (self._base[side.name].energy_pj for side in (self._ours, self._theirs))
        our_part = self._report(self._ours, constant, 2).energy_pj - ours
        their_part = self._report(self._theirs, constant, 2).energy_pj - theirs

        def ratio(factor: float) -> float:
            return (theirs + (factor - 1) * their_part) / (ours + (factor - 1) * our_part)

        def factor_for(target: float) -> float | None:
            slope = their_part - target * our_part
            if abs(slope) <= 1e-12 * (theirs + target * ours):
                return None
            factor = 1 + (target * ours - theirs) / slope
            return factor if factor >= 0 else None

        owner = self._owner(constant)
        share = their_part / theirs if owner is self._theirs else our_part / ours
        return Sensitivity(
            constant.name, constant.side, "energy", constant.value(owner.device),
            share, ratio(1), ratio(0.5), ratio(2), ratio(0),
            {f"{target:g}": factor_for(target) for target in targets},
        )  # fmt: skip

    def time(self, constant: Constant) -> Sensitivity:
        """Latency is the longest path of a schedule: it is estimated anew each time."""
        ours, theirs = (self._base[side.name].latency_ns for side in (self._ours, self._theirs))
        base = theirs / ours
        removed = self._ratio(constant, _NO_TIME)
        value = constant.value(self._owner(constant).device)
        return Sensitivity(
            constant.name, constant.side, "time", value, None,
            base, self._ratio(constant, 0.5), self._ratio(constant, 2), removed,
            {"1": self._factor_for(constant, 1, base, removed)},
        )  # fmt: skip

    def _factor_for(
        self, constant: Constant, target: float, base: float, removed: float
    ) -> float | None:
        """By bisection between nothing and as it is, or between that and very long."""
        if (removed - target) * (base - target) <= 0:
            low, high, sign = _NO_TIME, 1.0, base - target
        else:
            low, high = 1.0, _LARGEST
            sign = self._ratio(constant, high) - target
            if sign * (base - target) > 0:
                return None
        while high / low > 1 + _PRECISION:
            middle = math.sqrt(low * high)
            if (self._ratio(constant, middle) - target) * sign > 0:
                high = middle
            else:
                low = middle
        return math.sqrt(low * high)
