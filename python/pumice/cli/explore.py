# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice explore`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from pumice.cli.run import program_of
from pumice.cli.terminal import say, working

__all__ = ["explore"]


def explore(args: Namespace) -> None:
    """Writes the page of a program or model."""
    program, _, _ = program_of(args)
    title = args.title or f"{Path(args.program).name} on '{program.estimate().device}'"
    with working("writing the page"):
        program.explore(args.html, passes=args.passes, title=title)
    say(f"wrote {args.html}")
