# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results in a file of JSON lines; existing results are not computed again.

A line is `{"setting": {...}, "value": ...}`, where the setting is all that decides the value.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pumice.errors import PumiceError
from pumice.files import parsed_json
from pumice.jsonl import append_line, kept_lines

__all__ = ["Store"]


T = TypeVar("T")


def _same(value: Any) -> Any:
    return value


class Store:
    """Values by their settings, kept in a file if there is a path.

    Args:
        path: the file; it and its folder are made if they are not there.
        names: keys that a value has; none for values that are not dicts.

    Raises:
        PumiceError: the file cannot be read or written, or has something else in it.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, names: frozenset[str] = frozenset()
    ) -> None:
        self._path = None if path is None else Path(path)
        self._known: dict[str, Any] = {}
        if self._path is None:
            return
        for number, line in enumerate(kept_lines(self._path), 1):
            try:
                record = parsed_json(line)
                value = record["value"]
                if names and value.keys() != names:
                    raise KeyError
                self._known[_key(record["setting"])] = value
            except (ValueError, TypeError, KeyError, AttributeError):
                raise PumiceError(
                    f"expected stored results of this experiment in '{self._path}', got something"
                    f" else in line {number}"
                ) from None

    def get(
        self,
        setting: dict[str, Any],
        compute: Callable[[], Any],
        make: Callable[[Any], T] = _same,
    ) -> T:
        """The stored value of a setting; otherwise computes and stores it.

        Args:
            setting: plain data, all that decides the value.
            compute: returns plain data.
            make: what to make of the value.

        Raises:
            PumiceError: the file has something of which nothing can be made.
        """
        key = _key(setting)
        if key not in self._known:
            self.put(setting, compute())
        try:
            return make(self._known[key])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise PumiceError(
                f"expected stored results of this experiment in '{self._path}', got something else"
                f" for {key}"
            ) from None

    def find(self, setting: dict[str, Any]) -> Any:
        """The stored value of a setting; None if there is none."""
        return self._known.get(_key(setting))

    def put(self, setting: dict[str, Any], value: Any) -> None:
        """Stores the value of a setting."""
        self._known[_key(setting)] = value
        if self._path is not None:
            append_line(self._path, {"setting": setting, "value": value})


def _key(setting: Any) -> str:
    return json.dumps(setting, sort_keys=True)
