# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the residual network of `pumice study` and writes its weights into the package.

Data and split are those of scripts/train_demo.py: 4000 MNIST digits train, 1000 are held out.
Weights are stored in half precision. Seeds are fixed; it takes about a minute.

    python scripts/train_study.py [--epochs N] [--output FILE]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from train_demo import HELD_OUT, train, training_data

from pumice.experiments.noise.networks import digit_resnet

PACKAGE = Path(__file__).resolve().parent.parent / "python" / "pumice" / "experiments" / "noise"


def main() -> None:
    """Trains, prints the held-out accuracy, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=PACKAGE / "resnet.npz")
    options = parser.parse_args()

    images, labels = training_data(options.seed)
    model = digit_resnet(options.seed)
    start = time.perf_counter()
    train(model, images[HELD_OUT:], labels[HELD_OUT:], options.epochs, options.seed)
    print(f"{sum(p.numel() for p in model.parameters())} parameters,", end=" ")
    print(f"{time.perf_counter() - start:.1f} s")

    state = {name: value.numpy() for name, value in model.state_dict().items()}
    halves = {n: v.astype(np.float16) if v.dtype == np.float32 else v for n, v in state.items()}
    np.savez_compressed(options.output, **halves)
    model.load_state_dict(
        {n: torch.from_numpy(v.astype(state[n].dtype)) for n, v in halves.items()}
    )
    with torch.no_grad():
        correct = model(images[:HELD_OUT]).argmax(1) == labels[:HELD_OUT]
    print(f"held-out accuracy, weights as stored: {int(correct.sum())} of {HELD_OUT}")


if __name__ == "__main__":
    main()
