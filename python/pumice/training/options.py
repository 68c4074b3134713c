# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How layers are computed in hardware-aware training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from pumice.errors import PumiceError

__all__ = ["CELLS", "MODES", "LayerOptions", "options_of"]

#: How the sums of a layer are computed.
MODES = ("float", "quantized", "statistical", "arrays")
#: Whose cells are used.
CELLS = ("fresh", "device")


@dataclass(frozen=True)
class LayerOptions:
    """Options of one layer in training.

    Attributes:
        mode: "float": not quantized, and computed by the digital unit. "quantized": exact integer
            sums. "statistical": sums with the weights that cells hold, and random errors with the
            mean and the variance of those of the converters. "arrays": the sums that the hardware
            model computes, conversion by conversion; slow.
        cells: "fresh": each draw takes the errors of other cells, so that the network learns to
            work on any chip. "device": the cells of the device's seed, which are those of the
            compiled program as long as the weights are the same.
        redraw: forward passes in training mode that use the same errors of cells, at least 1.
        refresh: forward passes in training mode that use the same measured errors of conversions
            (mode "statistical"), at least 1. They are measured on this chip if the cells stay the
            same as long, and otherwise on several chips.
        noise: factor on the random errors of conversions and on those of cells in mode
            "statistical", at least 0. More than 1 trains for more noise than the device has.
        weight_bits: bit width of the weights, 2 to 8.
        weight_clip: limit of the weights of an output, in standard deviations of these weights,
            above 0; None: no limit. Fewer large weights let the others use more levels.

    Raises:
        PumiceError: a value out of range.
    """

    mode: str = "statistical"
    cells: str = "fresh"
    redraw: int = 1
    refresh: int = 20
    noise: float = 1.0
    weight_bits: int = 8
    weight_clip: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("mode", MODES), ("cells", CELLS)):
            if getattr(self, name) not in known:
                raise PumiceError(
                    f"expected {name} to be one of {', '.join(known)}, got '{getattr(self, name)}'"
                )
        for name in ("redraw", "refresh"):
            if getattr(self, name) < 1:
                raise PumiceError(f"expected {name} of at least 1, got {getattr(self, name)}")
        if not 0 <= self.noise < float("inf"):
            raise PumiceError(f"expected noise of at least 0, got {self.noise}")
        if self.weight_bits not in range(2, 9):
            raise PumiceError(f"expected weight_bits of 2 to 8, got {self.weight_bits}")
        if self.weight_clip is not None and not self.weight_clip > 0:
            raise PumiceError(f"expected weight_clip above 0, got {self.weight_clip}")


def options_of(
    defaults: LayerOptions, layers: Mapping[str, Mapping[str, Any]], names: list[str]
) -> dict[str, LayerOptions]:
    """The options of each layer.

    Args:
        defaults: of all layers.
        layers: changes by glob pattern of module paths; later ones override earlier ones.
        names: paths of the layers.

    Raises:
        PumiceError: a pattern that fits no layer, or an unknown option.
    """
    known = [item.name for item in fields(LayerOptions)]
    found = dict.fromkeys(names, defaults)
    for pattern, changes in layers.items():
        for key in changes:
            if key not in known:
                raise PumiceError(
                    f"expected an option of layers of {', '.join(known)}, got '{key}'"
                )
        fitting = [name for name in names if fnmatchcase(name, pattern)]
        if not fitting:
            raise PumiceError(
                f"expected a layer that '{pattern}' fits, got none (layers are {', '.join(names)})"
            )
        for name in fitting:
            found[name] = replace(found[name], **changes)
    return found
