# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MLIR's diagnostics as short texts: each message with its place in the model or file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["message_of", "message_of_text"]

# Notes that print the operation, which may be the whole module.
_NOISE = "see current operation"
_ENTRY = re.compile(r"^(?:error: |at )(?P<place>loc\(.*?\)|\"[^\"]*\":\d+:\d+): ", re.M)


def message_of(error: Any) -> str:
    """The text of a pumice.ir.MLIRError."""
    lines: list[str] = []
    for diagnostic in error.error_diagnostics:
        lines.append(_line(diagnostic.message, str(diagnostic.location)))
        notes: Iterable[Any] = diagnostic.notes
        lines += [
            "  " + _line(note.message, str(note.location))
            for note in notes
            if not note.message.startswith(_NOISE)
        ]
    return "\n".join(lines) or str(error)


def message_of_text(error: Exception) -> str:
    """The same for errors whose diagnostics are text already."""
    text = str(error)
    starts = list(_ENTRY.finditer(text))
    if not starts:
        return text
    ends = [match.start() for match in starts[1:]] + [len(text)]
    lines = []
    for match, end in zip(starts, ends, strict=True):
        message = text[match.end() : end].strip()
        if not message.startswith(_NOISE):
            lines.append(_line(message, match["place"]))
    return "\n".join(lines)


def _line(message: str, location: str) -> str:
    place = re.sub(r"^loc\((.*)\)$", r"\1", location)
    if place in ("", "unknown") or place.startswith('"-":'):
        return message
    # A name and a place in the source: "name"("file":line:column).
    place = re.sub(r'^"([^"]*)"\("([^"]*)":(\d+):\d+\)$', r"'\1', \2:\3", place)
    place = re.sub(r'^"([^"]*)":(\d+):(\d+)$', r"\1:\2:\3", place)
    return f"{message} (at {place})"
