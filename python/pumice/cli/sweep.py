# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice sweep`."""

from __future__ import annotations

import copy
import math
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from typing import Any

from pumice.cli.data import load_data
from pumice.cli.errors import UsageError
from pumice.cli.run import program_of
from pumice.cli.terminal import counting, say, show
from pumice.errors import PumiceError
from pumice.exploration import Setting, parse_setting
from pumice.exploration import sweep as run_sweep
from pumice.files import write_text
from pumice.program import Program

__all__ = ["sweep"]

#: What `--set model.NAME` can set.
_MODEL = ("weight_bits", "activation_bits", "batch")


def sweep(args: Namespace) -> None:
    """Sweeps a model over devices and fields."""
    settings = [parse_setting(text) for text in args.set]
    devices = args.device or ["isaac"]
    objectives = args.objective or ["latency_ns", "dynamic_energy_pj"]
    if args.plot and len(objectives) < 2:
        raise UsageError("expected two of --objective for --plot, got one")
    data = None
    if args.data:
        items = load_data(args.data)
        data = list(items.batches(len(items)))
    args.devices, args.device = devices, None  # the network is mapped to each device of the sweep
    paths = [path for setting in settings for path in setting.fields]
    for path in paths:
        if path.startswith("model.") and path.removeprefix("model.") not in _MODEL:
            known = ", ".join(f"model.{name}" for name in _MODEL)
            raise UsageError(f"expected {known}, or a field of a device, got '{path}'")
    if any(path.startswith("compile.nonlinear") for path in paths) and not args.nonlinear:
        args.nonlinear = _first_method(settings)
    programs = {text: partial(_build, args, text) for text in args.programs}
    program = programs if len(programs) > 1 else next(iter(programs.values()))
    total = len(devices) * math.prod(len(setting.values) for setting in settings)
    if args.search == "random":
        total = min(total, args.trials or 100)
    elif args.search != "grid":
        total = args.trials or 100
    elif args.trials:
        total = min(total, args.trials)
    with counting(total * len(programs)) as advance:
        found = run_sweep(
            program,
            devices,
            settings,
            data=data,
            search=args.search,
            trials=args.trials,
            objectives=objectives,
            constraints=args.constraint,
            metric=args.metric,
            seed=args.seed,
            store=args.store,
            study=args.study,
            workers=args.workers,
            cluster=args.cluster,
            on_point=lambda record: advance(str(record["device"])),
        )
    possible = [r for r in found.records if "error" not in r and "infeasible" not in r]
    best = found.pareto(objectives) if possible else []
    if args.csv:
        found.to_csv(args.csv)
    if args.parquet:
        found.to_parquet(args.parquet)
    if args.plot and best:
        found.plot(args.plot, (objectives[0], objectives[1]))
    if args.parallel and best:
        found.plot_parallel(args.parallel, objectives)
    if args.best and best:
        name = objectives[0].removeprefix("-")
        sign = -1 if objectives[0].startswith("-") else 1
        first = min(best, key=lambda record: sign * record[name])
        write_text(args.best, f"{found.device(first)}\n")
    if args.json:
        print(found.to_json())
    else:
        show(found)
        if best:
            show("")
            show(f"Best in {', '.join(objectives)}, none beaten by another:")
            show(found.table(best))
    for text in sorted({r["unscaled"] for r in found.records if "unscaled" in r}):
        say(f"costs did not follow: {text}; set them together with the field (docs/sweep.md)")
    for text in sorted({r["outside"] for r in found.records if "outside" in r}):
        say(text)
    if found.records and not best:
        first = found.records[0]
        problem = first.get("error") or f"constraints are broken: {first['infeasible']}"
        raise PumiceError(f"no point is possible: {problem}")


def _build(args: Namespace, text: str, **model: Any) -> Program:
    """The program of a model with the values of its axes."""
    own = copy.copy(args)
    own.program, own.model = text, model
    if len(args.programs) > 1 and text.startswith(("zoo:", "zoo-small:")):
        own.shape, own.input = [], []  # it has inputs of its own
    elif len(args.programs) > 1 and text.endswith(".onnx"):
        own.shape = [shape for shape in args.shape if "=" in shape]
    return program_of(own)[0]


def _first_method(settings: Sequence[Setting]) -> list[str]:
    """A net or a table among the methods of a sweep, so that domains are calibrated."""
    for setting in settings:
        for path, values in zip(setting.fields, zip(*setting.values, strict=True), strict=True):
            if path.startswith("compile.nonlinear"):
                key = path.removeprefix("compile.nonlinear").removeprefix(".")
                for method in values:
                    if method != "digital":
                        return [f"{key}={method}" if key else str(method)]
    return []
