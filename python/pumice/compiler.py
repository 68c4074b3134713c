# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch model -> machine program, level by level."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pumice.device import Device
from pumice.diagnostics import message_of
from pumice.errors import CompileError
from pumice.program import LEVELS, Program

if TYPE_CHECKING:
    from pumice.frontend.importer import ImportedModel

__all__ = ["compile", "compile_imported", "compile_module"]

#: What takes a module from one level to the next.
_PIPELINES = {
    "quantized": "linalg-to-quantized",
    "crossbar": "quantized-to-crossbar",
    "pum": "crossbar-to-pum",
    "simulator": "pum-to-simulator",
}


def compile(
    model: Any,
    example_inputs: Any = None,
    *,
    example_kwargs: Mapping[str, Any] | None = None,
    device: str | Device = "ideal",
    calibration: Iterable[Any] | None = None,
    quantize: bool | None = None,
) -> Program:
    """Compiles a model for a device.

    Args:
        model: an nn.Module, a module quantized with PT2E, or a torch.export.ExportedProgram.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments, as the
            program will get them (shapes and dtypes are fixed by them). Not needed for an
            ExportedProgram.
        example_kwargs: keyword arguments beside positional ones.
        device: a preset's name, a device file's path, or a `Device`.
        calibration: inputs to calibrate the quantization with (see `pumice.quantize`).
        quantize: quantize a float module to 8 bits first; the default does so for modules that
            are not quantized yet. The calibration inputs are then `calibration`, or else the
            example inputs. A float model runs on the digital unit alone.

    Raises:
        FrontendError: the model cannot be exported or imported.
        CompileError: it does not fit the device; the text holds the compiler's diagnostics.
        PumiceError: no such device.
    """
    from pumice.frontend import import_model, is_quantized
    from pumice.frontend import quantize as quantize_model

    device = device if isinstance(device, Device) else Device(device)
    timings: dict[str, float] = {}
    float_model = None
    exported = not hasattr(model, "forward") or hasattr(model, "graph_signature")
    if quantize is None:
        quantize = not exported and not is_quantized(model)
    if quantize:
        start = time.perf_counter()
        example = example_inputs
        if example_kwargs:
            if example is not None:
                raise CompileError(
                    "expected example inputs all by position or all by name to quantize with, got"
                    " both: quantize the model first (pumice.quantize)"
                )
            example = dict(example_kwargs)
        inputs = [example] if calibration is None else calibration
        float_model = model
        model = quantize_model(model, inputs, example_inputs=example)
        timings["quantize"] = time.perf_counter() - start
    imported = import_model(model, example_inputs, example_kwargs=example_kwargs)
    timings.update(imported.timings)
    program = compile_imported(imported, device, timings)
    program._float_model = float_model
    return program


def compile_imported(
    imported: ImportedModel, device: str | Device, timings: dict[str, float] | None = None
) -> Program:
    """Compiles what `pumice.frontend.import_model` gave; it may serve several devices.

    Raises:
        CompileError: the text holds the compiler's diagnostics.
    """
    program = compile_module(imported.module, device, timings)
    program.signature = imported.signature
    program._exported = imported.exported
    return program


def compile_module(
    module: Any, device: str | Device | None = None, timings: dict[str, float] | None = None
) -> Program:
    """Compiles a module of linalg on tensors (pumice.ir.Module), which is left as it is.

    Args:
        module: one public function on static tensors.
        device: as for `compile`; None takes the module's own `pum.device`.
        timings: seconds by phase so far.

    Raises:
        CompileError: the text holds the compiler's diagnostics.
    """
    from pumice import ir
    from pumice._mlir_libs import _pumice
    from pumice.passmanager import PassManager

    timings = dict(timings or {})
    levels = {LEVELS[0]: module}
    current = module
    with module.context:
        for level, pipeline in _PIPELINES.items():
            current = _pumice.clone_module(current)
            if level == "quantized" and device is not None:
                chosen = device if isinstance(device, Device) else Device(device)
                current.operation.attributes["pum.device"] = chosen.to_attribute(module.context)
            start = time.perf_counter()
            try:
                PassManager.parse(f"builtin.module({pipeline})").run(current.operation)
            except ir.MLIRError as error:
                raise CompileError(message_of(error)) from None
            timings[f"to_{level}"] = time.perf_counter() - start
            levels[level] = current
    return Program(levels, timings)
