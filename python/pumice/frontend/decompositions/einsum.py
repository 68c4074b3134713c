# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.einsum of two operands as the product that it is: a layer, or a batch of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import Node

from pumice.frontend.decompositions.emitter import Emitter, arguments_of

__all__ = ["einsum"]

_aten = torch.ops.aten


def einsum(node: Node) -> Node | None:
    """`linear` if one operand is a parameter that shares no kept index, else `matmul`.

    None, which leaves the op as it is: not two operands, an ellipsis, an index twice in an operand
    or in one operand only and not in the result.
    """
    given = arguments_of(node)
    operands: Any = given["tensors"]
    equation = str(given["equation"]).replace(" ", "")
    inputs, arrow, output = equation.partition("->")
    names = inputs.split(",")
    if not arrow or "." in equation or len(operands) != 2 or len(names) != 2:
        return None
    if any(len(set(labels)) != len(labels) for labels in (*names, output)):
        return None
    (left, right), (a, b) = operands, names
    if left.op == "get_attr" and right.op != "get_attr":
        (left, right), (a, b) = (right, left), (b, a)
    both = set(a) & set(b)
    if (set(a) ^ set(b)) - set(output) or left.op == "get_attr":
        return None
    sizes = dict(zip(a + b, [*left.meta["val"].shape, *right.meta["val"].shape], strict=True))
    batch = [label for label in a if label in both and label in output]
    summed = [label for label in a if label in both and label not in output]
    free_a = [label for label in a if label not in both]
    free_b = [label for label in b if label not in both]
    if not summed:
        return None
    call = Emitter(node)

    def shaped(value: Node, groups: Sequence[Sequence[str]]) -> Node | None:
        return _reshaped(call, value, [[sizes[label] for label in group] for group in groups])

    # Every group of indices is one dimension of the product; the result has them apart again.
    singles = [[label] for label in (*batch, *free_a, *free_b)]
    rows = shaped(
        _ordered(call, left, a, [*batch, *free_a, *summed]), [*_each(batch), free_a, summed]
    )
    if rows is None:
        return None
    if right.op == "get_attr" and not batch:
        order = [b.index(label) for label in (*free_b, *summed)]
        width = math.prod(sizes[label] for label in free_b)
        matrix = call.derived_parameter(
            right,
            "as_" + "_".join(map(str, order)),
            lambda value: value.permute(order).reshape(width, -1),
        )
        product: Node | None = call(_aten.linear.default, rows, matrix)
    else:
        columns = shaped(
            _ordered(call, right, b, [*batch, *summed, *free_b]), [*_each(batch), summed, free_b]
        )
        product = columns and call(_aten.matmul.default, rows, columns)
    result = product and shaped(product, singles)
    return result and _ordered(call, result, "".join(label for (label,) in singles), output)


def _each(labels: Sequence[str]) -> list[list[str]]:
    return [[label] for label in labels]


def _ordered(call: Emitter, value: Node, labels: str, wanted: Sequence[str]) -> Node:
    order = [labels.index(label) for label in wanted]
    if order == list(range(len(order))):
        return value
    return call(_aten.permute.default, value, order)


def _reshaped(call: Emitter, value: Node, groups: Sequence[Sequence[Any]]) -> Node | None:
    """To one dimension for each group; None if more than one of them is not known yet."""
    shape = [math.prod(group) for group in groups]
    if len(shape) == value.meta["val"].dim() and all(len(group) == 1 for group in groups):
        return value
    unknown = [not isinstance(size, int) for size in shape]
    if sum(unknown) > 1:
        return None
    sizes = [-1 if free else size for free, size in zip(unknown, shape, strict=True)]
    return call(_aten.reshape.default, value, sizes)
