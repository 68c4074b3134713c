# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes constants to torch-mlir by name instead of by value."""

from __future__ import annotations

from typing import Any

import torch
from torch_mlir import ir
from torch_mlir.extras.fx_importer import FxImporterHooks, create_mlir_tensor_type

from pumice.frontend.absent import is_absent

__all__ = ["ResourceHooks", "alone", "contiguous", "literals_of"]


class ResourceHooks(FxImporterHooks):  # type: ignore[misc]
    """Creates one named resource per distinct tensor; tied weights share one.

    Attributes:
        literals: the tensor of each resource, by name. torch-mlir's copies of the resources are
            views of their memory.
    """

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._known: dict[tuple[Any, ...], tuple[torch.Tensor, Any]] = {}
        self.literals: dict[str, torch.Tensor] = {}
        self._kept: list[torch.Tensor] = []

    def resolve_literal(self, gni: Any, literal: Any, info: Any = None) -> Any:
        """Returns the literal's value, or None if torch-mlir should import it itself."""
        if not isinstance(literal, torch.Tensor) or literal.layout is not torch.strided:
            return None
        # One element is cheaper as a splat, which torch-mlir can fold; it makes one by itself.
        if literal.numel() <= 1:
            return None
        key = (literal.data_ptr(), tuple(literal.shape), literal.stride(), literal.dtype)
        if key not in self._known:
            self._known[key] = (literal, self._attribute(literal))
        attribute = self._known[key][1]
        cache = gni._cc
        return ir.Operation.create(
            "torch.vtensor.literal",
            results=[cache.tensor_to_vtensor_type(literal)],
            attributes={"value": attribute},
        ).result

    def _attribute(self, literal: torch.Tensor) -> Any:
        tensor = literal.detach()
        tensor_type = create_mlir_tensor_type(tensor)
        splat = not tensor.is_floating_point() and not is_absent(tensor)
        if splat and bool((tensor == tensor.flatten()[0]).all()):
            # All zero points are usually equal; a splat lets later passes fold them.
            value = ir.IntegerAttr.get(tensor_type.element_type, int(tensor.flatten()[0]))
            return ir.DenseElementsAttr.get_splat(tensor_type, value)
        tensor = contiguous(literal)
        name = self._names.get(id(literal)) or f"constant_{len(self.literals)}"
        while name in self.literals:
            name += "_"
        self.literals[name] = literal
        self._kept.append(tensor)
        # Dimensions of 1 may have any stride, of which `view` knows nothing.
        data = tensor.reshape(-1).view(torch.uint8).numpy()
        return ir.DenseResourceElementsAttr.get_from_buffer(data, name, tensor_type)


def contiguous(literal: torch.Tensor) -> torch.Tensor:
    """A literal as its resource has it."""
    return literal.detach().cpu().contiguous()


def literals_of(graph_module: torch.fx.GraphModule) -> dict[int, torch.Tensor]:
    """All tensors in a graph by `id`: in the place of nodes, and as attributes."""
    found: dict[int, torch.Tensor] = {}

    def note(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            found[id(value)] = value
        elif isinstance(value, (list, tuple)):
            for item in value:
                note(item)

    for node in graph_module.graph.nodes:
        note(list(node.args))
        note(list(node.kwargs.values()))
        if node.op == "get_attr":
            note(getattr(graph_module, str(node.target), None))
    return found


def alone(node: torch.fx.Node) -> tuple[Any, torch.fx.GraphModule] | None:
    """A module of one op, its operands as inputs, and what tells it from others of its kind."""
    value = node.meta.get("val")
    if node.op != "call_function" or not isinstance(value, torch.Tensor):
        return None
    if any(not isinstance(use.meta.get("val"), torch.Tensor) for use in node.all_input_nodes):
        return None
    graph = torch.fx.Graph()
    inputs: dict[torch.fx.Node, torch.fx.Node] = {}
    for use in node.all_input_nodes:
        inputs[use] = graph.placeholder(use.name)
        inputs[use].meta = {"val": use.meta["val"]}
    new = graph.node_copy(node, inputs.__getitem__)
    graph.output((new,))

    def kind(argument: Any) -> Any:
        if isinstance(argument, torch.fx.Node):
            argument = argument.meta["val"]
        if isinstance(argument, torch.Tensor):
            return (argument.dtype, tuple(argument.shape))
        return [kind(item) for item in argument] if isinstance(argument, list) else argument

    return repr(
        (node.target, [kind(item) for item in node.args], dict(node.kwargs))
    ), torch.fx.GraphModule({}, graph)
