# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice completion`."""

from __future__ import annotations

from argparse import Namespace

from pumice.errors import PumiceError

__all__ = ["completion"]


def completion(args: Namespace) -> None:
    """Prints a completion script."""
    try:
        import shtab
    except ImportError:
        raise PumiceError(
            "completion needs the package shtab: pip install 'pumice[completion]'"
        ) from None
    from pumice.cli.parsers import parser

    print(shtab.complete(parser(), shell=args.shell))
