# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exceptions that users of Pumice may catch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pumice._mlir_libs._pumice import Diagnostic

__all__ = ["CompileError", "PumiceError"]


class PumiceError(Exception):
    """Base class of every error that Pumice reports on purpose.

    The text says what was expected, what came and where; it needs no traceback to be understood.

    Attributes:
        diagnostics: what the compiler reported, if the error comes from there: each with
            `severity`, `message`, `layer` and `node` (names in the model), `file`, `line`,
            `column` and `notes`.
    """

    def __init__(self, *args: object, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(*args)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)


class CompileError(PumiceError):
    """A model cannot be compiled for a device; the text holds the compiler's diagnostics."""
