# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The error of the PyTorch and ONNX importers."""

from __future__ import annotations

from pumice.errors import PumiceError

__all__ = ["FrontendError"]


class FrontendError(PumiceError):
    """A model, its inputs or one of its ops is not supported.

    Attributes:
        op: name of the offending op (such as ``aten.nonzero.default``), or None.
        source: ``file:line`` in the user's own code, or None.
    """

    def __init__(self, message: str, *, op: str | None = None, source: str | None = None) -> None:
        super().__init__(message)
        self.op = op
        self.source = source
