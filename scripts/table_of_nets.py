# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of the library of nets in docs/neon.md, from fits.

python scripts/table_of_nets.py           # prints it
python scripts/table_of_nets.py --write   # puts it into docs/neon.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from pumice import neon
from pumice.experiments.page import Table, replaced
from pumice.files import write_text
from pumice.tables import plain_text

PAGE = Path(__file__).resolve().parent.parent / "docs" / "neon.md"
BEGIN = "<!-- scripts/table_of_nets.py writes from here -->"
END = "<!-- to here: table_of_nets.py -->"


def table() -> Table:
    rows = []
    for item in neon.functions():
        nets = [neon.function(item.name, bits).net for bits in (16, 12, 8)]
        rows.append(
            [
                f"`{item.name}`",
                f"[{item.low:g}, {item.high:g}]",
                item.reduction.replace("_", " "),
                f"{item.max_abs:g}",
                *(f"{net.hidden}" for net in nets),
                f"{nets[0].errors.max_abs:.1e}",
                f"{nets[0].errors.nmse:.1e}",
            ]
        )
    return Table(
        "Functions of the library: domain, reduction, bound, hidden units, errors at 16 bits",
        ["function", "domain", "reduction", "bound", "units, 16 bits", "12 bits", "8 bits",
         "largest error", "normalised MSE"],
        rows,
        left=3,
    )  # fmt: skip


def main() -> int:
    found = table()
    if sys.argv[1:] == ["--write"]:
        write_text(PAGE, replaced(PAGE.read_text(), BEGIN, END, found.markdown()))
    else:
        print(plain_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
