# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of MLIR: what level of the stack a module is at."""

from __future__ import annotations

import os
from typing import Any

from pumice.diagnostics import message_of_text
from pumice.errors import PumiceError

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

# Ops that only modules of one level hold, from the lowest level up.
_SIGNS = {
    "simulator": ("simulator.",),
    "pum": tuple(f"pum.{task}" for task in ("load", "store", "program", "compute", "digital")),
    "crossbar": ("crossbar.", "ap."),
    "tosa": ("tosa.",),
}


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
    from pumice._mlir_libs import _pumice

    names = _pumice.operation_names(module)
    for level, signs in _SIGNS.items():
        if any(name.startswith(signs) for name in names):
            return level
    types = (op.attributes.get("function_type") for op in module.body.operations)
    return "simulator" if any("#simulator.memory" in str(type) for type in types) else "linalg"
