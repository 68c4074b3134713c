# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What each ONNX operator computes, in PyTorch: one function an operator.

Both importers then share all that follows: decompositions, checks and the way to linalg. A function
asks for each attribute that it knows, with its default; others are refused by name.
"""

from pumice.frontend.onnx.operators import (
    attention,
    elementwise,
    layers,
    movement,
    normalization,
    pooling,
    quantization,
    recurrent,
    reductions,
    resize,
    scatter,
    signal,
)
from pumice.frontend.onnx.operators.nodes import OPERATORS, NodeCall, run_node, torch_dtype

__all__ = [
    "OPERATORS",
    "NodeCall",
    "attention",
    "elementwise",
    "layers",
    "movement",
    "normalization",
    "pooling",
    "quantization",
    "recurrent",
    "reductions",
    "resize",
    "run_node",
    "scatter",
    "signal",
    "torch_dtype",
]
