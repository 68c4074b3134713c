# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network on isaac without links, on a mesh and on an H-tree.

All of its arrays are on the first tile, in a corner: with the memories next to it, links are free.

The sizes of tiles follow from isaac's areas. Its table has the power of a router, but no cost of a
hop, so the constants of links come from elsewhere:

- bandwidth: [substitute] 32 wires at 1 GHz; flits of 32 bits are [recalled], the clock is a guess;
- energy of a router: [derived] 42 mW of isaac's router over 8 ports [recalled] of 4 bytes per ns;
- time of a router: guess, one cycle; energy and time of wires: guess, as of repeated wires.
"""

import torch

import pumice
from pumice import demo

links = {
    "level": "tile",
    "bandwidth_bytes_per_ns": 4,
    "router_ns": 1,
    "router_pj_per_bit": 42 / (8 * 4 * 8),
    "wire_ns_per_mm": 0.1,
    "wire_pj_per_bit_mm": 0.1,
}
mesh = {"topology": "mesh", "rows": 12, "columns": 14, **links}
interconnects = {
    "no links": None,
    "mesh, memories in a corner": mesh,
    "mesh, memories in the middle": {**mesh, "memory_node": 6 * 14 + 7},
    "mesh, buffer in all tiles": {**mesh, "spread_buffer": True},
    "H-tree of 4": {"topology": "htree", "branching": 4, **links},
}

images, _ = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images[:100]))
quantized = pumice.quantize(demo.load_model(), [x])

for name, interconnect in interconnects.items():
    device = pumice.Device("isaac").replace(interconnect=interconnect)
    report = pumice.compile(quantized, x[:1], device=device).estimate()
    busiest = max(report.links, key=lambda link: link.busy_ns, default=None)
    print(
        f"{name}: {report.latency_ns / 1e3:.2f} us,"
        f" {report.components['interconnect'] / 1e3:.2f} nJ on links,"
        f" {report.waiting_ns.get('link', 0) / 1e3:.2f} us waiting for links,"
        f" busiest {busiest.name if busiest else 'none'}"
    )
