# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sweeps of devices: the figures of programs over devices and their fields."""

from pumice.exploration.layers import LayerSensitivity, changed_arrays, layer_sensitivity
from pumice.exploration.result import FIGURES, Sweep
from pumice.exploration.run import sweep
from pumice.exploration.space import Setting, parse_setting

__all__ = [
    "FIGURES", "LayerSensitivity", "Setting", "Sweep", "changed_arrays", "layer_sensitivity",
    "parse_setting", "sweep",
]  # fmt: skip
