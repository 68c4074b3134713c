# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The nets of NEON's Table III: arrays, area and power; errors of ours beside the paper's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from pumice import neon
from pumice.errors import PumiceError
from pumice.experiments.neon.costs import Matrix
from pumice.experiments.neon.hardware import Hardware

__all__ = ["NETS", "NetRow", "PaperNet", "rows"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PaperNet:
    """A row of the paper's Table III.

    Attributes:
        function: softmax, squash, sqrt or leaky_relu.
        sizes: of the layers; hidden layers are as wide as an array.
        low, high: input domain.
        mse: that the paper states.
        minutes: of training.
        area_mm2, power_mw: of the net.
        target: our bound on the mean squared error.
    """

    name: str
    function: str
    sizes: tuple[int, ...]
    low: float
    high: float
    mse: float
    minutes: float
    area_mm2: float
    power_mw: float
    target: float


NETS = (
    PaperNet("softmax-64", "softmax", (64, 128, 64), -3.78, 7.5, 1.5e-8, 12.5, 0.16, 288.96, 1e-9),
    PaperNet(
        "softmax-1000", "softmax", (1000, 128, 1000), -4.08, 5.45, 2.62e-9, 11.99, 1.66, 3058.16,
        1e-9,
    ),
    PaperNet(
        "softmax-1152", "softmax", (1152, 128, 128, 1152), -1.08, 9.05, 2.5e-5, 15.57, 1.99,
        3660.16, 1e-9,
    ),
    PaperNet(
        "softmax-2048", "softmax", (2048, 128, 128, 2048), -0.08, 6.78, 3.4e-5, 18.7, 3.45,
        6357.12, 1e-9,
    ),
    PaperNet("SQRT", "sqrt", (1, 128, 128, 1), -3.2, 4.5, 1.4e-4, 18.64, 0.22, 409.36, 1.4e-4),
    PaperNet(
        "LeakyReLU", "leaky_relu", (1, 128, 1), -7.8, 8.9, 5.5e-7, 5.59, 0.12, 216.72, 5.5e-7
    ),
    PaperNet("squash-8", "squash", (8, 128, 8), -1.5, 2.13, 0.0, 5.73, 0.12, 216.72, 1e-8),
)  # fmt: skip

#: Rows of random vectors: for errors of composed functions, and to fit whole nets.
_ROWS, _WHOLE_ROWS = 200, 2000


@dataclass(frozen=True)
class NetRow:
    """A row of Table III, with ours beside.

    Attributes:
        arrays: 128x16 arrays of the paper's net on the preset `neon`.
        area_mm2, power_mw: in the paper's accounting: an IMA for each, as Table IV states it.
        table_area_mm2: with the rounded area of a bank's IMAs (`Hardware.table_subarray_mm2`).
        mse, nmse: of our scalar net over all inputs, or of our composition on random vectors.
        hidden: widest net of ours.
        seconds: to fit ours.
        whole_mse, whole_nmse, whole_bound: of a net of whole vectors with the paper's hidden
            layers, on vectors that its fit did not see; None: not fitted.
        refused: whether such a net is refused unless forced.
    """

    name: str
    arrays: int
    area_mm2: float
    table_area_mm2: float
    power_mw: float
    mse: float
    nmse: float
    hidden: int
    seconds: float
    whole_mse: float | None
    whole_nmse: float | None
    whole_bound: float | None
    refused: bool | None


def rows(
    hardware: Hardware, *, whole: bool = True, advance: Callable[[str], None] = lambda doing: None
) -> list[NetRow]:
    """All rows; `whole`: fits the nets of whole vectors too."""
    found = []
    for net in NETS:
        advance(f"Table III, {net.name}")
        found.append(_row(hardware, net, whole))
    return found


def _row(hardware: Hardware, net: PaperNet, whole: bool) -> NetRow:
    matrices = [Matrix(rows, columns) for rows, columns in pairwise(net.sizes)]
    arrays = sum(hardware.cost(m).arrays for m in matrices)
    subarray = hardware.levels["subarray"]
    start = time.process_time()
    mse, nmse, hidden = _ours(net)
    seconds = time.process_time() - start
    errors = _whole(net) if whole else {}
    return NetRow(
        net.name, arrays, arrays * subarray["area_mm2"], arrays * hardware.table_subarray_mm2,
        arrays * subarray["power_mw"], mse, nmse, hidden, seconds, errors.get("mse"),
        errors.get("nmse"), errors.get("bound"), errors.get("refused"),
    )  # fmt: skip


def _ours(net: PaperNet) -> tuple[float, float, int]:
    """Mean squared error, normalised, and hidden units of the widest net."""
    if net.sizes[0] == 1:
        options = neon.FitOptions(max_hidden=16, mse=net.target)
        fitted = neon.fit(lambda x: exact(net.function, x[:, None])[:, 0], net.low, net.high,
                          options=options)  # fmt: skip
        return fitted.errors.mse, fitted.errors.nmse, fitted.hidden
    x = vectors(net, _ROWS)
    y = exact(net.function, x)
    names = {item.name: item.nets for item in neon.compositions()}[net.function]
    neon.function.cache_clear()  # so that seconds are those of a fit
    nets = {name: neon.function(name) for name in names}
    mse = float(((neon.compose(net.function, x, nets=nets) - y) ** 2).mean())
    return mse, mse / float(y.var()), max(one.net.hidden for one in nets.values())


def _whole(net: PaperNet) -> dict[str, Any]:
    x = vectors(net, _WHOLE_ROWS)
    y = exact(net.function, x)
    hidden = net.sizes[1:-1]
    try:
        found = neon.fit_whole(x, y, hidden=hidden)
        refused = False
    except PumiceError:
        found = neon.fit_whole(x, y, hidden=hidden, force=True)
        refused = True
    return {"mse": found.mse, "nmse": found.nmse, "bound": found.bound, "refused": refused}


def vectors(net: PaperNet, count: int) -> Array:
    """Random vectors that fill the domain of Table III: normal about its lower third, cut to it.

    The paper's are those of its workloads, which are not public.
    """
    span = net.high - net.low
    random = np.random.default_rng(0)
    x = random.normal(net.low + span / 3, span / 6, (count, net.sizes[0]))
    return np.clip(x, net.low, net.high)


def exact(function: str, x: Array) -> Array:
    """The function of rows."""
    y: Array
    if function == "softmax":
        e = np.exp(x - x.max(-1, keepdims=True))
        y = e / e.sum(-1, keepdims=True)
    elif function == "squash":
        s = (x * x).sum(-1, keepdims=True)
        y = x * np.sqrt(s) / (1 + s)
    elif function == "sqrt":
        y = np.sqrt(np.maximum(x, 0))
    else:
        y = np.where(x > 0, x, 0.1 * x)
    return y
