# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice sweep`."""

from __future__ import annotations

import math
from argparse import Namespace

from pumice.cli.data import load_data
from pumice.cli.errors import UsageError
from pumice.cli.run import program_of
from pumice.cli.terminal import counting, say, show
from pumice.errors import PumiceError
from pumice.exploration import parse_setting
from pumice.exploration import sweep as run_sweep
from pumice.files import write_text

__all__ = ["sweep"]


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
    programs = {}
    for text in args.programs:
        args.program = text
        programs[text] = program_of(args)[0]
    program = programs if len(programs) > 1 else next(iter(programs.values()))
    total = len(devices) * math.prod(len(setting.values) for setting in settings)
    if args.search != "grid":
        total = min(total, args.trials or 100) if args.search == "random" else args.trials or 100
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
            seed=args.seed,
            store=args.store,
            study=args.study,
            workers=args.workers,
            cluster=args.cluster,
            on_point=lambda record: advance(str(record["device"])),
        )
    best = found.pareto(objectives) if any("error" not in r for r in found.records) else []
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
        show("")
        show(f"Best in {', '.join(objectives)}, none beaten by another:")
        show(found.table(best))
    for text in sorted({r["unscaled"] for r in found.records if "unscaled" in r}):
        say(f"costs did not follow: {text}; set them together with the field (docs/sweep.md)")
    for text in sorted({r["outside"] for r in found.records if "outside" in r}):
        say(text)
    if found.records and not best:
        raise PumiceError(f"no point is possible: {found.records[0]['error']}")
