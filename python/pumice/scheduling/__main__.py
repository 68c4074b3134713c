# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m pumice.scheduling`: the six networks, naive, strong and ours.

Times are those of a model of the machine; constants are in networks.py.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import time
from typing import Any

from pumice.cli.arguments import add_version
from pumice.files import write_text
from pumice.scheduling import decoders, networks
from pumice.scheduling.records import SchedulingError
from pumice.scheduling.run import schedule
from pumice.scheduling.schedule import Options, Summary
from pumice.scheduling.streams import throughput

LEVELS = ("naive", "strong", "overlap", "copies", "steady")


def figures(
    network: str, constants: networks.Constants, share: float
) -> tuple[dict[str, Summary], float]:
    """The summary of each level, and the seconds that all of them took."""
    problem = networks.problem(network, constants)
    begin = time.perf_counter()
    result = {
        level: schedule(problem, level, detail=False).summary
        for level in LEVELS
        if level != "steady"
    }
    options = Options(time_share=share)
    result["few copies"] = schedule(problem, "copies", options, detail=False).summary
    result["steady"] = schedule(problem, "steady", options, detail=False).summary
    return result, time.perf_counter() - begin


def row(network: str, found: dict[str, Summary], seconds: float) -> dict[str, Any]:
    """Figures of one network, in ms and mJ."""
    ms = {level: summary.time_ps / 1e9 for level, summary in found.items()}
    ours, few, steady = found["copies"], found["few copies"], found["steady"]
    written = few.energy.write_pj + few.energy.dram_pj
    total = {
        level: summary.energy.dynamic_pj + summary.energy.static_pj
        for level, summary in found.items()
    }
    return {
        "network": network,
        "ms": ms,
        "over_naive": ms["naive"] / ms["copies"],
        "over_strong": ms["strong"] / ms["copies"],
        "gap_to_bound": ours.gap,
        "tiles_written": {level: summary.tiles_written for level, summary in found.items()},
        "dynamic_mj": {level: summary.energy.dynamic_pj / 1e9 for level, summary in found.items()},
        "total_mj": {level: value / 1e9 for level, value in total.items()},
        "steady": {
            "pinned": len(steady.pinned),
            "time": steady.time_ps / ours.time_ps - 1,
            "write_and_dram_energy": (steady.energy.write_pj + steady.energy.dram_pj) / written - 1,
        },
        "seconds": seconds,
    }


def show(rows: list[dict[str, Any]]) -> None:
    """Prints one setting."""
    print(
        f"{'network':14}{'naive':>9}{'strong':>9}{'overlap':>9}{'ours':>9}{'/naive':>8}{'/strong':>8}"
        f"{'bound':>8}{'few':>9}{'copies':>14}{'steady':>9}{'pinned':>7}{'w+DRAM':>8}{'s':>6}"
    )
    for r in rows:
        ms, tiles = r["ms"], r["tiles_written"]
        one = tiles["naive"]
        copies = f"{tiles['copies'] / one:.1f} -> {tiles['few copies'] / one:.1f}"
        print(
            f"{r['network']:14}{ms['naive']:9.3f}{ms['strong']:9.3f}{ms['overlap']:9.3f}"
            f"{ms['copies']:9.3f}{r['over_naive']:8.2f}{r['over_strong']:8.2f}"
            f"{r['gap_to_bound']:8.0%}{ms['few copies']:9.3f}{copies:>14}"
            f"{ms['steady']:9.3f}{r['steady']['pinned']:7}"
            f"{r['steady']['write_and_dram_energy']:8.0%}{r['seconds']:6.1f}"
        )
    mean = math.exp(sum(math.log(r["over_strong"]) for r in rows) / len(rows))
    best = max(r["over_strong"] for r in rows)
    print(f"over strong: geomean {mean:.2f}, best {best:.2f}")


def streams(chips: list[int], names: list[str]) -> list[dict[str, Any]]:
    """Networks that stay in the arrays of chips like ISAAC's, as streams of inputs."""
    print(
        f"{'network':14}{'chips':>6}{'us/input':>10}{'inputs/s':>10}{'latency':>9}"
        f"{'bound':>9}{'relaxed':>9}{'above':>8}{'KiB':>8}"
    )
    rows = []
    for name in names:
        for count in chips:
            try:
                found = throughput(name, count)
            except SchedulingError as error:
                print(f"{name:14}{count:6} {error}")
                continue
            rows.append(dataclasses.asdict(found))
            print(
                f"{name:14}{count:6}{found.period_ps / 1e6:10.2f}{1e12 / found.period_ps:10.0f}"
                f"{found.latency_ps / 1e6:9.0f}{found.bound_ps / 1e6:9.2f}"
                f"{found.relaxed_bound_ps / 1e6:9.2f}{found.above_relaxed:8.1%}"
                f"{found.buffer_bytes / 1024:8.0f}"
            )
    return rows


def large(names: list[str], batches: list[int], context: int) -> list[dict[str, Any]]:
    """Decoder transformers from their configuration."""
    print(
        f"{'model':10}{'phase':9}{'cache':9}{'batch':>6}{'tokens/s':>10}{'J/token':>9}"
        f"{'dynamic':>9}{'pinned':>8}{'gap':>7}{'s':>7}"
    )
    rows = []
    for name in names:
        runs = [decoders.Run("decode", batch, context, c) for batch in batches
                for c in decoders.CACHES]  # fmt: skip
        for run in [decoders.Run("prefill", 1, context), *runs]:
            problem = decoders.problem(decoders.CONFIGURATIONS[name], run)
            options = Options(time_share=0.05)
            result = schedule(problem, "steady", options, detail=False)
            own = decoders.Figures.of(problem, run, result.summary)
            rows.append({
                "model": name, **dataclasses.asdict(run), **dataclasses.asdict(own),
                "gap": result.summary.gap, "scheduled_s": result.seconds,
            })  # fmt: skip
            print(
                f"{name:10}{run.phase:9}{run.cache:9}{run.batch:6}{own.tokens_per_second:10.2f}"
                f"{own.joules_per_token:9.4f}{own.dynamic_joules_per_token:9.4f}"
                f"{own.pinned_share:8.2%}{result.summary.gap:7.0%}{result.seconds:7.1f}",
                flush=True,
            )
    return rows


def main() -> None:
    """Prints a table for each setting."""
    parser = argparse.ArgumentParser(
        prog="python -m pumice.scheduling",
        description="Schedules the six networks; times in ms, 'bound' is the gap to the lower "
        "bound, 'few' has the fewest copies within --share of the best time.",
    )
    add_version(parser)
    parser.add_argument("--networks", "-n", nargs="+", default=list(networks.NETWORKS))
    parser.add_argument("--elements", "-e", type=int, nargs="+", default=[32])
    parser.add_argument("--writers", "-w", type=int, nargs="+", default=[0], help="0: all")
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument(
        "--streams", type=int, nargs="+", metavar="CHIPS",
        help="networks that stay in the arrays of so many chips like ISAAC's; no other table",
    )  # fmt: skip
    parser.add_argument(
        "--decoders", nargs="+", choices=sorted(decoders.CONFIGURATIONS), metavar="MODEL",
        help="llama-1b or llama-8b; no other table",
    )  # fmt: skip
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8], help="of decoders")
    parser.add_argument("--context", type=int, default=2048, help="tokens, of decoders")
    parser.add_argument("--json", help="a file for all figures")
    args = parser.parse_args()
    settings: list[dict[str, Any]] = []
    try:
        if args.streams:
            settings += streams(args.streams, args.networks)
        if args.decoders:
            settings += large(args.decoders, args.batch, args.context)
        if args.streams or args.decoders:
            args.elements = []
        for elements in args.elements:
            for writers in args.writers:
                constants = networks.Constants(elements=elements, writers_per_element=writers)
                rows = [
                    row(network, *figures(network, constants, args.share))
                    for network in args.networks
                ]
                print(f"\n{elements} elements, {writers or 'all'} writers per element")
                show(rows)
                settings.append({"constants": dataclasses.asdict(constants), "networks": rows})
    except SchedulingError as error:
        parser.error(str(error))
    if args.json:
        write_text(args.json, json.dumps(settings, indent=2))


if __name__ == "__main__":
    main()
