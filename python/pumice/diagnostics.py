# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Diagnostics of MLIR as short texts: each message with its place in the model or file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pumice._mlir_libs._pumice import Diagnostic

__all__ = ["text_of"]

# Notes that print the operation, which may be the whole module.
_NOISE = "see current operation"


def text_of(diagnostics: Iterable[Diagnostic]) -> str:
    """A line for each diagnostic, and one for each of its notes, indented by two spaces."""
    lines: list[str] = []
    for diagnostic in diagnostics:
        lines.append(_line(diagnostic))
        lines += [
            f"  {_line(note)}" for note in diagnostic.notes if not note.message.startswith(_NOISE)
        ]
    return "\n".join(lines)


def _line(diagnostic: Diagnostic) -> str:
    names = [f"'{name}'" for name in (diagnostic.layer, diagnostic.node) if name]
    if diagnostic.file and diagnostic.file != "-":  # a module that was parsed from text
        column = "" if names else f":{diagnostic.column}"
        names.append(f"{diagnostic.file}:{diagnostic.line}{column}")
    return f"{diagnostic.message} (at {', '.join(names)})" if names else diagnostic.message
