# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folding of batch norms into the layers before them.

PT2E does this too, but ignores other users of the layer's result or of its weights.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import torch
from torch.fx import GraphModule, Node

from pumice.frontend.quantizer import LAYERS, TRANSPOSED

__all__ = ["fold_batch_norms"]

_aten = torch.ops.aten
_TRANSPOSED = TRANSPOSED | {_aten.conv_transpose3d.input}
_LAYERS = LAYERS | _TRANSPOSED | {_aten.conv3d.default, _aten.conv3d.padding}


def fold_batch_norms(model: GraphModule) -> None:
    """Folds batch norms of an exported graph in evaluation mode, in place, where that is exact."""
    from torchao.quantization.pt2e.utils import (
        fold_bn_weights_into_conv_node,
        fold_bn_weights_into_linear_node,
    )

    for norm in list(model.graph.nodes):
        if norm.target is not _aten.batch_norm.default or not _is_foldable(norm):
            continue
        layer = norm.args[0]
        linear = layer.target is _aten.linear.default
        fold = fold_bn_weights_into_linear_node if linear else fold_bn_weights_into_conv_node
        bias = layer.args[2] if len(layer.args) > 2 else None
        sources = [node for node in (bias, *norm.args[1:3]) if isinstance(node, Node)]
        trained = any(attrgetter(str(n.target))(model).requires_grad for n in sources)
        fold(layer, layer.args[1], bias, norm, model)
        # Of a layer without bias, the fold makes one that is not trained.
        attrgetter(str(layer.args[2].target))(model).requires_grad_(trained)
    model.graph.eliminate_dead_code()
    model.recompile()


def _is_foldable(norm: Node) -> bool:
    layer: Any = norm.args[0]
    if layer.target not in _LAYERS or layer.target is _aten.convolution.default:
        return False
    parameters = [node for node in (*layer.args[1:3], *norm.args[1:5]) if isinstance(node, Node)]
    if norm.args[3] is None or any(node.op != "get_attr" for node in parameters):
        return False
    if any(len(node.users) > 1 for node in (layer, *layer.args[1:3]) if isinstance(node, Node)):
        return False
    if layer.target is _aten.linear.default:
        return bool(layer.meta["val"].dim() == 2)  # else its outputs are not in dimension 1
    groups = dict(enumerate(layer.args)).get(6, 1)
    return layer.target not in _TRANSPOSED or groups == 1
