# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pairs of real nodes that stand for complex values, and products of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from pumice.frontend.decompositions.emitter import Emitter

__all__ = ["Pair", "conjugated", "leaves", "multilinear", "part_of", "product", "real_op"]

_aten = torch.ops.aten


@dataclass(frozen=True)
class Pair:
    """The parts of a complex value: nodes of the same shape and type."""

    re: Node
    im: Node

    def map(self, op: Callable[[Node], Node]) -> Pair:
        """What an op that acts on each part makes of both."""
        return Pair(op(self.re), op(self.im))

    @classmethod
    def of_number(cls, number: complex, op: Callable[[float], Node]) -> Pair:
        """What an op makes of the parts of a number."""
        value = complex(number)
        return cls(op(value.real), op(value.imag))


def leaves(value: Any) -> list[Any]:
    """The items of nested lists, or the value itself."""
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def part_of(value: Any, place: int) -> Any:
    """The real (0) or imaginary (1) part of a value, of all values in a list."""
    if isinstance(value, Pair):
        return (value.re, value.im)[place]
    if isinstance(value, (tuple, list)):
        return [part_of(item, place) for item in value]
    return value


def real_op(call: Emitter, op: Any, left: Any, right: Any) -> Node:
    """Arithmetic of nodes and numbers; a number on the left becomes a node."""
    if not isinstance(left, Node):
        dtype = right.meta["val"].dtype
        left = call(_aten.full.default, [], left, dtype=dtype)
    if not isinstance(right, Node):
        scalar = {_aten.add.Tensor: _aten.add.Scalar, _aten.sub.Tensor: _aten.sub.Scalar}
        scalar |= {_aten.mul.Tensor: _aten.mul.Scalar, _aten.div.Tensor: _aten.div.Scalar}
        return call(scalar[op], left, right)
    return call(op, left, right)


def multilinear(call: Emitter, operands: Sequence[Any], op: Callable[..., Node]) -> Any:
    """An op that is linear in each operand: the sum over the parts of all of them."""
    choices = [(0, 1) if isinstance(operand, Pair) else (0,) for operand in operands]
    sums: list[Node | None] = [None, None]
    for places in itertools.product(*choices):
        term = op(*(part_of(value, place) for value, place in zip(operands, places, strict=True)))
        count = sum(places)  # factors of i
        negative, place = count % 4 >= 2, count % 2
        known = sums[place]
        if known is None:
            sums[place] = call(_aten.neg.default, term) if negative else term
        else:
            sums[place] = call(_aten.sub.Tensor if negative else _aten.add.Tensor, known, term)
    if sums[1] is None:
        return sums[0]
    assert sums[0] is not None
    return Pair(sums[0], sums[1])


def product(call: Emitter, left: Any, right: Any) -> Any:
    """left * right, elementwise."""
    return multilinear(call, (left, right), lambda a, b: real_op(call, _aten.mul.Tensor, a, b))


def conjugated(call: Emitter, value: Pair) -> Pair:
    """A value with the other sign of its imaginary part."""
    return Pair(value.re, call(_aten.neg.default, value.im))
