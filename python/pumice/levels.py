# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MLIR files and the levels of modules."""

from __future__ import annotations

import os
from typing import Any

from pumice.diagnostics import text_of
from pumice.errors import PumiceError
from pumice.files import native_path

__all__ = ["LEVELS", "PIPELINES", "level_of", "parse_file"]

#: The levels of the stack, from what torch-mlir gives to the machine program.
LEVELS = ("linalg", "quantized", "crossbar", "pum", "simulator")

#: The pipeline that takes a module to each level from the one before.
PIPELINES = {
    "linalg": "tosa-to-linalg-contract",
    "quantized": "linalg-to-quantized",
    "crossbar": "quantized-to-crossbar",
    "pum": "crossbar-to-pum",
    "simulator": "pum-to-simulator",
}


def parse_file(path: str | os.PathLike[str], context: Any = None, *, sealed: bool = False) -> Any:
    """Reads a pumice.ir.Module, text or bytecode.

    A child process reads the file first: MLIR's reader ends the process on some malformed files.

    Args:
        path: the file.
        context: a pumice.ir.Context; a new one if not given.
        sealed: bytecode has to be as `Program.save` or `pumice-opt` wrote it.

    Raises:
        PumiceError: no such file, not MLIR, or a damaged file of another version.
    """
    from pumice import ir
    from pumice._mlir_libs import _pumice

    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise PumiceError(f"cannot read program '{path}': {error.strerror}") from None
    try:
        return _pumice.parse_file(context or ir.Context(), native_path(path), sealed)
    except _pumice.DiagnosticError as error:
        raise PumiceError(
            f"'{path}' is not an MLIR module: {text_of(error.diagnostics)}",
            diagnostics=error.diagnostics,
        ) from None


def level_of(module: Any) -> str:
    """One of `LEVELS`, or "tosa"; modules of linalg and of quantized layers are both "linalg".

    Args:
        module: a pumice.ir.Module.
    """
    from pumice._mlir_libs import _pumice

    return _pumice.level_of(module)
