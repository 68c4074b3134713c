# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs where and when on a machine with few arrays (docs/scheduling.md).

from pumice import scheduling

result = scheduling.schedule(scheduling.networks.problem("resnet50"), "copies")
print(result.summary.time_ps, result.summary.gap)
"""

from __future__ import annotations

from pumice.scheduling import decoders, networks, streams
from pumice.scheduling.problem import Bank, Group, Machine, Problem, Unit
from pumice.scheduling.records import SchedulingError
from pumice.scheduling.run import ALGORITHMS, bounds, check, schedule, verify
from pumice.scheduling.schedule import Bounds, Energy, Options, Result, Schedule, Summary

__all__ = [
    "ALGORITHMS",
    "Bank",
    "Bounds",
    "Energy",
    "Group",
    "Machine",
    "Options",
    "Problem",
    "Result",
    "Schedule",
    "SchedulingError",
    "Summary",
    "Unit",
    "bounds",
    "check",
    "decoders",
    "networks",
    "schedule",
    "streams",
    "verify",
]
