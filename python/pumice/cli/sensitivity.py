# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice sensitivity`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from pumice.cli.data import load_data
from pumice.cli.errors import UsageError
from pumice.cli.files import load_inputs, load_model
from pumice.cli.run import tensors
from pumice.cli.terminal import show, working
from pumice.exploration import layer_sensitivity, parse_setting

__all__ = ["sensitivity"]


def sensitivity(args: Namespace) -> None:
    """Changes the arrays or weights of single layers."""
    change: dict[str, Any] = {}
    for text in args.set:
        setting = parse_setting(text)
        if len(setting.values) != 1:
            raise UsageError(f"expected one value for each field, got '{text}'")
        for path, value in zip(setting.fields, setting.values[0], strict=True):
            *parents, last = path.split(".")
            inner = change
            for key in parents:
                inner = inner.setdefault(key, {})
            inner[last] = value
    if bool(change) == bool(args.weight_bits):
        raise UsageError("expected --set or --weight-bits, got both or neither")
    items = load_data(args.data)
    calibration = load_inputs(args.calibration)[0] if args.calibration else None
    with working("loading the model"):
        model = load_model(args.program)
    with working("changing layers"):
        found = layer_sensitivity(
            model,
            list(items.batches(len(items))),
            change=change or None,
            weight_bits=args.weight_bits,
            calibration=None if calibration is None else [tuple(tensors(calibration))],
            device=args.device or "isaac",
            layers=args.layer or None,
            greedy=args.greedy,
        )
    if args.plot:
        found.plot(args.plot)
    if args.json:
        print(found.to_json())
    else:
        show(found)
