# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compile PyTorch models for processing-using-memory hardware and run them on a simulated machine.

    program = pumice.compile(model, example_inputs, device="isaac")
    result = program.run(x)
    print(result.report)

Importing this package imports neither torch nor MLIR; its functions import them when called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pumice.errors import CompileError, PumiceError, PumiceWarning, SaturationWarning

if TYPE_CHECKING:
    from pumice.comparison import Comparison
    from pumice.compiler import compile
    from pumice.device import Device, devices
    from pumice.dynamic import DynamicProgram, compile_dynamic
    from pumice.evaluation import Evaluation, evaluate
    from pumice.exploration import Setting, Sweep, sweep
    from pumice.frontend import import_onnx, quantize, ternarize
    from pumice.observation import Observation
    from pumice.options import CompileOptions
    from pumice.program import Program, Result, load
    from pumice.report import Report
    from pumice.training import HardwareAwareNetwork, LayerOptions, hardware_aware

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "CompileError",
    "CompileOptions",
    "Device",
    "DynamicProgram",
    "Evaluation",
    "HardwareAwareNetwork",
    "LayerOptions",
    "Observation",
    "Program",
    "PumiceError",
    "PumiceWarning",
    "Report",
    "Result",
    "SaturationWarning",
    "Setting",
    "Sweep",
    "compile",
    "compile_dynamic",
    "devices",
    "evaluate",
    "hardware_aware",
    "import_onnx",
    "layer_sensitivity",
    "load",
    "quantize",
    "sweep",
    "ternarize",
]

_HOME = {
    "Comparison": "pumice.comparison",
    "CompileOptions": "pumice.options",
    "Device": "pumice.device",
    "DynamicProgram": "pumice.dynamic",
    "Evaluation": "pumice.evaluation",
    "HardwareAwareNetwork": "pumice.training",
    "LayerOptions": "pumice.training",
    "Observation": "pumice.observation",
    "Program": "pumice.program",
    "Report": "pumice.report",
    "Result": "pumice.program",
    "Setting": "pumice.exploration",
    "Sweep": "pumice.exploration",
    "compile": "pumice.compiler",
    "compile_dynamic": "pumice.dynamic",
    "devices": "pumice.device",
    "evaluate": "pumice.evaluation",
    "hardware_aware": "pumice.training",
    "import_onnx": "pumice.frontend",
    "layer_sensitivity": "pumice.exploration",
    "load": "pumice.program",
    "quantize": "pumice.frontend",
    "sweep": "pumice.exploration",
    "ternarize": "pumice.frontend",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pumice' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)
