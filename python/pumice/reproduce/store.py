# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results in a file of JSON lines: what is there is not computed again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pumice.errors import PumiceError

__all__ = ["Store"]


class Store:
    """Values by their settings, kept in a file if there is a path.

    Raises:
        PumiceError: the file cannot be read or written, or has something else in it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = None if path is None else Path(path)
        self._known: dict[str, Any] = {}
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            text = self._path.read_text() if self._path.exists() else ""
            whole = text[: text.rfind("\n") + 1]
            with self._path.open("a") as stream:
                # A run that was interrupted may have left part of a line.
                stream.truncate(len(whole.encode()))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise PumiceError(f"cannot keep results in '{self._path}': {reason}") from None
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = json.loads(line)
                self._known[_key(record["setting"])] = record["value"]
            except (ValueError, TypeError, KeyError):
                raise PumiceError(
                    f"expected what pumice reproduce keeps in '{self._path}', got something else"
                    f" in line {number}"
                ) from None

    def get(self, setting: dict[str, Any], compute: Callable[[], Any]) -> Any:
        """What is known for a setting; or else it is computed and written at once.

        Args:
            setting: plain data, all that decides the value.
            compute: gives plain data.
        """
        key = _key(setting)
        if key not in self._known:
            value = compute()
            self._known[key] = value
            if self._path is not None:
                with self._path.open("a") as stream:
                    stream.write(json.dumps({"setting": setting, "value": value}) + "\n")
        return self._known[key]


def _key(setting: Any) -> str:
    return json.dumps(setting, sort_keys=True)
