# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""NumPy arrays and torch tensors alike, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["is_torch", "to_numpy"]


def is_torch(value: Any) -> bool:
    """True for a torch.Tensor."""
    torch = sys.modules.get("torch")  # whoever has a tensor has imported torch
    return torch is not None and isinstance(value, torch.Tensor)


def to_numpy(value: Any) -> npt.NDArray[Any]:
    """A C-contiguous array of a torch tensor, an array or nested lists; shares memory if it can."""
    array = value.detach().cpu().numpy() if is_torch(value) else np.asarray(value)
    return np.asarray(array, order="C")
