# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Computes on small and unsigned integers in wider signed ones, and on halves in float32.

Integers have no sign in linalg on tensors, and torch-mlir loses the sign of some on the way there.
So the graph that it gets computes on bool, int32, int64, float32 and float64 only: operands of
other integer types are extended (with zeros or with their sign), and results are cut back to their
type, which wraps around as PyTorch does; float16 and bfloat16 are rounded behind each op. What only
moves elements stays in the type, and so do the codes of quantized tensors, whose ops say their
type. torch-mlir knows no uint16, uint32 and uint64: tensors of these are taken for signed ones of
the same bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from pumice.frontend.decompositions.emitter import Emitter
from pumice.frontend.errors import FrontendError
from pumice.frontend.locations import LocationTable

__all__ = ["widen_integers"]

_aten = torch.ops.aten

#: The signed type of the same bits, where torch-mlir has no unsigned one.
_SAME_BITS = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}

#: Where arithmetic on a type is done.
_WIDE = {
    torch.uint8: torch.int32,
    torch.int8: torch.int32,
    torch.int16: torch.int32,
    torch.uint16: torch.int32,
    torch.uint32: torch.int64,
    torch.uint64: torch.int64,
    # PyTorch's own kernels compute these in float32 and round once.
    torch.float16: torch.float32,
    torch.bfloat16: torch.float32,
}
_HALVES = (torch.float16, torch.bfloat16)
#: Of types that torch-mlir takes for signed ones: it extends uint8 with zeros by itself.
_MASKS = {torch.uint16: 0xFFFF, torch.uint32: 0xFFFFFFFF}
_UNSIGNED = (torch.uint8, torch.uint16, torch.uint32, torch.uint64)
_BITS = {torch.uint8: 8, torch.int8: 8, torch.int16: 16, torch.uint16: 16, torch.uint32: 32}

#: Ops of which a result has the bits of an operand; by name, all overloads.
_MOVES = frozenset(
    """
    alias clone copy view _unsafe_view reshape permute transpose t expand slice select unsqueeze
    squeeze cat stack flip index_select gather index roll repeat split split_with_sizes unbind
    diagonal unfold contiguous detach lift_fresh_copy narrow masked_select _reshape_alias
    slice_scatter select_scatter embedding tile numpy_T flatten
    """.split()
)
#: Ops that torch-mlir takes no conditions for.
_NOT_OF_BOOL = ("clamp", "clamp_min", "clamp_max")
#: Ops that 64 bits without a sign have in common with those with one.
_MODULAR = frozenset(
    "add sub mul neg bitwise_and bitwise_or bitwise_xor bitwise_not eq ne where".split()
)


def widen_integers(module: GraphModule, table: LocationTable) -> None:
    """Rewrites a decomposed graph, in place.

    Raises:
        FrontendError: an op on 64 bits without a sign that differs from the one with a sign.
    """
    graph = module.graph
    unsigned: dict[Node, torch.dtype] = {}  # what a node's bits are, where torch-mlir has no such
    for node in list(graph.nodes):
        if node.op in ("placeholder", "get_attr"):
            _take_as_signed(module, node, unsigned)
        elif node.target is _aten._assert_tensor_metadata.default:
            graph.erase_node(node)  # of a cast, in the types from before
        elif node.op == "call_function" and node.target is not operator.getitem:
            try:
                _rewrite(node, unsigned)
            except _Unsupported as error:
                raise _located(node, table, str(error)) from None
    graph.eliminate_dead_code()


class _Unsupported(Exception):
    """What an op has no form for."""


def _located(node: Node, table: LocationTable, text: str) -> FrontendError:
    location = table.find(node.meta.get("stack_trace"))
    described = location.describe() if location else f"'{node.target}'"
    return FrontendError(
        f"op {described}: {text}",
        op=location.op if location else str(node.target),
        source=location.source if location else None,
    )


def _take_as_signed(module: GraphModule, node: Node, unsigned: dict[Node, torch.dtype]) -> None:
    value = node.meta.get("val")
    if node.op == "get_attr":
        value = getattr(module, str(node.target), None)
    if not isinstance(value, torch.Tensor) or value.dtype not in _SAME_BITS:
        return
    unsigned[node] = value.dtype
    if node.op == "get_attr":
        setattr(module, str(node.target), value.view(_SAME_BITS[value.dtype]))
    node.meta["val"] = node.meta["val"].to(_SAME_BITS[value.dtype])
    node.meta.pop("tensor_meta", None)


def _dtype(node: Any, unsigned: dict[Node, torch.dtype]) -> torch.dtype | None:
    """The type of a node's one tensor, as the model has it."""
    value = node.meta.get("val") if isinstance(node, Node) else None
    if isinstance(value, torch.Tensor):
        return unsigned.get(node, value.dtype)
    return None


def _rewrite(node: Node, unsigned: dict[Node, torch.dtype]) -> None:
    target: Any = node.target
    if getattr(target, "namespace", "") not in ("aten", "prims"):
        return
    values = node.meta.get("val")
    results = [
        value.dtype if isinstance(value, torch.Tensor) else None
        for value in (values if isinstance(values, (tuple, list)) else [values])
    ]
    operands = {source: _dtype(source, unsigned) for source in node.all_input_nodes}
    name = target._schema.name.partition("::")[2]
    if name in _NOT_OF_BOOL and torch.bool in operands.values():
        _compute(node, Emitter(node), name, results, unsigned)
        return
    if not any(dtype in _WIDE for dtype in [*results, *operands.values()]):
        return
    call = Emitter(node)
    if name in _MOVES or name == "where":
        _move(node, call, results, unsigned)
    elif name in ("_to_copy", "convert_element_type"):
        source = node.args[0]
        assert isinstance(source, Node)
        to = results[0]
        assert to is not None
        _replace(node, convert(call, source, operands[source], to), to, unsigned)
    elif not operands:
        _fill(node, call, results[0], unsigned)
    else:
        _compute(node, call, name, results, unsigned)


def _move(
    node: Node,
    call: Emitter,
    results: list[torch.dtype | None],
    unsigned: dict[Node, torch.dtype],
) -> None:
    """The op on the same bits; operands of a mixed `cat` or `where` are of one type first."""
    target: Any = node.target
    name = target._schema.name.partition("::")[2]
    to = results[0]
    if name in ("cat", "stack", "where") and to is not None:

        def same(source: Any) -> Any:
            if not isinstance(source, Node):
                return source
            dtype = _dtype(source, unsigned)
            if name == "where" and source is node.args[0]:
                return source
            return source if dtype == to else convert(call, source, dtype, to)

        args = torch.fx.node.map_arg(node.args, same)
        kwargs = torch.fx.node.map_arg(node.kwargs, same)
    else:
        args, kwargs = node.args, node.kwargs
    if not any(dtype in _SAME_BITS for dtype in results) and args == node.args:
        return
    new = call(target, *args, **kwargs)
    if len(results) == 1 and isinstance(node.meta.get("val"), torch.Tensor):
        _replace(node, new, to, unsigned)
        return
    _replace_items(node, new, results, unsigned, lambda item, index: item)


def _fill(
    node: Node, call: Emitter, to: torch.dtype | None, unsigned: dict[Node, torch.dtype]
) -> None:
    """A tensor out of nothing, made as wide integers."""
    if to is None or "dtype" not in node.kwargs:
        return
    wide = _WIDE[to]
    made = call(node.target, *node.args, **{**node.kwargs, "dtype": wide})
    _replace(node, convert(call, made, wide, to), to, unsigned)


def _compute(
    node: Node,
    call: Emitter,
    name: str,
    results: list[torch.dtype | None],
    unsigned: dict[Node, torch.dtype],
) -> None:
    operands = [_dtype(source, unsigned) for source in node.all_input_nodes]
    if torch.uint64 in [*operands, *results] and name not in _MODULAR:
        raise _Unsupported("uint64 is not supported, expected int64 or a smaller type")
    common = results[0] if results[0] in _WIDE else None
    if common is None and operands and operands[0] in _WIDE and results[0] is torch.bool:
        common = operands[0]  # of a comparison

    def wide(argument: Any) -> Any:
        if isinstance(argument, Node):
            dtype = _dtype(argument, unsigned)
            if dtype is torch.bool and name in _NOT_OF_BOOL:
                return call(_aten._to_copy.default, argument, dtype=torch.int32)
            return widen(call, argument, dtype) if dtype in _WIDE else argument
        return argument

    args = tuple(torch.fx.node.map_arg(node.args, wide))
    kwargs = dict(torch.fx.node.map_arg(node.kwargs, wide))
    made: Any = kwargs.get("dtype")
    if made in _WIDE:
        kwargs["dtype"] = _WIDE[made]
    if common is not None and ".Scalar" in f".{node.target}".replace("_Scalar", ".Scalar"):
        args = tuple(
            _wrapped(value, common) if type(value) is int and place else value
            for place, value in enumerate(args)
        )
    new = call(node.target, *args, **kwargs)
    if isinstance(new.meta["val"], torch.Tensor):
        to = results[0]
        made = new.meta["val"].dtype
        if to is not None and made != to:
            new = convert(call, new, made, to)
        _replace(node, new, to, unsigned)
        return

    def cut(item: Node, index: int) -> Node:
        to, made = results[index], item.meta["val"].dtype
        return item if to is None or made == to else convert(Emitter(node), item, made, to)

    _replace_items(node, new, results, unsigned, cut)


def _wrapped(value: int, dtype: torch.dtype) -> int:
    """A Python number as an element of a type, which is what PyTorch compares with."""
    bits = _BITS.get(dtype)
    if bits is None:
        return value
    value &= (1 << bits) - 1
    signed = dtype not in _UNSIGNED
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def widen(call: Emitter, source: Node, dtype: torch.dtype | None) -> Node:
    """The values of a tensor of a small or unsigned type, as signed integers that hold them."""
    assert dtype is not None
    wide = _WIDE[dtype]
    if source.meta["val"].dtype != wide:
        source = call(_aten._to_copy.default, source, dtype=wide)
    if dtype in _MASKS:
        # However the bits above were filled.
        source = call(_aten.bitwise_and.Scalar, source, _MASKS[dtype])
    return source


def convert(call: Emitter, source: Node, dtype: torch.dtype | None, to: torch.dtype) -> Node:
    """A tensor in another type; floats lose their fraction, integers the bits above."""
    assert dtype is not None
    if dtype == to:
        return source
    if dtype in _WIDE:
        if to == torch.uint64 and dtype in (torch.int8, torch.int16):
            source = call(_aten._to_copy.default, source, dtype=torch.int64)
        elif dtype is not torch.uint64 or to not in (torch.int64, torch.int32):
            if dtype is torch.uint64 and (to.is_floating_point or to is torch.bool):
                to_name = str(to).removeprefix("torch.")
                raise _Unsupported(f"a cast from uint64 to {to_name} is not supported")
            source = widen(call, source, dtype)
    elif to in _WIDE and to not in _HALVES and dtype.is_floating_point:
        source = call(_aten._to_copy.default, source, dtype=torch.int64)
    if to in _HALVES:
        source = _in_float(call, source)
    elif to in _WIDE and dtype in _HALVES:
        source = call(_aten._to_copy.default, source, dtype=torch.int64)
    bits = _SAME_BITS.get(to, to)
    if source.meta["val"].dtype == bits:
        # Another node for another type of the same bits.
        return call(_aten.clone.default, source) if dtype in _SAME_BITS or bits != to else source
    return call(_aten._to_copy.default, source, dtype=bits)


def _in_float(call: Emitter, source: Node) -> Node:
    """As PyTorch does it on the way to halves, from any type."""
    if source.meta["val"].dtype is torch.float32:
        return source
    return call(_aten._to_copy.default, source, dtype=torch.float32)


def _replace(
    node: Node, new: Node, to: torch.dtype | None, unsigned: dict[Node, torch.dtype]
) -> None:
    if to in _SAME_BITS:
        unsigned[new] = to
    node.replace_all_uses_with(new)
    node.graph.erase_node(node)


def _replace_items(
    node: Node,
    new: Node,
    results: list[torch.dtype | None],
    unsigned: dict[Node, torch.dtype],
    cut: Callable[[Node, int], Node],
) -> None:
    for item in list(node.users):
        index: Any = item.args[1]
        with node.graph.inserting_before(node):
            one = node.graph.call_function(operator.getitem, (new, index))
        one.meta = {**item.meta, "val": new.meta["val"][index]}
        one = cut(one, index)
        to = results[index]
        if to in _SAME_BITS:
            unsigned[one] = to
        item.replace_all_uses_with(one)
        node.graph.erase_node(item)
    node.graph.erase_node(node)
