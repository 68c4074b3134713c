# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports PyTorch models as linalg on tensors, without copying weights."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pumice.frontend.errors import FrontendError
from pumice.frontend.lowering import LoweredModel, lower_to_text
from pumice.frontend.signature import Signature
from pumice.frontend.state import attach_states

__all__ = ["ImportedModel", "attach_resources", "import_lowered", "import_model"]


@dataclass
class ImportedModel:
    """A model in MLIR.

    Attributes:
        module: pumice.ir.Module of linalg on tensors with one function.
        entry: name of the function.
        signature: inputs and outputs in terms of the PyTorch model.
        timings: seconds by phase: export, decompose, torch_mlir, print, parse, attach.
        exported: the imported torch.export.ExportedProgram, if any.
    """

    module: Any
    entry: str
    signature: Signature
    timings: dict[str, float] = field(default_factory=dict)
    exported: Any = None


def import_model(
    model: Any,
    example_inputs: Any = None,
    context: Any = None,
    *,
    example_kwargs: Mapping[str, Any] | None = None,
) -> ImportedModel:
    """Imports a model for inference with inputs like the examples.

    Args:
        model: an nn.Module (float, or quantized with PT2E) or a torch.export.ExportedProgram.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments; not
            needed for an ExportedProgram.
        context: a fresh pumice.ir.Context (resource names of an earlier import would clash);
            created if not given. It keeps the weights alive.
        example_kwargs: keyword arguments in addition to positional ones.

    Raises:
        FrontendError: see `lower_to_text`.
    """
    return import_lowered(lower_to_text(model, example_inputs, example_kwargs), context)


def import_lowered(lowered: LoweredModel, context: Any = None) -> ImportedModel:
    """Parses a lowered model and attaches the data of its resources."""
    from pumice import ir

    context = context or ir.Context()
    timings = dict(lowered.timings)
    start = time.perf_counter()
    try:
        module = ir.Module.parse(lowered.text, context)
    except Exception as error:
        raise FrontendError(f"torch-mlir's output does not parse: {error}") from error
    timings["parse"] = time.perf_counter() - start
    start = time.perf_counter()
    function = module.body.operations[0]
    with context, ir.Location.unknown():
        states = attach_states(function, lowered.states)
        _name_inputs(function, lowered.signature)
        if lowered.calibration:
            known = [_calibration_attribute(*item) for item in lowered.calibration]
            module.operation.attributes["pum.calibration"] = ir.ArrayAttr.get(known)
    attach_resources(context, {**lowered.resources, **states})
    timings["attach"] = time.perf_counter() - start
    return ImportedModel(module, lowered.entry, lowered.signature, timings, lowered.exported)


def _name_inputs(function: Any, signature: Signature) -> None:
    """Names arguments by inputs, in the module that uses them first.

    torch-mlir gives all of them the location of the graph's first node, mostly of some weights.
    """
    from pumice import ir

    names = [spec.name for spec in signature.tensor_inputs]
    arguments = list(function.regions[0].blocks[0].arguments)
    for argument, name in zip(arguments[len(arguments) - len(names) :], names, strict=True):
        uses = list(argument.uses)
        if not uses:
            continue
        location = uses[-1].owner.location  # MLIR lists the last use first
        if not location.is_a_name():
            continue
        inner = location.child_loc
        if inner.is_a_name():  # the module's path around the node
            own = ir.Location.name(name, inner.child_loc)
            argument.set_location(ir.Location.name(location.name_str, own))
        else:
            argument.set_location(ir.Location.name(name, inner))


def _calibration_attribute(scale: float, zero_point: int, low: float, high: float) -> Any:
    from pumice import ir

    return ir.Attribute.parse(
        f"#pum.calibration<scale = {scale!r}, zero_point = {zero_point}, low = {low!r},"
        f" high = {high!r}>"
    )


def attach_resources(context: Any, resources: Mapping[str, Any]) -> None:
    """Fills `dense_resource` blobs with tensors' own memory; the context keeps the tensors.

    Args:
        context: the pumice.ir.Context of the module that names the resources.
        resources: contiguous CPU tensors or arrays.

    Raises:
        FrontendError: the context has no such resource.
    """
    from pumice._mlir_libs import _pumice

    for name, tensor in resources.items():
        is_array = isinstance(tensor, np.ndarray)
        address = tensor.ctypes.data if is_array else tensor.data_ptr()
        # Memory of a view may start anywhere; state the alignment that it has.
        alignment = min(address & -address, 64) if address else 64
        size = tensor.nbytes
        if not _pumice.set_resource(context, name, address, size, alignment, tensor):
            raise FrontendError(f"expected the context to know the resource '{name}'")
