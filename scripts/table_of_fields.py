# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tables of fields, laws and their variables in docs/laws.md, from lib/Device.

python scripts/table_of_fields.py           # prints them
python scripts/table_of_fields.py --write   # puts them into docs/laws.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pumice._mlir_libs import _pumice
from pumice.experiments.page import replaced
from pumice.laws import Law, LawVariable, laws

PAGE = Path(__file__).resolve().parent.parent / "docs" / "laws.md"
END = "<!-- to here -->"

#: Units by the ends of names, the longest first.
UNITS = {
    "weights_per_ns": "1/ns", "pj_per_weight": "pJ", "_pj_per_bit_mm": "pJ/bit/mm",
    "_ns_per_mm": "ns/mm", "_mm": "mm",
    "_pj_per_byte": "pJ/byte", "_pj_per_bit": "pJ/bit", "_bytes_per_ns": "bytes/ns",
    "_bytes": "bytes", "_ghz": "GHz", "_um2": "um2", "_ohm": "Ohm", "_bits": "bits", "_writes":
    "writes", "_ns": "ns", "_pj": "pJ", "_mw": "mW", "_s": "s", "_k": "K",
    "_siemens": "S",
}  # fmt: skip


def begin(name: str) -> str:
    return f"<!-- scripts/table_of_fields.py writes from here: {name} -->"


def unit(key: str) -> str:
    name = key.rsplit(".", 1)[-1].rsplit(": ", 1)[-1]
    if name == "bits":
        return "bits"
    return next((text for end, text in UNITS.items() if name.endswith(end)), "")


def default(item: dict[str, Any]) -> str:
    if "default" not in item:
        return "required"
    value = item["default"]
    if value is None:
        return "not stated"
    return f'"{value}"' if value == "" else json.dumps(value).strip('"')


def fields() -> list[str]:
    lines = ["| in | field | values | unit | default |", "|---|---|---|---|---|"]
    for item in json.loads(_pumice.device_keys()):
        part, key = item["key"].split(": ")
        lines.append(f"| {part} | `{key}` | {item['type']} | {unit(key)} | {default(item)} |")
    return lines


def bounds(variable: LawVariable) -> str:
    if variable.least is None and variable.most is None:
        return f"`{variable.name}`"
    least = "" if variable.least is None else f"{variable.least:g}"
    if variable.most is None:
        return f"`{variable.name}` at least {least}"
    if variable.least is None:
        return f"`{variable.name}` at most {variable.most:g}"
    return f"`{variable.name}` {least} to {variable.most:g}"


def kinds(all_laws: list[Law]) -> list[str]:
    lines = ["| law | proportional to | range | source |", "|---|---|---|---|"]
    for law in all_laws:
        ranges = ", ".join(map(bounds, law.variables))
        lines.append(f"| `{law.name}` | {law.formula} | {ranges} | {law.source} |")
    return lines


def variables(all_laws: list[Law]) -> list[str]:
    lines = ["| variable | unit | meaning |", "|---|---|---|"]
    found = {v.name: v for law in all_laws for v in law.variables}
    lines += [f"| `{v.name}` | {v.unit} | {v.meaning} |" for v in found.values()]
    return lines


def tables() -> dict[str, list[str]]:
    return {"laws": kinds(laws()), "variables": variables(laws()), "fields": fields()}


def with_tables(page: str) -> str:
    """The page with the tables of today."""
    for name, lines in tables().items():
        page = replaced(page, begin(name), END, "\n".join(lines))
    return page


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_tables(PAGE.read_text()))
    else:
        print("\n\n".join("\n".join(lines) for lines in tables().values()))
