# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice completion`."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from pumice.device import devices
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

    whole, names = parser(), " ".join(devices())
    device = {
        "bash": "_pumice_devices",
        "zsh": "_pumice_devices",
        "tcsh": "f",
        "fish": f"(string split ' ' '{names}'; __fish_complete_path (commandline -ct))",
    }
    for action in _actions(whole):
        # Whatever is neither a choice nor a number may be a file, as in shells by default.
        if action.choices is None and action.nargs != 0 and action.type is None:
            is_device = action.metavar == "D" or action.dest == "names"
            action.complete = device if is_device else shtab.FILE
    preamble: Any = {
        "bash": f'_pumice_devices() {{ compgen -W "{names}" -- "$1"; _shtab_compgen_files "$1"; }}',
        "zsh": "_pumice_devices() {"
        f" _alternative 'devices:device:({names})' 'files:file:_files' }}",
    }
    print(shtab.complete(whole, shell=args.shell, preamble=preamble))


def _actions(parser: ArgumentParser) -> Iterator[Any]:
    """The options and arguments of a parser and its subparsers, which it describes in short."""
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            yield action
            continue
        for choice in action._choices_actions:
            action.choices[choice.dest].description = choice.help
        for sub in action.choices.values():
            yield from _actions(sub)
