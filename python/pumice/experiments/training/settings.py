# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Devices that networks are trained for: changes to the arrays of `isaac`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["NETWORKS", "OPTIONS", "SETTINGS", "Setting"]

#: Networks of `pumice study noise` whose training digits are known.
NETWORKS = ("demo", "resnet")
#: Options of `LayerOptions` for each. The limits were found by trial, that of `resnet` on 500 of
#: the training digits: networks with few weights per output gain from a lower one.
OPTIONS: dict[str, dict[str, Any]] = {
    "demo": {"weight_clip": 1.5},
    "resnet": {"weight_clip": 2.0},
}


@dataclass(frozen=True)
class Setting:
    """A device.

    Attributes:
        array: changes to the arrays of `isaac`, as for `Device.replace`.
        percentile: of the column sums that calibrated converters resolve.
    """

    array: Mapping[str, Any]
    percentile: float = 100.0


_LOSSLESS = {"mode": "lossless", "bits": 16}

SETTINGS: dict[str, Setting] = {
    "read noise": Setting({"adc": _LOSSLESS, "analog": {"read_noise": 0.5}}),
    "calibrated converters": Setting({"adc": {"mode": "calibrated", "bits": 4}}, percentile=99.9),
    "converters and read noise": Setting(
        {"adc": {"mode": "clip", "bits": 8}, "analog": {"read_noise": 0.5}}
    ),
}
