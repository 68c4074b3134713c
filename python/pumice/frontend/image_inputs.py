# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folds the normalization of images into the first layer, before PT2E.

A model that takes images as bytes computes ``(x / 255 - mean) / std`` before its first layer. That
is ``a * x + b`` with one `a` and `b` per channel, so the layer can do it: its weights are
multiplied by `a`, and what it makes of `b` is a constant. Where the layer pads with zeros, that
constant differs at the border and is added per output position. The bytes are then the quantized
values of the layer: nothing is rounded before it. Their scale is a power of two, which is exact,
and their zero point the byte of the mean, so that errors of the weights do not add up over all
pixels.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.nn import functional

from pumice.frontend.decompositions.emitter import Emitter, arguments_of
from pumice.frontend.state import is_updated, written_by

__all__ = ["fold_normalization", "is_bytes"]

_aten = torch.ops.aten

_PERMUTES = {_aten.permute.default, _aten.transpose.int}
_COPIES = {
    _aten.contiguous.default, _aten.clone.default, _aten.to.dtype, _aten._to_copy.default,
    _aten.to.dtype_layout, _aten.detach.default,
}  # fmt: skip
_SCALES = {_aten.mul.Tensor, _aten.mul_.Tensor, _aten.div.Tensor, _aten.div_.Tensor}
_SHIFTS = {_aten.add.Tensor, _aten.add_.Tensor, _aten.sub.Tensor, _aten.sub_.Tensor}
_DIVISIONS = {_aten.div.Tensor, _aten.div_.Tensor}
_SUBTRACTIONS = {_aten.sub.Tensor, _aten.sub_.Tensor}
_CONVOLUTIONS: dict[Any, Any] = {
    _aten.conv1d.default: functional.conv1d,
    _aten.conv2d.default: functional.conv2d,
    _aten.conv1d.padding: functional.conv1d,
    _aten.conv2d.padding: functional.conv2d,
}
#: Of the bytes. The compiler knows a dequantize by its factor, so not 1.
_SCALE = 2.0**-8
_KEPT = {_aten.contiguous.default, _aten.clone.default, *_PERMUTES}


def is_bytes(node: Node) -> bool:
    """True for bytes that a layer reads as quantized values (`fold_normalization`)."""
    return node.target is _dequantize()


def _dequantize() -> Any:
    import torch.ao.quantization.fx._decomposed

    return torch.ops.quantized_decomposed.dequantize_per_tensor.default


def fold_normalization(model: GraphModule) -> None:
    """Rewrites the layers of an exported graph that read normalized bytes, in place.

    Left alone: what is not `a * x + b` per channel with constants, and layers that share weights.
    """
    for layer in list(model.graph.nodes):
        is_linear = layer.target is _aten.linear.default
        if not is_linear and layer.target not in _CONVOLUTIONS:
            continue
        weights = [node for node in layer.args[1:3] if isinstance(node, Node)]
        if any(node.op != "get_attr" or len(node.users) > 1 for node in weights):
            continue
        chain = _chain(layer.args[0])
        if chain is None or _is_written(model, chain):
            continue
        dim = layer.args[0].meta["val"].dim()
        rank = dim if is_linear else _tensor(model, layer.args[1]).dim()
        if dim != rank:
            continue  # without a batch
        found = _affine(model, chain, rank, rank - 1 if is_linear else 1)
        if found is not None:
            _fold(model, layer, chain, *found)
    model.graph.eliminate_dead_code()
    model.recompile()


def _dtype(node: Any) -> torch.dtype | None:
    value = node.meta.get("val") if isinstance(node, Node) else None
    return value.dtype if isinstance(value, torch.Tensor) else None


def _tensor(model: GraphModule, node: Any) -> torch.Tensor:
    found: torch.Tensor = operator.attrgetter(str(node.target))(model)
    return found.detach()


def _chain(node: Any) -> list[Node] | None:
    """The ops from a tensor of bytes to `node`, first one first; None if there are others."""
    chain: list[Node] = []
    while isinstance(node, Node) and node.op == "call_function":
        if node.target not in _PERMUTES | _COPIES | _SCALES | _SHIFTS or node.kwargs.get("alpha"):
            return None
        if _dtype(node) not in (torch.float32, torch.uint8):
            return None
        chain.insert(0, node)
        source = node.args[0]
        if _dtype(source) is torch.uint8:
            # Arithmetic on bytes wraps around.
            return chain if _dtype(node) is torch.float32 or node.target in _KEPT else None
        node = source
    return None


def _is_written(model: GraphModule, chain: list[Node]) -> bool:
    """An op outside of the chain writes to one of its tensors."""
    read = {*chain, chain[0].args[0]}
    others = (node for node in model.graph.nodes if node not in read)
    return any(read.intersection(written_by(node)) for node in others)


def _affine(
    model: GraphModule, chain: list[Node], rank: int, channel: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """`a` and `b` per channel, in float64; None if the chain is not of that form."""
    a, b = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for node in chain:
        if node.target in _PERMUTES:
            a, b = (_permuted(value, node) for value in (a, b))
        elif node.target in _SCALES | _SHIFTS:
            other: Any = node.args[1]
            if isinstance(other, Node):
                if other.op != "get_attr" or is_updated(other):
                    return None
                other = _tensor(model, other)
            other = torch.as_tensor(other, dtype=torch.float64)
            if node.target in _SHIFTS:
                b = b - other if node.target in _SUBTRACTIONS else b + other
            elif node.target in _DIVISIONS:
                a, b = a / other, b / other
            else:
                a, b = a * other, b * other
    channels = chain[-1].meta["val"].shape[channel]
    result = []
    for value in (a, b):
        if value.dim() > rank or not bool(torch.isfinite(value).all()):
            return None
        value = value.reshape([1] * (rank - value.dim()) + list(value.shape)).movedim(channel, 0)
        if value[0].numel() != 1:
            return None
        result.append(value.flatten().expand(channels))
    return result[0], result[1]


def _permuted(value: torch.Tensor, node: Node) -> torch.Tensor:
    if not value.dim():
        return value
    rank = node.meta["val"].dim()
    op: Any = node.target
    full: torch.Tensor = op(
        value.reshape([1] * (rank - value.dim()) + list(value.shape)), *node.args[1:]
    )
    return full


def _fold(
    model: GraphModule, layer: Node, chain: list[Node], a: torch.Tensor, b: torch.Tensor
) -> None:
    weight, given = _tensor(model, layer.args[1]).double(), arguments_of(layer)
    zero_point = round(float((-b / a).mean().clamp(0, 255))) if bool((a != 0).all()) else 0
    b = b + a * zero_point
    groups = given.get("groups", 1)
    outputs, inputs = weight.shape[:2]
    per_output = a.reshape(groups, inputs).repeat_interleave(outputs // groups, 0)
    scaled = weight * per_output.reshape(outputs, inputs, *[1] * (weight.dim() - 2))
    constant = _constant_part(layer, given, weight, b)
    if constant is None:
        return
    call = Emitter(layer)
    x: Any = chain[0].args[0]
    for node in chain:
        if node.target in _PERMUTES:
            x = call(node.target, x, *node.args[1:])
    x = call(_dequantize(), x, _SCALE, zero_point, 0, 255, torch.uint8)
    before = layer.args[0]
    args: list[Any] = [*layer.args, None][: max(len(layer.args), 3)]
    args[:2] = x, call.derived_parameter(args[1], "of_bytes", lambda _: (scaled / _SCALE).float())
    if constant.dim() == 1:
        if args[2] is not None:
            constant = constant + _tensor(model, args[2])
        name = f"{str(layer.args[1].target).replace('.', '_')}_bias_of_bytes"  # type: ignore[union-attr]
        if bool(constant.any()):
            args[2] = _parameter(model, call, name, constant.float())
        layer.args = tuple(args)
        _erase_unused(before)
        return
    layer.args = tuple(args)
    _erase_unused(before)
    name = f"{str(args[1].target).replace('.', '_')}_border"
    with model.graph.inserting_after(layer):
        added = model.graph.call_function(_aten.add.Tensor, (layer, layer))
    added.meta = dict(layer.meta)
    layer.replace_all_uses_with(added, lambda user: user is not added)
    added.args = (layer, _parameter(model, call, name, constant.float()))


def _erase_unused(node: Any) -> None:
    """Erases a node that only checks of its type read, and so on upwards. Some write in place."""
    while isinstance(node, Node) and node.op == "call_function":
        if any(user.target is not _aten._assert_tensor_metadata.default for user in node.users):
            return
        source = node.args[0]
        for user in (*node.users, node):
            node.graph.erase_node(user)
        node = source


def _constant_part(
    layer: Node, given: dict[str, Any], weight: torch.Tensor, b: torch.Tensor
) -> torch.Tensor | None:
    """What the layer makes of `b`: per output channel, or, where it pads, per position too."""
    if layer.target is _aten.linear.default:
        return weight @ b
    names = ("stride", "padding", "dilation", "groups")
    options: dict[str, Any] = {name: given[name] for name in names if name in given}
    outputs = weight.shape[0]
    whole = b.reshape(options.get("groups", 1), -1).repeat_interleave(
        outputs // options.get("groups", 1), 0
    )
    vector = (weight.flatten(2).sum(2) * whole).sum(1)
    padding = options.get("padding", 0)
    pads = padding not in (0, "valid") and any([padding] if isinstance(padding, str) else padding)
    if not pads or not bool(b.any()):
        return vector
    sizes = list(layer.args[0].meta["val"].shape[2:])  # type: ignore[union-attr]
    if not all(isinstance(size, int) for size in sizes) or math.prod(sizes) == 0:
        return None
    field = b.reshape(1, -1, *[1] * len(sizes)).expand(1, len(b), *sizes)
    positions: torch.Tensor = _CONVOLUTIONS[layer.target](field, weight, None, **options)
    return positions


def _parameter(model: GraphModule, call: Emitter, name: str, value: torch.Tensor) -> Node:
    model.register_parameter(name, torch.nn.Parameter(value, requires_grad=False))
    with model.graph.inserting_before(call.node):
        node = model.graph.get_attr(name)
    fake = call.node.meta["val"].fake_mode
    node.meta = {"val": fake.from_tensor(value)}
    return node
