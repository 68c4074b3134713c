# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What networks in training share: modes of exported graphs, fake quantization, names of layers."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch.fx import GraphModule, Node

from pumice.frontend.fake_quantize import Activations
from pumice.frontend.locations import module_path
from pumice.frontend.quantizer import output_axis, weight_spec

__all__ = [
    "is_within", "mark_coded", "name_of", "observe", "observe_weights", "set_training", "step",
]  # fmt: skip

_aten = torch.ops.aten
# Where an op's arguments say that it trains.
_TRAINING = {
    _aten.batch_norm.default: 5,
    _aten.dropout.default: 2,
    _aten.dropout_.default: 2,
    _aten.feature_dropout.default: 2,
    _aten.alpha_dropout.default: 2,
}


def set_training(model: GraphModule, mode: bool) -> None:
    """Puts the ops of an exported graph into training or evaluation mode."""
    for node in model.graph.nodes:
        place = _TRAINING.get(node.target)
        # A batch norm without running statistics always takes those of its input.
        if place is not None and (place != 5 or node.args[3] is not None):
            node.update_arg(place, mode)
    model.recompile()


def observe(model: GraphModule, on: bool) -> None:
    """Lets the ranges of activations follow what they see, or keeps them."""
    for module in model.modules():
        if isinstance(module, Activations):
            module.enable_observer(on)


def step(model: GraphModule) -> None:
    """Moves the ranges of activations towards what they have seen since the last step."""
    for module in model.modules():
        if isinstance(module, Activations):
            module.step()


def mark_coded(model: GraphModule) -> None:
    """Marks the nodes that share a range and read values that others already quantized."""
    modules = dict(model.named_modules(remove_duplicate=False))
    for node in model.graph.nodes:
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, Activations):
            moved = node.args[0]
            if moved.target is operator.getitem:
                moved = moved.args[0]
            if any(modules.get(str(source.target)) is module for source in moved.all_input_nodes):
                node.update_kwarg("coded", True)
    model.recompile()


def observe_weights(model: GraphModule, layer: Node, name: str, bits: int) -> None:
    """Inserts an observer, which has seen the weights, after the weights of a layer."""
    spec = weight_spec(output_axis(layer), bits)
    observer = spec.observer_or_fake_quant_ctr(
        dtype=spec.dtype,
        quant_min=spec.quant_min,
        quant_max=spec.quant_max,
        qscheme=spec.qscheme,
        ch_axis=spec.ch_axis,
    )
    weight: Any = layer.args[1]
    observer(operator.attrgetter(weight.target)(model))
    model.add_submodule(name, observer)
    with model.graph.inserting_before(layer):
        node = model.graph.call_module(name, (weight,))
    node.meta = dict(weight.meta)
    layer.update_arg(1, node)


def name_of(layer: Node) -> str:
    """The path of a layer's module, or, at the top of a model, the name of its weights."""
    weight: Any = layer.args[1]
    return module_path(layer) or str(weight.target)


def is_within(name: str, path: str) -> bool:
    """Whether a module is that of a path or inside of it."""
    return name == path or name.startswith(path + ".")
