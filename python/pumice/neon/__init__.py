# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nonlinear functions as small tanh networks on crossbar arrays (docs/neon.md).

`fit` finds a network for a function of one number, `function` one of the library, `compose`
computes softmax, norms and squash from them. Programs get their nets from `pumice.compile` and
`pumice.hardware_aware`, with `nonlinear="neon"`. Fitting and evaluating are C++ (lib/Neon);
importing this package does not import torch.
"""

from __future__ import annotations

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
    "WholeErrors",
    "compose",
    "compositions",
    "fit",
    "fit_whole",
    "function",
    "functions",
    "lossless_rows",
]
