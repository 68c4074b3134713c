# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of MLIR: what level of the stack a module is at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pumice.diagnostics import message_of_text
from pumice.errors import PumiceError

__all__ = ["LEVELS", "level_of", "parse_file"]

#: The levels of the stack, from what torch-mlir gives to the machine program.
LEVELS = ("linalg", "quantized", "crossbar", "pum", "simulator")

# From the lowest level up: a module with an op of a dialect is at least at its level.
_DIALECTS = {"simulator": "simulator", "pum": "pum", "crossbar": "crossbar", "tosa": "tosa"}


def parse_file(path: str | os.PathLike[str], context: Any = None) -> Any:
    """Reads a pumice.ir.Module, text or bytecode.

    Raises:
        PumiceError: no such file, or not MLIR.
    """
    from pumice import ir
    from pumice._mlir_libs import _pumice

    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise PumiceError(f"cannot read program '{path}': {error.strerror}") from None
    try:
        return _pumice.parse_file(context or ir.Context(), os.fspath(path))
    except ValueError as error:
        raise PumiceError(f"'{path}' is no MLIR module: {message_of_text(error)}") from None


def level_of(module: Any) -> str:
    """One of `LEVELS`, or "tosa"; modules of linalg and of quantized layers are both "linalg".

    Machine programs are known by their memory spaces too: one may hold no instruction.
    """
    found: set[str] = set()
    for op in module.body.operations:
        if op.operation.name == "func.func" and "#simulator.memory" in str(
            op.operation.attributes["function_type"]
        ):
            return "simulator"
        found.update(_dialects(op.operation, depth=0))
    return next((level for name, level in _DIALECTS.items() if name in found), "linalg")


def _dialects(operation: Any, depth: int) -> Iterator[str]:
    """Dialects of the ops in functions; what their regions hold says nothing."""
    yield operation.name.partition(".")[0]
    if depth:
        return
    for region in operation.regions:
        for block in region.blocks:
            for op in block.operations:
                yield from _dialects(op.operation, depth + 1)
