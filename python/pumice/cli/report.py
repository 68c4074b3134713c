# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice report`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from pumice.cli.errors import UsageError
from pumice.cli.terminal import say, show
from pumice.errors import PumiceError
from pumice.files import parsed_json, write_text
from pumice.report import Report

__all__ = ["report"]


def report(args: Namespace) -> None:
    """Prints reports that were written before, or turns them into other formats."""
    plots = [_plot(text) for text in args.plot]
    reports = {_name(path, args.reports): Report.from_json(path) for path in args.reports}
    if args.html:
        from pumice.pages import report_page

        compared = _comparison(args.comparison) if args.comparison else None
        write_text(args.html, report_page(reports, args.title, comparison=compared))
        say(f"wrote {args.html}")
    for option in ("csv", "format", "plot"):
        if getattr(args, option) and len(reports) > 1:
            raise UsageError(f"expected one report for --{option}, got {len(reports)}")
    first = next(iter(reports.values()))
    if args.csv:
        first.to_csv(args.csv)
        say(f"wrote {args.csv}")
    for kind, path in plots:
        first.plot(kind, path)
        say(f"wrote {path}")
    if args.format:
        chosen = {"sort": args.sort, "top": args.top, "depth": args.depth}
        print(first.to_latex(**chosen) if args.format == "latex" else first.to_markdown(**chosen))
    if args.html or args.csv or args.plot or args.format:
        return
    for number, (name, item) in enumerate(reports.items()):
        if len(reports) > 1:
            show(f"{chr(10) if number else ''}{name}")
        show(item.tables(sort=args.sort, top=args.top, depth=args.depth))


def _plot(text: str) -> tuple[str, str]:
    """The kind and the file of KIND=FILE."""
    from pumice.pages.plots import KINDS_OF_PLOTS

    kind, found, path = text.partition("=")
    if not found:
        raise UsageError(f"expected --plot KIND=FILE, got '{text}'")
    if kind not in KINDS_OF_PLOTS:
        raise UsageError(f"expected a plot of {', '.join(KINDS_OF_PLOTS)}, got '{kind}'")
    return kind, path


def _comparison(path: str) -> dict[str, Any]:
    """The comparison in a file."""
    try:
        data = parsed_json(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise PumiceError(f"cannot read '{path}': {error.strerror}") from None
    except ValueError as error:
        raise PumiceError(f"expected '{path}' to be a comparison in JSON: {error}") from None
    if not isinstance(data, dict) or "tensors" not in data:
        raise PumiceError(f"expected '{path}' to be a comparison, but it has no 'tensors'")
    return data


def _name(path: str, paths: list[str]) -> str:
    """The file's name without its ending, or its path if another file has that name."""
    names = [Path(other).stem for other in paths]
    return path if names.count(Path(path).stem) > 1 else Path(path).stem
