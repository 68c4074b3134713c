# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constants of devices that decide a comparison, and devices with one of them changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pumice.device import Device

__all__ = ["Constant"]

Path = tuple[str, ...]


@dataclass(frozen=True)
class Constant:
    """One number of a device file, or several that are changed together.

    Attributes:
        name: as in the device file, or what the numbers have in common.
        side: whose it is: the name of one of the two devices that are compared, or "both" if both
            have the same substitute, which is then changed in both.
        quantity: "energy" or "time".
        paths: of the numbers in `Device.fields`; "*" stands for all items of a list.
        rate: a time's inverse (bandwidth, clock): it is divided where a time is multiplied.
    """

    name: str
    side: str
    quantity: str
    paths: tuple[Path, ...]
    rate: bool = False

    def value(self, device: Device) -> float | None:
        """The number, if there is only one and it is not a rate."""
        if self.rate:
            return None
        found = [number for path in self.paths for number in _numbers(device.fields, path)]
        return found[0] if len(set(found)) == 1 else None

    def scaled(self, device: Device, factor: float) -> Device:
        """The device with this energy or time multiplied."""
        fields = device.fields
        for path in self.paths:
            _scale(fields, path, 1 / factor if self.rate else factor)
        return device.replace(**{key: fields[key] for key in {path[0] for path in self.paths}})


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
