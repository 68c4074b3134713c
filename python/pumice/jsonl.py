# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of JSON lines that results are added to, one by one, by runs that may be interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pumice.errors import PumiceError

__all__ = ["append_line", "kept_lines"]


def kept_lines(path: Path) -> list[str]:
    """The whole lines of a file; part of a line at its end is cut off.

    The file and its folder are made if they are not there.

    Raises:
        PumiceError: the file cannot be read or written, or is no text.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        with path.open("a") as stream:
            # A run that was interrupted may have left part of a line.
            stream.truncate(len(whole.encode()))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise PumiceError(f"cannot keep results in '{path}': {reason}") from None
    return whole.splitlines()


def append_line(path: Path, record: Any) -> None:
    """Adds a record of plain data, and writes it at once."""
    with path.open("a") as stream:
        stream.write(json.dumps(record) + "\n")
