# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Brings a decomposed graph into a form that torch-mlir takes without fault.

Dimensions count from the front, padding is not negative, and tensors without elements are gone:
what is computed of them alone is a constant.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch.fx import GraphModule, Node

from pumice.frontend.constants import tensor_node
from pumice.frontend.decompositions.emitter import Emitter
from pumice.frontend.errors import FrontendError
from pumice.frontend.locations import LocationTable

__all__ = ["fold_empty_tensors", "normalize_ops"]

_aten = torch.ops.aten

#: Ops that put a dimension in: they count to one more.
_ADDING = ("unsqueeze", "stack")
_DIM_NAMES = ("dim", "dims", "dim0", "dim1", "dim2", "start_dim", "end_dim", "axis")


def fold_empty_tensors(module: GraphModule, table: LocationTable) -> None:
    """Replaces what is computed of tensors without elements, and constants, by constants.

    Raises:
        FrontendError: an op makes elements of a tensor without elements and others.
    """
    values: dict[Node, Any] = {}
    for node in list(module.graph.nodes):
        if node.op == "placeholder":
            if _is_empty(node):
                values[node] = _zeros(node.meta["val"])
        elif node.op == "get_attr":
            value = getattr(module, str(node.target))
            if isinstance(value, torch.Tensor) and not value.numel():
                values[node] = value
        elif node.op == "call_function":
            _fold(module, node, values, table)
    for node, value in values.items():
        if node.op == "call_function" and isinstance(value, torch.Tensor):
            used = [user for user in node.users if user not in values]
            if used:
                constant = tensor_node(module, node, value)
                for user in used:
                    user.replace_input_with(node, constant)
    module.graph.eliminate_dead_code()


def _is_empty(node: Node) -> bool:
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.numel() == 0


def _zeros(value: torch.Tensor) -> torch.Tensor:
    return torch.zeros(tuple(value.shape), dtype=value.dtype)


def _fold(module: GraphModule, node: Node, values: dict[Node, Any], table: LocationTable) -> None:
    sources = node.all_input_nodes
    if _is_empty(node):
        values[node] = _zeros(node.meta["val"])
        return
    if not any(source in values for source in sources):
        return
    if node.target is operator.getitem:
        index: Any = node.args[1]
        values[node] = values[sources[0]][index]
        return
    constants = {
        source: getattr(module, str(source.target)) for source in sources if source.op == "get_attr"
    }
    if all(source in values or source in constants for source in sources):
        known = {**constants, **values}
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), known.__getitem__)
        target: Any = node.target
        with torch.no_grad():
            values[node] = target(*args, **kwargs)
        return
    if node.target is _aten.cat.default:
        parts: Any = node.args[0]
        node.args = ([part for part in parts if part not in values], *node.args[1:])
        return
    read = [values.get(source) for source in sources]
    if not any(isinstance(value, torch.Tensor) and not value.numel() for value in read):
        return  # what was folded has elements: it becomes a constant
    location = table.find(node.meta.get("stack_trace"))
    raise FrontendError(
        f"op {location.describe() if location else node.target} reads a tensor without elements,"
        " expected at least one element",
        op=location.op if location else str(node.target),
        source=location.source if location else None,
    )


def normalize_ops(module: GraphModule) -> None:
    """Counts dimensions from the front and writes negative padding as slices; in place."""
    for node in list(module.graph.nodes):
        if node.op != "call_function" or getattr(node.target, "namespace", "") != "aten":
            continue
        _count_from_front(node)
        if node.target is _aten.constant_pad_nd.default:
            _crop(node)


def _count_from_front(node: Node) -> None:
    target: Any = node.target
    arguments = target._schema.arguments
    first = next(iter(node.all_input_nodes), None)
    value = first.meta.get("val") if first is not None else None
    if not isinstance(value, torch.Tensor) or not value.dim():
        return
    rank = value.dim() + (target._schema.name.partition("::")[2] in _ADDING)

    def counted(argument: Any) -> Any:
        if isinstance(argument, bool) or not isinstance(argument, (int, list, tuple)):
            return argument
        if isinstance(argument, int):
            return argument + rank if argument < 0 else argument
        return [counted(item) for item in argument]

    args = list(node.args)
    for place, argument in enumerate(arguments):
        if argument.name not in _DIM_NAMES:
            continue
        if place < len(args):
            args[place] = counted(args[place])
        elif argument.name in node.kwargs:
            node.update_kwarg(argument.name, counted(node.kwargs[argument.name]))
    node.args = tuple(args)


def _crop(node: Node) -> None:
    """A negative width is that many elements less."""
    source, widths = node.args[:2]
    assert isinstance(source, Node)
    assert isinstance(widths, (list, tuple))
    sizes: list[Any] = list(widths)
    if min(sizes, default=0) >= 0:
        return
    call = Emitter(node)
    rank = source.meta["val"].dim()
    for place in range(len(sizes) // 2):
        before, after = sizes[2 * place : 2 * place + 2]
        dim = rank - 1 - place
        size = source.meta["val"].shape[dim]
        if before < 0 or after < 0:
            start, stop = max(-before, 0), size - max(-after, 0)
            source = call(_aten.slice.Tensor, source, dim, start, stop)
    left = [max(width, 0) for width in sizes]
    if any(left):
        source = call(_aten.constant_pad_nd.default, source, left, *node.args[2:])
    else:
        source = call(_aten.clone.default, source)
    node.replace_all_uses_with(source)
    node.graph.erase_node(node)
