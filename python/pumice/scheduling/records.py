# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Dataclasses whose fields are the keys of JSON objects."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any, TypeVar

from pumice.errors import PumiceError

__all__ = ["Record", "SchedulingError"]

T = TypeVar("T", bound="Record")


class SchedulingError(PumiceError):
    """A problem that has no schedule, or a schedule that breaks a rule."""


_hints_of: dict[type, dict[str, Any]] = {}


def _hints(kind: type) -> dict[str, Any]:
    if kind not in _hints_of:
        _hints_of[kind] = typing.get_type_hints(kind)
    return _hints_of[kind]


@dataclass
class Record:
    """A JSON object. Keys that are not known are refused by name."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data; what is None is left out."""
        return {
            field.name: _plain(value)
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) is not None
        }

    @classmethod
    def from_dict(cls: type[T], data: dict[str, Any]) -> T:
        """The record of plain data.

        Raises:
            SchedulingError: the data has other keys.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        for key in data:
            if key not in fields:
                raise SchedulingError(f"{cls.__name__}: expected known keys, got '{key}'")
        hints = _hints(cls)
        return cls(**{key: _typed(hints[key], value) for key, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return dict(value)
    return value


def _typed(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) is types.UnionType and value is not None:
        hint = typing.get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_dict(value)
    if typing.get_origin(hint) is list:
        (entry,) = typing.get_args(hint)
        return [_typed(entry, item) for item in value]
    return value
