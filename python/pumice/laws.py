# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Laws, by which costs of devices follow their fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumice.device import Device

__all__ = ["Law", "LawVariable", "laws", "unscaled"]


@dataclass(frozen=True)
class LawVariable:
    """What a law reads of a device.

    Attributes:
        name: as in the point of a law.
        unit, meaning: of the number; fields by their paths.
        least, most: the range that the source supports; None without a bound.
    """

    name: str
    unit: str
    meaning: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Law:
    """A law: figure = stated figure * law(device) / law(point).

    Attributes:
        name: the `kind` in a device file.
        formula: up to a factor.
        source: where it comes from, with the words of docs/devices.md.
        variables: what it reads.
    """

    name: str
    formula: str
    source: str
    variables: tuple[LawVariable, ...]


def laws() -> list[Law]:
    """All laws that device files can use."""
    from pumice._mlir_libs import _pumice

    return [
        Law(
            item["name"],
            item["formula"],
            item["source"],
            tuple(LawVariable(**variable) for variable in item["variables"]),
        )
        for item in json.loads(_pumice.laws())
    ]


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

    Costs differ because a law follows the field, or because they are set together with it.
    """
    if base._fields["groups"] == device._fields["groups"]:
        return []
    old_fields, new_fields = base._laws()["effective"], device._laws()["effective"]
    old_groups = {group["name"]: group for group in old_fields["groups"]}
    found = []
    for group in new_fields["groups"]:
        old = old_groups.get(group["name"])
        if old is None or group["kind"] != "crossbar" or old["kind"] != "crossbar":
            continue
        for path, costs in _FOLLOW.items():
            if _at(group["array"], path) == _at(old["array"], path):
                continue
            same = all(
                new_fields["components"] == old_fields["components"]
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
