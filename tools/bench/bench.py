# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures crossbar simulation time compared with PyTorch, in one run on one machine.

    python tools/bench/bench.py [--only W1,...] [--worst] [--quick] [--rounds N] [--by min]
                                [--systems NAME,...] [--with aihwkit,crosssim] [--json FILE]
                                [--page docs/benchmark.md]

docs/benchmark.md says what is measured and how to read the table.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: idle threads must not spin

import torch
from rich.progress import Progress

import host
import workloads
from pumice.device import Device
from pumice.errors import PumiceError
from pumice.tables import plain_text, simple_table, size
from workloads import Workload

THREADS = (1, 2)
#: A visit of a case goes on for so many seconds or calls, after one call that is not counted.
VISIT_SECONDS, VISIT_CALLS = 0.2, 10
#: Calls that take longer need no warming up.
WARM_SECONDS = 1.0

#: What `noisy` adds to `clip`: as peers were measured with 1 % programming error and read noise.
ANALOG = {"seed": 1, "program_error_absolute": 0.01, "read_noise": 0.5}
#: Devices by the names of the table: a preset and what is changed of its array.
DEVICES: dict[str, tuple[str, dict[str, Any]]] = {
    "lossless": ("ideal", {}),
    "clip": ("isaac", {}),
    "full_scale": ("isaac", {"adc": {"mode": "full_scale"}}),
    "noisy": ("isaac", {"analog": ANALOG}),
}
TORCH = ("torch float32", "torch int8")
#: What `noisy` is compared with: as many conversions, of which `clip` need not form all.
NOISELESS = ("clip", "full_scale")
#: What stands around the results in a page.
_BEGIN, _END = "<!-- results of tools/bench/bench.py -->", "<!-- end of the results -->"
WORKLOADS = ("W1", "W1-worst", "W2", "W2-worst", "W3")


class Case:
    """One system at one number of threads on one workload."""

    def __init__(self, system: str, threads: int, call: Callable[[int], Any]) -> None:
        self.system, self.threads, self._call = system, threads, call
        self.seconds: list[float] = []

    def visit(self, calls: int) -> None:
        """Times some calls."""
        torch.set_num_threads(self.threads)
        if not self.seconds or self.seconds[-1] < WARM_SECONDS:
            self._call(self.threads)
        end = time.perf_counter() + VISIT_SECONDS
        for _ in range(calls):
            start = time.perf_counter()
            self._call(self.threads)
            self.seconds.append(time.perf_counter() - start)
            if time.perf_counter() > end:
                break


def prepare(workload: Workload, system: str) -> tuple[Callable[[int], Any], dict[str, Any]]:
    """Something to call with a number of threads, and facts about it."""
    if system == "torch float32":
        return lambda threads: workload.torch_float(), {}
    if system == "torch int8":
        return lambda threads: workload.torch_int8(), {}
    if system not in DEVICES:
        import peers

        call = peers.SYSTEMS[system](workload.module, workload.x)
        return lambda threads: call(), {}
    preset, array = DEVICES[system]
    device = Device(preset).replace(name=system, array=array)
    program = workload.compile(device)
    before = host.reset_peak()
    result = program.run(*workload.inputs)
    if system == "lossless" and workload.exact is not None:
        if not (result.outputs == workload.exact).all():
            raise SystemExit(f"{workload.name}: the result is not the integer product")
    facts = {
        "conversions": int(result.report.counters["conversions"]),
        "prepare_s": result.report.timings["prepare"],
        "memory_bytes": host.peak() - before,
    }
    return lambda threads: program.run(*workload.inputs, threads=threads), facts


def measure(
    workload: Workload, systems: list[str], options: argparse.Namespace, tick: Callable[[], None]
) -> list[dict[str, Any]]:
    """All systems on one workload, round robin: a drift of the machine affects them alike."""
    facts: dict[str, dict[str, Any]] = {}
    cases = []
    for system in systems:
        try:
            call, facts[system] = prepare(workload, system)
        except (PumiceError, ImportError) as error:
            facts[system] = {"not_measured": str(error).splitlines()[0]}
            continue
        cases += [Case(system, threads, call) for threads in THREADS]
    with torch.inference_mode():
        for _ in range(options.rounds):
            for case in cases:
                case.visit(1 if options.quick else VISIT_CALLS)
            tick()
    rows = []
    for system in systems:
        row: dict[str, Any] = {"workload": workload.name, "system": system, **facts[system]}
        for case in cases:
            if case.system == system:
                row[f"t{case.threads}"] = {
                    "median_ms": 1e3 * median(case.seconds),
                    "min_ms": 1e3 * min(case.seconds),
                    "calls": len(case.seconds),
                }
        rows.append(row)
    _derive(rows, f"{options.by}_ms")
    return rows


def _derive(rows: list[dict[str, Any]], by: str) -> None:
    """Ratios."""
    by_system = {row["system"]: row for row in rows}
    for row in rows:
        if "t1" not in row:
            continue
        row["second_thread"] = row["t1"][by] / row["t2"][by]
        for key in ("t1", "t2"):
            times = row[key]
            for reference in (*TORCH, *NOISELESS):
                if key in by_system.get(reference, {}):
                    ratio = times[by] / by_system[reference][key][by]
                    times[f"over_{reference.replace(' ', '_')}"] = ratio
            if row.get("conversions"):
                thread_ns = 1e6 * times[by] * int(key[1:])
                times["ns_per_conversion_and_thread"] = thread_ns / row["conversions"]


def table(title: str, rows: list[dict[str, Any]]) -> Any:
    """The rows of one workload."""

    def cells(row: dict[str, Any], key: str) -> list[str]:
        times = row[key]
        ratios = ("ns_per_conversion_and_thread", "over_torch_float32", "over_torch_int8")
        return [
            f"{_digits(times['median_ms'])} ({_digits(times['min_ms'])})",
            *(_digits(times[name]) if name in times else "" for name in ratios),
        ]

    lines = []
    for row in rows:
        if "t1" not in row:
            continue
        memory = size(row["memory_bytes"]) if "memory_bytes" in row else ""
        second = f"{row['second_thread']:.2f}"
        lines.append([row["system"], *cells(row, "t1"), *cells(row, "t2"), second, memory])
    part = ["ns", "/fp32", "/int8"]
    columns = ["", "1 thread", *part, "2 threads", *part, "2nd", "memory"]
    return simple_table(title, columns, lines)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class _Output:
    """Prints, and remembers what was printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str = "") -> None:
        print(text, flush=True)
        self.lines += text.splitlines() or [""]

    def into(self, page: Path) -> None:
        """Puts it in the place of a page's block of results."""
        text = page.read_text()
        begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
        block = "\n".join(self.lines)
        page.write_text(f"{text[:begin]}\n```\n{block}\n```\n{text[end:]}")


def main(argv: list[str] | None = None) -> int:
    """Measures, prints, writes."""
    options = _arguments(argv)
    start = time.perf_counter()
    here = host.describe()
    systems = [*TORCH, *options.systems, *options.peers]
    results: dict[str, Any] = {"machine": here, "options": vars(options), "workloads": []}
    output = _Output()
    facts = [*host.rows(here), ("options", _given(options))]
    output(plain_text(simple_table("Machine", ["", ""], facts, left=2)))
    total, failed = len(options.only) * options.rounds, False
    with Progress(transient=True, disable=not sys.stderr.isatty(), console=_errors()) as bar:
        task = bar.add_task("measuring", total=total)
        for workload in _workloads(options):
            rows = measure(workload, systems, options, lambda: bar.advance(task))
            busy = workloads.busy(workload)
            failed |= any("not_measured" in row and row["system"] in DEVICES for row in rows)
            results["workloads"].append(
                {
                    "name": workload.name,
                    "title": workload.title,
                    "macs": workload.macs,
                    "converters": busy,
                    "results": rows,
                }
            )
            output()
            output(plain_text(table(_title(workload, rows, busy), rows)))
            for remark in _remarks(rows):
                output(remark)
    results["peak_bytes"] = host.highest_peak()
    results["seconds"] = time.perf_counter() - start
    output(
        f"\nTimes in ms: median (minimum). Ratios are of the {options.by}s; ns are per conversion"
        " and thread;\n2nd is what the second thread speeds up; memory is what the first run adds."
    )
    output(
        f"Peak memory of the process {size(results['peak_bytes'])};"
        f" {results['seconds']:.0f} s in all; load at the end {os.getloadavg()[0]:.1f}"
    )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, default=str) + "\n")
    if options.page:
        output.into(options.page)
    return int(failed)


def _remarks(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["system"] == "noisy" and "t1" in row:
            for name in NOISELESS:
                ratios = [row[f"t{n}"].get(f"over_{name}") for n in THREADS]
                if None not in ratios:
                    one, two = map(_digits, ratios)
                    yield f"noisy takes {one} times as long as {name} with 1 thread, {two} with 2"
        if "not_measured" in row:
            yield f"{row['system']} was not measured: {row['not_measured']}"


def _given(options: argparse.Namespace) -> str:
    """The options that matter for the figures."""
    names = [f"--only {','.join(options.only)}", f"--systems {','.join(options.systems)}"]
    names += [f"--with {','.join(options.peers)}"] if options.peers else []
    names += [f"--rounds {options.rounds}", f"--by {options.by}"]
    return " ".join(names + ["--quick"] * options.quick)


def _title(workload: Workload, rows: list[dict[str, Any]], busy: dict[str, float] | None) -> str:
    conversions = next((row["conversions"] for row in rows if row.get("conversions")), None)
    title = f"{workload.name}: {workload.title}, {workload.macs / 1e6:,.1f} MMAC"
    if conversions:
        title += f", {conversions / 1e6:,.1f} M conversions"
    if busy:
        title += (
            f"\n{100 * busy['columns_at_risk']:.0f} % of the columns can exceed 255,"
            f" {100 * busy['clipped']:.2g} % of the conversions do"
        )
    return title


def _workloads(options: argparse.Namespace) -> Iterator[Workload]:
    """One after the other, so that only one is in memory."""
    for name in options.only:
        worst = name.endswith("worst")
        if name.startswith("W1"):
            sizes = (64, 64, 16) if options.quick else (512, 512, 256)
            yield workloads.linear(name, *sizes, worst=worst)
        elif name.startswith("W2"):
            sizes = (8, 8) if options.quick else (64, 56)
            yield workloads.conv(name, *sizes, worst=worst)
        else:
            yield workloads.resnet(name, 32 if options.quick else 224)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    import peers

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", default=",".join(WORKLOADS), metavar="W,...", help="of %(default)s"
    )
    parser.add_argument(
        "--systems", default=",".join(DEVICES), metavar="NAME,...", help="of %(default)s"
    )
    parser.add_argument(
        "--with", dest="peers", default="", metavar="NAME,...",
        help=f"other simulators, if installed: {', '.join(peers.SYSTEMS)}",
    )  # fmt: skip
    parser.add_argument(
        "--worst", action="store_const", dest="only", const="W1-worst,W2-worst",
        help="only codes with which nearly every conversion clips",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default %(default)s")
    parser.add_argument(
        "--by", choices=("median", "min"), default="median",
        help="what ratios are formed of: on a busy machine, minima vary less",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="page whose block of results is replaced"
    )
    options = parser.parse_args(argv)
    if options.page and not (options.page.exists() and _BEGIN in options.page.read_text()):
        parser.error(f"expected a page with '{_BEGIN}', got '{options.page}'")
    for field, known in (
        ("only", WORKLOADS),
        ("systems", DEVICES),
        ("peers", peers.SYSTEMS),
    ):
        names = [name for name in getattr(options, field).split(",") if name]
        for name in names:
            if name not in known:
                parser.error(f"expected some of {', '.join(known)}, got '{name}'")
        setattr(options, field, names)
    if options.rounds < 1:
        parser.error(f"expected at least 1 round, got {options.rounds}")
    if options.quick:
        options.rounds = 1
    return options


def _errors() -> Any:
    from rich.console import Console

    return Console(stderr=True)


if __name__ == "__main__":
    sys.exit(main())
