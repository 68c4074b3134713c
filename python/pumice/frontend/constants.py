# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors in a graph; evaluates the parts of it that depend on no input.

Models compute position ids and masks from shapes alone, partly with ops that torch-mlir cannot
lower. PyTorch itself evaluates them here. What a quantized model computes from its weights stays in
the graph: folding that (dequantization, above all) is the compiler's work. A float model that makes
its weights from others (weight norm) has them evaluated before PT2E, which quantizes only weights
that are there.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import torch

from pumice.frontend.absent import contiguous, is_absent
from pumice.frontend.state import updated_attributes

if TYPE_CHECKING:
    from torch.fx import GraphModule, Node

__all__ = ["fold_constants", "fold_weights", "spread_tensors", "tensor_node"]

# Larger results stay computed: they would be large constants in every saved program.
_MAX_ELEMENTS = 1 << 20

# A splat in the IR is better than a tensor of equal elements.
_FILLS = ("aten.full.", "aten.ones.", "aten.zeros.", "aten.empty.", "aten.scalar_tensor.")


def tensor_node(module: GraphModule, before: Node, value: torch.Tensor) -> Node:
    """A node that stands for a tensor, which becomes an attribute of the module."""
    index = module.meta.setdefault("pumice_tensors", 0)
    module.meta["pumice_tensors"] = index + 1
    name = f"pumice_tensor_{index}"
    setattr(module, name, value)
    with module.graph.inserting_before(before):
        node = module.graph.create_node("get_attr", name)
    node.meta["val"] = before.meta.get("val")
    return node


def spread_tensors(module: GraphModule) -> None:
    """Brings tensors into the form that torch-mlir takes.

    Its importer binds an attribute again at each use, and then fails; a tensor in the place of a
    node it takes many times, but not in a list. So: tensors, and in lists an attribute per use.
    """

    def spread(argument: Any, user: Node, depth: int) -> Any:
        if isinstance(argument, torch.fx.Node) and argument.op == "get_attr":
            if not depth:
                return getattr(module, str(argument.target))
            with module.graph.inserting_before(user):
                return module.graph.create_node("get_attr", argument.target)
        if isinstance(argument, (list, tuple)):
            return type(argument)([spread(item, user, depth + 1) for item in argument])
        return argument

    nodes = list(module.graph.nodes)
    for user in nodes:
        if user.op != "output" and any(use.op == "get_attr" for use in user.all_input_nodes):
            user.args = tuple(spread(argument, user, 0) for argument in user.args)
            user.kwargs = {key: spread(value, user, 0) for key, value in user.kwargs.items()}
    for node in nodes:
        if node.op == "get_attr" and not node.users:
            module.graph.erase_node(node)


def fold_constants(module: GraphModule) -> dict[int, str]:
    """Replaces constant results that other nodes use; returns the new tensors' names by id."""
    values: dict[Node, Any] = {}
    for node in module.graph.nodes:
        if _is_foldable(node, values):
            arguments = torch.fx.node.map_arg((node.args, node.kwargs), values.__getitem__)
            with torch.no_grad():
                value = node.target(*arguments[0], **arguments[1])
            if _elements(value) <= _MAX_ELEMENTS:
                values[node] = value
    names: dict[int, str] = {}
    for node, value in values.items():
        if not isinstance(value, torch.Tensor) or str(node.target).startswith(_FILLS):
            continue
        if any(user not in values for user in node.users):
            value = value.contiguous()
            names[id(value)] = f"constant.{node.name}"
            node.replace_all_uses_with(
                tensor_node(module, node, value), lambda user: user not in values
            )
    module.graph.eliminate_dead_code()
    return names


def fold_weights(module: GraphModule) -> GraphModule:
    """Makes parameters of float tensors that a model computes from its parameters; in place.

    Views of parameters stay, and what would take more memory than it is computed from.
    """
    values: dict[Node, Any] = {}
    sizes: dict[Node, int] = {}  # elements that a value is computed from; 0: a view
    trained: set[Node] = set()
    updated = updated_attributes(module.graph)
    for node in module.graph.nodes:
        if node.op == "get_attr":
            if str(node.target) in updated:
                continue
            values[node] = operator.attrgetter(str(node.target))(module)
            sizes[node] = 0
            if getattr(values[node], "requires_grad", False):
                trained.add(node)
        elif _is_foldable(node, values) and node.all_input_nodes:
            if trained.intersection(node.all_input_nodes):
                trained.add(node)
            arguments = torch.fx.node.map_arg((node.args, node.kwargs), values.__getitem__)
            with torch.no_grad():
                values[node] = node.target(*arguments[0], **arguments[1])
            if _is_view(node):
                sizes[node] = max(sizes[source] for source in node.all_input_nodes)
            else:
                used = sum(_elements(values[source]) for source in node.all_input_nodes)
                sizes[node] = max([used, *(sizes[source] for source in node.all_input_nodes)])
    for node, value in values.items():
        inside = all(user in values for user in node.users)
        is_weight = isinstance(value, torch.Tensor) and value.is_floating_point()
        if inside or not is_weight or not 0 < value.numel() <= sizes[node]:
            continue
        name = f"{node.name}_folded"
        value = value.detach()
        copied = contiguous(value) if is_absent(value) else value.contiguous().clone()
        parameter = torch.nn.Parameter(copied, requires_grad=node in trained)
        module.register_parameter(name, parameter)
        with module.graph.inserting_before(node):
            folded = module.graph.get_attr(name)
        folded.meta = dict(node.meta)
        node.replace_all_uses_with(folded, lambda user: user not in values)
    module.graph.eliminate_dead_code()
    module.recompile()
    return module


def _is_view(node: Node) -> bool:
    if node.target is operator.getitem:
        return True
    schema = node.target._schema  # type: ignore[union-attr]
    return any(result.alias_info is not None for result in schema.returns)


def _elements(value: Any) -> int:
    if isinstance(value, (tuple, list)):
        return sum(_elements(item) for item in value)
    return value.numel() if isinstance(value, torch.Tensor) else 0


def _is_foldable(node: Node, values: dict[Node, Any]) -> bool:
    if node.op != "call_function" or any(use not in values for use in node.all_input_nodes):
        return False
    if node.target is operator.getitem:
        return True
    if not isinstance(node.target, torch._ops.OpOverload) or node.target.namespace != "aten":
        return False
    random = torch.Tag.nondeterministic_seeded in node.target.tags
    return not (random or node.target._schema.is_mutable)
