# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch and ONNX models in, linalg on tensors out; quantization by PT2E.

Importing this package imports neither torch nor torch_mlir; its functions import them when called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pumice.frontend.errors import FrontendError

if TYPE_CHECKING:
    from pumice.frontend.importer import ImportedModel, import_model
    from pumice.frontend.lowering import LoweredModel, lower_to_text
    from pumice.frontend.onnx.importer import import_onnx
    from pumice.frontend.ptq import is_quantized, quantize
    from pumice.frontend.quantizer import PumiceQuantizer
    from pumice.frontend.signature import InputSpec, OutputSpec, Signature
    from pumice.frontend.ternary import TernaryNetwork, ternarize

__all__ = [
    "FrontendError",
    "ImportedModel",
    "InputSpec",
    "LoweredModel",
    "OutputSpec",
    "PumiceQuantizer",
    "Signature",
    "TernaryNetwork",
    "import_model",
    "import_onnx",
    "is_quantized",
    "lower_to_text",
    "quantize",
    "ternarize",
]

_HOME = {
    "ImportedModel": "importer",
    "InputSpec": "signature",
    "LoweredModel": "lowering",
    "OutputSpec": "signature",
    "PumiceQuantizer": "quantizer",
    "Signature": "signature",
    "TernaryNetwork": "ternary",
    "import_model": "importer",
    "import_onnx": "onnx.importer",
    "is_quantized": "ptq",
    "lower_to_text": "lowering",
    "quantize": "ptq",
    "ternarize": "ternary",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'pumice.frontend' has no attribute '{name}'")
    import importlib

    from pumice.frontend.requirements import require_torch
    from pumice.frontend.silence import quiet

    if _HOME[name] in ("ptq", "quantizer", "ternary"):  # these import torch
        require_torch("torch", "torchao")
    with quiet():
        module = importlib.import_module(f"pumice.frontend.{_HOME[name]}")
    return getattr(module, name)
