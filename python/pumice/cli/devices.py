# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice devices`."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from pumice.cli.errors import UsageError
from pumice.cli.terminal import show
from pumice.device import Device, source_of
from pumice.device import devices as device_names
from pumice.tables import NOT_STATED, area, number, power, simple_table

__all__ = ["devices"]


def devices(args: Namespace) -> None:
    """Lists devices, all or some, the fields of one, or those in which two differ."""
    if args.source and (len(args.names) != 1 or args.json or args.diff):
        raise UsageError("expected --source with the name of a device and without --json")
    if args.diff and len(args.names) != 2:
        raise UsageError(f"expected two devices with --diff, got {len(args.names)}")
    if args.source:
        print(source_of(args.names[0]), end="")
        return
    found = [Device(name) for name in args.names or device_names()]
    if args.diff:
        _diff(args, *found)
    elif args.json:
        data = [{"fields": _numbers(args, d), "roll_up": d.roll_up()} for d in found]
        print(json.dumps(data[0] if len(args.names) == 1 else data, indent=2))
    elif len(args.names) == 1:
        show(
            simple_table(
                f"Device '{found[0].name}'",
                ["", ""],
                _fields(_numbers(args, found[0])),
                left=2,
                wrapped=[1],
            )
        )
        show("")
        show(_levels(found[0]))
    else:
        columns = [
            "device",
            "group",
            "array",
            "bits",
            "ADC",
            "units",
            "level",
            "its area",
            "its power",
            "area",
            "power",
        ]
        rows = [row for device in found for row in _rows(device)]
        if not any(row[1] for row in rows):  # no device has several groups
            columns.pop(1)
            rows = [[row[0], *row[2:]] for row in rows]
        optional = ["level", "its area", "its power", "ADC", "bits", "power", "area"]
        title = "Devices (bits of a cell/weight/input)"
        show(simple_table(title, columns, rows, optional=optional))


def _numbers(args: Namespace, device: Device) -> Mapping[str, Any]:
    return device.effective if args.effective else device.fields


def _diff(args: Namespace, first: Device, second: Device) -> None:
    """The fields that differ, with what each device states."""
    old, new = (dict(_fields(_numbers(args, device))) for device in (first, second))
    rows = [
        (path, old.get(path, NOT_STATED), new.get(path, NOT_STATED))
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    ]
    if args.json:
        print(json.dumps({path: [old.get(path), new.get(path)] for path, _, _ in rows}, indent=2))
        return
    title = f"{len(rows)} of {len({*old, *new})} fields differ"
    show(simple_table(title, ["", first.name, second.name], rows, left=3))


def _rows(device: Device) -> Iterator[list[str]]:
    """A line for each group of arrays or processors, named if there are several."""
    sums = device.roll_up()
    given = bool(device.fields["components"])
    groups = [group for group in device.fields["groups"] if group["kind"] != "digital"]
    for row, group in enumerate(groups):
        if group["kind"] == "associative":
            cells = [f"{group['ap']['rows']} x {group['ap']['columns']}", "1/2/8", "none"]
        elif group["kind"] == "systolic":
            bits = group["weight_bits"]
            cells = [
                f"{group['rows']} x {group['columns']}",
                f"{bits}/{bits}/{group['input_bits']}",
                "none",
            ]
        elif group["kind"] == "cam":
            cell = "ternary" if group["cam"].get("ternary", True) else "binary"
            cells = [f"{group['cam']['rows']} x {group['cam']['columns']}", cell, "none"]
        else:
            array = group["array"]
            cells = [
                f"{array['rows']} x {array['columns']}",
                f"{array['cell_bits']}/{array['weight_bits']}/{array['input_bits']}",
                f"{array['adc']['bits']} b, {array['adc']['mode']}",
            ]
        holds = [level.get("holds") for level in group.get("levels", [])]
        if group["kind"] == "systolic":
            holds = [group["units"]]
        # Without components there are no areas; without a limit there is no sum.
        level = ["-", "-", "-"]
        if given and len(holds) > 1:
            name = group["levels"][-2]["name"]
            level = [name, *_area_and_power(_level(sums, group["name"], name))]
        whole = ["", ""]
        if row == 0:
            whole = _area_and_power(sums) if given and _is_limited(device) else ["-", "-"]
        yield [
            device.name if row == 0 else "",
            group["name"] if len(groups) > 1 else "",
            *cells,
            "no limit" if None in holds else number(math.prod(holds)),
            *level,
            *whole,
        ]


def _is_limited(device: Device) -> bool:
    """Whether every group has a limit, so that the device has an area."""
    groups = device.fields["groups"]
    return all("holds" in level for group in groups for level in group.get("levels", []))


def _level(sums: Mapping[str, Any], group: str, level: str) -> Mapping[str, Any]:
    """The sum of a level of a group."""
    found = (sum for sum in sums["levels"] if (sum["group"], sum["level"]) == (group, level))
    return dict(next(found))


def _area_and_power(item: Mapping[str, Any]) -> list[str]:
    return [
        NOT_STATED if item["area_mm2"] is None else area(item["area_mm2"]),
        NOT_STATED if item["power_mw"] is None else power(item["power_mw"]),
    ]


def _levels(device: Device) -> Any:
    sums = device.roll_up()
    rows = [(item["group"], item["level"], *_area_and_power(item)) for item in sums["levels"]]
    if _is_limited(device):
        rows.append(("device", "", *_area_and_power(sums)))
    return simple_table("Sum of the components", ["group", "level", "area", "power"], rows, left=2)


def _fields(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each number with its path; a list of parts has their names or numbers in it."""
    for key, value in fields.items():
        path = prefix + key
        if isinstance(value, Mapping):
            yield from _fields(value, path + ".")
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if not isinstance(item, Mapping):
                    yield f"{path}[{i}]", str(item)
                    continue
                name = next((key for key in ("name", "of", "kind") if key in item), None)
                label = i if name is None else item[name]
                rest = {k: v for k, v in item.items() if k != name}
                yield from _fields(rest, f"{path}[{label}].")
        else:
            yield path, str(value)
