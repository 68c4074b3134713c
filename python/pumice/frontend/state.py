# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Buffers that a model updates: key-value caches, running statistics, counters."""

from __future__ import annotations

from typing import Any

from torch.fx import Graph, Node

__all__ = ["is_updated", "updated_attributes", "written_by"]


def updated_attributes(graph: Graph) -> set[str]:
    """Attributes of a module that ops of its graph write to, directly or through views."""
    written = (node for op in graph.nodes for node in written_by(op))
    return {str(node.target) for node in written if node.op == "get_attr"}


def written_by(op: Node) -> list[Node]:
    """Nodes whose tensors an op may write to: its operands, and what those may be views of."""
    schema = getattr(op.target, "_schema", None)
    if op.op != "call_function" or schema is None or not schema.is_mutable:
        return []
    found: list[Node] = []
    for argument, value in zip(schema.arguments, op.args, strict=False):
        node: Any = value
        written = argument.alias_info is not None and argument.alias_info.is_write
        while written and isinstance(node, Node):
            found.append(node)
            node = next(iter(node.all_input_nodes), None)
    return found


def is_updated(node: Node) -> bool:
    """True for an attribute that its graph writes to."""
    return node.op == "get_attr" and str(node.target) in updated_attributes(node.graph)
