# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The error that makes `pumice` exit with 2."""

from __future__ import annotations

from pumice.errors import PumiceError

__all__ = ["UsageError"]


class UsageError(PumiceError):
    """Options that exclude each other, or a word that is not one of the choices."""
