# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules, as lib/Scheduling/Schedule.h defines them. All times are in picoseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from pumice.scheduling.records import Record

__all__ = [
    "Bounds",
    "Compute",
    "Digital",
    "Energy",
    "Held",
    "Options",
    "Part",
    "Resident",
    "Result",
    "Schedule",
    "Spill",
    "Summary",
    "Transfer",
    "Write",
]


@dataclass
class Options(Record):
    """What algorithms may be told."""

    seed: int = 0
    moves: int | None = None
    """local moves; by default as many as the size allows"""
    time_share: float = 0.0
    """share of the best time that may be given up for fewer copies and writes"""
    writes_atomically: bool = False
    gates_banks: bool = True
    levels_wear: bool = True


@dataclass
class Part(Record):
    """Tiles of a unit that compute together."""

    unit: str
    first_tile: int
    tiles: int
    copies: int


@dataclass
class Resident(Record):
    """Tiles that lie in consecutive arrays from the start."""

    part: int
    copy: int
    first_tile: int
    tiles: int
    first_array: int


@dataclass
class Transfer(Record):
    """Tiles on their way from DRAM."""

    part: int
    first_tile: int
    tiles: int
    channel: int
    start_ps: int
    end_ps: int
    ahead: bool = False
    """for the next run"""


@dataclass
class Write(Record):
    """Tiles of one copy, written at once into consecutive arrays."""

    transfer: int
    copy: int
    first_tile: int
    tiles: int
    first_array: int
    start_ps: int
    end_ps: int


@dataclass
class Compute(Record):
    """All copies of a part compute."""

    part: int
    start_ps: int
    end_ps: int


@dataclass
class Digital(Record):
    """Digital work of a unit."""

    unit: str
    digital_unit: int
    start_ps: int
    end_ps: int


@dataclass
class Spill(Record):
    """Activations on their way to DRAM, or from it to a part of a reader."""

    unit: str
    channel: int
    start_ps: int
    end_ps: int
    reader: str | None = None
    reader_part: int = -1


@dataclass
class Held(Record):
    """Bytes that a bank holds."""

    unit: str
    tensor: str
    column: int
    bank: int
    bytes: int
    start_ps: int
    end_ps: int


@dataclass
class Schedule(Record):
    """What a machine does when."""

    algorithm: str = ""
    start: str = "cold"
    end_ps: int = 0
    period_ps: int | None = None
    gates_banks: bool = True
    streams: bool = False
    """units of a pipeline start before what they read is done"""
    parts: list[Part] = field(default_factory=list)
    residents: list[Resident] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    computes: list[Compute] = field(default_factory=list)
    digitals: list[Digital] = field(default_factory=list)
    spills: list[Spill] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


@dataclass
class Bounds(Record):
    """Times that no schedule gets below."""

    dram_ps: int
    writers_ps: int
    array_time_ps: int
    digital_ps: int
    path_ps: int
    cut_ps: int
    lagrangian_ps: int
    period_ps: int
    best_ps: int


@dataclass
class Energy(Record):
    """Energy of one run; static is power by time."""

    write_pj: float
    dram_pj: float
    compute_pj: float
    digital_pj: float
    static_arrays_pj: float
    static_banks_pj: float
    static_other_pj: float
    dynamic_pj: float
    static_pj: float


@dataclass
class Summary(Record):
    """Figures of a schedule."""

    algorithm: str
    time_ps: int
    bounds: Bounds
    energy: Energy
    tiles_written: int
    least_tiles_written: int
    """any schedule that takes no more time writes at least as many; 0: not known"""
    least_write_pj: float
    least_rewriting_pj: float
    """writing and DRAM in the steady state, whatever is pinned; 0: not known"""
    most_writes_of_an_array: int
    dram_bytes: int
    most_parts: int
    spills: int
    copies: dict[str, int]
    pinned: list[str]
    """units that stay in their arrays as a whole"""
    kept_tiles: dict[str, int]
    """tiles of one copy that stay, of these units and of others"""
    ahead: list[str]
    """units that are written at the end of the run before"""
    period_ps: int | None = None

    @property
    def gap(self) -> float:
        """By how much the time is above the best bound, as a share of the bound.

        Of a pipeline, by how much the period is.
        """
        if self.period_ps is not None:
            return self.period_ps / max(1, self.bounds.period_ps) - 1
        return self.time_ps / max(1, self.bounds.best_ps) - 1


@dataclass
class Result(Record):
    """An answer: figures, how long they took, and the schedule if asked for."""

    summary: Summary
    seconds: float = 0.0
    schedule: Schedule | None = None
