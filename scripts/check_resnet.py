# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ResNets at full size: exactness against the numpy oracle, closeness to PT2E, and a timing table.

On `ideal` every integer tensor and the outputs must be bit-identical to the oracle's
(test/python/oracles); an estimate must equal the run's report. Against PT2E's own emulation: per
layer, fed the same codes, no code off by more than 1 and at least 99.9 % equal. Weights and images
are random but the same every time.

    python scripts/check_resnet.py [resnet18 ...] [--device D] [--size 224] [--runs N] [--json FILE]

Exits with 1 if a check fails.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "python" / "oracles"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "python" / "helpers"))

import oracle
import pumice
from exactness import compare, oracle_of, same_bits
from pumice import zoo
from pumice.tables import plain_text, simple_table, size
from pumice.tables import time as time_text

#: Phases of `Program.timings` by what the table calls them.
PHASES = {
    "torch.export": ("export",),
    "torch-mlir": ("decompose", "torch_mlir", "print"),
    "import": ("parse", "attach"),
    "our passes": ("to_quantized", "to_crossbar", "to_pum", "to_simulator"),
}


def images(batch: int, size: int, seed: int) -> torch.Tensor:
    """Smooth random images, about as far from zero as normalized photographs."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(batch, 3, max(size // 8, 1), max(size // 8, 1), generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def check(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Compiles, runs, compares one network; returns its figures."""
    example = torch.zeros(1, 1)  # imports are nobody's time
    pumice.compile(torch.nn.Linear(1, 1), example).run(example)
    model = getattr(zoo, name)()
    x = images(1, args.size, 1)
    seconds: dict[str, float] = {}
    seconds["PT2E quantization"], quantized = timed(
        lambda: pumice.quantize(model, [images(1, args.size, seed) for seed in (1, 2)])
    )
    seconds["compile, all"], program = timed(
        lambda: pumice.compile(quantized, x, device=args.device)
    )
    for phase, keys in PHASES.items():
        seconds[phase] = sum(program.timings.get(key, 0.0) for key in keys)
    estimate = program.estimate()
    seconds["estimate"] = statistics.median(timed(program.estimate)[0] for _ in range(args.runs))
    result = program.run(x)
    seconds["prepare (once)"] = result.report.timings["prepare"]
    seconds["run"] = statistics.median(timed(lambda: program.run(x))[0] for _ in range(args.runs))
    with torch.no_grad():
        seconds["torch, float"] = statistics.median(
            timed(lambda: model(x))[0] for _ in range(args.runs)
        )
        seconds["torch, PT2E emulation"] = statistics.median(
            timed(lambda: quantized(x))[0] for _ in range(args.runs)
        )
    peak = peak_bytes()
    failures = []
    ours, ran = estimate.to_dict(), result.report.to_dict()
    del ours["timings_s"], ran["timings_s"]
    if ours != ran:
        failures.append("the estimate is not the run's report")

    kept = program.run(x, keep=True)
    exported = oracle.export(quantized, (x,))
    array = oracle_of(pumice.Device(args.device).fields)
    expected = oracle.run_oracle(quantized, (x,), array=array, program=exported)
    found = compare(kept.tensors, expected)
    if found.different:
        failures.append(f"differs from the oracle: {found.different}")
    if not same_bits(kept.outputs.numpy(), expected.outputs[0]):
        failures.append("outputs differ from the oracle's")
    if len(found.accumulators) != len(expected.accumulators):
        failures.append(f"accumulators not compared: {found.missing}")
    pt2e = {}
    if array is None:
        pt2e = oracle.compare_with_pt2e(quantized, (x,), expected.codes, exported)
    far = {n: a for n, a in pt2e.items() if a.largest > 1 or a.equal < 0.999}
    if far:
        failures.append(f"too far from PT2E: {far}")
    sizes = [expected.integers[n].size for n in (*found.codes, *found.accumulators)]
    return {
        "network": name,
        "device": args.device,
        "size": args.size,
        "seconds": seconds,
        "peak_bytes": peak,
        "codes": len(found.codes),
        "accumulators": len(found.accumulators),
        "integers": int(np.sum(sizes)),
        "different": sum(found.different.values()),
        "pt2e_largest": max((a.largest for a in pt2e.values()), default=None),
        "pt2e_equal": min((a.equal for a in pt2e.values()), default=None),
        "arrays": result.report.arrays,
        "latency_ns": result.report.latency_ns,
        "dynamic_energy_pj": result.report.dynamic_energy_pj,
        "failures": failures,
    }


def show(figures: list[dict[str, Any]]) -> None:
    """Prints one column per network."""
    first = figures[0]
    rows = [
        [name, *(time_text(f["seconds"][name] * 1e9) for f in figures)] for name in first["seconds"]
    ]
    rows += [
        ["peak memory (before the checks)", *(size(f["peak_bytes"]) for f in figures)],
        ["integers compared with the oracle", *(f"{f['integers']:,}" for f in figures)],
        ["  that differ", *(f"{f['different']:,}" for f in figures)],
        ["  of accumulators, of codes", *(f"{f['accumulators']}, {f['codes']}" for f in figures)],
        ["arrays", *(f"{f['arrays']:,}" for f in figures)],
        ["latency of the machine", *(time_text(f["latency_ns"]) for f in figures)],
    ]
    if first["pt2e_equal"] is not None:
        rows += [
            ["PT2E: off by at most", *(str(f["pt2e_largest"]) for f in figures)],
            ["PT2E: worst layer, equal", *(f"{100 * f['pt2e_equal']:.4f} %" for f in figures)],
        ]
    pixels, threads = first["size"], torch.get_num_threads()
    title = f"device {first['device']}, {pixels}x{pixels}, {threads} threads"
    print(plain_text(simple_table(title, ["", *(f["network"] for f in figures)], rows)))
    for f in figures:
        for failure in f["failures"]:
            print(f"FAILED: {f['network']}: {failure}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=["resnet18", "resnet50"])
    parser.add_argument("--device", default="ideal")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--runs", type=int, default=3, help="repetitions; the median is shown")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    # One process each, so that peak memory is the network's own.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        figures = list(pool.map(check, args.networks, [args] * len(args.networks)))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    show(figures)
    return 1 if any(f["failures"] for f in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
