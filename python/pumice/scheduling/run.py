# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of the scheduler."""

from __future__ import annotations

import json
from typing import Any

from pumice.interrupts import interruptible
from pumice.scheduling.problem import Problem
from pumice.scheduling.records import SchedulingError
from pumice.scheduling.schedule import Bounds, Options, Result, Schedule, Summary

__all__ = ["ALGORITHMS", "bounds", "check", "schedule", "verify"]

#: Names of algorithms, from the simplest to the best.
ALGORITHMS = ("naive", "strong", "overlap", "copies", "steady", "pipeline", "stream")


def _ask(problem: Problem, **keys: Any) -> dict[str, Any]:
    from pumice._mlir_libs import _pumice

    request = {"problem": problem.to_dict(), **keys}
    try:
        answer: dict[str, Any] = json.loads(interruptible(_pumice.schedule, json.dumps(request)))
    except ValueError as error:
        raise SchedulingError(str(error)) from None
    return answer


def check(problem: Problem) -> None:
    """Refuses a problem that has no schedule.

    Raises:
        SchedulingError: with the unit, what it needs and what there is.
    """
    _ask(problem, action="check")


def schedule(
    problem: Problem,
    algorithm: str = "copies",
    options: Options | None = None,
    *,
    detail: bool = True,
) -> Result:
    """Schedules a problem; the schedule is verified. Without `detail`, figures only.

    Raises:
        SchedulingError: the problem has no schedule, or none by this algorithm.
    """
    return Result.from_dict(
        _ask(
            problem,
            algorithm=algorithm,
            options=(options or Options()).to_dict(),
            detail=detail,
        )
    )


def verify(problem: Problem, schedule: Schedule) -> Summary:
    """The figures of a schedule that keeps every rule.

    Raises:
        SchedulingError: with the rule and what breaks it.
    """
    answer = _ask(problem, action="verify", schedule=schedule.to_dict())
    return Summary.from_dict(answer["summary"])


def bounds(problem: Problem, *, steady: bool = False) -> Bounds:
    """Lower bounds on the time; with `steady`, pinned units need not be written."""
    answer = _ask(problem, action="bounds")
    return Bounds.from_dict(answer["steady" if steady else "cold"])
