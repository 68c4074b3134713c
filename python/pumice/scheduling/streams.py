# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks that stay in the arrays of chips like ISAAC's: their throughput and its bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pumice.scheduling import networks
from pumice.scheduling.problem import Problem
from pumice.scheduling.run import schedule

__all__ = ["Throughput", "relaxed", "throughput"]


def relaxed(problem: Problem) -> float:
    """A period that even copies in parts would need, one whole copy of each unit at least.

    No machine has parts of a copy: each weight is in a whole number of cells, and a cell takes part
    in one product at a time.
    """
    (group,) = problem.machine.groups
    units = [unit for unit in problem.units if unit.kind != "digital"]

    def arrays(period: float) -> float:
        return sum(
            unit.row_tiles * unit.col_tiles * max(1.0, unit.windows * unit.mvm_ps / period)
            for unit in units
        )

    low, high = 1.0, float(max(unit.windows * unit.mvm_ps for unit in units))
    while high > low * (1 + 1e-6):
        middle = math.sqrt(low * high)
        if arrays(middle) > group.elements * group.arrays_per_element:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True)
class Throughput:
    """A stream of inputs.

    Attributes:
        period_ps: time between two inputs; latency_ps: of one.
        bound_ps: the shortest period that arrays and converters allow with whole copies.
        relaxed_bound_ps: see `relaxed`.
        buffer_bytes: of the rings between layers.
    """

    network: str
    chips: int
    period_ps: int
    latency_ps: int
    bound_ps: int
    relaxed_bound_ps: float
    buffer_bytes: int

    @property
    def above_bound(self) -> float:
        """By how much the period is above its bound, as a share of it."""
        return self.period_ps / self.bound_ps - 1

    @property
    def above_relaxed(self) -> float:
        """The same with the relaxed bound."""
        return self.period_ps / self.relaxed_bound_ps - 1


def throughput(network: str, chips: int) -> Throughput:
    """The stream of a network on so many chips (`networks.isaac`).

    Raises:
        SchedulingError: the network does not fit, or its name is unknown.
    """
    problem = networks.problem(network, networks.isaac(chips))
    result = schedule(problem, "stream")
    summary, found = result.summary, result.schedule
    assert summary.period_ps is not None
    assert found is not None
    return Throughput(
        network=network,
        chips=chips,
        period_ps=summary.period_ps,
        latency_ps=summary.time_ps,
        bound_ps=summary.bounds.period_ps,
        relaxed_bound_ps=relaxed(problem),
        buffer_bytes=sum(ring.bytes for ring in found.held),
    )
