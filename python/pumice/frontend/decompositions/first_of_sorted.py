# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rankings of many elements of which only the first ones are read."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch.fx import Graph, Node

from pumice.frontend.decompositions.scans import MOST_COMPARED, most_ranked

__all__ = ["rank_first_only", "ranking_of"]

_aten = torch.ops.aten


def ranking_of(node: Node) -> tuple[int, int, int, bool] | None:
    """How many elements are ranked of how many, the dimension, and whether the largest first."""
    if node.op != "call_function":
        return None
    arguments: dict[str, Any] = dict(node.kwargs)
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return None
    for argument, value in zip(schema.arguments, node.args, strict=False):
        arguments[argument.name] = value
    if node.target not in (
        _aten.sort.default,
        _aten.sort.stable,
        _aten.topk.default,
        _aten.kthvalue.default,
        _aten.median.dim,
    ):
        return None
    shape = arguments["self"].meta["val"].shape
    if not shape:
        return None
    dim = arguments.get("dim", -1)
    elements = shape[dim]
    count = arguments.get("k", elements)
    if node.target is _aten.median.dim:
        count = (elements + 1) // 2
    largest = arguments.get("largest", node.target is _aten.topk.default)
    return count, elements, dim % len(shape), arguments.get("descending", largest)


def rank_first_only(graph: Graph) -> bool:
    """Makes `topk` of sorts of many elements of which only the first few are read.

    Returns whether there are such. What follows reads the same elements.
    """
    changed = False
    for node in list(graph.nodes):
        ranking = ranking_of(node)
        if ranking is None or node.target not in (_aten.sort.default, _aten.sort.stable):
            continue
        _, elements, dim, descending = ranking
        if elements <= MOST_COMPARED:
            continue
        parts = list(node.users)
        if not all(part.target is operator.getitem for part in parts):
            continue
        ends = [_end_of(user, elements, dim) for part in parts for user in part.users]
        count = max([end or elements for end in ends], default=elements)
        if not 0 < count <= most_ranked(elements):
            continue
        with graph.inserting_before(node):
            first = graph.call_function(
                _aten.topk.default, (node.args[0], count, dim, bool(descending))
            )
        first.meta = {key: value for key, value in node.meta.items() if key != "val"}
        first.meta["val"] = tuple(part.narrow(dim, 0, count) for part in node.meta["val"])
        for part in parts:
            part.meta["val"] = first.meta["val"][part.args[1]]
        node.replace_all_uses_with(first)
        graph.erase_node(node)
        changed = True
    return changed


def _end_of(user: Node, elements: int, dim: int) -> int | None:
    """Behind the last element that is read; None if all may be."""
    rank = user.args[0].meta["val"].dim() if isinstance(user.args[0], Node) else 0
    along = user.args[1] if len(user.args) > 1 else 0
    if not isinstance(along, int) or not rank or along % rank != dim:
        return None
    if user.target is _aten.slice.Tensor and len(user.args) > 3:
        end = user.args[3]
        return end if isinstance(end, int) and 0 < end <= elements else None
    if user.target is _aten.select.int:
        at = user.args[2]
        return at + 1 if isinstance(at, int) and at >= 0 else None
    return None
