# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of presets with crossbars in docs/devices.md, from the device files.

python scripts/table_of_devices.py           # prints it
python scripts/table_of_devices.py --write   # puts it into docs/devices.md
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pumice
from pumice.experiments.page import replaced
from pumice.tables import area, power

PAGE = Path(__file__).resolve().parent.parent / "docs" / "devices.md"
BEGIN = "<!-- scripts/table_of_devices.py writes from here -->"
END = "<!-- to here -->"

#: Rows: label, and what stands there for the group of arrays and the roll-up of a device.
ROWS: list[tuple[str, Callable[[Any, Any], str]]] = [
    ("array, rows x columns", lambda d, _: f"{d['array']['rows']} x {d['array']['columns']}"),
    (
        "bits of a cell / weight / input",
        lambda d, _: " / ".join(str(d["array"][f"{k}_bits"]) for k in ("cell", "weight", "input")),
    ),
    ("DAC, bits", lambda d, _: str(d["array"]["dac_bits"])),
    ("ADC", lambda d, _: f"{d['array']['adc']['bits']} bits, {d['array']['adc']['mode']}"),
    ("columns per ADC", lambda d, _: str(d["array"]["columns_per_adc"])),
    ("encoding", lambda d, _: str(d["array"]["encoding"])),
    ("read, ns", lambda d, _: f"{d['timing']['read_ns']:g}"),
    ("conversion, ns", lambda d, _: f"{d['timing']['adc_ns']:g}"),
    ("row write, ns", lambda d, _: f"{d['timing']['row_write_ns']:.4g}"),
    ("cell read, fJ", lambda d, _: femto(d, "cell_read")),
    ("wordline, fJ", lambda d, _: femto(d, "dac")),
    ("sample, fJ", lambda d, _: femto(d, "sample_hold")),
    ("conversion, fJ", lambda d, _: femto(d, "adc")),
    ("shift and add, fJ", lambda d, _: femto(d, "shift_add")),
    ("cell write, fJ", lambda d, _: femto(d, "cell_write")),
    ("writes that a cell endures", lambda d, _: limit(d.get("endurance_writes"), "not stated")),
    ("levels", lambda d, _: ", ".join(level["name"] for level in d["levels"])),
    ("each holds", lambda d, _: ", ".join(limit(v.get("holds"), "no limit") for v in d["levels"])),
    ("first level", lambda d, r: level(d, r, 0)),
    ("second level", lambda d, r: level(d, r, 1)),
    ("third level", lambda d, r: level(d, r, 2) if "holds" in d["levels"][-1] else "-"),
]


def femto(fields: Any, event: str) -> str:
    value = 1000 * fields["energy"][f"{event}_pj"]
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def limit(value: int | None, without: str) -> str:
    return without if value is None else f"{value:,}"


def level(group: Any, roll_up: Any, number: int) -> str:
    own = [item for item in roll_up["levels"] if item["group"] == group["name"]]
    if number >= len(own) or not own[number]["area_mm2"]:
        return "-"
    found = own[number]
    return f"{area(found['area_mm2'])}, {power(found['power_mw'])}"


def table() -> str:
    found = [pumice.Device(name) for name in pumice.devices()]
    found = [device for device in found if device.has("crossbar")]
    columns = [(device.crossbars, device.roll_up()) for device in found]
    lines = [
        "| | " + " | ".join(f"`{device.name}`" for device in found) + " |",
        "|---" * (len(found) + 1) + "|",
    ]
    for label, get in ROWS:
        lines.append(f"| {label} | " + " | ".join(get(*column) for column in columns) + " |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """The page with the table of today."""
    return replaced(page, BEGIN, END, table())


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_table(PAGE.read_text()))
    else:
        print(table())
