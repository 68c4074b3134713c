# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""1,000 points over three devices and two networks, and the points that no other beats.

Rows of the arrays and bits of the converters change how networks are mapped; the times of a read
and the number of digital units change costs only. Everything else follows by the devices' laws.

python explore.py [POINTS [PICTURE]]
"""

import sys
import time

import torch

import pumice
from pumice import demo, zoo


def main(points: int = 1000, picture: str = "") -> None:
    images, _ = demo.load_digits()
    x = torch.from_numpy(demo.preprocess(images[:8]))
    lenet = zoo.NETWORKS["lenet"].build()
    networks = {
        "digits": pumice.compile(demo.load_model(), x[:1], calibration=[x]),
        "lenet": pumice.compile(lenet.model, lenet.inputs(0)),
    }
    fields = {
        "array.rows": [32, 64, 128, 256],
        "array.adc.bits": [4, 5, 6, 7, 8],
        "array.columns_per_adc": [8, 32, 128],
        "timing.adc_ns": [0.5, 1.0, 2.0],
        "digital.lanes": [8, 16, 32],
    }
    start = time.perf_counter()
    found = pumice.sweep(
        networks,
        ["isaac", "puma", "neurosim-rram"],
        fields,
        search="random",
        trials=(points + 1) // 2,
        workers=2,
    )
    seconds = time.perf_counter() - start
    print(f"{len(found.records)} points, {sum('error' in r for r in found.records)} impossible")
    print(f"{len(found.records) / seconds:.1f} points per second", file=sys.stderr)
    for record in found.pareto():
        shape = ", ".join(f"{name.split('.')[-1]} {record[name]}" for name in fields)
        latency, energy = record["latency_ns"] / 1e3, record["dynamic_energy_pj"] / 1e6
        print(
            f"{record['model']:7} {record['device']:14} {latency:8.2f} us {energy:8.4f} uJ  {shape}"
        )
    if picture:
        found.plot(picture)


if __name__ == "__main__":  # the processes of the sweep import this file
    main(*(kind(text) for kind, text in zip((int, str), sys.argv[1:], strict=False)))
