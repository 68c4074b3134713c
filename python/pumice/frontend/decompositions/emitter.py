# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes nodes into an exported graph in place of one that is taken apart."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.fx import Node

from pumice.frontend.absent import contiguous

__all__ = ["Emitter", "arguments_of", "named_arguments"]


class Emitter:
    """Writes nodes in front of `node`, with its meta and the shapes of their own values."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._mode = _fake_mode(node)

    def __call__(self, op: Any, *args: Any, **kwargs: Any) -> Node:
        """A call of an aten overload on nodes and plain values."""
        graph = self.node.graph
        with graph.inserting_before(self.node):
            new = graph.call_function(op, args, kwargs)
        new.meta = {
            key: value
            for key, value in self.node.meta.items()
            if key in ("nn_module_stack", "stack_trace", "torch_fn", "from_node")
        }
        with self._mode:
            new.meta["val"] = op(*map(_value, args), **{k: _value(v) for k, v in kwargs.items()})
        return new

    def constant(self, name: str, value: torch.Tensor) -> Node:
        """A constant of the module: one for all uses of a name, which stands for its value."""
        owner: Any = self.node.graph.owning_module
        dtype = str(value.dtype).removeprefix("torch.")
        name = f"{name}_{dtype}"
        if not hasattr(owner, name):
            owner.register_parameter(name, torch.nn.Parameter(value, requires_grad=False))
        with self.node.graph.inserting_before(self.node):
            new = self.node.graph.get_attr(name)
        new.meta = {"val": self._mode.from_tensor(value)}
        return new

    def item(self, results: Node, place: int) -> Node:
        """One of several results of a node."""
        with self.node.graph.inserting_before(self.node):
            new = self.node.graph.call_function(operator.getitem, (results, place))
        new.meta = {**results.meta, "val": results.meta["val"][place]}
        return new

    def fakes(self) -> Any:
        """The mode of the fake tensors in `meta["val"]`."""
        return self._mode

    def derived_parameter(
        self, parameter: Node, suffix: str, derive: Callable[[torch.Tensor], torch.Tensor]
    ) -> Node:
        """What `derive` makes of a parameter, stored: one new parameter for all of its uses."""
        graph = self.node.graph
        owner: Any = graph.owning_module
        name = f"{str(parameter.target).replace('.', '_')}_{suffix}"
        if not hasattr(owner, name):
            source = operator.attrgetter(str(parameter.target))(owner)
            value = contiguous(derive(source.detach()))
            owner.register_parameter(name, torch.nn.Parameter(value, source.requires_grad))
        with graph.inserting_before(self.node):
            new = graph.get_attr(name)
        with self._mode:
            new.meta = {**parameter.meta, "val": derive(_value(parameter)).contiguous()}
        return new


def _fake_mode(node: Node) -> Any:
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

    for source in (node, *node.all_input_nodes):
        values = source.meta.get("val")
        for value in values if isinstance(values, (tuple, list)) else [values]:
            if isinstance(value, FakeTensor):
                return value.fake_mode
    return FakeTensorMode()


def _value(arg: Any) -> Any:
    if isinstance(arg, Node):
        return arg.meta["val"]
    if isinstance(arg, (tuple, list)):
        return type(arg)(_value(item) for item in arg)
    return arg


def arguments_of(node: Node) -> dict[str, Any]:
    """Arguments by the names in the op's schema, defaults included."""
    return named_arguments(node.target, node.args, node.kwargs)


def named_arguments(target: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a call of an op by the names in its schema, defaults included."""
    schema = target._schema
    result = {arg.name: arg.default_value for arg in schema.arguments if arg.has_default_value()}
    result.update(zip((arg.name for arg in schema.arguments), args, strict=False))
    return {**result, **kwargs}
