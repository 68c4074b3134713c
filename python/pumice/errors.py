# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exceptions that Pumice raises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pumice._mlir_libs._pumice import Diagnostic

__all__ = ["CompileError", "FileError", "PumiceError", "PumiceWarning", "SaturationWarning"]


class PumiceError(Exception):
    """Base class of all errors that Pumice reports.

    The text states what was expected, what was found, and where.

    Attributes:
        diagnostics: the compiler's diagnostics, if the error comes from the compiler, each with
            `severity`, `message`, `layer` and `node` (names in the model), `file`, `line`, `column`
            and `notes`.
    """

    def __init__(self, *args: object, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(*args)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)


class CompileError(PumiceError):
    """A model cannot be compiled for a device; the text contains the compiler's diagnostics."""


class FileError(PumiceError):
    """A file cannot be written: a full disk, a quota, a folder of others. The text names it."""


class PumiceWarning(UserWarning):
    """Something that is allowed, but that a result may not follow: costs that did not change."""


class SaturationWarning(PumiceWarning):
    """A run saturates far more than calibration did: its inputs are not like those."""
