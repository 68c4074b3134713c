# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the simulated machine diverges from PyTorch, layer by layer."""

import torch

import pumice
from pumice import demo

model = demo.load_model()
images, _ = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images))

for bits in (8, 5):
    device = pumice.Device("isaac").replace(name=f"isaac-{bits}b", array={"adc": {"bits": bits}})
    program = pumice.compile(model, x[:1], device=device, calibration=[x[100:130]])
    comparison = program.compare(x[:1])
    print(comparison)
    if comparison.within_tolerance:
        print(f"{device.name}: no layer diverges")
    else:
        print(f"{device.name}: diverges first at {comparison.first.layer}")
