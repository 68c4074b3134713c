# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes ops apart that hide what can be quantized, before PT2E looks for it.

PT2E sees `scaled_dot_product_attention` or a whole LSTM as one op and could only quantize around
it. `decompose_ops` replaces such ops in an exported graph by aten ops of the same meaning; each
new node keeps the module path and the source line of the op that it comes from. Products with a
constant matrix become `aten.linear`, whatever they are written as. Ops without an entry in
`DECOMPOSITIONS` stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from pumice.frontend.decompositions.einsum import einsum
from pumice.frontend.decompositions.emitter import Emitter, arguments_of
from pumice.frontend.decompositions.recurrent import gru, lstm, rnn_relu, rnn_tanh
from pumice.frontend.decompositions.undecomposed_ops import block_weights, weight_blocks

__all__ = ["DECOMPOSITIONS", "decompose_ops"]

_aten = torch.ops.aten


def _attention(node: Node) -> Node | None:
    """softmax(query key^T scale + mask) value, as torch.nn.functional documents it.

    A query that the mask keeps from every key gets zeros, not NaN.
    """
    call, given = Emitter(node), arguments_of(node)
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
    call, given = Emitter(node), arguments_of(node)
    product = call(_aten.bmm.default, given["batch1"], given["batch2"])
    return _added(call, product, given)


def _added(call: Emitter, product: Node, given: dict[str, Any]) -> Node:
    """beta * self + alpha * product."""
    if given["alpha"] != 1:
        product = call(_aten.mul.Tensor, product, given["alpha"])
    if given["beta"] == 0:  # even if it holds NaN
        return product
    added = given["self"]
    if given["beta"] != 1:
        added = call(_aten.mul.Tensor, added, given["beta"])
    return call(_aten.add.Tensor, product, added)


def _addmm(node: Node) -> Node | None:
    """beta * self + alpha * (mat1 @ mat2), if mat2 is constant."""
    call, given = Emitter(node), arguments_of(node)
    weight = _rows_of_outputs(call, given["mat2"])
    if weight is None:
        return None
    added = given["self"]
    plain = given["beta"] == 1 and given["alpha"] == 1
    if plain and added.op == "get_attr" and added.meta["val"].dim() == 1:
        width = weight.meta["val"].shape[0]
        if added.meta["val"].shape[0] == width:
            return call(_aten.linear.default, given["mat1"], weight, added)
    product = call(_aten.linear.default, given["mat1"], weight)
    return _added(call, product, given)


def _conv3d(node: Node) -> Node | None:
    """One 2-D convolution: each output frame is an image, of the input frames under its kernel.

    (N, C, D, H, W) becomes (N * frames, C * KD, H, W); weights (O, C / groups, KD, KH, KW) the
    same way, so that groups stay what they are.
    """
    call, given = Emitter(node), arguments_of(node)
    weight = given["weight"]
    if weight.op != "get_attr" or given["input"].meta["val"].dim() != 5:
        return None
    outputs, _, depth, *kernel = weight.meta["val"].shape
    (stride, *strides), (dilation, *dilations) = _three(given["stride"]), _three(given["dilation"])
    padding: Any = given["padding"]
    if padding == "valid":
        padding = 0
    elif padding == "same":
        pairs = zip([dilation, *dilations], [depth, *kernel], strict=True)
        reach = [d * (k - 1) for d, k in pairs]
        if any(size % 2 for size in reach):
            return None  # more on one side than on the other
        padding = [size // 2 for size in reach]
    pad, *pads = _three(padding)
    images = given["input"]
    if pad:
        images = call(_aten.constant_pad_nd.default, images, [0, 0, 0, 0, pad, pad], 0.0)
    _, channels, size, height, width = images.meta["val"].shape
    frames = (size - dilation * (depth - 1) - 1) // stride + 1
    taps = [
        call(
            _aten.slice.Tensor,
            images,
            2,
            tap * dilation,
            tap * dilation + (frames - 1) * stride + 1,
            stride,
        )
        for tap in range(depth)
    ]
    # (N, C, KD, frames, H, W), then frames before channels.
    taps = [call(_aten.unsqueeze.default, tap, 2) for tap in taps]
    stacked = call(_aten.cat.default, taps, 2) if depth > 1 else taps[0]
    stacked = call(_aten.permute.default, stacked, [0, 3, 1, 2, 4, 5])
    flat = call(_aten.reshape.default, stacked, [-1, channels * depth, height, width])
    matrix = call.derived_parameter(
        weight, "of_frames", lambda value: value.reshape(outputs, -1, *kernel)
    )
    result = call(
        _aten.conv2d.default,
        flat,
        matrix,
        given["bias"],
        strides,
        pads,
        dilations,
        given["groups"],
    )
    image = list(result.meta["val"].shape[2:])
    result = call(_aten.reshape.default, result, [-1, frames, outputs, *image])
    return call(_aten.permute.default, result, [0, 2, 1, 3, 4])


def _three(value: Any) -> list[int]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return values * 3 if len(values) == 1 else values


def _product(node: Node) -> Node | None:
    """A product with a constant matrix on its right or, of matrices, on its left."""
    left, right = node.args
    call = Emitter(node)
    if not isinstance(left, Node) or not isinstance(right, Node) or left.meta["val"].dim() < 1:
        return None
    if left.op != "get_attr":
        weight = _rows_of_outputs(call, right)
        return None if weight is None else call(_aten.linear.default, left, weight)
    if right.op == "get_attr" or right.meta["val"].dim() < 2 or not _is_matrix(left):
        return None
    columns = call(_aten.transpose.int, right, -1, -2)
    return call(_aten.transpose.int, call(_aten.linear.default, columns, left), -1, -2)


def _rows_of_outputs(call: Emitter, matrix: Any) -> Node | None:
    """The transpose of a constant [inputs, outputs]; None for what is computed."""
    if not isinstance(matrix, Node) or not _is_matrix(matrix):
        return None
    if matrix.op == "get_attr":
        return call.derived_parameter(matrix, "transposed", torch.t)
    source = matrix.all_input_nodes[0] if _is_transpose(matrix) else None
    return source if source is not None and source.op == "get_attr" else None


def _depthwise_transposed(node: Node) -> Node | None:
    """Groups of a few channels in place of one each: see `block_weights`."""
    call, given = Emitter(node), arguments_of(node)
    weight, groups = given["weight"], given["groups"]
    blocks = weight_blocks(weight.meta["val"].shape, groups)
    if weight.op != "get_attr" or blocks is None:
        return None
    wide = call.derived_parameter(weight, "blocks", lambda value: block_weights(value, blocks))
    rest = [given[name] for name in ("bias", "stride", "padding", "output_padding")]
    target: Any = node.target
    return call(target, given["input"], wide, *rest, groups // blocks, given["dilation"])


def _is_transpose(matrix: Node) -> bool:
    """Of a matrix, however it is written."""
    if matrix.target is _aten.permute.default:
        order: Any = matrix.args[1]
    elif matrix.target is _aten.transpose.int:
        order = matrix.args[1:]
    else:
        return matrix.target in (_aten.t.default, _aten.numpy_T.default)
    dims = [dim % 2 for dim in order]
    return dims == [1, 0] or (matrix.target is _aten.transpose.int and dims == [0, 1])


def _is_matrix(node: Node) -> bool:
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.dim() == 2 and value.is_floating_point()


#: What an op becomes: writes nodes in front of it and returns the one that stands for it, or a
#: tuple for an op with several results; None leaves the op as it is.
DECOMPOSITIONS: dict[Any, Callable[[Node], Node | tuple[Node, ...] | None]] = {
    _aten.scaled_dot_product_attention.default: _attention,
    _aten.baddbmm.default: _baddbmm,
    _aten.addmm.default: _addmm,
    _aten.mm.default: _product,
    _aten.matmul.default: _product,
    _aten.einsum.default: einsum,
    _aten.conv3d.default: _conv3d,
    _aten.conv3d.padding: _conv3d,
    _aten.conv_transpose1d.default: _depthwise_transposed,
    _aten.conv_transpose2d.input: _depthwise_transposed,
    _aten.lstm.input: lstm,
    _aten.gru.input: gru,
    _aten.rnn_tanh.input: rnn_tanh,
    _aten.rnn_relu.input: rnn_relu,
}


def decompose_ops(graph_module: GraphModule) -> GraphModule:
    """Applies `DECOMPOSITIONS` to a graph of torch.export, in place."""
    graph = graph_module.graph
    for node in list(graph.nodes):
        decompose = DECOMPOSITIONS.get(node.target) if node.op == "call_function" else None
        made = decompose(node) if decompose else None
        if made is None:
            continue
        if isinstance(made, tuple):
            _replace_items(node, made)
        else:
            node.replace_all_uses_with(made)
        graph.erase_node(node)
    graph.eliminate_dead_code()
    graph_module.recompile()
    return graph_module


def _replace_items(node: Node, made: tuple[Node, ...]) -> None:
    for item in list(node.users):  # each takes one result, by its place
        place: Any = item.args[1]
        item.replace_all_uses_with(made[place])
        node.graph.erase_node(item)
