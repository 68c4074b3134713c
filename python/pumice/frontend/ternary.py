# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ternary weights and activations of few bits, by training with straight-through gradients.

The exported graph of the model is trained, with fake quantization where `PumiceQuantizer`
quantizes. Batch norms are folded only in the conversion: every output channel has its own threshold
and scale, so folding a batch norm into a layer changes only scales.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e.quantizer import QuantizationSpec

from pumice.frontend.batch_norms import fold_batch_norms
from pumice.frontend.constants import fold_weights
from pumice.frontend.convertible import ConvertibleNetwork
from pumice.frontend.decompositions.before_quantization import decompose_ops
from pumice.frontend.errors import FrontendError
from pumice.frontend.fake_quantize import Activations, EightBitWeights, TernaryWeights
from pumice.frontend.pt2e import (
    calibrate,
    calibration_of,
    convert,
    export_any_batch,
    own_batch_norms,
)
from pumice.frontend.ptq import is_quantized
from pumice.frontend.quantizer import (
    LAYERS,
    SAME_CODES,
    PumiceQuantizer,
    activation_spec,
    is_layer,
    output_axis,
    used_as_codes,
    weight_spec,
)
from pumice.frontend.silence import quiet
from pumice.frontend.training import (
    is_within,
    mark_coded,
    name_of,
    observe,
    observe_weights,
    set_training,
    step,
)

__all__ = ["TernaryNetwork", "ternarize"]


def ternarize(
    model: torch.nn.Module,
    calibration_inputs: Any,
    *,
    example_inputs: Any = None,
    activation_bits: int = 4,
    sparsity: float | None = None,
    keep: Iterable[str] = (),
) -> TernaryNetwork:
    """Makes a network whose convolutions and linear layers have weights of -a, 0 and a.

    There is an a for each output channel. The result can be trained (quantization-aware training)
    or converted directly (post-training quantization).

    Args:
        model: a float module, trained or not; it is not changed.
        calibration_inputs: as for `quantize`; ranges of activations start from these and change in
            training.
        example_inputs: as for `quantize`.
        activation_bits: bit width of activations, 2 to 8.
        sparsity: the part of each output's weights to be 0, from 0 to less than 1; None means the
            threshold of ternary weight networks (Li and Liu 2016), 0.7 of the mean magnitude, which
            gives a sparsity of about 0.4.
        keep: paths of layers, or of modules that contain them, that keep 8-bit weights; inputs that
            only such layers read have 8 bits as well. Typically the first and the last layer.

    Raises:
        FrontendError: not a float module; no layer to ternarize; no layer with a name to keep;
            otherwise as for `quantize`.
        ValueError: activation_bits or sparsity out of range; a string to keep.
    """
    if not isinstance(model, torch.nn.Module):
        raise FrontendError(f"expected a torch.nn.Module, got {type(model).__name__}")
    if isinstance(model, ConvertibleNetwork) or is_quantized(model):
        raise FrontendError("expected a float model, got one that is quantized already")
    if sparsity is not None and not 0 <= sparsity < 1:
        raise ValueError(f"expected a sparsity of at least 0 and less than 1, got {sparsity!r}")
    if isinstance(keep, str):
        raise ValueError(f"expected names of layers to keep, got the string '{keep}'")
    quantizer = _TernaryQuantizer(activation_bits, sparsity, tuple(keep))
    example, items = calibration_of(model, calibration_inputs, example_inputs)
    with quiet():
        from torchao.quantization.pt2e.quantize_pt2e import prepare_qat_pt2e

        exported = export_any_batch(copy.deepcopy(model), example)
        exported = decompose_ops(fold_weights(exported))
        with own_batch_norms():
            prepared = prepare_qat_pt2e(exported, quantizer)
    mark_coded(prepared)
    network = TernaryNetwork(prepared, tuple(quantizer.layers))
    network.eval()
    observe(prepared, True)
    calibrate(network, items)
    return network.train()


class TernaryNetwork(ConvertibleNetwork):
    """A model in training, with ternary weights; see `ternarize`.

    It takes the arguments of the model and returns its results, as they will be after `convert` up
    to rounding. Parameters are the model's, in float. In training mode (the initial state), batch
    norms collect statistics and dropout drops as in the model, and ranges of activations follow the
    inputs; in evaluation mode, all of these are fixed. Other behaviour that the model shows only in
    training mode is not included.

    Attributes:
        layers: paths of the ternary layers in the model, in order.
    """

    def __init__(self, graph_module: GraphModule, layers: tuple[str, ...]) -> None:
        super().__init__()
        self.graph_module = graph_module
        self.layers = layers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The model's results."""
        results = self.graph_module(*args, **kwargs)
        step(self.graph_module)
        return results

    def train(self, mode: bool = True) -> TernaryNetwork:
        """Sets the mode; `eval` calls it with False."""
        self.training = mode
        observe(self.graph_module, mode)
        set_training(self.graph_module, mode)
        return self

    @torch.no_grad()
    def convert(self) -> GraphModule:
        """The integer network, as `quantize` returns it; training of this one can continue."""
        with quiet():
            model = copy.deepcopy(self).eval().graph_module
        layers: list[tuple[Node, str, int]] = []
        for layer in model.graph.nodes:
            if layer.target not in LAYERS or layer.args[1].op != "call_module":
                continue
            fake, name = layer.args[1], str(layer.args[1].target)
            source, weights = fake.args[0], model.get_submodule(name)
            if isinstance(weights, TernaryWeights):
                parameter = operator.attrgetter(source.target)(model)
                parameter.copy_(weights.quantized(parameter))
            layers.append((layer, name, 2 if isinstance(weights, TernaryWeights) else 8))
            layer.update_arg(1, source)
            if not fake.users:
                model.graph.erase_node(fake)
        with quiet():
            fold_batch_norms(model)
            for layer, name, bits in layers:
                observe_weights(model, layer, name, bits)
            return convert(model)


class _TernaryQuantizer(PumiceQuantizer):
    """Fake quantization instead of observers; layers to keep have 8 bits.

    Attributes:
        layers: paths of the layers that are ternary.
    """

    def __init__(self, activation_bits: int, sparsity: float | None, keep: tuple[str, ...]) -> None:
        super().__init__(activation_bits=activation_bits)
        self._activation = activation_spec(Activations, activation_bits)
        self._wide = activation_spec(Activations, 8)
        self._sparsity, self._keep = sparsity, keep
        self._narrow: set[Node] = set()
        self.layers: list[str] = []

    def annotate(self, model: GraphModule) -> GraphModule:
        names = [name_of(node) for node in model.graph.nodes if is_layer(node)]
        if not names:
            raise FrontendError("expected a model with a convolution or linear layer, got none")
        for keep in self._keep:
            if not any(is_within(name, keep) for name in names):
                raise FrontendError(
                    f"expected the name of a layer to keep, got '{keep}' (layers are"
                    f" {', '.join(dict.fromkeys(names))})"
                )
        self.layers = [
            name
            for name in dict.fromkeys(names)
            if not any(is_within(name, keep) for keep in self._keep)
        ]
        if not self.layers:
            raise FrontendError("expected at least one layer outside of `keep`, got none")
        self._narrow = used_as_codes(
            model, True, lambda node: is_layer(node) and name_of(node) in self.layers
        )
        for node in model.graph.nodes:  # these share the codes of what they move
            if node.target in SAME_CODES and node.all_input_nodes[0] in self._narrow:
                self._narrow.add(node)
        return super().annotate(model)

    def _weight_of(self, layer: Node) -> QuantizationSpec:
        axis = output_axis(layer)
        if name_of(layer) in self.layers:
            fake = TernaryWeights.with_args(axis=axis, sparsity=self._sparsity)
            return replace(weight_spec(axis, 2), observer_or_fake_quant_ctr=fake)
        fake = EightBitWeights.with_args(axis=axis)
        return replace(weight_spec(axis, 8), observer_or_fake_quant_ctr=fake)

    def _codes_of(self, tensor: Node) -> QuantizationSpec:
        return self._activation if tensor in self._narrow else self._wide
