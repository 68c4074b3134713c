# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A systolic array like that of a TPU, on the area of the crossbars: cycles and energy.

It keeps a tile of S x S weights while inputs stream through it. The next tile is shifted in
meanwhile, in S cycles, from a queue that DRAM fills in order. A matrix starts when the one before
has drained. Partial sums of all windows of a tile fit into the accumulators; where a real machine
has fewer of them, it needs more time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from pumice.scheduling.networks import Constants, Matrix

__all__ = ["Systolic", "SystolicRun", "run"]


@dataclass(frozen=True)
class Systolic:
    """Constants of the machine; DRAM, buffer and static power are those of `Constants`."""

    array_um2: float = 3875.0
    """area of a crossbar with its share of the tile: 0.372 mm2 / 96; derived (ISAAC)"""
    mac_um2: float = 1583.0
    """24 % of 331 mm2 for 65536 multipliers in 28 nm, in 32 nm; derived (TPU v1)"""
    clock_mhz: float = 700.0
    """source (TPU v1)"""
    queue_tiles: int = 4
    """tiles that DRAM may be ahead; source (TPU v1)"""
    mac_pj: float = 0.6
    """guess, the same as of digital multipliers beside the crossbars"""
    buffer_pj_per_byte: float = 1.0
    """inputs, and partial sums of 4 bytes; guess, the same as beside the crossbars"""

    def side(self, constants: Constants) -> int:
        """Rows and columns of the array that takes the area of all crossbars."""
        area = constants.elements * constants.arrays_per_element * self.array_um2
        return int(math.sqrt(area / self.mac_um2))

    def scaled(self, name: str, factor: float) -> Systolic:
        """The machine with one constant multiplied."""
        assert name in {field.name for field in fields(self)}
        value = getattr(self, name) * factor
        return replace(self, **{name: max(1, round(value)) if name == "queue_tiles" else value})


@dataclass(frozen=True)
class SystolicRun:
    """One inference; energies in pJ."""

    side: int
    cycles: int
    time_ps: int
    mac_pj: float
    buffer_pj: float
    dram_pj: float
    dram_bytes: int
    static_pj: float

    @property
    def dynamic_pj(self) -> float:
        """Without static power."""
        return self.mac_pj + self.buffer_pj + self.dram_pj

    @property
    def total_pj(self) -> float:
        """All of it."""
        return self.dynamic_pj + self.static_pj


def _cut(length: int, side: int) -> list[int]:
    """Lengths of the parts of at most `side`."""
    return [min(side, length - first) for first in range(0, length, side)]


def run(matrices: Iterable[Matrix], constants: Constants, systolic: Systolic) -> SystolicRun:
    """Time and energy of all matrices, one after the other."""
    side = systolic.side(constants)
    bytes_per_cycle = constants.dram_bytes_per_us / systolic.clock_mhz
    # When the array is done, when DRAM is, and when the last tiles left the queue.
    done = fetched = 0.0
    starts: list[float] = []
    macs = moved = weights = 0
    for matrix in matrices:
        macs += matrix.macs
        rows, columns = _cut(matrix.k, side), _cut(matrix.n, side)
        moved += (
            matrix.windows * matrix.count * (matrix.k * len(columns) + 2 * 4 * matrix.n * len(rows))
        )
        drained = done
        for _ in range(matrix.count):
            for n in columns:
                for k in rows:
                    if matrix.is_weight:
                        queue = len(starts) - systolic.queue_tiles
                        room = starts[queue] if queue >= 0 else 0.0
                        fetched = max(fetched, room) + k * n / bytes_per_cycle
                        weights += k * n
                        ready = fetched
                    else:
                        ready = drained
                    # Shifted in while the tile before it computes.
                    before = starts[-1] if starts else 0.0
                    shifted = max(ready, before) + side
                    start = max(done, shifted, drained)
                    starts.append(start)
                    done = start + matrix.windows
        # The last window goes through all rows and columns.
        done += min(side, matrix.k) + min(side, matrix.n) - 1
    cycles = math.ceil(done)
    time_ps = round(cycles * 1e6 / systolic.clock_mhz)
    buffer_mb = sum(constants.banks_bytes) / 2**20
    milliwatts = (
        constants.static_mw_per_array * constants.elements * constants.arrays_per_element
        + constants.static_mw_per_mb * buffer_mb
        + constants.static_mw
    )
    return SystolicRun(
        side=side,
        cycles=cycles,
        time_ps=time_ps,
        mac_pj=macs * systolic.mac_pj,
        buffer_pj=moved * systolic.buffer_pj_per_byte,
        dram_pj=weights * constants.dram_pj_per_byte,
        dram_bytes=weights,
        static_pj=milliwatts * time_ps * 1e-3,
    )
