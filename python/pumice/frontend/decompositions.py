# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which ops become simpler ones before torch-mlir sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["decomposition_table"]

#: torch-mlir gives these dynamic shapes, or no linalg form; PyTorch's own decomposition is static.
_PYTORCH_DECOMPOSES = ("roll",)


def decomposition_table() -> dict[Any, Callable[..., Any]]:
    """torch-mlir's table, with more ops decomposed as PyTorch itself does it."""
    import torch
    from torch._decomp import get_decompositions
    from torch_mlir.extras.fx_decomp_util import get_decomposition_table

    table: dict[Any, Callable[..., Any]] = get_decomposition_table()
    more = [getattr(torch.ops.aten, name) for name in _PYTORCH_DECOMPOSES]
    return {**table, **get_decompositions(more)}
