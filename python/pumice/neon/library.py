# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The library of nets: scalar functions, and functions of vectors that are composed of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pumice.errors import PumiceError
from pumice.interrupts import interruptible
from pumice.lazy import cached_property
from pumice.neon.nets import Net, from_json

__all__ = [
    "Composed", "LibraryFunction", "LibraryNet", "compose", "compositions", "function", "functions",
]  # fmt: skip


@dataclass(frozen=True)
class LibraryFunction:
    """A scalar function that has nets.

    Attributes:
        low, high: the domain of its nets.
        reduction: how other inputs get into the domain: none (saturate or a straight line), or by
            a power of two: reciprocal, square_root, reciprocal_root, logarithm, exponential.
        max_abs: bound on the largest error over all inputs of the domain, at 16 bits.
    """

    name: str
    low: float
    high: float
    reduction: str
    max_abs: float


@dataclass(frozen=True)
class LibraryNet:
    """A net of a library function, with the reduction of its range.

    Attributes:
        net: its errors are over all inputs of its domain.
    """

    name: str
    net: Net
    reduction: str

    @cached_property
    def request(self) -> str:
        """JSON for the C++ evaluation."""
        return json.dumps(self.data)

    @property
    def data(self) -> dict[str, Any]:
        """The net and its reduction, as plain data."""
        return {"net": self.net.data, "reduction": self.reduction}

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The function of numbers, as the machine computes it."""
        return self.evaluate(x)[0]

    def evaluate(self, x: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], int]:
        """The function of numbers, and how many were clamped to the domain.

        Raises:
            PumiceError: a number is NaN.
        """
        from pumice._mlir_libs import _pumice

        array = _finite(np.array(x, np.float64))
        values = array.ravel()
        clamped = interruptible(_pumice.evaluate_net, self.request, values)
        return values.reshape(array.shape), int(clamped)


@dataclass(frozen=True)
class Composed:
    """A function of vectors, and the library functions that it applies."""

    name: str
    nets: tuple[str, ...]


def functions() -> list[LibraryFunction]:
    """The scalar functions of the library."""
    return [LibraryFunction(**item) for item in _library()["functions"]]


def compositions() -> list[Composed]:
    """The functions of vectors that `compose` computes."""
    return [Composed(item["name"], tuple(item["nets"])) for item in _library()["compositions"]]


@cache
def function(name: str, bits: int = 16, max_hidden: int = 64) -> LibraryNet:
    """A net of a library function; the second call with the same arguments costs nothing.

    Args:
        name: of `functions()`.
        bits: of inputs, weights, hidden and output values, 2 to 16. The bound is the function's
            own, or with fewer bits two steps of the output if that is more.
        max_hidden: units at most; the net has as few as the bound allows.

    Raises:
        PumiceError: an unknown name or width, or a bound that cannot be met; the text states the
            error that was reached.
    """
    from pumice._mlir_libs import _pumice

    try:
        found = json.loads(interruptible(_pumice.fit_function, name, bits, max_hidden))
    except ValueError as error:
        raise PumiceError(str(error)) from None
    net = from_json(found)
    if not net.meets_goal:
        raise PumiceError(
            f"expected a net of '{name}' within its bound and {max_hidden} hidden units, got a"
            f" largest error of {net.errors.max_abs:g} with {net.hidden}"
        )
    return LibraryNet(name, net, found["reduction"])


def compose(
    name: str,
    x: npt.ArrayLike,
    *,
    axis: int = -1,
    mask: npt.ArrayLike | None = None,
    bits: int = 16,
    groups: int = 1,
    epsilon: float = 0.0,
    nets: dict[str, LibraryNet] | None = None,
) -> npt.NDArray[np.float64]:
    """A function of vectors from nets: softmax, log_softmax, norms, squash.

    lib/Neon/Compose.h has the arithmetic. Norms are without an affine map.

    Args:
        name: of `compositions()`.
        x: vectors along `axis`; no NaN.
        mask: of softmax and log_softmax, true where a number takes part. The others contribute
            exactly 0 and give 0, or -inf.
        bits: of the nets of the library that are used where `nets` has none.
        groups: of group_norm: parts of a vector that are normalized each.
        epsilon: as PyTorch's norms have it.
        nets: to use, by the name of their function.

    Raises:
        PumiceError: an unknown name, NaN, or a mask, groups or size that does not fit.
    """
    from pumice._mlir_libs import _pumice

    known = {item.name: item for item in compositions()}
    if name not in known:
        raise PumiceError(f"expected a composition of {', '.join(known)}, got '{name}'")
    array = np.moveaxis(_finite(np.array(x, np.float64)), axis, -1)
    shape = array.shape
    chosen = {key: (nets or {}).get(key) or function(key, bits) for key in known[name].nets}
    request = {
        "name": name,
        "nets": {key: net.data for key, net in chosen.items()},
        "groups": groups,
        "epsilon": epsilon,
    }
    values = np.ascontiguousarray(array).ravel()
    flat = None
    if mask is not None:
        full = np.broadcast_to(np.asarray(mask, bool), np.moveaxis(array, -1, axis).shape)
        flat = np.ascontiguousarray(np.moveaxis(full, axis, -1), np.uint8).ravel()
    try:
        interruptible(_pumice.compose_nets, json.dumps(request), values, shape[-1], flat)
    except ValueError as error:
        raise PumiceError(str(error)) from None
    return np.moveaxis(values.reshape(shape), -1, axis)


def _finite(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if np.isnan(x).any():
        raise PumiceError("expected numbers, got NaN")
    return x


@cache
def _library() -> dict[str, Any]:
    from pumice._mlir_libs import _pumice

    found: dict[str, Any] = json.loads(_pumice.net_library())
    return found
