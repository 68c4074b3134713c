# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes ops apart that hide what can be quantized, before PT2E looks for it.

PT2E sees `scaled_dot_product_attention` as one op and could only quantize around it.
`decompose_ops` replaces such ops in an exported graph by aten ops of the same meaning; each
new node keeps the module path and the source line of the op that it comes from. Ops without an
entry in `DECOMPOSITIONS` stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

__all__ = ["DECOMPOSITIONS", "Emitter", "decompose_ops"]

_aten = torch.ops.aten


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


def _arguments(node: Node) -> dict[str, Any]:
    """Arguments by the names in the op's schema, defaults included."""
    schema = node.target._schema  # type: ignore[union-attr]
    result = {arg.name: arg.default_value for arg in schema.arguments if arg.has_default_value()}
    result.update(zip((arg.name for arg in schema.arguments), node.args, strict=False))
    return {**result, **node.kwargs}


def _attention(node: Node) -> Node | None:
    """softmax(query key^T scale + mask) value, as torch.nn.functional documents it.

    A query that the mask keeps from every key gets zeros, not NaN.
    """
    call, given = Emitter(node), _arguments(node)
    query, key, value, mask = (given[name] for name in ("query", "key", "value", "attn_mask"))
    if given["dropout_p"]:
        return None  # random: refused later, by its name
    if given["enable_gqa"]:
        key, value = (_repeat_heads(call, query, heads) for heads in (key, value))
    size, width = query.meta["val"].shape[-2:]
    scale = given["scale"] if given["scale"] is not None else width**-0.5
    products = call(_aten.matmul.default, query, call(_aten.transpose.int, key, -2, -1))
    scores = call(_aten.mul.Tensor, products, float(scale))
    sees_some: Node | None = None
    if given["is_causal"]:
        ones = call(_aten.ones.default, [size, key.meta["val"].shape[-2]], dtype=torch.bool)
        mask = call(_aten.tril.default, ones)
    elif mask is not None:
        kept = mask
        if mask.meta["val"].dtype != torch.bool:
            kept = call(_aten.ne.Scalar, mask, float("-inf"))
        sees_some = call(_aten.any.dim, kept, -1, True)
    if mask is not None and mask.meta["val"].dtype == torch.bool:
        lowest = call(_aten.scalar_tensor.default, float("-inf"), dtype=scores.meta["val"].dtype)
        scores = call(_aten.where.self, mask, scores, lowest)
    elif mask is not None:
        scores = call(_aten.add.Tensor, scores, mask)
    weights = call(_aten.softmax.int, scores, -1)
    if sees_some is not None:
        zero = call(_aten.scalar_tensor.default, 0.0, dtype=scores.meta["val"].dtype)
        weights = call(_aten.where.self, sees_some, weights, zero)
    return call(_aten.matmul.default, weights, value)


def _repeat_heads(call: Emitter, query: Node, heads: Node) -> Node:
    """Key or value heads, each as often as queries share it."""
    times = query.meta["val"].shape[-3] // heads.meta["val"].shape[-3]
    if times == 1:
        return heads
    shape = [-1] * (heads.meta["val"].dim() + 1)
    shape[-3] = times
    wider = call(_aten.expand.default, call(_aten.unsqueeze.default, heads, -3), shape)
    return call(_aten.flatten.using_ints, wider, -4, -3)


def _baddbmm(node: Node) -> Node:
    """beta * self + alpha * (batch1 @ batch2)."""
    call, given = Emitter(node), _arguments(node)
    product = call(_aten.bmm.default, given["batch1"], given["batch2"])
    if given["alpha"] != 1:
        product = call(_aten.mul.Tensor, product, given["alpha"])
    if given["beta"] == 0:  # even if it holds NaN
        return product
    added = given["self"]
    if given["beta"] != 1:
        added = call(_aten.mul.Tensor, added, given["beta"])
    return call(_aten.add.Tensor, product, added)


#: What an op becomes: writes nodes in front of it and returns the one that stands for it; None
#: leaves the op as it is.
DECOMPOSITIONS: dict[Any, Callable[[Node], Node | None]] = {
    _aten.scaled_dot_product_attention.default: _attention,
    _aten.baddbmm.default: _baddbmm,
}


def decompose_ops(graph_module: GraphModule) -> GraphModule:
    """Applies `DECOMPOSITIONS` to a graph of torch.export, in place."""
    graph = graph_module.graph
    for node in list(graph.nodes):
        decompose = DECOMPOSITIONS.get(node.target) if node.op == "call_function" else None
        made = decompose(node) if decompose else None
        if made is not None:
            node.replace_all_uses_with(made)
            graph.erase_node(node)
    graph_module.recompile()
    return graph_module
