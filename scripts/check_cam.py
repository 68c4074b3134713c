# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Searches of stored words: cost beside crossbars and the digital unit, and speed beside PyTorch.

    python scripts/check_cam.py [--entries 10000] [--bits 1024] [--queries 256] [--threads 2]

The first table has the same two searches of the shipped digits on several devices: the nearest of
150 stored images, and the nearest of 10 hyperdimensional vectors. The second compares the
simulation of a search for the 10 nearest words with torch.cdist and topk. Exits with 1 if a result
that must equal PyTorch's does not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

import pumice
from pumice import demo, ir

#: Device, how the search is written, and options.
PLACES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("memories, latency", "cam-fefet", "distance", {}),
    ("memories, power", "cam-fefet", "distance", {"cam_goal": "power"}),
    ("memories, density", "cam-fefet", "distance", {"cam_goal": "density"}),
    (
        "digital unit",
        "cam-fefet",
        "distance",
        {"pipelines": {"quantized-to-crossbar": {"targets": "*=digital"}}},
    ),
    ("digital unit, product", "cam-fefet", "layer", {
        "pipelines": {"quantized-to-crossbar": {"targets": "*=digital"}}}),
    ("crossbars of isaac", "isaac", "layer", {}),
    ("crossbars of neurosim-rram", "neurosim-rram", "layer", {}),
]  # fmt: skip


class Search(nn.Module):
    """The nearest of stored vectors of -1 and 1, by distance."""

    def __init__(self, entries: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("entries", entries)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cdist(torch.where(x >= 0, 1.0, -1.0), self.entries, p=1).argmin(1)


class Layer(nn.Module):
    """The same by a product with the vectors, which PT2E quantizes: a layer of crossbars."""

    def __init__(self, entries: torch.Tensor) -> None:
        super().__init__()
        self.product = nn.Linear(entries.shape[1], entries.shape[0], bias=False)
        self.product.weight = nn.Parameter(entries.clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.product(torch.where(x >= 0, 1.0, -1.0)).argmax(1)


def digits() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Entries and queries of the two searches."""
    images, labels = demo.load_digits()
    pixels = (torch.from_numpy(images).flatten(1) > 127).float() * 2 - 1
    known, queries = pixels[::2], pixels[1::2]
    known_labels = torch.from_numpy(labels)[::2]
    generator = torch.Generator().manual_seed(0)
    signs = (torch.randint(0, 2, (1024, known.shape[1]), generator=generator) * 2 - 1).float()
    vectors = torch.where(known @ signs.T >= 0, 1.0, -1.0)
    classes = torch.stack([vectors[known_labels == digit].sum(0) for digit in range(10)])
    return {
        "1-NN": (known, queries),
        "HDC": (torch.where(classes >= 0, 1.0, -1.0), queries @ signs.T),
    }


def compare_devices() -> bool:
    """Prints time and energy of a query, without DRAM."""
    exact = True
    print(f"{'search':6} {'on':28} {'ns':>9} {'pJ':>11} {'search pJ':>10} {'arrays':>6}  differ")
    for name, (entries, queries) in digits().items():
        wanted = Search(entries)(queries)
        for place, device, form, options in PLACES:
            model = (Search if form == "distance" else Layer)(entries).eval()
            program = pumice.compile(
                model, queries, device=device, quantize=form == "layer", options=options
            )
            if pumice.Device(device).adc_mode == "calibrated":
                program.calibrate([queries])
            result = program.run(queries)
            report, count = result.report, len(queries)
            parts = report.components
            energy = report.dynamic_energy_pj - sum(
                parts.get(part, 0) for part in ("dram_read", "dram_write")
            )
            own = sum(
                value for part, value in parts.items()
                if part not in ("dram_read", "dram_write", "digital", "buffer_read", "buffer_write")
            )  # fmt: skip
            busy = sum(
                item["end_ns"] - item["start_ns"]
                for item in report.instructions if item["kind"] != "transfer"
            )  # fmt: skip
            arrays = max(
                [
                    sum(lane["count"] for lane in item["lanes"] if lane["resource"] == "array")
                    for item in report.instructions
                ]
            )
            differ = int((result.outputs != wanted).sum())
            exact &= form == "layer" or differ == 0
            print(
                f"{name:6} {place:28} {busy / count:9.2f} {energy / count:11.1f}"
                f" {own / count:10.2f} {arrays:6}  {differ} of {count}"
            )
    return exact


def timed(work: Callable[[], Any], times: int = 5) -> float:
    """Median seconds after a first run."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def program_of(table: np.ndarray, queries: int, count: int) -> pumice.Program:
    """A search for the `count` nearest rows of a table of 0 and 1."""
    rows, bits = table.shape
    q, d = f"tensor<{queries}x{bits}xi8>", f"tensor<{queries}x{count}xi32>"
    i = f"tensor<{queries}x{count}xi64>"
    data = table.astype(np.int8).tobytes().hex()
    with ir.Context() as context:
        module = ir.Module.parse(
            f"func.func @main(%q: {q}) -> ({d}, {i}) {{\n"
            f'  %d, %i = ap.cam_search %q in dense<"0x{data}"> : tensor<{rows}x{bits}xi8>'
            f" for best : ({q}) -> ({d}, {i})\n  return %d, %i : {d}, {i}\n}}\n"
        )
        device = pumice.Device("cam-fefet")
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        from pumice.passmanager import PassManager

        passes = "ap-map-searches,crossbar-to-pum,pum-to-simulator"
        PassManager.parse(f"builtin.module({passes})").run(module.operation)
        return pumice.Program({"simulator": module}, {})


def compare_speed(entries: int, bits: int, queries: int, threads: int) -> bool:
    """Prints milliseconds of a batch."""
    rng = np.random.default_rng(0)
    table = rng.integers(0, 2, (entries, bits), dtype=np.int8)
    keys = rng.integers(0, 2, (queries, bits), dtype=np.int8)
    torch.set_num_threads(threads)
    x, e = torch.from_numpy(keys).float(), torch.from_numpy(table).float()
    program = program_of(table, queries, 10)
    found = program.run(keys, threads=threads).outputs
    wanted = torch.cdist(x, e, p=1)
    nearest = torch.sort(wanted, dim=1, stable=True)
    same = torch.equal(torch.as_tensor(found[1]), nearest.indices[:, :10])
    ours = timed(lambda: program.run(keys, threads=threads))
    print(f"\n{queries} queries, {entries} words of {bits} bits, the 10 nearest, {threads} threads")
    print(f"{'simulation':24}{ours * 1e3:10.1f} ms")
    for p in (2.0, 1.0):
        torch_time = timed(lambda p=p: torch.cdist(x, e, p=p).topk(10, largest=False))
        name = f"torch.cdist p={p:g}, topk"
        print(f"{name:24}{torch_time * 1e3:10.1f} ms ({torch_time / ours:.1f} times as long)")
    print("same indices as a stable sort:", same)
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--bits", type=int, default=1024)
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    exact = compare_devices()
    exact &= compare_speed(args.entries, args.bits, args.queries, args.threads)
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
