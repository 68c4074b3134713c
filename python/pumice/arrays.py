# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Conversion of NumPy arrays and torch tensors, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["as_bfloat16", "is_torch", "to_numpy"]


def is_torch(value: Any) -> bool:
    """True for a torch.Tensor."""
    torch = sys.modules.get("torch")  # a tensor exists only if torch has been imported
    return torch is not None and isinstance(value, torch.Tensor)


def to_numpy(value: Any) -> npt.NDArray[Any]:
    """A C-contiguous array of a tensor, an array or nested lists; shares memory if possible.

    Of bfloat16, which NumPy does not have, the bits as int16.
    """
    if is_torch(value):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            import torch

            value = value.view(torch.int16)
        value = value.numpy()
    array = np.asarray(value, order="C")
    return array.view(np.int16) if array.dtype.name == "bfloat16" else array


def as_bfloat16(bits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bits as numbers of ml_dtypes, if it is installed, else as they are."""
    try:
        import ml_dtypes
    except ImportError:
        return bits
    numbers: npt.NDArray[Any] = bits.view(ml_dtypes.bfloat16)
    return numbers
