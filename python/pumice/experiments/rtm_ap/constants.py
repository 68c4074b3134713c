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

#: Energies of the circuits around arrays, by part. Cells of ternary weights are in `periphery`.
_CIRCUITS = {
    "periphery": (
        "narrow_cell_read_pj", "array_read_pj", "row_pj", "multiplexer_pj", "encoder_pj",
        "result_pj",
    ),
    "accumulation": (
        "slices_pj", "slices_pj_per_slice", "bits_pj", "bits_pj_per_slice", "bits_pj_per_bit",
        "tree_pj", "tree_pj_per_array", "dense_tree_pj",
    ),
    "interconnect": (
        "array_in_pj", "array_out_pj", "kernel_tile_pj", "dense_tile_pj", "chip_pj_per_um",
    ),
    "buffers": ("array_in_pj", "tile_in_pj", "array_out_pj", "tile_out_pj", "chip_out_pj"),
    "leakage": ("array_uw", "array_uw_per_bit", "slices_uw"),
}  # fmt: skip


def _circuits(quantity: str, part: str, names: Sequence[str]) -> Constant:
    """All fields of a part of the circuits around arrays."""
    paths = tuple(("circuits", part, name) for name in names)
    return Constant(f"circuits.{part}", "crossbars", quantity, paths)


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
        "crossbars", "energy", "energy", ["cell_read_pj", "dac_pj", "sample_hold_pj", "adc_pj"]
    ),
    *(_circuits("energy", part, names) for part, names in _CIRCUITS.items()),
    *_group("processors", "time", "ap", ["search_ns", "write_ns", "read_ns", "shift_ns"]),
    *(
        Constant(f"{part} time", "both", "time", ((part, "bandwidth_bytes_per_ns"),), rate=True)
        for part in ("buffer", "dram")
    ),
    Constant("digital cycle", "both", "time", (("digital", "clock_ghz"),), rate=True),
    _circuits("time", "timing", ("window_ns", "bit_ns", "result_ns", "input_ns")),
)  # fmt: skip
