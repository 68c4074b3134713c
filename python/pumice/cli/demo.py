# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice demo`: real digits through a trained CNN, on PyTorch and on the simulated machine."""

from __future__ import annotations

import json
import warnings
from argparse import Namespace
from typing import Any

import numpy as np
import numpy.typing as npt

from pumice.cli.errors import UsageError
from pumice.cli.terminal import progress, say, show, working
from pumice.device import Device
from pumice.frontend.requirements import require_torch
from pumice.report import Report
from pumice.tables import (
    NOT_STATED,
    area,
    energy,
    number,
    simple_table,
    static_energy,
    time,
)

__all__ = ["demo"]

#: Every tenth digit calibrates the quantization and is not tested with.
CALIBRATION_STEP = 10

Logits = npt.NDArray[np.float32]


def demo(args: Namespace) -> None:
    """Compiles, runs, compares, prints."""
    require_torch("torch", "torch-mlir", "torchao")
    devices = [Device(name) for name in args.device or ["ideal", "isaac"]]
    with working("loading PyTorch"):
        import torch

        import pumice
        from pumice import demo as data

    images, labels = data.load_digits()
    held_out = np.arange(len(images)) % CALIBRATION_STEP != 0
    calibration = torch.from_numpy(data.preprocess(images[~held_out]))
    images, labels = images[held_out], labels[held_out]
    if args.images is not None:
        if args.images > len(images):
            raise UsageError(f"expected at most {len(images)} images, got {args.images}")
        images, labels = images[: args.images], labels[: args.images]
    if len(images) % args.batch:
        raise UsageError(
            f"expected the batch to divide the number of images: {len(images)} by {args.batch}"
        )
    inputs = torch.from_numpy(data.preprocess(images))
    model = data.load_model()
    with working("quantizing with PT2E"):
        quantized = pumice.quantize(model, [calibration])

    logits: dict[str, Logits] = {}
    with torch.no_grad():
        logits["PyTorch, float"] = model(inputs).numpy()
        logits["PyTorch, quantized (PT2E)"] = quantized(inputs).numpy()
    reports: dict[str, Report] = {}
    for device in devices:
        with working(f"compiling for {device.name}"):
            program = pumice.compile(quantized, inputs[: args.batch], device=device)
            if device.adc_mode == "calibrated":
                program.calibrate([np.resize(calibration, inputs[: args.batch].shape)])
        batches = [inputs[i : i + args.batch] for i in range(0, len(inputs), args.batch)]
        found = []
        with warnings.catch_warnings():
            # White is the greatest value in calibration too: bold digits have much of it.
            warnings.simplefilter("ignore", pumice.SaturationWarning)
            for batch in progress(batches, f"running on {device.name}", len(batches)):
                result = program.run(batch, threads=args.threads)
                found.append(result.outputs.numpy())
                reports[device.name] = result.report
        logits[f"Pumice, {device.name}"] = np.concatenate(found)
    scores = _scores(logits, labels)
    if args.json:
        books = {name: report.to_dict() for name, report in reports.items()}
        print(
            json.dumps(
                {
                    "images": len(labels),
                    "calibration_images": len(calibration),
                    "batch": args.batch,
                    "accuracy": scores,
                    "reports": books,
                },
                indent=2,
            )
        )
        return
    _print(scores, reports, len(labels), len(calibration), args.batch)


def _scores(logits: dict[str, Logits], labels: npt.NDArray[Any]) -> list[dict[str, Any]]:
    """Per system: right answers, and agreement with the quantized PyTorch model."""
    expected = logits["PyTorch, quantized (PT2E)"]
    scores = []
    for name, values in logits.items():
        answers = values.argmax(1)
        scores.append(
            {
                "system": name,
                "correct": int((answers == labels).sum()),
                "same_answer_as_pt2e": int((answers == expected.argmax(1)).sum()),
                "largest_logit_difference": float(np.abs(values - expected).max()),
            }
        )
    return scores


def _print(
    scores: list[dict[str, Any]],
    reports: dict[str, Report],
    count: int,
    calibration: int,
    batch: int,
) -> None:
    rows = [
        (
            score["system"],
            f"{100 * score['correct'] / count:.2f} %",
            f"{score['correct']} of {count}",
            str(score["same_answer_as_pt2e"]),
            f"{score['largest_logit_difference']:.3g}",
        )
        for score in scores
    ]
    columns = ["", "accuracy", "right", "same digit as PT2E", "largest logit difference"]
    title = f"{count} handwritten digits that the network never saw"
    show(simple_table(title, columns, rows))
    say(f"quantized with {calibration} other digits, which are not counted here")
    show("")
    per = "image" if batch == 1 else f"batch of {batch}"
    costs = [
        (
            name,
            time(report.latency_ns),
            energy(report.dynamic_energy_pj),
            static_energy(report),
            number(report.arrays),
            area(report.area_mm2) if report.area_mm2 else NOT_STATED,
        )
        for name, report in reports.items()
    ]
    columns = ["device", "latency", "energy, dynamic", "static", "arrays", "area"]
    show(simple_table(f"Cost per {per}", columns, costs))
    show("")
    show(list(reports.values())[-1])
