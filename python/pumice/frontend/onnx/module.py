# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An ONNX graph as a PyTorch module, one submodule a node."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pumice.frontend.errors import FrontendError
from pumice.frontend.onnx.graph import Graph
from pumice.frontend.onnx.operators import NodeCall, run_node, torch_dtype
from pumice.frontend.onnx.operators.nodes import is_tensor_type, tensor_of

__all__ = ["GraphModule", "example_inputs"]


class _Node(torch.nn.Module):
    """One node: takes and gives tensors."""

    def __init__(self, call: NodeCall) -> None:
        super().__init__()
        self.call = call

    def forward(self, *inputs: Tensor | None) -> tuple[Any, ...]:
        return run_node(self.call, inputs)


class GraphModule(torch.nn.Module):
    """Computes an ONNX graph in PyTorch.

    Weights are buffers on the memory of the graph's arrays: `weight_names` has the names of their
    attributes. Nodes are submodules in order, named "0", "1", ....
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        types = graph.types()
        kinds = {name: kind for name, (kind, _) in types.items()} | graph.kinds
        shapes = {name: shape for name, (_, shape) in types.items()}
        self.weight_names: dict[str, str] = {}
        used = {name for node in graph.nodes for name in node.input}
        for number, (name, value) in enumerate(graph.weights.items()):
            if name in used:
                if not is_tensor_type(value.dtype):
                    raise FrontendError(
                        f"constant '{name}': the type {value.dtype} is not supported"
                    )
                attribute = f"weight_{number}"
                self.register_buffer(attribute, tensor_of(value))
                self.weight_names[attribute] = name
        calls = []
        for node in graph.nodes:
            if node.domain not in ("", "ai.onnx"):
                raise FrontendError(
                    f"op '{node.domain}.{node.op_type}' (node '{node.name}') is not supported: only"
                    " ONNX's own operators and the integer ones of onnxruntime are",
                    op=f"{node.domain}.{node.op_type}",
                )
            calls.append(_Node(NodeCall(node, graph.opset, graph.weights, kinds, shapes)))
        self.nodes = torch.nn.ModuleList(calls)
        self.input_names = [name for name, _, _ in graph.inputs]
        self.output_names = [output.name for output in graph.model.graph.output]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The graph's outputs."""
        values: dict[str, Tensor] = dict(zip(self.input_names, inputs, strict=True))
        for attribute, name in self.weight_names.items():
            values[name] = getattr(self, attribute)
        for node in self.nodes:
            call: Any = node.call
            given = [values[name] if name else None for name in call.inputs]
            results = node(*given)
            for name, result in zip(call.outputs, results, strict=False):
                if name:
                    values[name] = result
        return tuple(values[name] for name in self.output_names)


def example_inputs(graph: Graph) -> tuple[Tensor, ...]:
    """Tensors of the inputs' types and shapes, of no memory.

    Raises:
        FrontendError: an input of a type that has no tensors.
    """
    types = graph.types()
    tensors = []
    for name, dtype, shape in graph.inputs:
        kind = torch_dtype(types[name][0])
        if kind is None:
            raise FrontendError(f"input '{name}': the type {dtype} is not supported")
        tensors.append(torch.zeros((), dtype=kind).expand(shape))
    return tuple(tensors)
