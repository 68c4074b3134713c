# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What compiling takes: seconds by phase, code generation, peak memory, growth with depth.

    python scripts/compile_speed.py [resnet50 bert bert:1 bert:2 bert:4 bert:8 bert-large vgg16 ...]
                                    [--device D] [--json FILE] [--page docs/benchmark.md]

Each network is quantized, compiled and run twice in a process of its own: first with an empty
directory for generated code, then by a second compilation that finds it filled. `bert:N` is
BERT-base (128 tokens, random weights) with N layers, without N all 12.

- Seconds are of the processor (all threads), which other programs on the machine disturb less
  than the wall; --wall takes the wall's.
- torch-mlir is its import of FX and lowering to linalg, nothing else: what our passes are
  compared with. Folding of constants, with its code generation, is part of our passes.
- Memory is what the process holds at most during a phase, less what it held with everything
  imported and a one-layer network compiled. Weights are the bytes of the float model's parameters
  and buffers; activations the most bytes that are live at a time when PyTorch runs the float model
  node by node.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

DEFAULT = ["resnet50", "bert", "bert:1", "bert:2", "bert:4", "bert:8"]
PASSES = ("to_quantized", "to_crossbar", "to_pum", "to_simulator")
PHASES = ("quantize", "export", "decompose", "torch_mlir", "print", "parse", "attach", *PASSES)
_MARKS = ("<!-- results of scripts/compile_speed.py -->", "<!-- end of compile_speed.py -->")


def network(name: str) -> tuple[Any, tuple[Any, ...]]:
    """A float model with random weights and its example inputs."""
    import torch

    torch.manual_seed(0)
    if name.startswith("bert"):
        from transformers import BertConfig, BertModel

        kind, _, layers = name.partition(":")
        size = dict(num_hidden_layers=12)
        if kind == "bert-large":
            size = dict(
                num_hidden_layers=24,
                hidden_size=1024,
                num_attention_heads=16,
                intermediate_size=4096,
            )
        if layers:
            size["num_hidden_layers"] = int(layers)
        model = BertModel(BertConfig(**size)).eval()
        return model, (torch.randint(0, 30000, (1, 128)),)
    from pumice import zoo

    return getattr(zoo, name)(), (torch.randn(1, 3, 224, 224),)


def status(key: str) -> int:
    """A size of this process in bytes, from /proc."""
    text = Path("/proc/self/status").read_text()
    found = re.search(rf"^{key}:\s+(\d+) kB", text, re.M)
    assert found is not None
    return int(found.group(1)) * 1024


class Peaks:
    """Most memory during named phases, above a base."""

    def __init__(self) -> None:
        self.base = status("VmRSS")
        self.bytes: dict[str, int] = {}

    @contextmanager
    def of(self, phase: str) -> Any:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        yield
        self.bytes[phase] = status("VmHWM") - self.base


def activation_bytes(model: Any, inputs: tuple[Any, ...]) -> int:
    """Most bytes of results that are live at a time when the float graph runs node by node."""
    import torch

    graph = torch.export.export(model, inputs, strict=False).graph
    size: dict[Any, int] = {}
    for node in graph.nodes:
        values = node.meta.get("val")
        values = values if isinstance(values, (list, tuple)) else [values]
        tensors = [value for value in values if isinstance(value, torch.Tensor)]
        size[node] = sum(value.numel() * value.element_size() for value in tensors)
    last = {use: node for node in graph.nodes for use in node.all_input_nodes}
    live = peak = 0
    for node in graph.nodes:
        if node.op == "call_function":
            live += size[node]
        peak = max(peak, live)
        for use in set(node.all_input_nodes):
            if last[use] is node and use.op == "call_function":
                live -= size[use]
    return peak


def measure(name: str, device: str, wall: bool) -> dict[str, Any]:
    """Compiles and runs one network; returns its figures."""
    import torch

    import pumice

    if not wall:
        time.perf_counter = time.process_time  # what the phases are timed with
    with tempfile.TemporaryDirectory() as cache, torch.no_grad():
        os.environ["PUMICE_CACHE_DIR"] = cache
        example = torch.zeros(1, 1)
        pumice.compile(torch.nn.Linear(1, 1), example).run(example)  # imports are nobody's time
        peaks = Peaks()
        model, inputs = network(name)
        weights = sum(
            tensor.numel() * tensor.element_size()
            for tensor in [*model.parameters(), *model.buffers()]
        )
        activations = activation_bytes(model, inputs)
        start = time.perf_counter()
        with peaks.of("quantize"):
            quantized = pumice.quantize(model, [inputs], example_inputs=inputs)
        quantize = time.perf_counter() - start
        with peaks.of("compile"):
            program = pumice.compile(quantized, inputs, device=device)
        with peaks.of("first run"):
            first = program.run(*inputs)
        estimate = min(timed(program.estimate)[0] for _ in range(5))
        run, again = min(
            (timed(lambda: program.run(*inputs)) for _ in range(3)), key=lambda pair: pair[0]
        )
        second = pumice.compile(quantized, inputs, device=device)
        second_run = second.run(*inputs)
        code, cached = first.report.code, second_run.report.code
    assert code is not None
    assert cached is not None
    ours, theirs = flat(again.outputs), flat(second_run.outputs)
    assert all(np.array_equal(one, two) for one, two in zip(ours, theirs, strict=True))
    timings = {"quantize": quantize, **program.timings}
    passes = sum(program.timings[phase] for phase in PASSES)
    return {
        "network": name,
        "parameters": sum(tensor.numel() for tensor in model.parameters()),
        "weights_bytes": weights,
        "activations_bytes": activations,
        "timings_s": timings,
        "passes_s": passes,
        "passes_again_s": sum(second.timings[phase] for phase in PASSES),
        "passes_over_torch_mlir": passes / program.timings["torch_mlir"],
        "prepare_s": first.report.timings["prepare"],
        "prepare_again_s": second_run.report.timings["prepare"],
        "code": vars(code),
        "code_again": vars(cached),
        "estimate_s": estimate,
        "run_s": run,
        "peak_bytes": peaks.bytes,
        "peak_over_weights": max(peaks.bytes["compile"], peaks.bytes["first run"])
        / (weights + activations),
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def flat(outputs: Any) -> list[Any]:
    from torch.utils._pytree import tree_leaves

    return [np.asarray(leaf) for leaf in tree_leaves(outputs)]


def depth(results: list[dict[str, Any]]) -> list[str]:
    """A straight line through the passes' seconds over the number of layers."""
    points = [
        (int(result["network"].partition(":")[2]), result["passes_s"], result["timings_s"])
        for result in results
        if result["network"].startswith("bert:")
    ]
    if len(points) < 3:
        return []
    layers = np.array([point[0] for point in points], float)
    lines = []
    for what, seconds in (
        ("our passes", np.array([point[1] for point in points])),
        ("torch-mlir", np.array([point[2]["torch_mlir"] for point in points])),
    ):
        slope, start = np.polyfit(layers, seconds, 1)
        # The exponent of the part that grows: 1 is linear, 2 quadratic.
        order = np.argsort(layers)
        steps = np.diff(seconds[order]) / np.diff(layers[order])
        lines.append(
            f"{what}: {start * 1e3:.0f} ms and {slope * 1e3:.0f} ms a layer; from point to point "
            + ", ".join(f"{step * 1e3:.0f}" for step in steps)
            + " ms a layer"
        )
    return lines


def table(results: list[dict[str, Any]]) -> str:
    """A column per network."""

    def ms(seconds: float) -> str:
        return f"{seconds * 1e3:.0f}" if seconds >= 0.1 else f"{seconds * 1e3:.1f}"

    def mib(size: float) -> str:
        return f"{size / 2**20:.0f}"

    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("parameters, M", lambda r: f"{r['parameters'] / 1e6:.1f}")
    ]
    for phase in PHASES:
        rows.append((f"{phase}, ms", lambda r, phase=phase: ms(r["timings_s"][phase])))
    rows += [
        ("our passes, ms", lambda r: ms(r["passes_s"])),
        ("  over torch_mlir", lambda r: f"{r['passes_over_torch_mlir']:.3f}"),
        ("  second time, ms", lambda r: ms(r["passes_again_s"])),
        ("prepare, ms", lambda r: ms(r["prepare_s"])),
        ("  second time, ms", lambda r: ms(r["prepare_again_s"])),
        ("regions", lambda r: str(r["code"]["regions"])),
        ("  distinct", lambda r: str(r["code"]["distinct"])),
        ("  cached, second time", lambda r: str(r["code_again"]["cached"])),
        ("estimate, ms", lambda r: ms(r["estimate_s"])),
        ("run, ms", lambda r: ms(r["run_s"])),
        ("weights, MiB", lambda r: mib(r["weights_bytes"])),
        ("activations, MiB", lambda r: f"{r['activations_bytes'] / 2**20:.1f}"),
        ("peak, quantize, MiB", lambda r: mib(r["peak_bytes"]["quantize"])),
        ("peak, compile, MiB", lambda r: mib(r["peak_bytes"]["compile"])),
        ("peak, first run, MiB", lambda r: mib(r["peak_bytes"]["first run"])),
        ("  over both", lambda r: f"{r['peak_over_weights']:.2f}"),
    ]
    cells = [["", *(result["network"] for result in results)]]
    cells += [[label, *(value(result) for result in results)] for label, value in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=DEFAULT)
    parser.add_argument("--device", default="ideal")
    parser.add_argument("--wall", action="store_true", help="time by the wall")
    parser.add_argument("--json", type=Path, help="write all figures")
    parser.add_argument("--page", type=Path, help="write the table into this page")
    args = parser.parse_args()
    results = []
    for name in args.networks:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            results.append(pool.submit(measure, name, args.device, args.wall).result())
        print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    text = "\n".join([table(results), *depth(results)])
    print(text)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2))
    if args.page:
        page = args.page.read_text()
        head, tail = page.split(_MARKS[0])[0], page.split(_MARKS[1])[1]
        args.page.write_text(f"{head}{_MARKS[0]}\n```\n{text}\n```\n{_MARKS[1]}{tail}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
