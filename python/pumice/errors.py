# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exceptions that users of Pumice may catch."""

from __future__ import annotations

__all__ = ["CompileError", "PumiceError"]


class PumiceError(Exception):
    """Base class of every error that Pumice reports on purpose.

    The text says what was expected, what came and where; it needs no traceback to be understood.
    """


class CompileError(PumiceError):
    """A model cannot be compiled for a device; the text holds the compiler's diagnostics."""
