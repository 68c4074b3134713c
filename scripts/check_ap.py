# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A ternary ResNet at full size on associative processors: every pass simulated, and how fast.

The outputs must be those of `ideal`, bit for bit. Weights are random, of a sparsity; so are images.

    python scripts/check_ap.py [--model resnet18] [--size 224] [--sparsity 0.8] [--threads 2]
                               [--activation-bits 8] [--elementwise-bits 4] [--no-keep-codes]

    python scripts/check_ap.py --activation-bits 4 --layout along across cheapest

prints a table that compares layouts. Exits with 1 if the outputs differ.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

import pumice
from pumice import zoo
from pumice.experiments.ternary import make_ternary


def quantize(model: torch.nn.Module, x: torch.Tensor, bits: int) -> Any:
    return pumice.quantize(model, [x], activation_bits=bits)


def timed(label: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = work()
    print(f"{label:22}{time.perf_counter() - start:8.2f} s")
    return result


def compare(quantized: Any, x: torch.Tensor, device: pumice.Device, args: Any) -> int:
    """A table with a column for each layout."""
    columns: list[dict[str, str]] = []
    outputs = [pumice.compile(quantized, x, device="ideal").run(x, threads=args.threads).outputs]
    for layout in args.layout:
        options = pumice.CompileOptions(
            ap_layout=layout, threads=args.threads, keep_codes=args.keep_codes
        )
        start, cpu = time.perf_counter(), time.process_time()
        program = pumice.compile(quantized, x, device=device, options=options)
        compiling = time.perf_counter() - start, time.process_time() - cpu
        estimate = program.estimate()
        program.run(x, threads=args.threads)
        start, cpu = time.perf_counter(), time.process_time()
        result = program.run(x, threads=args.threads)
        running = time.perf_counter() - start, time.process_time() - cpu
        outputs.append(result.outputs)
        report, counters = result.report, result.report.counters
        energy = {name: f"{pj / 1e6:.1f} uJ" for name, pj in report.components.items()}
        columns.append(
            {
                "energy of a run": f"{report.dynamic_energy_pj / 1e6:.1f} uJ",
                "energy of an estimate": f"{estimate.dynamic_energy_pj / 1e6:.1f} uJ",
                "of a run: shifts": energy["shift"],
                "tagged writes": energy["tag_write"],
                "searches": energy["search"],
                "loading, reading results": f"{energy['ap_load']}, {energy['ap_read']}",
                "programs (`fetch`)": energy["fetch"],
                "shifts of a racetrack": f"{counters['ap_shifts'] / 1e9:.2f} G",
                "bits written by passes": f"{counters['ap_tagged_writes'] / 1e9:.2f} G",
                "passes": f"{counters['ap_passes'] / 1e6:.1f} M",
                "latency": f"{report.latency_ns / 1e6:.1f} ms",
                "compiling, time of all threads": f"{compiling[0]:.1f} s, {compiling[1]:.1f} s",
                "a run, time of all threads": f"{running[0]:.2f} s, {running[1]:.2f} s",
            }
        )
    print(f"| {args.model} | {' | '.join(args.layout)} |")
    print("|---" * (len(columns) + 1) + "|")
    for name in columns[0]:
        print(f"| {name} | {' | '.join(column[name] for column in columns)} |")
    same = all(bool((found == outputs[0]).all()) for found in outputs[1:])
    print("outputs are those of ideal" if same else "outputs differ from those of ideal")
    return 0 if same else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--sparsity", type=float, default=0.8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--activation-bits", type=int, default=8)
    parser.add_argument("--elementwise-bits", type=int, default=None, help="of the device")
    parser.add_argument(
        "--no-keep-codes",
        action="store_false",
        dest="keep_codes",
        help="move all values through the buffer",
    )
    parser.add_argument(
        "--layout", nargs="+", help="along, across, cheapest (CompileOptions.ap_layout); a table"
    )
    args = parser.parse_args()

    model = make_ternary(getattr(zoo, args.model)(), args.sparsity)
    x = torch.randn(1, 3, args.size, args.size, generator=torch.Generator().manual_seed(1))
    quantized = timed("quantize", lambda: quantize(model, x, args.activation_bits))
    device = pumice.Device("rtm-ap")
    if args.elementwise_bits is not None:
        device = device.replace(ap={"elementwise_bits": args.elementwise_bits})
    if args.layout:
        return compare(quantized, x, device, args)
    options = pumice.CompileOptions(threads=args.threads, keep_codes=args.keep_codes)
    program = timed("compile", lambda: pumice.compile(quantized, x, device=device, options=options))
    for phase, seconds in program.timings.items():
        print(f"  {phase:20}{seconds:8.2f} s")
    estimate = timed("estimate", program.estimate)
    result = timed("run", lambda: program.run(x, threads=args.threads))
    result = timed("run again", lambda: program.run(x, threads=args.threads))
    report = result.report
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    print(f"latency {report.latency_ns / 1e6:.3f} ms, estimated {estimate.latency_ns / 1e6:.3f} ms")
    print(f"energy {report.dynamic_energy_pj / 1e6:.1f} uJ", end=", ")
    print(f"estimated {estimate.dynamic_energy_pj / 1e6:.1f} uJ")
    for name, energy in sorted(report.components.items(), key=lambda item: -item[1]):
        if energy:
            print(f"  {name:20}{energy / 1e6:10.2f} uJ")
    for name in ("ap_passes", "ap_tagged_writes", "ap_shifts"):
        print(f"{name:22}{report.counters[name]:,}")
    kept = program.ir("pum").count("pum.kept")
    print(f"layers whose values stay{kept:4}, buffer at most {report.peak_buffer_bytes:,} bytes")
    wear = report.wear
    print(f"writes per racetrack    at most {wear.max_writes_per_cell:,}", end=", ")
    print(f"mean {wear.mean_writes_per_cell:.1f}")
    ideal = pumice.compile(quantized, x, device="ideal").run(x, threads=args.threads)
    same = bool((ideal.outputs == result.outputs).all())
    print("outputs are those of ideal" if same else "outputs differ from those of ideal")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
