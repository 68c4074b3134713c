# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Points of a sweep per second of one core, for docs/benchmark.md.

python scripts/sweep_speed.py [NETWORK]    # a network of pumice.zoo, resnet50 by default
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import pumice
from pumice import zoo

#: A chip that holds the network with any shape of arrays below.
_DEVICE = pumice.Device("isaac").replace(levels={"chip": {"holds": 2000}})


def measure(program: pumice.Program, fields: dict[str, Sequence[Any]]) -> tuple[int, float, float]:
    """Points, and seconds of the processor and of the clock for each."""
    begin, processor = time.perf_counter(), time.process_time()
    found = pumice.sweep(program, [_DEVICE], fields)
    count = len(found.records)
    assert not any("error" in record for record in found.records)
    return (
        count,
        (time.process_time() - processor) / count,
        (time.perf_counter() - begin) / count,
    )


def main(name: str = "resnet50") -> None:
    instance = zoo.NETWORKS[name].build()
    program = pumice.compile(instance.model, instance.inputs(0), device=_DEVICE, calibrate=False)
    for what, fields in (
        ("costs only", {"energy.adc_pj": [1 + i / 100 for i in range(500)]}),
        ("tiling too", {"array.rows": [64, 80, 96, 112, 128]}),
    ):
        count, processor, clock = measure(program, fields)
        print(
            f"{name}, {what}: {count} points, {1 / processor:.1f} per second of the processor,"
            f" {1 / clock:.1f} per second"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
