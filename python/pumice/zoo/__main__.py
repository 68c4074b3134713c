# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m pumice.zoo`: compiles, runs and compares networks; one row each."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from pumice.cli.arguments import add_version
from pumice.cli.terminal import show, working
from pumice.errors import PumiceError
from pumice.tables import size as size_text
from pumice.tables import time as time_text
from pumice.zoo.measure import LIMITS, Figures, measure
from pumice.zoo.registry import NETWORKS

if TYPE_CHECKING:
    from rich.console import RenderableType

_SECONDS = ("quantize", "import", "passes", "prepare", "run", "torch")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 if all networks are green, 1 if one is red, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(
        prog="python -m pumice.zoo",
        description="Compile, run and compare networks. Exits with 1 if one is beyond the limits:"
        f" SQNR {LIMITS.sqnr_db:g} dB and cosine {LIMITS.cosine:g} against the float model,"
        f" {100 * LIMITS.equal:g} % equal integers and cosine {LIMITS.quantized_cosine:g} against"
        " the quantized one.",
    )
    add_version(parser)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="default: all (see --list)")
    parser.add_argument("--list", action="store_true", help="list the networks and their sources")
    parser.add_argument("--device", default="ideal", help="preset or device file")
    parser.add_argument("--small", action="store_true", help="scaled-down networks: seconds each")
    parser.add_argument("--threads", type=int, help="threads to compute with; default: all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(argv)
    for name in args.networks:
        if name not in NETWORKS:
            parser.error(f"expected a network of {', '.join(NETWORKS)}, got '{name}'")
    if args.threads is not None and args.threads < 1:
        parser.error(f"expected at least 1 thread, got {args.threads}")
    if args.list:
        print(_listing())
        return 0
    figures = []
    for name in args.networks or NETWORKS:
        with working(f"{name} ..."):
            figures.append(_measured(name, args))
        print(f"{name}: {'; '.join(figures[-1].failures) or 'ok'}", file=sys.stderr)
    if args.json:
        print(json.dumps([row.to_dict() for row in figures], indent=2))
    else:
        show(_table(figures, args))
    return 1 if any(row.failures for row in figures) else 0


def _measured(name: str, args: argparse.Namespace) -> Figures:
    """In a process of its own, so that peak memory is the network's and a crash is one row's."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        job = pool.submit(measure, name, args.device, small=args.small, threads=args.threads)
        try:
            return job.result()
        except BrokenProcessPool:
            failure = "the process ended (not enough memory?)"
        except PumiceError as error:
            failure = str(error)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
    return Figures(name, args.device, failures=[failure.strip().splitlines()[0]])


def _listing() -> str:
    return "\n".join(f"{n.name:15}{n.parameters:>12,}  {n.source}" for n in NETWORKS.values())


def _table(figures: Sequence[Figures], args: argparse.Namespace) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from pumice.tables import simple_table

    size = "scaled-down networks" if args.small else "full size"
    checks = simple_table(
        f"Networks on '{args.device}', {size} (SQNR in dB)",
        [
            "network",
            "parameters",
            "arrays",
            "mvm",
            "digital",
            "SQNR",
            "cosine",
            "equal",
            "to PT2E",
            "",
        ],
        map(_checks, figures),
    )
    times = simple_table(
        "Time and memory of this computer",
        ["network", *_SECONDS, "peak"],
        map(_times, figures),
    )
    failed = [Text(f"{f.name}: {text}", style="red") for f in figures for text in f.failures]
    return Group(checks, Text(""), times, *failed)


def _checks(row: Figures) -> list[str]:
    def known(value: float | None, text: str) -> str:
        return "-" if value is None else format(value, text)

    def floored(value: float | None) -> str:
        # 100 says that all are equal.
        return "-" if value is None else "100 %" if value == 1 else f"{int(value * 1e6) / 1e4:g} %"

    return [
        row.name,
        f"{row.parameters:,}",
        f"{row.arrays:,}",
        str(row.instructions.get("mvm", 0)),
        str(row.instructions.get("digital", 0)),
        known(row.sqnr_db, ".1f"),
        known(row.cosine, ".5f"),
        floored(row.equal),
        known(row.quantized_cosine, ".6f"),
        "red" if row.failures else "green",
    ]


def _times(row: Figures) -> list[str]:
    seconds = [row.seconds.get(name) for name in _SECONDS]
    return [
        row.name,
        *("-" if value is None else time_text(value * 1e9) for value in seconds),
        size_text(row.peak_bytes),
    ]


if __name__ == "__main__":
    from pumice.cli import guarded

    sys.exit(guarded(main))
