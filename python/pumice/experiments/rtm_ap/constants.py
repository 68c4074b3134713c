# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The constants of `rtm-ap` and `neurosim-rram` that decide the comparison."""

from __future__ import annotations

from collections.abc import Sequence

from pumice.experiments.constants import Constant

__all__ = ["CONSTANTS"]


def _group(side: str, quantity: str, part: str, names: Sequence[str]) -> list[Constant]:
    """Each of some fields of a part of a device, then all of them together."""
    single = [Constant(f"{part}.{name}", side, quantity, ((part, name),)) for name in names]
    paths = tuple((part, name) for name in names)
    plural = "energies" if quantity == "energy" else "times"
    owner = "ap" if side == "processors" else "array"
    return [*single, Constant(f"{owner} {plural}", side, quantity, paths)]


_AP_ENERGIES = [f"{event}_pj_per_bit" for event in ("search", "write", "read", "shift", "link")] + [
    "fetch_pj_per_byte"
]

#: Of `rtm-ap` and `neurosim-rram`, in the order of the tables.
CONSTANTS: tuple[Constant, ...] = (
    *_group("processors", "energy", "ap", _AP_ENERGIES),
    *(
        Constant(
            f"{part} energies", "both", "energy",
            ((part, "read_pj_per_byte"), (part, "write_pj_per_byte")),
        )
        for part in ("buffer", "dram")
    ),
    Constant("digital energies", "both", "energy", (("digital", "ops", "*", "energy_pj"),)),
    *_group(
        "crossbars", "energy", "energy",
        ["cell_read_pj", "dac_pj", "sample_hold_pj", "adc_pj", "shift_add_pj"],
    ),
    *_group("processors", "time", "ap", ["search_ns", "write_ns", "read_ns", "shift_ns"]),
    *(
        Constant(f"{part} time", "both", "time", ((part, "bandwidth_bytes_per_ns"),), rate=True)
        for part in ("buffer", "dram")
    ),
    Constant("digital cycle", "both", "time", (("digital", "clock_ghz"),), rate=True),
    *_group("crossbars", "time", "timing", ["read_ns", "adc_ns"]),
)  # fmt: skip
