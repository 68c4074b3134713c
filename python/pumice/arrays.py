# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Conversion of NumPy arrays and torch tensors, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["is_torch", "to_numpy"]


def is_torch(value: Any) -> bool:
    """True for a torch.Tensor."""
    torch = sys.modules.get("torch")  # a tensor exists only if torch has been imported
    return torch is not None and isinstance(value, torch.Tensor)


def to_numpy(value: Any) -> npt.NDArray[Any]:
    """A C-contiguous array of a tensor, an array or nested lists; shares memory if possible."""
    array = value.detach().cpu().numpy() if is_torch(value) else np.asarray(value)
    return np.asarray(array, order="C")
