# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice evaluate`."""

from __future__ import annotations

import json
from argparse import Namespace

from pumice.cli.data import load_data
from pumice.cli.errors import UsageError
from pumice.cli.run import program_of
from pumice.cli.terminal import counting, say, show

__all__ = ["evaluate"]


def evaluate(args: Namespace) -> None:
    """Prints metrics of a model on a data set, on several devices."""
    if args.input:
        raise UsageError("expected no --input: --data has the inputs")
    from pumice.device import Device
    from pumice.evaluation.devices import evaluate_devices
    from pumice.evaluation.metrics import metric_of

    metric = metric_of(args.metric)
    data = load_data(args.data)
    devices = [Device(name) for name in args.device or ["isaac"]]
    size = min(args.batch, len(data))
    args.device = devices[0]
    example = data.example(size)
    program, _, _ = program_of(args, example)
    if "quantized" not in program.levels:
        raise UsageError(
            f"expected a model to compile for devices, got '{args.program}', which is compiled"
            " already"
        )
    batches = data.batches(size)
    total = min(len(batches), args.limit or len(batches))
    runs = len(devices) + (program.float_model is not None)
    inputs, keywords = example
    with counting(runs * total, "evaluating") as advance:
        found = evaluate_devices(
            program,
            batches,
            devices,
            metric,
            calibration=[keywords or tuple(inputs)],
            limit=args.limit,
            threads=args.threads,
            advance=advance,
        )
    if args.json:
        print(json.dumps(found.to_dict(), indent=2))
        return
    show(found)
    if not args.calibration and program.float_model is not None:
        say(f"quantized with the first {size} items; --calibration takes other inputs")
