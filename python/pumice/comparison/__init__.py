# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch and the machine side by side, tensor by tensor: what `Program.compare` gives."""

from __future__ import annotations

from pumice.comparison.metrics import Errors, errors_of
from pumice.comparison.result import Comparison, TensorComparison

__all__ = ["Comparison", "Errors", "TensorComparison", "errors_of"]
