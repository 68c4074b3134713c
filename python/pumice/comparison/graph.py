# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lazy, node-by-node evaluation of an exported graph.

Each value exists twice: as PyTorch computes it from the inputs ("reference"), and as PyTorch
computes it from the machine's previous values ("own"). The difference between the latter and the
machine is the error that a layer adds. Both are the same tensor until the machine differs.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from pumice.errors import PumiceError
from pumice.frontend.locations import LocationTable, module_path
from pumice.frontend.lowering import state_of
from pumice.frontend.silence import quiet

__all__ = ["Codes", "Evaluation", "Graph", "Product"]

_PRODUCTS = {
    getattr(torch.ops.aten, name)
    for name in (
        "conv1d conv2d conv3d convolution linear conv_transpose1d conv_transpose2d matmul mm bmm"
    ).split()
}
_KINDS = ("PARAMETER", "BUFFER", "CONSTANT_TENSOR")


@dataclass(frozen=True)
class Codes:
    """Parameters of a quantize node: real = (code - zero_point) * scale."""

    scale: Any
    zero_point: Any
    axis: int | None
    dtype: torch.dtype

    def real(self, codes: torch.Tensor) -> torch.Tensor:
        """The float values that `codes` stand for."""
        scale, zero = self.scale, self.zero_point
        if self.axis is not None:
            shape = [1] * codes.dim()
            shape[self.axis] = -1
            scale, zero = scale.reshape(shape), zero.reshape(shape)
        result: torch.Tensor = (codes.to(torch.float32) - zero) * scale
        return result


@dataclass(frozen=True)
class Product:
    """A layer with quantized operands: a sum of products of integers, each worth `scale`."""

    scale: torch.Tensor
    bias: torch.Tensor | None


def _is_quantize(node: Node) -> bool:
    return ".quantize_per" in str(node.target)


def _is_dequantize(node: Any) -> bool:
    return isinstance(node, Node) and ".dequantize_per" in str(node.target)


class Graph:
    """A torch.export.ExportedProgram as a function of tensors.

    Attributes:
        nodes, names: nodes by their names in the compiled program, and names by node.
        quantized: True if the graph has quantize nodes.
    """

    def __init__(self, program: Any) -> None:
        self._original: dict[str, Node] = {node.name: node for node in program.graph.nodes}
        self.nodes = self._original
        schemas = [getattr(node.target, "_schema", None) for node in program.graph.nodes]
        if any(schema is not None and schema.is_mutable for schema in schemas):
            program, self.nodes = self._functional(program)
        self._program = program
        self._specs = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
        self.names = {node: name for name, node in self.nodes.items()}
        self.quantized = any(_is_quantize(node) for node in self.nodes.values())

    def _functional(self, program: Any) -> tuple[Any, dict[str, Node]]:
        """The same without ops that overwrite their input; names stay those of the original."""
        table = LocationTable()
        old = table.tag(program.graph)
        try:
            with quiet():
                functional = program.run_decompositions({})
        finally:
            table.restore(old)
        nodes: dict[str, Node] = {}
        for node in functional.graph.nodes:
            place = table.find(node.meta.get("stack_trace"))
            name = place.node if place and node.op == "call_function" else node.name
            value, other = (n.meta.get("val") for n in (node, self._original.get(name, node)))
            if isinstance(other, torch.Tensor) and (
                not isinstance(value, torch.Tensor) or value.shape != other.shape
            ):
                continue  # a part of what the original node computes
            nodes[name] = node
        return functional, nodes

    def path(self, name: str) -> str:
        """Path of a node's module, or ""."""
        return module_path(self._original[name]) if name in self._original else ""

    @property
    def outputs(self) -> list[Any]:
        """Leaves of the model's result: nodes or constants."""
        output = next(node for node in self._program.graph.nodes if node.op == "output")
        return list(output.args[0])

    @property
    def operations(self) -> list[Node]:
        """Nodes that compute something from the inputs, in order."""
        varying: dict[Node, None] = {}
        for node in self._program.graph.nodes:
            given = node.op == "placeholder" and self._spec(node).kind.name not in _KINDS
            if given or any(use in varying for use in node.all_input_nodes):
                varying[node] = None
        return [node for node in varying if node.op == "call_function"]

    def find(self, name: str, path: str, quantized: Graph | None) -> Node | None:
        """The node that computes, in a float model, what a node of the quantized one computes.

        Args:
            name, path: of the node and its module in the quantized graph.
            quantized: that graph, if it is known: a batch norm that it does not have is part of
                the convolution before it.
        """
        node = self._original.get(name)
        if node is None or node.op != "call_function" or self.path(name) != path:
            return None
        users = list(node.users)
        if len(users) == 1 and "batch_norm" in str(users[0].target):
            if quantized is None or users[0].name not in quantized._original:
                name = users[0].name
        return self.nodes.get(name)

    def state(self, node: Node) -> Any:
        """The value of a node that is neither an operation nor a user input; else None."""
        if node.op == "get_attr":
            return getattr(self._program.graph_module, str(node.target))
        spec = self._spec(node)
        if spec.kind.name in _KINDS:
            return state_of(self._program, spec.target)
        return None

    def _spec(self, node: Node) -> Any:
        return self._specs[node.name]

    def bind(self, tensors: Sequence[Any]) -> dict[Node, Any]:
        """Values of the placeholders of the user's inputs; `tensors` are its tensors, in order."""
        values = iter(tensors)
        bound: dict[Node, Any] = {}
        for node in self._program.graph.nodes:
            if node.op != "placeholder" or self._spec(node).kind.name in _KINDS:
                continue
            if isinstance(node.meta.get("val"), torch.Tensor):
                value = next(values, None)
                if value is None:
                    raise PumiceError(f"expected an input for '{node.name}' of the reference")
                bound[node] = value
            else:
                bound[node] = getattr(self._spec(node).arg, "value", None)
        return bound

    def codes(self, node: Node) -> Codes | None:
        """Scale and zero point of a quantize or dequantize node."""
        kind = str(node.target)
        if not (_is_quantize(node) or _is_dequantize(node)):
            return None
        channel = "per_channel" in kind
        if not channel and "per_tensor" not in kind:
            return None
        found: list[Any] = [
            (self.state(arg) if isinstance(arg, Node) and arg.op != "call_function" else arg)
            for arg in node.args[1:]
        ]
        if any(isinstance(value, Node) for value in found[:2]):
            return None  # computed as the model runs
        return Codes(found[0], found[1], found[2] if channel else None, found[5 if channel else 4])

    def codes_of(self, node: Node) -> tuple[Node | None, Codes | None]:
        """The node that computes the quantized values which carry the name of a node of reals.

        That is the quantize node behind it; or the codes are those of its input, seen through an
        op that only selects or moves.
        """
        if _is_quantize(node):
            return node, self.codes(node)
        for user in node.users:
            if _is_quantize(user) and (codes := self.codes(user)) is not None:
                return user, codes
        before = node.all_input_nodes
        if before and all(map(_is_dequantize, before)):
            return None, self.codes(before[0])
        return None, None

    def real(self, node: Node) -> Node:
        """The node whose real numbers a quantize or dequantize node stands for."""
        while (_is_quantize(node) or _is_dequantize(node)) and isinstance(node.args[0], Node):
            node = node.args[0]
        return node

    def product(self, node: Node) -> Product | None:
        """A layer with quantized operands, or None."""
        packet = getattr(node.target, "overloadpacket", None)
        if packet not in _PRODUCTS or not all(map(_is_dequantize, node.args[:2])):
            return None
        first, second = (self.codes(arg) for arg in node.args[:2])  # type: ignore[arg-type]
        if first is None or second is None or first.axis is not None:
            return None
        scale = torch.as_tensor(second.scale, dtype=torch.float32).reshape(-1) * first.scale
        bias: Any = node.args[2] if len(node.args) > 2 else node.kwargs.get("bias")
        value: Any = (
            self.state(bias) if isinstance(bias, Node) and bias.op != "call_function" else bias
        )
        if isinstance(value, Node):
            return None
        channel = node.meta["val"].dim() - 1
        if "conv" in str(node.target):
            # Of an input without a batch, the channels come first.
            weight = node.args[1].meta["val"]  # type: ignore[union-attr]
            channel = node.meta["val"].dim() - (weight.dim() - 1)
        channels = node.meta["val"].shape[channel]
        if 1 < scale.numel() < channels:  # transposed: each group has the same
            scale = scale.repeat(channels // scale.numel())
        shape = [1] * node.meta["val"].dim()
        if scale.numel() > 1 or value is not None:
            shape[channel] = -1
        scale = scale.reshape(shape if scale.numel() > 1 else [])
        return Product(scale, None if value is None else value.detach().reshape(shape))


class Evaluation:
    """Values of a graph for inputs.

    Args:
        graph: what to evaluate.
        tensors: the tensors among the model's inputs, in order.
        wanted: nodes for which `reference` or `sums` will be called; others are dropped after their
            last use.
    """

    def __init__(self, graph: Graph, tensors: Sequence[Any], wanted: Sequence[Node]) -> None:
        self._graph = graph
        self._values: dict[Node, tuple[Any, Any]] = {}
        self._inputs = graph.bind(tensors)
        self._uses = {node: len(node.users) for node in graph.nodes.values()}
        for node in wanted:
            for kept in (node, *self._operands(node)):
                self._uses[kept] = self._uses.get(kept, len(kept.users)) + 1

    def release(self, node: Node) -> None:
        """Releases one use of a node."""
        for kept in (node, *self._operands(node)):
            self._drop(kept)

    def _operands(self, node: Node) -> list[Any]:
        return list(node.args[:2]) if self._graph.product(node) is not None else []

    def both(self, node: Node) -> tuple[Any, Any]:
        """(reference, own) value of a node."""
        stack = [node]
        while stack:
            top = stack[-1]
            if self._known(top):
                stack.pop()
                continue
            missing = [use for use in top.all_input_nodes if not self._known(use)]
            if missing:
                stack += missing
                continue
            stack.pop()
            self._values[top] = self._compute(top)
            for use in top.all_input_nodes:
                self._drop(use)
        return self._value(node)

    def replace(self, node: Node, machine: torch.Tensor) -> None:
        """Continues from the machine's value."""
        if node in self._values:
            reference, _ = self._values[node]
            if torch.equal(machine, reference):
                machine = reference
            elif machine.stride() != reference.stride():  # views that follow depend on strides
                machine = torch.empty_like(reference).copy_(machine)
            self._values[node] = (reference, machine)

    def sums(self, node: Node) -> tuple[torch.Tensor, torch.Tensor]:
        """(reference, own) sums of a `Product`, in float64, where they are exact."""
        self.both(node)
        values: list[Any] = []
        first, second = (self._value(arg) for arg in self._operands(node))
        for side in (0, 1):
            if side and first[0] is first[1] and second[0] is second[1]:
                values.append(values[0])
                continue
            operands = [
                self._integers(arg, value)
                for arg, value in zip(node.args[:2], (first[side], second[side]), strict=True)
            ]
            rest = [None if index == 0 else arg for index, arg in enumerate(node.args[2:])]
            kwargs = {k: v for k, v in node.kwargs.items() if k != "bias"}
            with torch.no_grad():
                values.append(node.target(*operands, *rest, **kwargs))  # type: ignore[operator]
        return values[0], values[1]

    def _integers(self, node: Any, value: torch.Tensor) -> torch.Tensor:
        """Codes without their zero point, of a dequantize node and its value."""
        codes = self._graph.codes(node)
        assert codes is not None
        fixed = node.args[0]
        scale, zero = codes.scale, codes.zero_point
        if codes.axis is not None:
            shape = [1] * value.dim()
            shape[codes.axis] = -1
            scale, zero = scale.reshape(shape).to(torch.float64), zero.reshape(shape)
        if fixed.op != "call_function" and (state := self._graph.state(fixed)) is not None:
            return state.to(torch.float64) - zero  # type: ignore[no-any-return]
        return torch.round(value.to(torch.float64) / scale)

    def _known(self, node: Node) -> bool:
        return (
            node in self._values or node in self._inputs or node.op in ("placeholder", "get_attr")
        )

    def _value(self, node: Node) -> tuple[Any, Any]:
        if node in self._values:
            return self._values[node]
        value = self._inputs[node] if node in self._inputs else self._graph.state(node)
        return value, value

    def _compute(self, node: Node) -> tuple[Any, Any]:
        def call(side: int) -> Any:
            pick = lambda use: self._value(use)[side]  # noqa: E731
            args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), pick)
            with torch.no_grad():
                return node.target(*args, **kwargs)  # type: ignore[operator]

        reference = call(0)
        if all(a is b for a, b in map(self._value, node.all_input_nodes)):
            return reference, reference
        own = call(1)
        if node.target is operator.getitem and own is reference:
            return reference, reference
        return reference, own

    def _drop(self, node: Node) -> None:
        self._uses[node] = self._uses.get(node, len(node.users)) - 1
        if self._uses[node] <= 0:
            self._values.pop(node, None)
