# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Axes of a sweep beside fields of devices: how a model is built, and how it is compiled.

`model.NAME` is a keyword argument of a function that returns a program, such as
`model.weight_bits`; `compile.NAME` is an attribute of `CompileOptions`, such as `compile.schedule`,
and `compile.NAME.KEY` an entry of one that is a mapping, such as `compile.nonlinear.gelu`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pumice.errors import CompileError, PumiceError
from pumice.options import CompileOptions

if TYPE_CHECKING:
    from pumice.program import Program

__all__ = [
    "Source", "built", "check_axes", "fields_in", "model_in", "options_in", "source_of",
    "with_options",
]  # fmt: skip

MODEL, COMPILE = "model.", "compile."

#: A program, or a function that makes one of the values of `model.` axes.
Source = Any


def model_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments among the values of a point."""
    return {k.removeprefix(MODEL): v for k, v in values.items() if k.startswith(MODEL)}


def options_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options of compilation among the values of a point."""
    return {k.removeprefix(COMPILE): v for k, v in values.items() if k.startswith(COMPILE)}


def fields_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of devices among the values of a point."""
    return {k: v for k, v in values.items() if not k.startswith((MODEL, COMPILE))}


def with_options(options: CompileOptions, values: Mapping[str, Any]) -> CompileOptions:
    """Options with others in place of some, by name.

    Raises:
        CompileError: no such option, or an impossible value.
    """
    known = {item.name for item in fields_of(CompileOptions)}
    changes: dict[str, Any] = {}
    for path, value in values.items():
        name, dot, key = path.partition(".")
        if name not in known:
            similar = get_close_matches(name, sorted(known), 1)
            hint = f" (did you mean '{similar[0]}'?)" if similar else ""
            raise CompileError(f"expected a compile option for '{COMPILE}{path}', got none{hint}")
        if not dot:
            changes[name] = value
            continue
        own = changes.get(name, getattr(options, name)) or {}
        own = own if isinstance(own, Mapping) else {"*": own}
        changes[name] = {key: value, **{k: v for k, v in own.items() if k != key}}
    return replace(options, **changes)


def source_of(network: str, values: Mapping[str, Any]) -> str:
    """The key of the program of a point: its name, and what it is built with."""
    chosen = model_in(values)
    return f"{network} {sorted(chosen.items())}" if chosen else network


def built(
    programs: Mapping[str, Source], combinations: Iterable[Mapping[str, Any]]
) -> dict[str, Program]:
    """The programs of all sources by `source_of`; functions are called for each combination.

    Raises:
        PumiceError: axes of a model for a program that is compiled already, or arguments that a
            function does not take.
    """
    every = [dict(values) for values in combinations]
    found: dict[str, Program] = {}
    for name, source in programs.items():
        for values in every:
            key = source_of(name, values)
            if key not in found:
                found[key] = _build(source, model_in(values))
    return found


def _build(source: Source, values: Mapping[str, Any]) -> Program:
    from pumice.program import Program

    if isinstance(source, Program):
        if values:
            raise PumiceError(
                f"expected a function that returns a program for {MODEL}{next(iter(values))}, got a"
                " program"
            )
        return source
    if not callable(source):
        raise PumiceError(
            f"expected a program, or a function that returns one, got {type(source).__name__}"
        )
    program = source(**values)
    if not isinstance(program, Program):
        raise PumiceError(f"expected a function that returns a program, got {program!r}")
    return program


def check_axes(paths: Sequence[str]) -> None:
    """Raises for an unknown option of compilation."""
    options = options_in(dict.fromkeys(paths))
    known = {item.name for item in fields_of(CompileOptions)}
    for path in options:
        if path.partition(".")[0] not in known:
            with_options(CompileOptions(), {path: None})
