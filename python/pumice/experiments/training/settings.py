# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Devices that networks are trained for: changes to the arrays of `isaac`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["NETWORKS", "SETTINGS", "Setting"]

#: Networks of `pumice study noise` whose training digits are known.
NETWORKS = ("demo", "resnet")


@dataclass(frozen=True)
class Setting:
    """A device and how to train for it.

    Attributes:
        array: changes to the arrays of `isaac`, as for `Device.replace`.
        options: of `LayerOptions`.
        percentile: of the column sums that calibrated converters resolve.
    """

    array: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    percentile: float = 100.0


_LOSSLESS = {"mode": "lossless", "bits": 16}

SETTINGS: dict[str, Setting] = {
    "read noise": Setting({"adc": _LOSSLESS, "analog": {"read_noise": 0.5}}),
    "calibrated converters": Setting({"adc": {"mode": "calibrated", "bits": 4}}, percentile=99.9),
    "converters and read noise": Setting(
        {"adc": {"mode": "clip", "bits": 8}, "analog": {"read_noise": 0.4}}
    ),
    "programming errors": Setting(
        {"adc": _LOSSLESS, "analog": {"program_error_absolute": 0.05, "read_noise": 0.3}}
    ),
}
