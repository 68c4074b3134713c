# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The errors of the PyTorch and ONNX importers."""

from __future__ import annotations

import re

from pumice.errors import PumiceError

__all__ = ["FrontendError", "check_memory"]


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


def check_memory(error: BaseException, doing: str) -> None:
    """Tells errors for lack of memory from those of a model.

    PyTorch raises a RuntimeError where its allocator for processors gets no memory.

    Args:
        error: whatever was raised.
        doing: what failed, as in "export the model".

    Raises:
        PumiceError: memory ran out.
    """
    text = str(error).strip()
    wants = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if not wants and not (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in text):
        return
    tried = re.search(r"allocate (\d+) bytes", text)
    size = f": {int(tried.group(1)):,} bytes more are not available" if tried else ""
    raise PumiceError(f"not enough memory to {doing}{size}") from error
