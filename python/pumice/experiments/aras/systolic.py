# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The device `tpu-like`, a systolic array on the area of the crossbars: cycles and energy.

Layers are counted from their shapes, by the costs of systolic arrays in docs/devices.md: tiles of
S x S weights follow one another, each for at least S cycles, while DRAM brings the weights of the
layer. Products of two activations run on the array too, with their second operand from the buffer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from pumice.device import Device
from pumice.scheduling.networks import Constants, Matrix

__all__ = ["Systolic", "SystolicRun", "run"]

#: Area of a crossbar with its share of the tile of ISAAC, 0.372 mm2 / 96 (derived).
_ARRAY_UM2 = 3875.0
#: Area of a multiplier: 24 % of 331 mm2 for 65536 of them in 28 nm, in 32 nm (derived, TPU v1).
_MAC_UM2 = 1583.0


@dataclass(frozen=True)
class Systolic:
    """Constants of the machine; DRAM and static power are those of `Constants`."""

    array_um2: float = _ARRAY_UM2
    mac_um2: float = _MAC_UM2
    clock_mhz: float = 700.0
    mac_pj: float = 0.6
    buffer_pj_per_byte: float = 1.0
    """of inputs and results"""
    accumulator_pj_per_byte: float = 1.0
    """of partial sums of 4 bytes"""

    @staticmethod
    def of(device: Device) -> Systolic:
        """The constants of a device with a group of systolic arrays; areas are those above."""
        (group,) = (g for g in device.groups.values() if g["kind"] == "systolic")
        return Systolic(
            clock_mhz=group["clock_ghz"] * 1000,
            mac_pj=group["mac_pj"],
            buffer_pj_per_byte=device.fields["buffer"]["read_pj_per_byte"],
            accumulator_pj_per_byte=group["accumulator_pj_per_byte"],
        )

    def side(self, constants: Constants) -> int:
        """Rows and columns of the array that takes the area of all crossbars."""
        area = constants.elements * constants.arrays_per_element * self.array_um2
        return int(math.sqrt(area / self.mac_um2))

    def scaled(self, name: str, factor: float) -> Systolic:
        """The machine with one constant multiplied."""
        assert name in {field.name for field in fields(self)}
        return replace(self, **{name: getattr(self, name) * factor})


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


def run(matrices: Iterable[Matrix], constants: Constants, systolic: Systolic) -> SystolicRun:
    """Time and energy of all matrices, one after the other."""
    side = systolic.side(constants)
    bytes_per_cycle = constants.dram_bytes_per_us / systolic.clock_mhz
    cycles = 0.0
    macs = moved = sums = weights = 0
    for matrix in matrices:
        macs += matrix.macs
        rows, columns = -(-matrix.k // side), -(-matrix.n // side)
        tiles = rows * columns * matrix.count
        vectors = matrix.windows * matrix.count
        moved += vectors * (matrix.k * columns + matrix.n)
        sums += 2 * 4 * vectors * matrix.n * rows
        computing = (
            side
            + (tiles - 1) * max(matrix.windows, side)
            + matrix.windows
            + min(side, matrix.k)
            + min(side, matrix.n)
            - 1
        )
        brought = matrix.k * matrix.n * matrix.count if matrix.is_weight else 0
        weights += brought
        cycles += max(computing, brought / bytes_per_cycle)
    time_ps = round(cycles * 1e6 / systolic.clock_mhz)
    buffer_mb = sum(constants.banks_bytes) / 2**20
    milliwatts = (
        constants.static_mw_per_array * constants.elements * constants.arrays_per_element
        + constants.static_mw_per_mb * buffer_mb
        + constants.static_mw
    )
    return SystolicRun(
        side=side,
        cycles=math.ceil(cycles),
        time_ps=time_ps,
        mac_pj=macs * systolic.mac_pj,
        buffer_pj=moved * systolic.buffer_pj_per_byte + sums * systolic.accumulator_pj_per_byte,
        dram_pj=weights * constants.dram_pj_per_byte,
        dram_bytes=weights,
        static_pj=milliwatts * time_ps * 1e-3,
    )
