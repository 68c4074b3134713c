# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Called by MLIR's bindings for each new context."""

from typing import Any

_passes_registered = False


def _run_in_one_thread(upstream: Any) -> Any:
    """`PassManager.run`: MLIR's makes Python objects of errors in whatever thread reports them."""
    from . import _pumice

    def run(self: Any, operation: Any) -> None:
        """Run the pass manager on the provided operation, raising an MLIRError on failure."""
        context = operation.context
        context.enable_multithreading(False)
        try:
            upstream(self, operation)
        finally:
            _pumice.configure_context(context)

    return run


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
        manager = _mlir.passmanager.PassManager
        manager.run = _run_in_one_thread(manager.run)
        _passes_registered = True
