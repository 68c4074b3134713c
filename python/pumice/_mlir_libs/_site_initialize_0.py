# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Called by MLIR's bindings for each new context."""

from typing import Any

_passes_registered = False


def context_init_hook(context: Any) -> None:
    """Makes Pumice's dialects and passes known; a late import, as ``_pumice`` needs ``ir``."""
    global _passes_registered
    from . import _mlir, _pumice

    registry = _mlir.ir.DialectRegistry()
    _pumice.register_dialects(registry)
    context.append_dialect_registry(registry)
    _pumice.configure_context(context)
    if not _passes_registered:
        _pumice.register_passes()
        _passes_registered = True
