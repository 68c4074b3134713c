# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pumice's default PT2E quantizer.

Weights of conv and linear layers are int8, symmetric, with one scale per output channel and values
-127..127 (the range is symmetric so that a weight and its negative are both representable, which
differential encoding needs). Activations are uint8, affine, with one scale and zero point per
tensor and values 0..255. Fewer bits b use the same types: -(2^(b-1) - 1)..2^(b-1) - 1 and 0..2^b -
1.

A tensor is quantized if an integer layer uses it, directly or through ops that preserve the meaning
of its values (pooling, reshapes, concatenation, an activation function, a residual addition). It is
quantized once, where it is produced: after the activation function that follows a layer, not before
it. Max pooling, reshapes and concatenation share the quantization of their inputs; a part of a
concatenation that something else reads keeps its own scale and is requantized there. Both factors
of a product of two activations are quantized (attention: query and key, softmax and value, each
with its own scale). Everything else stays in float: outputs of the model, and tensors that only
float ops use.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Mapping
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e import (
    HistogramObserver,
    MinMaxObserver,
    PerChannelMinMaxObserver,
)
from torchao.quantization.pt2e.quantizer import (
    QuantizationAnnotation,
    QuantizationSpec,
    QuantizationSpecBase,
    Quantizer,
    SharedQuantizationSpec,
)

from pumice.frontend.image_inputs import is_bytes
from pumice.frontend.locations import module_path
from pumice.frontend.state import update_ops

__all__ = ["PumiceQuantizer", "calibrated_ends"]

_aten = torch.ops.aten

LAYERS = {
    _aten.conv1d.default,
    _aten.conv2d.default,
    _aten.conv2d.padding,
    _aten.conv1d.padding,
    _aten.convolution.default,
    _aten.linear.default,
    _aten.conv_transpose1d.default,
    _aten.conv_transpose2d.input,
}
# Weights of these are [inputs, outputs / groups, ...].
TRANSPOSED = {_aten.conv_transpose1d.default, _aten.conv_transpose2d.input}
# Of two activations.
PRODUCTS = {_aten.matmul.default, _aten.bmm.default, _aten.mm.default}
# f(x) elementwise, one input, not a parameter: computed on the accumulator's float value,
# then quantized.
ACTIVATIONS = {
    getattr(_aten, name).default
    for name in (
        "relu relu_ relu6 relu6_ hardtanh hardtanh_ hardswish hardswish_ hardsigmoid"
        " hardsigmoid_ silu silu_ sigmoid sigmoid_ tanh tanh_ gelu elu elu_ leaky_relu"
        " leaky_relu_ clamp clamp_ clamp_min mish mish_ softplus batch_norm"
    ).split()
}
# f(x, y) elementwise.
ADDITIONS = {getattr(_aten, name).Tensor for name in "add add_ sub sub_ mul mul_ div div_".split()}
# Outputs are a selection of the input's own values.
SAME_CODES = {
    _aten.max_pool2d.default,
    _aten.max_pool1d.default,
    _aten.flatten.using_ints,
    _aten.view.default,
    _aten.reshape.default,
    _aten.permute.default,
    _aten.transpose.int,
    _aten.squeeze.dim,
    _aten.squeeze.dims,
    _aten.squeeze.default,
    _aten.unsqueeze.default,
    _aten.unflatten.int,
    _aten.expand.default,
    _aten.t.default,
    _aten.slice.Tensor,
    _aten.select.int,
    _aten.contiguous.default,
    _aten.clone.default,
    _aten.dropout.default,
    _aten.dropout_.default,
    _aten.channel_shuffle.default,
    _aten.pixel_shuffle.default,
    _aten.upsample_nearest1d.vec,
    _aten.upsample_nearest2d.vec,
    _aten.pad.default,
    _aten.constant_pad_nd.default,
    _aten.repeat.default,
    _aten.flip.default,
    _aten.roll.default,
    _aten.pixel_unshuffle.default,
}
# A list of such selections; its items are codes when the source is.
SPLITS = {
    _aten.chunk.default,
    _aten.split.Tensor,
    _aten.split_with_sizes.default,
    _aten.split.sizes,
    _aten.unbind.int,
}
# Weighted sums of neighbours.
AVERAGES = {
    _aten.avg_pool2d.default,
    _aten.avg_pool1d.default,
    _aten.adaptive_avg_pool2d.default,
    _aten.adaptive_avg_pool1d.default,
    _aten.mean.dim,
    _aten.upsample_bilinear2d.vec,
    _aten.upsample_linear1d.vec,
    _aten.upsample_bicubic2d.vec,
}
CONCATENATIONS = {_aten.cat.default}
_FOLLOWED = ACTIVATIONS | ADDITIONS | SAME_CODES | AVERAGES | CONCATENATIONS

# The observers' own default (2^-12) would be a coarse floor for the scale of small weights.
_SMALLEST_SCALE = 2.0**-30


class _HistogramObserver(HistogramObserver):  # type: ignore[misc]
    """Weighs errors for the actual number of quantization levels, unlike torchao's observer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dst_nbins = self.quant_max - self.quant_min + 1

    def ends(self, scale: float, zero_point: int) -> tuple[float, float]:
        """Fractions of the values that became the least and the greatest quantized value."""
        counts = self.histogram.double()
        edges = torch.linspace(
            float(self.min_val), float(self.max_val), len(counts) + 1, dtype=torch.float64
        )
        codes = ((edges[:-1] + edges[1:]) / 2 / scale).round() + zero_point
        total = float(counts.sum()) or 1.0
        low, high = counts[codes <= self.quant_min].sum(), counts[codes >= self.quant_max].sum()
        return float(low) / total, float(high) / total


class _MinMaxObserver(MinMaxObserver):  # type: ignore[misc]
    """Counts the values at the ends of the range too.

    Those of earlier batches count as long as the end has not moved by half a step.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen, self._at = 0, [0, 0]
        self._ends = [0.0, 0.0]

    def forward(self, x_orig: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = super().forward(x_orig)
        if x_orig.numel():
            # A range without 0 is extended to it.
            ends = [min(float(self.min_val), 0.0), max(float(self.max_val), 0.0)]
            half = (ends[1] - ends[0]) / (self.quant_max - self.quant_min) / 2
            x = x_orig.detach()
            now = [int((x <= ends[0] + half).sum()), int((x >= ends[1] - half).sum())]
            for side in range(2):
                stays = abs(ends[side] - self._ends[side]) < half
                self._at[side] = now[side] + (self._at[side] if stays else 0)
            self._ends = ends
            self._seen += x.numel()
        return result

    def ends(self, scale: float, zero_point: int) -> tuple[float, float]:
        """Fractions of the values that became the least and the greatest quantized value."""
        return self._at[0] / max(self._seen, 1), self._at[1] / max(self._seen, 1)


def calibrated_ends(model: torch.nn.Module) -> Callable[[], list[tuple[float, int, float, float]]]:
    """What the observers of a prepared module know when PT2E has made scales of it.

    Returns:
        A function to call after the conversion, which removes the observers. For each scale: the
        zero point and the fractions of values that became the least and the greatest one.
    """
    observers = [
        module
        for module in model.modules()
        if isinstance(module, (_HistogramObserver, _MinMaxObserver))
    ]
    found: dict[tuple[float, int], tuple[float, float]] = {}
    for observer in observers:
        original = observer.calculate_qparams

        def recorded(observer: Any = observer, original: Any = original) -> Any:
            scale, zero_point = original()
            key = (float(scale), int(zero_point))
            known = found.get(key, (0.0, 0.0))  # of another tensor with the same range
            low, high = observer.ends(*key)
            found[key] = max(known[0], low), max(known[1], high)
            return scale, zero_point

        observer.calculate_qparams = recorded
    return lambda: [(*key, *ends) for key, ends in found.items()]


def weight_spec(axis: int, bits: int) -> QuantizationSpec:
    largest = 2 ** (bits - 1) - 1
    return QuantizationSpec(
        dtype=torch.int8,
        quant_min=-largest,
        quant_max=largest,
        qscheme=torch.per_channel_symmetric,
        ch_axis=axis,
        observer_or_fake_quant_ctr=PerChannelMinMaxObserver.with_args(eps=_SMALLEST_SCALE),
    )


def activation_spec(observer: Any, bits: int) -> QuantizationSpec:
    return QuantizationSpec(
        dtype=torch.uint8,
        quant_min=0,
        quant_max=2**bits - 1,
        qscheme=torch.per_tensor_affine,
        observer_or_fake_quant_ctr=observer.with_args(eps=_SMALLEST_SCALE),
    )


class PumiceQuantizer(Quantizer):  # type: ignore[misc]
    """PT2E quantizer with the scheme of this module.

    Args:
        observer: observer of activations. "minmax" (the whole range seen) does not depend on the
            order of the batches, is faster, and has the smaller error on held-out images for the
            trained digit networks of the zoo (0.7 against 0.8 % of the logits' deviation after 400
            images). "histogram" (least squared error over the values seen) cuts off rare outliers.
            Both are deterministic.
        attention: quantize products of two activations too; without, they stay float.
        weight_bits: bit width of weights, 2 to 8.
        activation_bits: bit width of activations, 2 to 8.
        layer_bits: bit widths of the weights of single layers, by module path.

    Raises:
        ValueError: no such observer, or a width out of range.
    """

    def __init__(
        self,
        observer: str = "minmax",
        *,
        attention: bool = True,
        weight_bits: int = 8,
        activation_bits: int = 8,
        layer_bits: Mapping[str, int] | None = None,
    ) -> None:
        observers = {"histogram": _HistogramObserver, "minmax": _MinMaxObserver}
        if observer not in observers:
            raise ValueError(f"expected an observer of {sorted(observers)}, got '{observer}'")
        widths = [("weight_bits", weight_bits), ("activation_bits", activation_bits)]
        widths += [(f"layer_bits of '{path}'", bits) for path, bits in (layer_bits or {}).items()]
        for name, bits in widths:
            if type(bits) is not int or not 2 <= bits <= 8:
                raise ValueError(f"expected {name} of 2 to 8, got {bits!r}")
        self._activation = activation_spec(observers[observer], activation_bits)
        self._bits = activation_bits
        self._weight_bits = weight_bits
        self._layer_bits = dict(layer_bits or {})
        self._attention = attention

    def annotate(self, model: GraphModule) -> GraphModule:
        """Writes `quantization_annotation` into the nodes' meta."""
        updates = update_ops(model.graph, lambda node: is_layer(node) or _is_product(node))
        wanted = used_as_codes(model, self._attention, self._takes, excluded=updates)
        with_codes: set[Node] = set()
        for node in model.graph.nodes:
            if node.op != "call_function" or "quantization_annotation" in node.meta:
                continue
            annotation = self._annotation(node, wanted, with_codes)
            if annotation is None:
                continue
            annotation._annotated = True
            node.meta["quantization_annotation"] = annotation
            if annotation.output_qspec is not None:
                with_codes.add(node)
        return model

    def validate(self, model: GraphModule) -> None:
        """Accepts every annotated graph: nodes without annotation stay in float."""

    def _takes(self, node: Node) -> bool:
        """Whether a layer is quantized."""
        return is_layer(node)

    def _weight_of(self, layer: Node) -> QuantizationSpec:
        bits = self._weight_bits
        if self._layer_bits:
            bits = self._layer_bits.get(module_path(layer), bits)
        return weight_spec(output_axis(layer), bits)

    def _codes_of(self, tensor: Node) -> QuantizationSpec:
        return self._activation

    def _annotation(
        self, node: Node, wanted: set[Node], with_codes: set[Node]
    ) -> QuantizationAnnotation | None:
        output: QuantizationSpecBase | None = None
        if node in wanted and not _continued_by_activation(node):
            output = self._codes_of(node)
        if node.target in LAYERS:
            if not self._takes(node):
                return None
            x: Any = node.args[0]
            weight: Any = node.args[1]
            inputs = {weight: self._weight_of(node)}
            if not (self._bits == 8 and is_bytes(x)):
                inputs[x] = self._codes_of(x)
            return QuantizationAnnotation(inputs, output)
        if self._attention and _is_product(node):
            factors = {factor: self._codes_of(factor) for factor in node.all_input_nodes}
            return QuantizationAnnotation(factors, output)
        if node not in wanted:
            return None
        if node.target in ACTIVATIONS | ADDITIONS | AVERAGES:
            return QuantizationAnnotation({}, output)
        if node.target in SAME_CODES:
            source = node.all_input_nodes[0]
            if source not in with_codes or len(node.all_input_nodes) != 1:
                return None
            shared = SharedQuantizationSpec(source)
            return QuantizationAnnotation({source: shared}, shared)
        split = _split_source(node)
        if split is not None:
            if split not in with_codes:
                return None
            return QuantizationAnnotation({}, SharedQuantizationSpec(split))
        if node.target in CONCATENATIONS:
            parts = dict.fromkeys(node.all_input_nodes)
            own = {part: self._codes_of(part) for part in parts if _is_read_elsewhere(part, node)}
            together = [part for part in parts if part not in own]
            if not together:
                return QuantizationAnnotation(own, self._codes_of(node))
            shared = SharedQuantizationSpec((together[0], node))
            inputs = {together[0]: self._codes_of(node), **dict.fromkeys(together[1:], shared)}
            return QuantizationAnnotation({**inputs, **own}, shared)
        return None


def is_layer(node: Node) -> bool:
    """True for layers whose weights are a float32 parameter or buffer.

    Not for transposed convolutions that are written as `aten.convolution`.
    """
    if node.target not in LAYERS:
        return False
    if node.target is _aten.convolution.default and node.args[6]:
        return False
    weight = node.args[1]
    if not isinstance(weight, Node) or weight is node.args[0]:
        return False
    value = weight.meta.get("val")
    return weight.op == "get_attr" and (value is None or value.dtype == torch.float32)


def output_axis(layer: Node) -> int:
    """The dimension of the output channels in a layer's weights."""
    return 1 if layer.target in TRANSPOSED else 0


def _is_product(node: Node) -> bool:
    """True for products of two computed tensors, each with a dimension that is not summed."""
    return node.target in PRODUCTS and all(
        factor.op != "get_attr" and _is_float(factor) and factor.meta["val"].dim() > 1
        for factor in node.all_input_nodes
    )


def _is_read_elsewhere(part: Node, concatenation: Node) -> bool:
    """Another op reads a part of a concatenation, for which a larger range would be a loss."""
    return any(user is not concatenation for user in part.users)


def _continued_by_activation(node: Node) -> bool:
    """Its only user is an activation function, after which the codes are taken instead.

    Or the addition of a constant to a layer's result.
    """
    continued = LAYERS | PRODUCTS | ADDITIONS | ACTIVATIONS
    if node.target not in continued or len(node.users) != 1:
        return False
    user = next(iter(node.users))
    if node.target in LAYERS and user.target is _aten.add.Tensor:
        return any(other.op == "get_attr" for other in user.all_input_nodes)
    return user.target in ACTIVATIONS


def used_as_codes(
    model: GraphModule,
    attention: bool,
    layers: Callable[[Node], bool] = is_layer,
    excluded: Container[Node] = (),
) -> set[Node]:
    """Float tensors that layers or products read as quantized values.

    They reach the input of one of `layers`, or a factor of a product of two activations, through
    ops that work on quantized values and are not `excluded`.
    """
    wanted: set[Node] = set()
    for node in reversed(model.graph.nodes):
        if node.op not in ("call_function", "placeholder") or not _is_float(node):
            continue
        if node in excluded:
            continue
        for user in node.users:
            enters = user.target in LAYERS and user.args[0] is node and layers(user)
            enters = enters or (attention and _is_product(user))
            follows = user.target in _FOLLOWED and user in wanted
            splits = user.target in SPLITS and any(item in wanted for item in user.users)
            if enters or follows or splits:
                wanted.add(node)
    return wanted


def _split_source(node: Node) -> Node | None:
    """The tensor from which a list was split, if `node` is an item of such a list."""
    if node.target is not operator.getitem:
        return None
    split = node.all_input_nodes[0]
    return split.all_input_nodes[0] if split.target in SPLITS else None


def _is_float(node: Node) -> bool:
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.dtype == torch.float32
