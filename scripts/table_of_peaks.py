# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Peak and effective figures of presets next to published ones, in docs/published.md.

python scripts/table_of_peaks.py           # prints the table
python scripts/table_of_peaks.py --write   # puts it into docs/published.md

Peaks follow from a device alone; effective figures are estimates of VGG-8 for CIFAR-10.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pumice
from pumice.experiments.page import replaced

PAGE = Path(__file__).resolve().parent.parent / "docs" / "published.md"
BEGIN = "<!-- scripts/table_of_peaks.py writes from here -->"
END = "<!-- to here -->"

Row = tuple[str, str, str, str, str]


def peak_gops(device: pumice.Device) -> float:
    """Operations per ns of all arrays at full width: a product and a sum for each weight."""
    group = device.crossbars
    array, timing = group["array"], group["timing"]
    arrays = 1
    for level in group["levels"]:
        arrays *= level["holds"]
    weights = array["rows"] * (array["columns"] // (array["weight_bits"] // array["cell_bits"]))
    reads = array["input_bits"] // array["dac_bits"]
    read_ns = max(timing["read_ns"], array["columns_per_adc"] * timing["adc_ns"])
    return 2 * weights * arrays / (reads * read_ns)


def peaks(name: str, published: dict[str, tuple[str, str]]) -> list[Row]:
    device = pumice.Device(name)
    gops, sums = peak_gops(device), device.roll_up()
    ours = {
        "peak, TOPS": f"{gops / 1e3:.1f}",
        "peak, GOPS/mm2": f"{gops / sums['area_mm2']:.0f}",
        "peak, GOPS/W": f"{1e3 * gops / sums['power_mw']:.0f}",
    }
    return [(name, what, *published[what], text) for what, text in ours.items()]


def vgg8() -> Any:
    """VGG-8 as NeuroSim ships it: six convolutions and two linear layers."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers: list[nn.Module] = []
    channels = 3
    for width in (128, 256, 512):
        for last in (False, True):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
            if last:
                layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(8192, 1024), nn.ReLU(), nn.Linear(1024, 10)]
    return nn.Sequential(*layers).eval()


def effective() -> list[Row]:
    import torch

    program = pumice.compile(vgg8(), torch.randn(1, 3, 32, 32), device="neurosim-rram")
    report = program.estimate()
    parts = ("cell_read", "dac", "sample_hold", "adc")
    arrays = sum(report.components[part] for part in parts)
    figures = report.figures
    assert figures.macs is not None
    name = "neurosim-rram"
    return [
        (name, "VGG-8, 8/8 bits: arrays and converters, uJ", "30.1 / 53.8", "run of V1.3, a"
         " quarter / half of the inputs' bits 1", f"{arrays / 1e6:.1f}"),
        (name, "VGG-8, 8/8 bits: dynamic energy, uJ", "37.75", "manual of V1.3, figure 24",
         f"{report.dynamic_energy_pj / 1e6:.1f}"),
        (name, "VGG-8, 8/8 bits: TOPS/W", "25.7", "manual of V1.3, figure 24",
         f"{figures.tops_per_w:.1f}"),
        (name, "VGG-8, 8/8 bits: latency, ms", "1.456", "manual of V1.3, figure 24",
         f"{report.latency_ns / 1e6:.3f}"),
    ]  # fmt: skip


def table() -> str:
    rows = [
        *peaks("isaac", {
            "peak, TOPS": ("41.3", "derived: 168 tiles of 96 arrays, 1.6 us per 16-bit product"),
            "peak, GOPS/mm2": ("479", "recalled (ISAAC-CE)"),
            "peak, GOPS/W": ("364", "recalled (ISAAC-CE)"),
        }),
        *peaks("puma", {
            "peak, TOPS": ("52.3", "recalled"),
            "peak, GOPS/mm2": ("580", "recalled"),
            "peak, GOPS/W": ("840", "recalled"),
        }),
        *effective(),
    ]  # fmt: skip
    lines = ["| device | figure | published | where | ours |", "|---|---|---|---|---|"]
    lines += [f"| `{row[0]}` | " + " | ".join(row[1:]) + " |" for row in rows]
    return "\n".join(lines)


def with_table(page: str) -> str:
    return replaced(page, BEGIN, END, table())


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_table(PAGE.read_text()))
    else:
        print(table())
