# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training of networks for the hardware that will run them.

    net = pumice.hardware_aware(model, "isaac", calibration_inputs)
    ...  # an ordinary training loop over net.parameters()
    program = pumice.compile(net)

docs/training.md describes it. Importing this package imports no torch; its functions import it when
called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pumice.training.network import EVALUATIONS, HardwareAwareNetwork, hardware_aware
    from pumice.training.options import CELLS, MODES, LayerOptions

__all__ = [
    "CELLS", "EVALUATIONS", "MODES", "HardwareAwareNetwork", "LayerOptions", "hardware_aware",
]  # fmt: skip

_HOME = {
    "CELLS": "options",
    "EVALUATIONS": "network",
    "HardwareAwareNetwork": "network",
    "LayerOptions": "options",
    "MODES": "options",
    "hardware_aware": "network",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pumice.training' has no attribute '{name}'")
    if _HOME[name] == "options":
        return getattr(importlib.import_module("pumice.training.options"), name)
    from pumice.frontend.silence import quiet

    with quiet():
        module = importlib.import_module(f"pumice.training.{_HOME[name]}")
    return getattr(module, name)
