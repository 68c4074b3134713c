# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The demo's network with ternary weights: held-out accuracy by width and sparsity, as a table.

Data and float network as in scripts/train_demo.py; each ternary network trains from it, with the
same seed. One thread, so that numbers do not depend on how many there are.

    python scripts/train_ternary.py [--epochs 3]
"""

from __future__ import annotations

import argparse
import contextlib
import io

import torch
from torch import nn
from train_demo import HELD_OUT, train, training_data

import pumice
from pumice import demo

KEPT = ("stem", "head")
COLUMNS: tuple[tuple[str, float | None, tuple[str, ...]], ...] = (
    ("all layers", None, ()),
    ("sparsity 0.8", 0.8, ()),
    ("first and last kept", None, KEPT),
    ("both", 0.8, KEPT),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    images, labels = training_data(seed=0)
    shown, classes = images[HELD_OUT:], labels[HELD_OUT:]

    def right(model: nn.Module) -> str:
        with torch.no_grad():
            correct = model(images[:HELD_OUT]).argmax(1) == labels[:HELD_OUT]
        return f"{100 * int(correct.sum()) / HELD_OUT:.1f} %"

    model = demo.load_model()
    print(f"float {right(model)}, PT2E with 8 bits {right(pumice.quantize(model, [shown[:200]]))}")
    print("| activations | training | " + " | ".join(name for name, _, _ in COLUMNS) + " |")
    print("|---|---|" + "---|" * len(COLUMNS))
    for bits in (8, 4, 2):
        rows: dict[str, list[str]] = {"none": [], "statistics": [], "labels": []}
        for _, sparsity, keep in COLUMNS:
            network = pumice.ternarize(
                model, [shown[:200]], activation_bits=bits, sparsity=sparsity, keep=keep
            )
            rows["none"].append(right(network.convert()))
            with torch.no_grad():
                for batch in shown.split(100):
                    network(batch)
            rows["statistics"].append(right(network.convert()))
            with contextlib.redirect_stdout(io.StringIO()):
                train(network, shown, classes, options.epochs, seed=0)
            rows["labels"].append(right(network.convert()))
        for name, cells in rows.items():
            print(f"| {bits} bits | {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
