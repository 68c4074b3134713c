# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Problems: units of work and a machine, as lib/Scheduling/Problem.h defines them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pumice.scheduling.records import Record

__all__ = ["Bank", "Group", "Machine", "Problem", "Unit"]


@dataclass
class Unit(Record):
    """A unit of work, usually a layer. Sizes are for one copy; energies for all windows."""

    name: str
    kind: str = "crossbar"
    """crossbar, ap, systolic or digital"""
    dependencies: list[str] = field(default_factory=list)
    """units whose results it reads"""
    groups: list[str] = field(default_factory=list)
    """groups that may run it; all of its kind when empty"""
    row_tiles: int = 0
    col_tiles: int = 0
    windows: int = 1
    mvm_ps: int = 0
    """time of one window"""
    digital_ps: int = 0
    """digital work on all results"""
    bytes: int = 0
    """weights in DRAM"""
    decoded_weights: int = 0
    """weights that a decoder makes of the bytes; 0: they come as they are"""
    input_bytes: int = 0
    """inputs that no unit makes"""
    output_bytes: int = 0
    window_bytes: int = 0
    """inputs and results of one window"""
    partial_bytes: int = 0
    """partial sums of all results"""
    lead_ppm: int = 10**6
    """share of each result it reads that the first window needs, in 10^-6"""
    max_copies: int = 1
    pinned: bool = False
    write_pj: float = 0.0
    compute_pj: float = 0.0
    digital_pj: float = 0.0


@dataclass
class Group(Record):
    """Processing elements of one kind."""

    name: str
    kind: str = "crossbar"
    elements: int = 1
    arrays_per_element: int = 1
    writers_per_element: int = 0
    """arrays of an element that are written at once; 0 stands for all"""
    rows: int = 1
    row_write_ps: int = 0
    decoder_weights_per_us: int = 0
    """between each DRAM channel and the arrays; 0: a decoder never limits"""
    static_mw_per_array: float = 0.0


@dataclass
class Bank(Record):
    """A bank of the buffer for activations."""

    bytes: int
    static_mw: float = 0.0


@dataclass
class Machine(Record):
    """What runs the units."""

    groups: list[Group] = field(default_factory=list)
    dram_channels: int = 1
    dram_bytes_per_us: int = 1
    """of one channel"""
    dram_pj_per_byte: float = 0.0
    banks: list[Bank] = field(default_factory=list)
    digital_units: int = 0
    static_mw: float = 0.0


@dataclass
class Problem(Record):
    """Units, and the machine that runs them."""

    machine: Machine
    units: list[Unit]
    name: str = ""
