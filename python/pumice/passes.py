# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes of one's own between the levels of the stack: `CompileOptions.passes`."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pumice.diagnostics import text_of
from pumice.errors import CompileError, PumiceError
from pumice.files import temporary_folder
from pumice.interrupts import interruptible
from pumice.levels import LEVELS, parse_file

__all__ = ["Pass", "Passes", "checked", "run_passes", "tool"]

#: The text of a pipeline, as pumice-opt's --pass-pipeline takes it but without its anchor, or a
#: function that changes a pumice.ir.Module in place.
Pass = str | Callable[[Any], object]
Passes = Mapping[str, Sequence[Pass] | Pass]


def checked(passes: Passes) -> dict[str, tuple[Pass, ...]]:
    """The passes of each level.

    Raises:
        CompileError: no such level, or something else than text and functions.
    """
    found: dict[str, tuple[Pass, ...]] = {}
    for level, own in passes.items():
        if level not in LEVELS:
            raise CompileError(f"expected passes of a level of {', '.join(LEVELS)}, got '{level}'")
        found[level] = tuple([own] if isinstance(own, str) or callable(own) else own)
        for one in found[level]:
            if not isinstance(one, str) and not callable(one):
                raise CompileError(
                    f"expected passes of level '{level}' to be texts of pipelines or functions, got"
                    f" {type(one).__name__}"
                )
    return found


def run_passes(module: Any, level: str, passes: Sequence[Pass], plugins: Sequence[str]) -> Any:
    """Runs the passes of a level on its module and verifies it.

    Args:
        module: a pumice.ir.Module, which is changed.
        level: its name, for errors.
        passes: as in `CompileOptions.passes`.
        plugins: with plugins, texts of pipelines run in a process of pumice-opt.

    Returns:
        The module that results.

    Raises:
        CompileError: a pipeline that cannot be read or fails, a function that raises, or IR that is
            invalid afterwards.
    """
    for one in passes:
        if not isinstance(one, str):
            module = _call(module, level, one)
        elif plugins:
            module = _with_plugins(module, level, one, plugins)
        else:
            _run_text(module, level, one)
    return module


def _run_text(module: Any, level: str, pipeline: str) -> None:
    from pumice._mlir_libs import _pumice

    try:
        interruptible(_pumice.run_pipeline, module, pipeline)
    except _pumice.DiagnosticError as error:
        raise CompileError(
            f"passes of level '{level}': {text_of(error.diagnostics)}",
            diagnostics=error.diagnostics,
        ) from None
    except ValueError as error:
        raise CompileError(
            f"passes of level '{level}': cannot read the pipeline '{pipeline}':"
            f" {str(error).strip()}"
        ) from None


def _call(module: Any, level: str, function: Callable[[Any], object]) -> Any:
    name = getattr(function, "__name__", type(function).__name__)
    try:
        with module.context, module.operation.location:
            function(module)
            module.operation.verify()
    except PumiceError:
        raise
    except Exception as error:
        raise CompileError(
            f"pass '{name}' of level '{level}': {type(error).__name__}: {error}"
        ) from error
    return module


def _with_plugins(module: Any, level: str, pipeline: str, plugins: Sequence[str]) -> Any:
    """Runs a pipeline in pumice-opt: plugins use the MLIR that is in it."""
    from pumice._mlir_libs import _pumice

    with temporary_folder() as folder:
        before, after = (str(folder / name) for name in ("before.mlirbc", "after.mlirbc"))
        _pumice.write_file(module, before)
        command = [
            str(tool("pumice-opt")),
            *(f"--load-pass-plugin={plugin}" for plugin in plugins),
            f"--pass-pipeline=builtin.module({pipeline})",
            before,
            "--emit-bytecode",
            "-o",
            after,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"pumice-opt ended with {done.returncode}"]
            raise CompileError(f"passes of level '{level}': " + "\n".join(lines[:10]))
        # What passes say: their remarks are what some are for.
        sys.stderr.write(done.stdout + done.stderr)
        return parse_file(after, module.context)


def tool(name: str) -> Path:
    """The path of a command line tool: in PUMICE_TOOLS_DIR, the package, or the scripts' folder.

    Raises:
        PumiceError: it is not installed.
    """
    from pumice._mlir_libs import _pumice

    chosen = os.environ.get("PUMICE_TOOLS_DIR")
    places = [
        *([Path(chosen)] if chosen else []),
        Path(_pumice.__file__).parent,
        Path(sysconfig.get_path("scripts")),
    ]
    for place in places:
        if (place / name).is_file():
            return place / name
    raise PumiceError(f"expected the tool {name} to be installed, found none in {places[-1]}")
