# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How much a ratio of two devices owes to each of their constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pumice.device import Device
from pumice.report import Report
from pumice.reproduce.constants import CONSTANTS, Constant

__all__ = ["Sensitivity", "sensitivities"]

Estimate = Callable[[Device], Report]

#: A time that stands for none: devices refuse 0.
_NO_TIME = 1e-6
#: A bisection ends when it knows a factor this well, and looks no further than that.
_PRECISION, _LARGEST = 1e-3, 1e4


@dataclass(frozen=True)
class Sensitivity:
    """One constant: ratios are the crossbars' energy (or latency) over the processors'.

    Attributes:
        constant, side, quantity: of `Constant`. Energies decide the ratio of energies, times that
            of latencies.
        value: in the unit that its name ends with; None for several numbers.
        share: of the energy of the device that has it (of the processors, if both have), 0 to 1;
            None for times.
        ratio, halved, doubled, removed: with the constant as it is, halved, doubled and 0.
        factors: by target, what the constant would have to be multiplied with for that ratio;
            None where no factor gets there.
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


def sensitivities(
    processors: tuple[Device, Estimate],
    crossbars: tuple[Device, Estimate],
    targets: Sequence[float],
    constants: Sequence[Constant] = CONSTANTS,
) -> list[Sensitivity]:
    """Each constant halved, doubled and gone, and what it would have to be for some ratios.

    Args:
        processors, crossbars: a device, and what estimates a network on it or on a changed one.
        targets: ratios of energies. Times are asked for a ratio of 1 only.
    """
    pair = _Pair(processors, crossbars)
    return [
        pair.energy(constant, targets) if constant.quantity == "energy" else pair.time(constant)
        for constant in constants
    ]


class _Pair:
    def __init__(self, processors: tuple[Device, Estimate], crossbars: tuple[Device, Estimate]):
        self._sides = {"processors": processors, "crossbars": crossbars}
        self._base = {name: self._report(name, None, 1) for name in self._sides}

    def _report(self, side: str, constant: Constant | None, factor: float) -> Report:
        device, estimate = self._sides[side]
        if constant is None:
            return estimate(device)
        if constant.side not in (side, "both"):
            return self._base[side]
        return estimate(constant.scaled(device, factor))

    def _ratio(self, constant: Constant, factor: float) -> float:
        """Of latencies."""
        ours = self._report("processors", constant, factor).latency_ns
        return self._report("crossbars", constant, factor).latency_ns / ours

    def energy(self, constant: Constant, targets: Sequence[float]) -> Sensitivity:
        """Energy is linear in each energy constant, so two estimates tell all."""
        base = {side: report.energy_pj for side, report in self._base.items()}
        part = {
            side: self._report(side, constant, 2).energy_pj - base[side] for side in self._sides
        }
        ours, theirs = base["processors"], base["crossbars"]
        our_part, their_part = part["processors"], part["crossbars"]

        def ratio(factor: float) -> float:
            return (theirs + (factor - 1) * their_part) / (ours + (factor - 1) * our_part)

        def factor_for(target: float) -> float | None:
            slope = their_part - target * our_part
            if abs(slope) <= 1e-12 * (theirs + target * ours):
                return None
            factor = 1 + (target * ours - theirs) / slope
            return factor if factor >= 0 else None

        owner = "crossbars" if constant.side == "crossbars" else "processors"
        return Sensitivity(
            constant.name, constant.side, "energy", constant.value(self._sides[owner][0]),
            part[owner] / base[owner], ratio(1), ratio(0.5), ratio(2), ratio(0),
            {f"{target:g}": factor_for(target) for target in targets},
        )  # fmt: skip

    def time(self, constant: Constant) -> Sensitivity:
        """Latency is the longest path of a schedule: it is estimated anew each time."""
        owner = "crossbars" if constant.side == "crossbars" else "processors"
        base = self._base["crossbars"].latency_ns / self._base["processors"].latency_ns
        removed = self._ratio(constant, _NO_TIME)
        return Sensitivity(
            constant.name, constant.side, "time", constant.value(self._sides[owner][0]), None,
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
