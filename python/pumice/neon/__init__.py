# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nonlinear functions as small tanh networks on crossbar arrays (docs/neon.md).

`fit` finds a network for a function of one number, `function` one of the library, `compose`
computes softmax, norms and squash from them. `Substitution` lets a PyTorch module compute with
nets, forwards as the machine does and backwards as the original function does. Fitting and
evaluating are C++ (lib/Neon); importing this package does not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pumice.neon.library import (
    Composed,
    LibraryFunction,
    LibraryNet,
    compose,
    compositions,
    function,
    functions,
)
from pumice.neon.nets import Errors, FitOptions, Linear, Net, fit, lossless_rows
from pumice.neon.whole import WholeErrors, fit_whole

__all__ = [
    "Composed",
    "Errors",
    "FitOptions",
    "LibraryFunction",
    "LibraryNet",
    "Linear",
    "Net",
    "Substitution",
    "WholeErrors",
    "compose",
    "compositions",
    "fit",
    "fit_whole",
    "function",
    "functions",
    "lossless_rows",
    "unfreeze_neighbours",
]

if TYPE_CHECKING:
    from pumice.neon.substitution import Substitution, unfreeze_neighbours


def __getattr__(name: str) -> Any:
    if name in ("Substitution", "unfreeze_neighbours"):  # these import torch
        from pumice.neon import substitution

        return getattr(substitution, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
