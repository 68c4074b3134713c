# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The constants of devices that decide a comparison, and devices with one of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pumice.device import Device

__all__ = ["CONSTANTS", "Constant"]

Path = tuple[str, ...]


@dataclass(frozen=True)
class Constant:
    """One number of a device file, or several that are changed together.

    Attributes:
        name: as in the device file, or what the numbers have in common.
        side: whose it is: "processors", "crossbars", or "both" if both devices have the same
            substitute, which is then changed in both.
        quantity: "energy" or "time": what it decides.
        paths: of the numbers, from a keyword of `Device.replace` on; "*" stands for all items of
            a list.
        rate: a time's inverse (bandwidth, clock): it is divided where a time is multiplied.
    """

    name: str
    side: str
    quantity: str
    paths: tuple[Path, ...]
    rate: bool = False

    def value(self, device: Device) -> float | None:
        """The number, if there is only one, and it is no rate."""
        if self.rate:
            return None
        found = [number for path in self.paths for number in _numbers(_keywords(device), path)]
        return found[0] if len(set(found)) == 1 else None

    def scaled(self, device: Device, factor: float) -> Device:
        """The device with this energy or time multiplied."""
        fields = _keywords(device)
        for path in self.paths:
            _scale(fields, path, 1 / factor if self.rate else factor)
        return device.replace(**{key: fields[key] for key in {path[0] for path in self.paths}})


def _keywords(device: Device) -> dict[str, Any]:
    """Fields by the keywords that `Device.replace` takes."""
    fields = device.fields
    for group in fields["groups"]:
        fields.update({key: value for key, value in group.items() if isinstance(value, dict)})
        fields[group["name"]] = group
    return fields


def _numbers(fields: Any, path: Path) -> list[float]:
    for place, key in enumerate(path):
        if key == "*":
            return [number for item in fields for number in _numbers(item, path[place + 1 :])]
        fields = fields[key]
    return [float(fields)]


def _scale(fields: Any, path: Path, factor: float) -> None:
    key, *rest = path
    if key == "*":
        for item in fields:
            _scale(item, tuple(rest), factor)
    elif rest:
        _scale(fields[key], tuple(rest), factor)
    else:
        fields[key] = float(fields[key]) * factor


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
