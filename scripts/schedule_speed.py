# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What scheduled programs cost the user: runs on few arrays beside runs on enough, and estimates.

    python scripts/schedule_speed.py [--run resnet50] [--estimate bert-large] [--repeat 5]

The network of `--run` runs on `aras` with as many arrays as it wants and with a tenth of them, in
turns; the table has medians, and their ratio. The network of `--estimate` is scheduled on `aras` as
it is, and estimated. Compare the seconds that schedules take with `python -m pumice.scheduling`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import pumice
from pumice import Device, zoo


def aras(arrays: int | None) -> Device:
    """`aras` with so many arrays; None: as many as a network wants."""
    levels = {"pe": {"holds": 1}, "chip": {"holds": arrays}}
    return Device("aras").replace(name=f"aras-{arrays}", groups={"arrays": {"levels": levels}})


def seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def quantized(name: str) -> tuple[Any, Any]:
    network = zoo.NETWORKS[name].build()
    inputs = network.inputs(0)
    return pumice.quantize(network.model, [inputs]), inputs


def runs(name: str, repeat: int) -> None:
    model, inputs = quantized(name)
    whole = pumice.compile(model, inputs, device=aras(None))
    wanted = whole.estimate().arrays
    few = whole.recompile(aras(wanted // 10), {"schedule": "copies"})
    programs = {f"{wanted} arrays": whole, f"{wanted // 10} arrays": few}
    outputs = [program.run(*inputs).outputs for program in programs.values()]
    same = all(
        bool((a == b).all()) for a, b in zip(_leaves(outputs[0]), _leaves(outputs[1]), strict=True)
    )
    times: dict[str, list[float]] = {key: [] for key in programs}
    for _ in range(repeat):
        for key, program in programs.items():
            times[key].append(seconds(lambda program=program: program.run(*inputs)))
    medians = {key: statistics.median(found) for key, found in times.items()}
    print(f"{name}: outputs {'equal' if same else 'DIFFER'}")
    for key, found in medians.items():
        print(f"  run on {key}: {1e3 * found:.1f} ms")
    first, second = medians.values()
    print(f"  ratio: {second / first:.2f}")


def estimates(name: str, repeat: int) -> None:
    model, inputs = quantized(name)
    program = pumice.compile(model, inputs, device="aras", schedule="copies")
    first = seconds(program.estimate)
    again = statistics.median(seconds(program.estimate) for _ in range(repeat))
    report = program.estimate()
    print(f"{name}: {len(report.instructions)} instructions, schedule {report.schedule}")
    print(f"  first estimate: {1e3 * first:.1f} ms, then {1e3 * again:.1f} ms")


def _leaves(value: Any) -> list[Any]:
    from torch.utils import _pytree

    return list(_pytree.tree_leaves(value))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="resnet50", metavar="NETWORK", help="of the zoo")
    parser.add_argument("--estimate", default="bert-large", metavar="NETWORK", help="of the zoo")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="of which the median")
    arguments = parser.parse_args()
    runs(arguments.run, arguments.repeat)
    estimates(arguments.estimate, arguments.repeat)


if __name__ == "__main__":
    main()
