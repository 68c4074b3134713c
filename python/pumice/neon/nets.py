# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets and their fit. Errors are over every input value: proven, not sampled."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pumice.errors import PumiceError
from pumice.interrupts import interruptible
from pumice.lazy import cached_property

__all__ = ["Errors", "FitOptions", "Linear", "Net", "fit", "lossless_rows"]

Function = Callable[[npt.NDArray[Any]], npt.ArrayLike]


@dataclass(frozen=True)
class Linear:
    """A straight line that continues a function outside of its domain."""

    slope: float
    offset: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How to fit a net. Bounds that are None are not asked for.

    Attributes:
        weight_bits, hidden_bits, output_bits: widths, 2 to 16.
        min_hidden, max_hidden: hidden units; the width doubles until every bound holds. On a
            device, at most as many as its converters sum without clipping (`lossless_rows`).
        minimax: fit for the largest error rather than for the mean one.
        relative_floor: relative errors count where the function is at least this part of its
            largest magnitude.
        mse, nmse: bounds on the mean squared error, and on it over the function's variance.
        max_abs, max_relative, max_lsb: bounds on the largest error: absolute, relative, and in
            steps of the output.
    """

    weight_bits: int = 16
    hidden_bits: int = 16
    output_bits: int = 16
    min_hidden: int = 2
    max_hidden: int = 64
    minimax: bool = False
    relative_floor: float = 1e-3
    mse: float | None = None
    nmse: float | None = None
    max_abs: float | None = None
    max_relative: float | None = None
    max_lsb: float | None = None


@dataclass(frozen=True)
class Errors:
    """Errors over all `points` input values; see `FitOptions`. `mse` and `nmse` are weighted."""

    mse: float
    nmse: float
    max_abs: float
    max_relative: float
    max_lsb: float
    points: int


@dataclass(frozen=True)
class Net:
    """A fitted net.

    Attributes:
        name: by content: equal nets have equal names.
        errors: over every input value.
        meets_goal: whether all bounds hold; otherwise the net is the best that was found.
        real_mse: mean squared error before quantization.
        iterations: steps of the fit.
        data: the net's numbers (lib/Neon/Net.h has the arithmetic).
    """

    name: str
    errors: Errors
    meets_goal: bool
    real_mse: float
    iterations: int
    data: dict[str, Any] = field(repr=False)

    @property
    def hidden(self) -> int:
        """Number of hidden units."""
        return len(self.data["units"])

    @cached_property
    def table(self) -> npt.NDArray[np.int32]:
        """The output value of each input value, as integers."""
        from pumice._mlir_libs import _pumice

        return np.asarray(_pumice.net_table(json.dumps(self.data)), np.int32)

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """What the net gives for numbers: the nearest input's value, tails outside the domain."""
        x = np.asarray(x, np.float64)
        low, high, count = _range(self.data["input"])
        code = np.clip(np.rint((x - low) / ((high - low) / (count - 1))), 0, count - 1)
        out_low, out_high, out_count = _range(self.data["output"])
        step = (out_high - out_low) / (out_count - 1)
        y: npt.NDArray[Any] = out_low + self.table[code.astype(np.int64)] * step
        for tail, outside in ((self.data["below"], x < low), (self.data["above"], x > high)):
            if tail != "saturate":
                y = np.where(outside, tail["slope"] * x + tail["offset"], y)
        return y


def fit(
    function: Function,
    low: float,
    high: float,
    *,
    bits: int = 16,
    weights: npt.ArrayLike | None = None,
    below: Linear | None = None,
    above: Linear | None = None,
    options: FitOptions | None = None,
) -> Net:
    """Fits a net to a function of one number.

    Args:
        function: takes and gives an array of float64.
        low, high: the domain, finite, with low < high.
        bits: of the input, 2 to 16. The function is called once, on all 2^bits inputs.
        weights: how much each input counts (a histogram of what occurs), 2^bits numbers of at
            least 0; None: all the same.
        below, above: what continues the function outside of the domain; None: its value at the
            end of the domain.
        options: widths, sizes and bounds.

    Raises:
        PumiceError: an empty domain, values that are not finite, weights without a sum, or a
            width out of range. A bound that cannot be met is not an error: see
            `Net.meets_goal`.
    """
    from pumice._mlir_libs import _pumice

    chosen = {
        key: value
        for key, value in dataclasses.asdict(options or FitOptions()).items()
        if value is not None
    }
    request: dict[str, Any] = {"low": float(low), "high": float(high), "input_bits": bits, **chosen}
    for name, tail in (("below", below), ("above", above)):
        if tail is not None:
            request |= {f"{name}_slope": float(tail.slope), f"{name}_offset": float(tail.offset)}
    if not 2 <= bits <= 16:
        raise PumiceError(f"expected an input of 2 to 16 bits, got {bits}")
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PumiceError(f"expected a finite domain, got [{low:g}, {high:g}]")
    x = low + np.arange(1 << bits, dtype=np.float64) * ((high - low) / ((1 << bits) - 1))
    values = np.ascontiguousarray(function(x), np.float64)
    if values.shape != x.shape:
        raise PumiceError(f"expected a function that gives {x.shape}, got {values.shape}")
    counts = None if weights is None else np.ascontiguousarray(weights, np.float64).ravel()
    try:
        found = json.loads(interruptible(_pumice.fit_net, values, counts, json.dumps(request)))
    except ValueError as error:
        raise PumiceError(str(error)) from None
    return from_json(found)


def from_json(found: dict[str, Any]) -> Net:
    """The net of what the C++ fitter returns."""
    return Net(
        name=found["name"],
        errors=Errors(**found["errors"]),
        meets_goal=found["meets_goal"],
        real_mse=found["real_mse"],
        iterations=found["iterations"],
        data=found["net"],
    )


def lossless_rows(adc_bits: int, cell_bits: int, dac_bits: int) -> int:
    """Rows that a converter sums without clipping, whatever cells and inputs hold.

    Args:
        adc_bits: of the converter; cell_bits: of a cell; dac_bits: of an input applied at once.
    """
    from pumice._mlir_libs import _pumice

    return int(_pumice.lossless_rows(adc_bits, cell_bits, dac_bits))


def _range(item: dict[str, Any]) -> tuple[float, float, int]:
    return float(item["low"]), float(item["high"]), 1 << int(item["bits"])
