# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fields of devices and the values that they take in a sweep."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pumice.device import Device
from pumice.errors import PumiceError
from pumice.exploration.axes import fields_in
from pumice.laws import unscaled

__all__ = [
    "Setting", "assigned", "combinations", "device_with", "mapping_key", "nested", "parse_setting",
    "sets_costs_only", "settings_of", "sizes_follow_costs", "unscaled",
]  # fmt: skip


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
    numbers, `true`, `false`, `null` (not stated) or words.

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
    return value if value is None or isinstance(value, int | float | bool) else text


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


def combinations(settings: Sequence[Setting]) -> Iterator[dict[str, Any]]:
    """All combinations of the values of settings, by path."""
    for choice in itertools.product(*(setting.values for setting in settings)):
        yield assigned(settings, choice)


def assigned(settings: Sequence[Setting], choice: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The values of a choice for each setting, by path."""
    return {
        path: value
        for setting, values in zip(settings, choice, strict=True)
        for path, value in zip(setting.fields, values, strict=True)
    }


def device_with(base: Device, values: Mapping[str, Any]) -> Device:
    """The device with fields set, by their paths.

    Raises:
        PumiceError: no such field, or an impossible value.
    """
    values = fields_in(values)
    return base.replaced(nested(values)) if values else base


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by their paths as nested dicts."""
    changes: dict[str, Any] = {}
    for path, value in values.items():
        *parents, last = path.split(".")
        inner = changes
        for key in parents:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return changes


#: Fields that a machine program does not depend on: they change its costs only.
_COSTS = frozenset(
    {
        "timing", "energy", "components", "endurance_writes", "name", "clock_ghz", "energy_pj",
        "cycles", "bandwidth_bytes_per_ns", "latency_ns", "read_pj_per_byte", "write_pj_per_byte",
        "pulse_unchanged_cells", "level_steps", "laws", "interconnect",
    }
)  # fmt: skip


#: What laws read of costs.
_READ_OF_COSTS = frozenset({"rate_gsps", "bus_bits"})


def sets_costs_only(path: str) -> bool:
    """Whether a field is one of costs; of the presets, no law makes sizes of it."""
    return any(part in _COSTS for part in path.split("."))


def sizes_follow_costs(device: Device) -> bool:
    """Whether a law of the device makes a size of a cost, so that costs decide how it is used."""
    return any(
        not sets_costs_only(law["of"]) and _READ_OF_COSTS & law["at"].keys()
        for law in device._fields.get("laws", ())
    )


def mapping_key(device: Device) -> str:
    """Equal for devices that the same machine program is valid for."""
    fields = device._laws()["effective"]
    named = [group["name"] for group in fields["groups"]]
    return json.dumps([named, _without_costs(fields)], sort_keys=True)


def _without_costs(fields: Any) -> Any:
    if isinstance(fields, Mapping):
        return {k: _without_costs(v) for k, v in fields.items() if k not in _COSTS}
    if isinstance(fields, list):
        return [_without_costs(item) for item in fields]
    return fields
