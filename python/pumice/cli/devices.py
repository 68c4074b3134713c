# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice devices`."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from pumice.cli.terminal import show
from pumice.device import Device
from pumice.device import devices as device_names
from pumice.tables import area, number, power, simple_table

__all__ = ["devices"]


def devices(args: Namespace) -> None:
    """Lists devices, or the fields of one."""
    names = [args.name] if args.name else device_names()
    found = [Device(name) for name in names]
    if args.json:
        data = [{"fields": device.fields, "roll_up": device.roll_up()} for device in found]
        print(json.dumps(data[0] if args.name else data, indent=2))
    elif args.name:
        show(simple_table(f"Device '{found[0].name}'", ["", ""], _fields(found[0].fields), left=2))
        show("")
        show(_levels(found[0]))
    else:
        columns = ["device", "array", "bits", "ADC", "arrays", "tiles", "tile", "", "chip", ""]
        show(simple_table("Devices (bits of a cell/weight/input)", columns, map(_row, found)))


def _row(device: Device) -> list[str]:
    fields, levels = device.fields, device.roll_up()
    ap = fields.get("ap")
    tiles = fields.get("tiles")
    per_tile = fields["arrays_per_ima"] * fields["imas_per_tile"]
    given = bool(fields.get("components"))

    def level(name: str, known: bool) -> list[str]:
        # Without components there are no areas; without a number of tiles there is no chip.
        if not known:
            return ["-", "-"]
        return [area(levels[name]["area_mm2"]), power(levels[name]["power_mw"])]

    if ap is not None:
        cells = [f"{ap['rows']} x {ap['columns']}", "1/2/8", "none"]
    else:
        array = fields["array"]
        cells = [
            f"{array['rows']} x {array['columns']}",
            f"{array['cell_bits']}/{array['weight_bits']}/{array['input_bits']}",
            f"{array['adc']['bits']} b, {array['adc']['mode']}",
        ]
    return [
        device.name,
        *cells,
        number(per_tile * tiles) if tiles else "no limit",
        number(tiles) if tiles else "-",
        *level("tile", given),
        *level("chip", given and bool(tiles)),
    ]


def _levels(device: Device) -> Any:
    levels = device.roll_up()
    rows = [
        (name, area(levels[name]["area_mm2"]), power(levels[name]["power_mw"]))
        for name in ("ima", "tile", "chip")
        if name != "chip" or "tiles" in device.fields
    ]
    return simple_table("Sum of the components", ["level", "area", "power"], rows)


def _fields(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each number with its path; a list of named parts has their names in it."""
    for key, value in fields.items():
        if key == "#":
            continue
        path = prefix + key
        if isinstance(value, Mapping):
            yield from _fields(value, path + ".")
        elif isinstance(value, list):
            for item in value:
                label = item.get("name") or item.get("kind")
                rest = {k: v for k, v in item.items() if k not in ("name", "kind")}
                yield from _fields(rest, f"{path}[{label}].")
        else:
            yield path, str(value)
