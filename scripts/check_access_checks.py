# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the checks of accesses in digital regions cost: run time of networks with and without.

Each network is compiled twice, with the checks and without, and the two programs run in turn; the
figure is the ratio of the medians. The switch that leaves the checks out is for this script only.

    python scripts/check_access_checks.py [--network N ...] [--runs 40] [--write]

`--write` puts the table into docs/security.md. Exits with 1 if the checks cost more than 3 % of the
run time of all networks together.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pumice
from pumice import zoo
from pumice._mlir_libs import _pumice
from pumice.experiments.page import Table, replaced
from pumice.files import write_text
from pumice.tables import plain_text

PAGE = Path(__file__).resolve().parent.parent / "docs" / "security.md"
BEGIN = "<!-- scripts/check_access_checks.py writes from here -->"
END = "<!-- to here: check_access_checks.py -->"
#: Most that the checks may add to the run time of all networks together.
LIMIT = 0.03


def programs(name: str, full: bool) -> tuple[list[Any], Any]:
    """The program of a network with checks and without, its code generated; and its inputs."""
    network = zoo.NETWORKS[name]
    instance = network.build() if full else network.small()
    x = instance.inputs(0)
    quantized = pumice.quantize(instance.model, [instance.inputs(1)], example_inputs=x)
    kind = "example_kwargs" if isinstance(x, dict) else "example_inputs"
    program = pumice.compile(quantized, **{kind: x}, device="ideal")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        program.save(Path(folder) / "p")
        for are_on in (True, False):
            loaded = pumice.load(Path(folder) / "p")
            _pumice.set_region_checks(are_on)
            try:
                run(loaded, x)
            finally:
                _pumice.set_region_checks(True)
            found.append(loaded)
    return found, x


def run(program: Any, x: Any) -> float:
    """Seconds of the processor that a run on one thread takes."""
    start = time.process_time()
    if isinstance(x, dict):
        program.run(**x, threads=1)
    else:
        program.run(*x, threads=1)
    return time.process_time() - start


def measure(name: str, runs: int, full: bool) -> tuple[float, float]:
    """Median seconds with checks and without; runs of both take turns, in either order."""
    (checked, unchecked), x = programs(name, full)
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(runs):
        for which in (0, 1) if i % 2 else (1, 0):
            times[which].append(run((checked, unchecked)[which], x))
    return statistics.median(times[0]), statistics.median(times[1])


def rows(names: list[str], runs: int, full: bool) -> Iterator[tuple[str, float, float]]:
    for name in names:
        try:
            found = (name, *measure(name, runs, full))
        except (ImportError, pumice.PumiceError) as error:
            print(f"without {name}: {str(error).splitlines()[0]}", file=sys.stderr)
            continue
        print(f"{name}: {found[1] / found[2] - 1:+.1%}", file=sys.stderr, flush=True)
        yield found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", nargs="+", choices=list(zoo.NETWORKS), metavar="N")
    parser.add_argument("--full", action="store_true", help="networks at full size")
    parser.add_argument("--runs", type=int, default=40, help="of each program")
    parser.add_argument("--write", action="store_true", help="puts the table into docs/security.md")
    args = parser.parse_args()
    found = list(rows(args.network or list(zoo.NETWORKS), args.runs, args.full))
    if not found:
        print("no network could be measured")
        return 1
    with_checks, without = sum(row[1] for row in found), sum(row[2] for row in found)
    found.append(("all", with_checks, without))
    size = "full" if args.full else "small"
    table = Table(
        f"Processor time of the zoo's {size} networks, ms, 1 thread: medians of {args.runs}",
        ["network", "with checks", "without", "cost"],
        [[n, f"{1e3 * a:.2f}", f"{1e3 * b:.2f}", f"{a / b - 1:+.1%}"] for n, a, b in found],
    )
    print(plain_text(table))
    if args.write:
        write_text(PAGE, replaced(PAGE.read_text(), BEGIN, END, table.markdown()))
    return int(with_checks / without - 1 > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
