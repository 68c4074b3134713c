# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fields of devices and the values that they take in a sweep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pumice.device import Device
from pumice.errors import PumiceError

__all__ = ["Setting", "device_with", "mapping_key", "parse_setting", "settings_of", "unscaled"]


@dataclass(frozen=True)
class Setting:
    """Fields that change together.

    Attributes:
        fields: paths of fields, from a keyword of `Device.replace` on: `array.adc.bits`.
        values: what they are set to, one tuple with a value for each field.
    """

    fields: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        if not self.fields or not all(all(path.split(".")) for path in self.fields):
            raise PumiceError(f"expected fields such as array.adc.bits, got {list(self.fields)}")
        if not self.values:
            raise PumiceError(f"expected values for {', '.join(self.fields)}, got none")
        for value in self.values:
            if len(value) != len(self.fields):
                raise PumiceError(
                    f"expected {len(self.fields)} values for {', '.join(self.fields)},"
                    f" got {len(value)}"
                )


def parse_setting(text: str) -> Setting:
    """A setting of a text: `array.rows=64,128`, or `array.adc.bits,energy.adc_pj=6:0.4,8:1.56`.

    Commas separate values; colons separate the values of fields that change together. Values are
    numbers, `true`, `false` or words.

    Raises:
        PumiceError: another form.
    """
    names, equals, values = text.partition("=")
    if not equals or not names or not values:
        raise PumiceError(f"expected FIELD=VALUE,VALUE..., got '{text}'")
    fields = tuple(names.split(","))
    split = [value.split(":") if len(fields) > 1 else [value] for value in values.split(",")]
    return Setting(fields, tuple(tuple(map(_value, parts)) for parts in split))


def _value(text: str) -> Any:
    if not text:
        raise PumiceError("expected a value between commas, got nothing")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool) else text


def settings_of(fields: Mapping[str, Iterable[Any]] | Sequence[Setting]) -> list[Setting]:
    """Settings of a dict from fields to values, or as they are.

    Raises:
        PumiceError: a field is set twice.
    """
    if isinstance(fields, Mapping):
        found = [Setting((path,), tuple((v,) for v in values)) for path, values in fields.items()]
    else:
        found = list(fields)
    paths = [path for setting in found for path in setting.fields]
    for path in paths:
        if paths.count(path) > 1:
            raise PumiceError(f"expected each field once, got {path} twice")
    return found


def device_with(base: Device, values: Mapping[str, Any]) -> Device:
    """The device with fields set, by their paths.

    Raises:
        PumiceError: no such field, or an impossible value.
    """
    changes: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        inner = changes
        for key in parents:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return base.replace(**changes) if changes else base


#: Fields that a machine program does not depend on: they change its costs only.
_COSTS = frozenset(
    {
        "timing", "energy", "components", "endurance_writes", "name", "clock_ghz", "energy_pj",
        "cycles", "bandwidth_bytes_per_ns", "latency_ns", "read_pj_per_byte", "write_pj_per_byte",
        "pulse_unchanged_cells", "level_steps",
    }
)  # fmt: skip


def mapping_key(device: Device) -> str:
    """Equal for devices that the same machine program is valid for."""
    named = [group["name"] for group in device.fields["groups"]]
    return json.dumps([named, _without_costs(device.fields)], sort_keys=True)


def _without_costs(fields: Any) -> Any:
    if isinstance(fields, Mapping):
        return {k: _without_costs(v) for k, v in fields.items() if k not in _COSTS}
    if isinstance(fields, list):
        return [_without_costs(item) for item in fields]
    return fields


#: Fields of an array, with the fields of its group that should follow them.
_FOLLOW = {
    ("adc", "bits"): ("energy.adc_pj", "timing.adc_ns", "components"),
    ("columns_per_adc",): ("timing.adc_ns", "components"),
    ("dac_bits",): ("energy.dac_pj", "components"),
    ("rows",): ("timing.read_ns", "components"),
    ("columns",): ("timing.read_ns", "components"),
    ("cell_bits",): ("energy.cell_read_pj", "energy.cell_write_pj", "timing.row_write_ns"),
}


def unscaled(base: Device, device: Device) -> list[str]:
    """Fields of arrays that differ although no cost that depends on them does.

    Devices state energies, times and areas as numbers, so a converter with fewer bits costs what it
    did before unless its numbers are changed too.
    """
    found = []
    for name, group in device.groups.items():
        old = base.groups.get(name)
        if old is None or group["kind"] != "crossbar" or old["kind"] != "crossbar":
            continue
        for path, costs in _FOLLOW.items():
            if _at(group["array"], path) == _at(old["array"], path):
                continue
            same = all(
                device.fields["components"] == base.fields["components"]
                if cost == "components"
                else _at(group, cost.split(".")) == _at(old, cost.split("."))
                for cost in costs
            )
            if same:
                found.append(f"array.{'.'.join(path)} (of {', '.join(costs)})")
    return found


def _at(fields: Any, path: Sequence[str]) -> Any:
    for key in path:
        fields = fields.get(key) if isinstance(fields, Mapping) else None
    return fields
