# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One-call post-training quantization by PT2E (torch.export, prepare, calibrate, convert)."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from pumice.frontend.absent import has_absent_weights, observe_assumed, with_zeros
from pumice.frontend.convertible import ConvertibleNetwork
from pumice.frontend.errors import FrontendError
from pumice.frontend.export import as_arguments
from pumice.frontend.lowering import CALIBRATION
from pumice.frontend.pt2e import (
    Arguments,
    calibrate,
    calibration_of,
    convert,
    export_any_batch,
    own_batch_norms,
)
from pumice.frontend.silence import quiet

if TYPE_CHECKING:
    from torch.fx import GraphModule

__all__ = ["is_quantized", "quantize", "quantize_for_costs"]


def quantize(
    model: torch.nn.Module,
    calibration_inputs: Any,
    *,
    example_inputs: Any = None,
    quantizer: Any = None,
    weight_bits: int = 8,
    activation_bits: int = 8,
) -> GraphModule:
    """Quantizes a model with PT2E and Pumice's quantizer (see `PumiceQuantizer`).

    Args:
        model: a float module; it is not changed.
        calibration_inputs: an iterable of inputs, such as a list of batches or a DataLoader; or one
            tensor, which is one batch. An item is a tensor, a dict of keyword arguments, or a
            tuple. Of a tuple, the leading elements are used: as many as `example_inputs` has, or
            else as many as `forward` has positional parameters, optional ones included (so that
            ``(x, label)`` works for a `forward` of one).
        example_inputs: as for `lower_to_text`; the first calibration item if not given.
        quantizer: another PT2E quantizer.
        weight_bits, activation_bits: bit widths for Pumice's quantizer, 2 to 8.

    Returns:
        The converted GraphModule: float in, float out, with quantize and dequantize ops between. It
            accepts other batch sizes if the model does.

    Raises:
        FrontendError: not a module; no calibration inputs; inputs that the model rejects, or on
            which a tensor that is quantized is not finite; widths for another quantizer.
        ValueError: a width out of range.
    """
    if not isinstance(model, torch.nn.Module):
        raise FrontendError(f"expected a torch.nn.Module, got {type(model).__name__}")
    if isinstance(model, ConvertibleNetwork):
        raise FrontendError("expected a float model, got a ternary network: convert it instead")
    if is_quantized(model):
        raise FrontendError("expected a float model, got one that is quantized already")
    if quantizer is not None and (weight_bits, activation_bits) != (8, 8):
        raise FrontendError("expected weight_bits and activation_bits only without a quantizer")
    if has_absent_weights(model):
        raise FrontendError(
            f"expected weights to quantize, got {type(model).__name__} on the meta device:"
            " pumice.compile takes it, for estimates"
        )
    example, items = calibration_of(model, calibration_inputs, example_inputs)
    with quiet():
        from pumice.frontend.quantizer import calibrated_ends

        prepared = _prepared(model, example, quantizer, weight_bits, activation_bits)
        with _state_restored(prepared), _state_restored(model):
            calibrate(prepared, items)
        ends = calibrated_ends(prepared)
        converted = convert(prepared)
        converted.meta[CALIBRATION] = ends()
        return converted


def quantize_for_costs(
    model: torch.nn.Module, example_inputs: Any, *, weight_bits: int = 8, activation_bits: int = 8
) -> GraphModule:
    """As `quantize`, with assumed ranges of activations: for estimates, without running the model.

    Weights may be absent (see pumice.frontend.absent).

    Raises:
        FrontendError: as `quantize`.
    """
    if has_absent_weights(model):
        model = with_zeros(model)
    with quiet():
        example = as_arguments(example_inputs)
        prepared = _prepared(model, example, None, weight_bits, activation_bits)
        observe_assumed(prepared)
        return convert(prepared)


def _prepared(
    model: torch.nn.Module,
    example: Arguments,
    quantizer: Any,
    weight_bits: int,
    activation_bits: int,
) -> Any:
    """The exported module with observers."""
    from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e

    from pumice.frontend.batch_norms import fold_batch_norms
    from pumice.frontend.constants import fold_weights
    from pumice.frontend.decompositions.before_quantization import decompose_ops
    from pumice.frontend.image_inputs import fold_normalization
    from pumice.frontend.quantizer import PumiceQuantizer

    exported = fold_weights(export_any_batch(_in_float32(model), example))
    fold_batch_norms(exported)  # some layers are decomposed next
    if quantizer is None and activation_bits == 8:
        fold_normalization(exported)
    decompose_ops(exported)
    ours = PumiceQuantizer(weight_bits=weight_bits, activation_bits=activation_bits)
    with own_batch_norms():
        return prepare_pt2e(exported, quantizer or ours)


@contextlib.contextmanager
def _state_restored(model: torch.nn.Module) -> Iterator[None]:
    """Gives buffers that a calibration updates their values from before."""
    saved = [
        (buffer, buffer.clone())
        for name, buffer in model.named_buffers()
        if not name.startswith("activation_post_process")
    ]
    try:
        yield
    finally:
        for buffer, value in saved:
            buffer.copy_(value)


def _in_float32(model: torch.nn.Module) -> torch.nn.Module:
    """A model of another precision in float32, with inputs and results as before."""
    state = [*model.parameters(), *model.buffers()]
    dtypes = {value.dtype for value in state if value.is_floating_point()} - {torch.float32}
    if not dtypes:
        return model
    dtype = min(dtypes, key=lambda dtype: dtype.itemsize)
    twin = copy.deepcopy(model).float()
    inner = twin.forward

    def to(values: Any, dtype: torch.dtype) -> Any:
        return torch.utils._pytree.tree_map_only(
            torch.Tensor, lambda x: x.to(dtype) if x.is_floating_point() else x, values
        )

    @functools.wraps(inner)
    def forward(*args: Any, **kwargs: Any) -> Any:
        return to(inner(*to(args, torch.float32), **to(kwargs, torch.float32)), dtype)

    twin.forward = forward
    return twin


def is_quantized(model: Any) -> bool:
    """True for a GraphModule or ExportedProgram with quantize or dequantize ops in it."""
    graph = getattr(model, "graph", None)
    if not isinstance(graph, torch.fx.Graph):
        return False
    return any(
        node.op == "call_function"
        and str(node.target).startswith(("quantized_decomposed.", "torchao."))
        and "quantize" in str(node.target)
        for node in graph.nodes
    )
