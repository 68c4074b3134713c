# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles models to machine programs, level by level."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pumice.device import Device, as_device
from pumice.diagnostics import text_of
from pumice.errors import CompileError
from pumice.files import temporary_folder, write_text
from pumice.interrupts import interruptible
from pumice.levels import PIPELINES, level_of, parse_file
from pumice.options import CompileOptions
from pumice.passes import Passes, checked, run_passes
from pumice.program import Program

if TYPE_CHECKING:
    from pumice.frontend.importer import ImportedModel

__all__ = [
    "compile", "compile_file", "compile_imported", "compile_module", "pieces", "recompile",
    "record_passes",
]  # fmt: skip

#: Options as a dataclass or as a dict of its attributes; None for the defaults.
Options = CompileOptions | Mapping[str, Any] | None

_DEVICE = "pum.device"


def compile(
    model: Any,
    example_inputs: Any = None,
    *,
    example_kwargs: Mapping[str, Any] | None = None,
    device: str | Device | None = None,
    calibration: Iterable[Any] | None = None,
    quantize: bool | None = None,
    calibrate: bool = True,
    weight_bits: int = 8,
    activation_bits: int = 8,
    nonlinear: str | Mapping[str, str] | None = None,
    schedule: str | None = None,
    reencode: bool | str | None = None,
    passes: Passes | None = None,
    options: Options = None,
) -> Program:
    """Compiles a model for a device.

    Args:
        model: an nn.Module, a module quantized with PT2E, made ternary (see `ternarize`) or trained
            for a device (see `hardware_aware`), or a torch.export.ExportedProgram; a configuration
            of transformers (PretrainedConfig); the path of an ONNX (.onnx) or MLIR file; or the
            result of `import_onnx` or of `pumice.frontend.import_model`.
        example_inputs: a tensor, a tuple of positional or a dict of keyword arguments. The program
            accepts inputs with the same shapes and dtypes. Not needed if the model itself fixes all
            shapes.
        example_kwargs: keyword arguments in addition to positional ones.
        device: the name of a preset, the path of a device file, or a `Device`. None means the
            device that a network was trained for or an MLIR file names, or else "ideal".
        calibration: inputs to calibrate the quantization with (see `pumice.quantize`), and to
            record what nonlinear functions read if nets or tables compute them.
        quantize: quantize a float module to 8 bits first; by default, modules that are not
            quantized yet are quantized. Calibrates on `calibration`, or else on the example inputs.
            A float model runs entirely on the digital unit.
        calibrate: False: assume ranges instead of running the model to calibrate the quantization.
            The program is for estimates then (`Program.costs_only`). That is so too for a model
            whose weights are on PyTorch's meta device or are fake tensors, and for a configuration
            of transformers, for which no weights are made.
        weight_bits, activation_bits: widths of the quantization, 2 to 8.
        nonlinear: how nonlinear functions are computed, such as "neon" or `{"softmax": "neon",
            "gelu": "lut", "*": "digital"}` (`CompileOptions.nonlinear`).
        schedule: `CompileOptions.schedule`, if not None.
        reencode: `CompileOptions.reencode`, if not None.
        passes: `CompileOptions.passes`, if not None: passes of your own by level.
        options: see `CompileOptions`; also a dict of its attributes, such as
            `{"ap_share": False}`.

    Raises:
        FrontendError: the model cannot be exported or imported.
        CompileError: the model does not fit the device (the text contains the compiler's
            diagnostics), or an option is unknown or out of range.
        PumiceError: no such device.
    """
    if options is None:
        options = getattr(model, "compile_options", None)  # of a network in training
    options = CompileOptions.of(options).with_schedule(schedule)
    if nonlinear is not None:
        options = replace(options, nonlinear=nonlinear)
    if reencode is not None:
        options = replace(options, reencode=reencode)
    if passes is not None:
        options = replace(options, passes=passes)
    from pumice.frontend.importer import ImportedModel, import_model

    if isinstance(model, (str, os.PathLike, ImportedModel)):
        if quantize or (calibration is not None and not options.approximates):
            raise CompileError(
                "expected a torch.nn.Module to quantize, got a model that is imported as it is"
            )
        if isinstance(model, ImportedModel):
            return compile_imported(model, device, options=options, calibration=calibration)
        named = dict(example_kwargs) if example_kwargs else None
        return compile_file(
            model,
            named or example_inputs,
            device=device,
            options=options,
            calibration=calibration,
        )

    from pumice.frontend import is_quantized
    from pumice.frontend import quantize as quantize_model
    from pumice.frontend.absent import has_absent_weights, model_of_configuration
    from pumice.frontend.convertible import ConvertibleNetwork
    from pumice.frontend.ptq import quantize_for_costs

    timings: dict[str, float] = {}
    float_model = network = None
    if isinstance(model, ConvertibleNetwork):
        start = time.perf_counter()
        network = model
        model = model.convert()
        timings["quantize"] = time.perf_counter() - start
        device, quantize = device or network.device, False
        calibration = network.calibration if calibration is None else calibration
        if example_inputs is None and example_kwargs is None and network.example is not None:
            example_inputs, example_kwargs = network.example
    device = as_device(device)
    model = model_of_configuration(model)
    exported = not hasattr(model, "forward") or hasattr(model, "graph_signature")
    if quantize is None:
        quantize = not exported and not is_quantized(model)
    elif not quantize and (weight_bits, activation_bits) != (8, 8):
        raise CompileError(
            "expected widths with a model that is to be quantized, got"
            f" weight_bits={weight_bits} and activation_bits={activation_bits} with one that is not"
        )
    is_absent = has_absent_weights(model)
    costs_only = not calibrate or is_absent
    if costs_only:
        check_costs_only(device, options)
        if not quantize:
            raise CompileError(
                "expected a float torch.nn.Module to quantize for estimates, got"
                f" {type(model).__name__}"
            )
    if calibration is not None and options.approximates:
        calibration = list(calibration)  # read twice
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
        widths = {"weight_bits": weight_bits, "activation_bits": activation_bits}
        if costs_only:
            model = quantize_for_costs(model, example, **widths)
        else:
            float_model = model
            model = quantize_model(model, inputs, example_inputs=example, **widths)
        timings["quantize"] = time.perf_counter() - start
    imported = import_model(model, example_inputs, example_kwargs=example_kwargs)
    if calibration is None and options.approximates:
        calibration = [dict(example_kwargs) if example_kwargs else example_inputs]
    program = compile_imported(imported, device, timings, options=options, calibration=calibration)
    program.float_model = float_model
    if costs_only:
        program.costs_only, program._is_absent, program.exported = True, is_absent, None
    if network is not None:
        network.finish(program, device)
    return program


def compile_file(
    path: str | os.PathLike[str],
    example_inputs: Any = None,
    *,
    device: str | Device | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    options: Options = None,
    calibration: Iterable[Any] | None = None,
) -> Program:
    """Compiles a file: an ONNX model, or an MLIR module at any level.

    Args:
        path: .onnx, or MLIR as text or bytecode: TOSA, linalg on tensors, or any level of the stack
            above the machine program (for which use `pumice.load`).
        example_inputs: for ONNX, see `import_onnx`.
        device: as for `compile`.
        shapes: for ONNX, see `import_onnx`.
        options: as for `compile`.
        calibration: inputs to record what nonlinear functions read that nets or tables compute.

    Raises:
        FrontendError: see `import_onnx`.
        CompileError: the module does not fit the device, is a machine program, or is already mapped
            to a device and `device` is given.
        PumiceError: no such file, or not MLIR.
    """
    if os.fspath(path).endswith(".onnx"):
        from pumice.frontend import import_onnx

        chosen = as_device(device)
        imported = import_onnx(path, example_inputs, shapes=shapes)
        return compile_imported(imported, chosen, options=options, calibration=calibration)
    if example_inputs is not None or shapes:
        raise CompileError(f"expected no example inputs: '{path}' has its shapes")
    start = time.perf_counter()
    module = parse_file(path)
    timings = {"parse": time.perf_counter() - start}
    if device is None and _DEVICE not in module.operation.attributes:
        device = "ideal"
    return compile_module(module, device, timings, options=options, calibration=calibration)


def compile_imported(
    imported: ImportedModel,
    device: str | Device | None = None,
    timings: dict[str, float] | None = None,
    *,
    options: Options = None,
    calibration: Iterable[Any] | None = None,
) -> Program:
    """Compiles the result of `import_model` or `import_onnx`, for any number of devices.

    Args:
        imported: is not changed.
        device, options: as for `compile`.
        calibration: as for `compile_file`.
        timings: seconds by phase so far.

    Raises:
        CompileError: the text holds the compiler's diagnostics.
    """
    timings = {**imported.timings, **(timings or {})}
    return _compile(
        imported.module,
        device or "ideal",
        timings,
        CompileOptions.of(options),
        calibration,
        signature=imported.signature,
        exported=imported.exported,
    )


def compile_module(
    module: Any,
    device: str | Device | None = None,
    timings: dict[str, float] | None = None,
    *,
    options: Options = None,
    calibration: Iterable[Any] | None = None,
) -> Program:
    """Compiles a module (pumice.ir.Module) without changing it.

    Args:
        module: TOSA, linalg on tensors, or a level of the stack above the machine program; one
            public function on static tensors.
        device: as for `compile`; None means the module's own `pum.device`, which modules of
            crossbar layers or tasks have.
        timings: seconds by phase so far.
        options: as for `compile`.
        calibration: as for `compile_file`.

    Raises:
        CompileError: the text holds the compiler's diagnostics.
    """
    return _compile(module, device, timings, CompileOptions.of(options), calibration)


def _compile(
    module: Any,
    device: str | Device | None,
    timings: dict[str, float] | None,
    options: CompileOptions,
    calibration: Iterable[Any] | None,
    signature: Any = None,
    exported: Any = None,
) -> Program:
    """Compiles a module; `signature` and `exported` are those of the imported model."""
    level = level_of(module)
    if level == "simulator":
        raise CompileError("the module is a machine program already: pumice.load runs it")
    if level in ("crossbar", "pum") and device is not None:
        raise CompileError(f"expected no device: the module is mapped to one already ({level})")
    chosen = None if device is None else as_device(device)
    timings = dict(timings or {})
    levels = {level: _with_passes(module, level, options)}
    observed = None
    if options.approximates and level not in ("crossbar", "pum"):
        levels = _lower_to("quantized", levels, level, chosen, timings, options, {})
        level = "quantized"
        observed = _observe(levels, chosen, options, calibration, signature)
    program = _lower(levels, level, chosen, timings, options, observed)
    program.signature, program.exported = signature, exported
    return program


def _observe(
    levels: dict[str, Any],
    device: Device | None,
    options: CompileOptions,
    calibration: Iterable[Any] | None,
    signature: Any,
) -> str:
    """Runs a quantized network and records what its nonlinear functions read.

    Returns:
        What the probes show, as JSON.
    """
    from pumice._mlir_libs import _pumice

    probing = options.with_domains("probe-domains", True)
    program = _lower(levels, "quantized", device, {}, probing)
    program.signature = signature
    count = program.statistics.get("pum-record-domains", {}).get("probes", 0)
    if not count:
        return "{}"
    if calibration is None:
        raise CompileError(
            f"expected calibration inputs: {count} nonlinear functions to approximate have no"
            " domain"
        )
    collector = _pumice.Collector(samples=0)
    parts = (piece for batch in calibration for piece in pieces(batch, program))
    program._collect(parts, collector, options.threads)
    return str(collector.report)


def pieces(batch: Any, program: Program) -> Iterable[Any]:
    """A batch of inputs in pieces of the batch size of a program."""
    leaves = list(batch.values()) if isinstance(batch, Mapping) else batch
    leaves = leaves if isinstance(leaves, (list, tuple)) else [leaves]
    sizes = {leaf.shape[0] for leaf in leaves if getattr(leaf, "ndim", 0)}
    wanted = {shape[0] for _, _, shape in program.inputs if shape}
    if len(sizes) != 1 or len(wanted) != 1 or min(sizes) <= min(wanted) or min(wanted) < 1:
        yield batch
        return
    step = min(wanted)
    for begin in range(0, min(sizes) - step + 1, step):

        def cut(leaf: Any, begin: int = begin) -> Any:
            return leaf[begin : begin + step] if getattr(leaf, "ndim", 0) else leaf

        if isinstance(batch, Mapping):
            yield {key: cut(leaf) for key, leaf in batch.items()}
        else:
            yield tuple(cut(leaf) for leaf in leaves)


def recompile(program: Program, device: str | Device, options: Options = None) -> Program:
    """See `Program.recompile`."""
    if "quantized" not in program.levels:
        raise CompileError(
            "expected a program that holds its quantized network to compile for another device,"
            f" got one that was loaded or compiled from MLIR and holds {', '.join(program.levels)}:"
            " compile the model again"
        )
    options = program.options if options is None else CompileOptions.of(options)
    kept: dict[str, Any] = {
        name: program.module(name) for name in program.levels if name in ("linalg", "quantized")
    }
    device = as_device(device)
    if program.costs_only:
        check_costs_only(device, options)
    observed = program.observed
    if options.approximates and observed is None:
        raise CompileError(
            "expected a program that was compiled with nets or tables to compile with them for"
            " another device: compile the model again"
        )
    found = _lower(kept, "quantized", device, dict(program.timings), options, observed)
    found.costs_only, found._is_absent = program.costs_only, program._is_absent
    found.signature = program.signature
    found.exported, found.float_model = program.exported, program.float_model
    return found


def check_costs_only(device: Device, options: CompileOptions) -> None:
    """Refuses what costs something else for other weights or inputs.

    Raises:
        CompileError: names it.
    """
    reason = ""
    if options.approximates:
        reason = "the domains of nets and tables, which calibration finds"
    elif options.reencode:
        reason = "levels of cells that are re-encoded"
    for group, name in device.value_costs().items():
        if name:
            reason = f"levels of cells in group '{group}' ({name})"
        else:
            reason = f"programs of the associative processors in group '{group}'"
    if reason:
        raise CompileError(
            f"expected weights and calibration on device '{device.name}': costs depend on {reason}"
        )


def program_of_quantized(
    module: Any, device: Device, options: CompileOptions, observed: str | None
) -> Program:
    """The program of a quantized network on a device.

    Args:
        module: at level "quantized".
        observed: `Program.observed` of the program that the network was a part of.
    """
    return _lower({"quantized": module}, "quantized", device, {}, options, observed)


def _lower(
    levels: dict[str, Any],
    level: str,
    device: Device | None,
    timings: dict[str, float],
    options: CompileOptions,
    observed: str | None = None,
) -> Program:
    """Lowers the module at `level` to the machine program.

    Args:
        levels: the modules so far; the lower levels are added.
        device: the device to attach to the quantized network; None for a module that has its own.
        observed: what nonlinear functions read (`_observe`).
    """
    statistics: dict[str, dict[str, int]] = {}
    with _with_observed(options, observed) as chosen:
        levels = _lower_to("simulator", levels, level, device, timings, chosen, statistics)
    levels.pop("tosa", None)
    program = Program(levels, timings, options=options, statistics=statistics)
    program.observed = observed
    return program


@contextlib.contextmanager
def _with_observed(options: CompileOptions, observed: str | None) -> Iterator[CompileOptions]:
    """Options that name a file with what nonlinear functions read, if anything did."""
    with temporary_folder() as folder:
        if observed is not None:
            path = folder / "domains.json"
            write_text(path, observed)
            options = options.with_domains("domains", str(path))
        yield options


def _lower_to(
    end: str,
    levels: dict[str, Any],
    level: str,
    device: Device | None,
    timings: dict[str, float],
    options: CompileOptions,
    statistics: dict[str, dict[str, int]],
) -> dict[str, Any]:
    """Lowers the module at `level` to the level `end`.

    Returns:
        The modules of all levels from `level` to `end`, and those of `levels`.
    """
    from pumice._mlir_libs import _pumice

    names = ["tosa", *PIPELINES]
    levels = dict(levels)
    current = levels[level]
    with current.context as context:
        for target in names[names.index(level) + 1 : names.index(end) + 1]:
            current = _pumice.clone_module(current)
            if device is not None and target in ("quantized", "crossbar"):
                current.operation.attributes[_DEVICE] = device.to_attribute(context)
            start = time.perf_counter()
            pipeline = options.pipeline(PIPELINES[target])
            try:
                counts = interruptible(_pumice.run_pipeline, current, pipeline)
            except _pumice.DiagnosticError as error:
                raise CompileError(
                    text_of(error.diagnostics), diagnostics=error.diagnostics
                ) from None
            except ValueError as error:
                text = str(error).strip()
                raise CompileError(f"cannot read the pipeline '{pipeline}': {text}") from None
            current = _with_passes(current, target, options, copied=True)
            timings[f"to_{target}"] = time.perf_counter() - start
            _add(statistics, json.loads(counts))
            levels[target] = current
    return levels


def _with_passes(module: Any, level: str, options: CompileOptions, *, copied: bool = False) -> Any:
    """The module after the passes of its level; a copy, unless there are none or it is one."""
    own = checked(options.passes).get(level)
    if not own:
        return module
    if not copied:
        from pumice._mlir_libs import _pumice

        with module.context:
            module = _pumice.clone_module(module)
    return run_passes(module, level, own, options.plugins)


def record_passes(program: Program) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Runs the pipelines of a program again, level by level, and records what passes do.

    Yields:
        The level that a pipeline goes to, the text before it, and the flags of the passes that
        changed it, in order, each with the text after it. Only for levels whose level above the
        program holds.

    Raises:
        CompileError: a pass fails.
    """
    from pumice._mlir_libs import _pumice

    names = list(PIPELINES)
    for above, target in itertools.pairwise(names):
        if above not in program.levels or target not in program.levels:
            continue
        module = _pumice.clone_module(program.module(above))
        attributes = program.module(target).operation.attributes
        if target in ("quantized", "crossbar") and _DEVICE in attributes:
            module.operation.attributes[_DEVICE] = attributes[_DEVICE]
        before = json.loads(_pumice.listing(module))["text"]
        with _with_observed(program.options, program.observed) as options:
            pipeline = options.pipeline(PIPELINES[target])
            try:
                records = interruptible(_pumice.record_pipeline, module, pipeline)
            except _pumice.DiagnosticError as error:
                raise CompileError(
                    text_of(error.diagnostics), diagnostics=error.diagnostics
                ) from None
        yield target, before, records


def _add(sums: dict[str, dict[str, int]], counts: Mapping[str, Mapping[str, int]]) -> None:
    """Adds the statistics of the passes of another pipeline."""
    for flag, numbers in counts.items():
        known = sums.setdefault(flag, {})
        for name, number in numbers.items():
            known[name] = known.get(name, 0) + number
