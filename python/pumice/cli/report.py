# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice report`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from pumice.cli.errors import UsageError
from pumice.cli.terminal import say, show
from pumice.files import write_text
from pumice.report import Report

__all__ = ["report"]


def report(args: Namespace) -> None:
    """Prints reports that were written before, or turns them into other formats."""
    reports = {_name(path, args.reports): Report.from_json(path) for path in args.reports}
    if args.html:
        from pumice.pages import report_page

        write_text(args.html, report_page(reports, args.title))
        say(f"wrote {args.html}")
    if args.csv:
        if len(reports) > 1:
            raise UsageError(f"expected one report for --csv, got {len(reports)}")
        next(iter(reports.values())).to_csv(args.csv)
        say(f"wrote {args.csv}")
    if args.html or args.csv:
        return
    for number, (name, item) in enumerate(reports.items()):
        if len(reports) > 1:
            show(f"{chr(10) if number else ''}{name}")
        show(item.tables(sort=args.sort, top=args.top, depth=args.depth))


def _name(path: str, paths: list[str]) -> str:
    """The file's name without its ending, or its path if another file has that name."""
    names = [Path(other).stem for other in paths]
    return path if names.count(Path(path).stem) > 1 else Path(path).stem
