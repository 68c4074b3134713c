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

from pumice.files import write_text
from pumice.scheduling import networks
from pumice.scheduling.records import SchedulingError
from pumice.scheduling.run import schedule
from pumice.scheduling.schedule import Options, Summary

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


def main() -> None:
    """Prints a table for each setting."""
    parser = argparse.ArgumentParser(
        prog="python -m pumice.scheduling",
        description="Schedules the six networks; times in ms, 'bound' is the gap to the lower "
        "bound, 'few' has the fewest copies within --share of the best time.",
    )
    parser.add_argument("--networks", "-n", nargs="+", default=list(networks.NETWORKS))
    parser.add_argument("--elements", "-e", type=int, nargs="+", default=[32])
    parser.add_argument("--writers", "-w", type=int, nargs="+", default=[0], help="0: all")
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--json", help="a file for all figures")
    args = parser.parse_args()
    settings = []
    try:
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
