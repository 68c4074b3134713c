# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets of whole vectors, as in the paper: for its Table III and for comparison."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pumice.errors import PumiceError
from pumice.interrupts import interruptible

__all__ = ["WholeErrors", "fit_whole"]


@dataclass(frozen=True)
class WholeErrors:
    """Errors of a net of whole vectors, on rows that the fit did not see.

    Attributes:
        mse: mean squared error.
        nmse: over the variance of the target; a constant has 1.
        constant_mse: of a constant, the mean of the target.
        argmax_kept: part of the rows whose largest output stays the largest.
        bound: the least nmse that any net with so wide a last hidden layer and a linear output
            layer reaches on these rows (principal components).
    """

    mse: float
    nmse: float
    constant_mse: float
    argmax_kept: float
    bound: float


def fit_whole(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    hidden: Sequence[int] = (128,),
    bits: int = 16,
    seed: int = 0,
    force: bool = False,
) -> WholeErrors:
    """Fits a net from vectors to vectors: random hidden layers, least squares for the output.

    Args:
        x, y: (rows, inputs) and (rows, outputs); the last fifth of the rows is for the errors.
        hidden: widths of the hidden layers.
        bits: of weights and hidden values, 2 to 16.
        seed: of the hidden layers.
        force: keep a net that explains less than 99 % of the variance of its target.

    Raises:
        PumiceError: sizes or widths out of range, values that are not finite; a net that explains
            less than 99 % of the variance and is not forced: it is hardly better than a constant.
    """
    from pumice._mlir_libs import _pumice

    inputs, outputs = (np.ascontiguousarray(item, np.float64) for item in (x, y))
    if inputs.ndim != 2 or outputs.ndim != 2 or len(inputs) != len(outputs):
        raise PumiceError(f"expected equal numbers of rows, got {inputs.shape} and {outputs.shape}")
    options = {"hidden": list(hidden), "bits": bits, "seed": seed, "force": force}
    try:
        request = inputs.ravel(), outputs.ravel(), len(inputs), json.dumps(options)
        found = interruptible(_pumice.fit_whole_net, *request)
    except ValueError as error:
        raise PumiceError(str(error)) from None
    return WholeErrors(**json.loads(found))
