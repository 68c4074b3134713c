# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of JSON lines, to which runs that may be interrupted append one result at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pumice.errors import PumiceError

__all__ = ["append_line", "kept_lines"]


def kept_lines(path: Path) -> list[str]:
    """The complete lines of a file; an incomplete line at its end is cut off.

    Creates the file and its folder if they do not exist.

    Raises:
        PumiceError: the file cannot be read or written, or is not a text file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        with path.open("a") as stream:
            # A run that was interrupted may have left part of a line.
            stream.truncate(len(whole.encode()))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise PumiceError(f"cannot keep results in '{path}': {reason}") from None
    return whole.splitlines()


def append_line(path: Path, record: Any) -> None:
    """Appends a record of plain data and flushes it."""
    with path.open("a") as stream:
        stream.write(json.dumps(record) + "\n")
