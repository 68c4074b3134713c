# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Comparison of PyTorch and the machine, tensor by tensor: the result of `Program.compare`."""

from __future__ import annotations

from pumice.comparison.metrics import Errors, errors_of
from pumice.comparison.result import Comparison, TensorComparison

__all__ = ["Comparison", "Errors", "TensorComparison", "errors_of"]
