# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice run`, `pumice compile` and `pumice estimate`."""

from __future__ import annotations

import inspect
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from pumice.cli.errors import UsageError
from pumice.cli.files import (
    example_inputs,
    from_stdin,
    is_configuration,
    is_model,
    load_function,
    load_inputs,
    load_model,
    parse_shapes,
    save_outputs,
    zoo_inputs,
)
from pumice.cli.terminal import say, show, working
from pumice.compiler import check_costs_only
from pumice.device import as_device
from pumice.errors import CompileError, PumiceError
from pumice.exploration.space import combinations, device_with, parse_setting
from pumice.files import write_text
from pumice.laws import unscaled
from pumice.levels import LEVELS, level_of, parse_file
from pumice.options import CompileOptions
from pumice.program import Program, load
from pumice.report import Report
from pumice.sidebyside import side_by_side

__all__ = ["compile_", "estimate", "program_of", "run", "tensors"]


def run(args: Namespace) -> None:
    """Runs a program or model on inputs."""
    if args.estimate:
        if args.output:
            raise UsageError("--estimate computes no values: omit --output")
        estimate(args)
        return
    program, inputs, keywords = program_of(args)
    with working("running"):
        result = program.run(*inputs, threads=args.threads, **keywords)
    files = save_outputs(args.output, result.outputs) if args.output else []
    _give(args, result.report)
    for file in files:
        say(f"wrote {file}")


def estimate(args: Namespace) -> None:
    """Prints what a run would cost, on one device or on several side by side."""
    devices = args.device if isinstance(args.device, list) else [args.device]
    args.devices = devices
    settings = [parse_setting(text) for text in getattr(args, "set", [])]
    several = len(devices) > 1 or bool(settings)
    args.device = None if several else devices[0]  # a network is mapped to each of several
    program, inputs, keywords = program_of(args)
    if inputs or keywords:
        program.check_inputs(*inputs, **keywords)
    if not several:
        _give(args, program.estimate())
        return
    bases = [as_device(device) for device in devices]
    points = [(base, values) for base in bases for values in combinations(settings)]
    reports: dict[str, Report] = {}
    notes: list[str] = []
    problems: dict[str, PumiceError] = {}
    for base, values in points:
        device = device_with(base, values)
        label = ", ".join([base.name, *(f"{path}={value}" for path, value in values.items())])
        if label in reports or label in problems:
            raise UsageError(f"expected devices with different names, got '{label}' twice")
        try:
            with working(f"estimating {label}"):
                reports[label] = program.recompile(device).estimate()
        except PumiceError as error:
            problems[label] = error
            continue
        notes += [f"costs did not follow {text}" for text in unscaled(base, device)]
        notes += [note for note in device.notes if note not in base.notes]
    if not reports:
        raise next(iter(problems.values()))
    if len(points) == 1:
        _give(args, next(iter(reports.values())))
    else:
        _give_several(args, reports)
    for label, problem in problems.items():
        say(f"no estimate of {label}: {str(problem).splitlines()[0]}")
    for note in dict.fromkeys(notes):
        say(note)


def _give_several(args: Namespace, reports: dict[str, Report]) -> None:
    """Reports side by side."""
    if args.trace or (args.report and args.report != "-"):
        raise UsageError("--report and --trace are for one device: use --json or --html")
    if args.html:
        from pumice.pages import report_page

        write_text(args.html, report_page(reports, None))
    if args.json or args.report == "-":
        items = [{"name": name, **report.to_dict()} for name, report in reports.items()]
        print(json.dumps(items, indent=2))
    else:
        show(side_by_side(reports))


def compile_(args: Namespace) -> None:
    """Compiles a model to a file."""
    if args.emit is not None and args.emit not in LEVELS:
        raise UsageError(f"expected --emit to be one of {', '.join(LEVELS)}, got '{args.emit}'")
    if args.emit is None and not args.output:
        raise UsageError("expected --output or --emit")
    program, _, _ = program_of(args)
    if args.emit is None:
        program.save(args.output)
    else:
        text = program.ir(args.emit, elide=not args.output)
        if not args.output:
            print(text)
            return
        write_text(args.output, text)
    if args.json:
        print(json.dumps({"output": args.output, "timings_s": program.timings}))
    else:
        say(f"wrote {args.output}")


def program_of(
    args: Namespace, given: tuple[list[Any], dict[str, Any]] | None = None
) -> tuple[Program, list[Any], dict[str, Any]]:
    """The program to run, and its inputs: those of --input, or `given`."""
    program, inputs, keywords = _program_of(args, given or load_inputs(args.input))
    if args.dump_levels_to:
        _dump(program, Path(args.dump_levels_to))
    return program, inputs, keywords


def _dump(program: Program, folder: Path) -> None:
    """Writes each level as text that parses back."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PumiceError(f"cannot make the folder '{folder}': {error.strerror}") from None
    for level in program.levels:
        write_text(folder / f"{level}.mlir", program.ir(level, elide=False))
    say(f"wrote {', '.join(f'{level}.mlir' for level in program.levels)} to {folder}")


def _program_of(
    args: Namespace, given: tuple[list[Any], dict[str, Any]]
) -> tuple[Program, list[Any], dict[str, Any]]:
    inputs, keywords = given
    if args.program == "-":
        args.program = str(from_stdin())
    if is_model(args.program) or is_configuration(args.program):
        if (is_configuration(args.program) or args.no_weights) and not _only_costs(args):
            raise UsageError(
                f"expected a model with weights, got '{args.program}' without: `pumice estimate`"
                " and `pumice sweep` need none"
            )
        if args.shape and (inputs or keywords):
            raise UsageError("expected --input or --shape, got both")
        if args.shape and args.command == "run" and not args.estimate:
            raise UsageError("expected --input to run a model: --shape is for estimates")
        if args.shape:
            inputs, keywords = example_inputs(args.shape)
        elif not inputs and not keywords and _only_costs(args):
            found = zoo_inputs(args.program)
            if isinstance(found, dict):
                keywords = {name: value.numpy() for name, value in found.items()}
            elif found is not None:
                inputs = [value.numpy() for value in found]
        return _compiled(args, inputs, keywords)
    path = Path(args.program)
    if path.suffix == ".py":
        raise UsageError(f"expected a model as {args.program}:NAME, got no name")
    if not path.exists():
        raise PumiceError(f"no such program: '{args.program}' (a model is FILE.py:NAME)")
    if getattr(args, "model", None):
        axis = next(iter(args.model))
        raise UsageError(f"model.{axis} is for PyTorch models, got '{args.program}'")
    _only_for(args, "PyTorch models", "--calibration", "--no-quantize", "--no-weights")
    if path.suffix != ".onnx" and level_of(parse_file(path)) == "simulator":
        _only_for(args, "models", "--nonlinear", "--max-error", "--nonlinear-objective", "--passes")
    if path.suffix == ".onnx":
        return _from_onnx(args, inputs, keywords), inputs, keywords
    _only_for(args, "ONNX models", "--shape")
    if level_of(parse_file(path)) != "simulator":
        return _from_mlir(args, inputs), inputs, keywords
    if args.command == "compile_":
        raise UsageError(f"expected a model, got '{args.program}', which is compiled already")
    # `pumice evaluate` compiles for several devices, and says itself what it expects.
    if args.device and args.command != "evaluate":
        raise UsageError(
            f"--device is for models: '{args.program}' is compiled already for a device; compile"
            " the model again, or compile it with --emit quantized to a file that takes a device"
        )
    if args.schedule:
        raise UsageError(f"--schedule is for models: '{args.program}' is compiled already")
    return load(path), inputs, keywords


def _options(args: Namespace) -> CompileOptions:
    """The options of compilation."""
    methods: dict[str, str] = {}
    for item in args.nonlinear:
        key, _, method = item.rpartition("=")
        methods[key or "*"] = method
    return CompileOptions(
        nonlinear=methods or None,
        max_error=args.max_error,
        objective=args.nonlinear_objective or "energy",
        schedule=args.schedule,
        passes=_passes(args),
        plugins=tuple(args.pass_plugin),
    )


def _passes(args: Namespace) -> dict[str, list[Any]]:
    """The passes of each level."""
    found: dict[str, list[Any]] = {}
    for text in args.passes:
        level, equals, passes = text.partition("=")
        if not equals or level not in LEVELS or not passes:
            raise UsageError(
                f"expected --passes LEVEL=PASSES with a level of {', '.join(LEVELS)}, got '{text}'"
            )
        place, _, name = passes.rpartition(":")
        one = load_function(place, name) if place.endswith(".py") else passes
        found.setdefault(level, []).append(one)
    if args.pass_plugin and not found:
        raise UsageError("expected --passes with --pass-plugin: plugins only register passes")
    return found


def _only_for(args: Namespace, what: str, *options: str) -> None:
    for option in options:
        if getattr(args, option.removeprefix("--").replace("-", "_")):
            raise UsageError(f"{option} is for {what}, got '{args.program}'")


def _from_onnx(args: Namespace, inputs: list[Any], keywords: dict[str, Any]) -> Program:
    from pumice.compiler import compile_file
    from pumice.device import as_device

    if inputs and keywords:
        raise UsageError("expected all of --input by name or none, got both")
    device = as_device(args.device)
    with working("compiling"):
        program = compile_file(
            args.program,
            keywords or inputs or None,
            device=device,
            shapes=parse_shapes(args.shape),
            options=_options(args),
            calibration=[keywords or tuple(inputs)] if keywords or inputs else None,
        )
        if device.adc_mode == "calibrated" and (inputs or keywords) and not _only_costs(args):
            program.calibrate([keywords or tuple(inputs)])
    if not program.estimate().arrays:
        say(
            "no layer of the model is on an array: quantize it first (onnxruntime.quantization"
            " writes files with QuantizeLinear and DequantizeLinear)"
        )
    return program


def _from_mlir(args: Namespace, inputs: list[Any]) -> Program:
    from pumice.compiler import compile_file
    from pumice.device import as_device

    device = as_device(args.device) if args.device else None
    with working("compiling"):
        program = compile_file(
            args.program,
            device=device,
            options=_options(args),
            calibration=[tuple(inputs)] if inputs else None,
        )
        calibrates = device is not None and device.adc_mode == "calibrated"
        if calibrates and inputs and not _only_costs(args):
            program.calibrate([tuple(inputs)])
    return program


def _compiled(
    args: Namespace, inputs: list[Any], keywords: dict[str, Any]
) -> tuple[Program, list[Any], dict[str, Any]]:
    from pumice.compiler import compile
    from pumice.device import as_device

    if not inputs and not keywords:
        raise UsageError(
            "expected --input or --shape: a model is compiled for the shapes of its inputs"
        )
    if args.calibration and args.no_quantize and not args.nonlinear:
        raise UsageError("--calibration is for quantizing: omit it or --no-quantize")
    model_axes = getattr(args, "model", {})
    if "batch" in model_axes:
        inputs = [_of_batch(x, model_axes["batch"]) for x in inputs]
        keywords = {name: _of_batch(x, model_axes["batch"]) for name, x in keywords.items()}
    calibration = load_inputs(args.calibration) if args.calibration else None
    device = as_device(args.device)  # before the slow part
    with working("loading the model"):
        model = load_model(args.program, weights=not args.no_weights)
    calibrates = not _assumes(args)
    if not calibrates:
        say("ranges of activations are assumed: --calibration, --input or --data measures them")
    if inputs and keywords:
        inputs, keywords = _all_named(model, inputs, keywords)
    if calibration is not None:
        calibration = _all_named(model, *calibration) if keywords else calibration
    with working("compiling"):
        program = compile(
            model,
            tuple(map(_tensor, inputs)) or None,
            example_kwargs={k: _tensor(v) for k, v in keywords.items()} or None,
            device=device,
            calibration=None if calibration is None else [_example(*calibration)],
            quantize=False if args.no_quantize else None,
            calibrate=calibrates,
            weight_bits=model_axes.get("weight_bits", 8),
            activation_bits=model_axes.get("activation_bits", 8),
            options=_options(args),
        )
        if device.adc_mode == "calibrated" and not _only_costs(args):
            program.calibrate([keywords or tuple(inputs)])
    return program, inputs, keywords


def _of_batch(array: Any, batch: int) -> Any:
    """An input with another number of items, which repeat."""
    if not isinstance(batch, int) or batch < 1 or not array.ndim:
        raise UsageError(f"expected model.batch of at least 1 for inputs with a batch, got {batch}")
    return np.resize(array, (batch, *array.shape[1:]))


def _only_costs(args: Namespace) -> bool:
    """Whether no values are computed, so that converters need no calibration."""
    return args.command in ("estimate", "sweep") or bool(getattr(args, "estimate", False))


def _assumes(args: Namespace) -> bool:
    """Whether the quantization needs no calibration: only costs are asked that do not follow it."""
    if not _only_costs(args) or getattr(args, "data", None):
        return False
    if args.no_weights or is_configuration(args.program):
        return True
    if args.input or args.calibration or args.no_quantize:
        return False
    devices = getattr(args, "devices", None) or args.device
    try:
        for device in devices if isinstance(devices, list) else [devices]:
            check_costs_only(as_device(device), _options(args))
    except CompileError:
        return False
    return True


def tensors(arrays: list[Any]) -> list[Any]:
    """Arrays as tensors of PyTorch."""
    return [_tensor(array) for array in arrays]


def _tensor(array: Any) -> Any:
    from pumice.frontend.requirements import require_torch

    require_torch()
    import torch

    try:
        return torch.from_numpy(array)
    except TypeError:
        raise PumiceError(f"expected numbers that torch knows, got {array.dtype}") from None


def _example(inputs: list[Any], keywords: dict[str, Any]) -> Any:
    """One item of calibration, as `pumice.quantize` takes it."""
    if inputs and keywords:
        raise UsageError("expected all of --calibration by name or none, got both")
    return {k: _tensor(v) for k, v in keywords.items()} or tuple(map(_tensor, inputs))


def _all_named(
    model: Any, inputs: list[Any], keywords: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Positional inputs by their names too: quantization takes one kind or the other."""
    try:
        bound = inspect.signature(model.forward).bind(*inputs, **keywords)
    except (AttributeError, TypeError) as error:
        raise PumiceError(f"inputs do not fit the model: {error}") from None
    return [], dict(bound.arguments)


def _give(args: Namespace, report: Report) -> None:
    """Writes and prints a report as the options say."""
    printed = args.json or args.report == "-"
    if args.report and args.report != "-":
        report.to_json(args.report)
    if args.html:
        report.to_html(args.html)
    if args.trace:
        report.to_trace(args.trace, setup=args.trace_setup)
    if printed:
        print(report.to_json())
    else:
        show(report.tables(sort=args.sort, top=args.top, depth=args.depth))
