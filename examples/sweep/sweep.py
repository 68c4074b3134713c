# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Accuracy and energy of a network over one field of a device: the rows of its arrays.

Converters of 5 bits clip the sums of many rows; shorter arrays need more conversions.
"""

import torch

import pumice
from pumice import demo
from pumice.frontend import import_model

IMAGES = 50

model = demo.load_model()
images, labels = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images))
quantized = pumice.quantize(model, [x[100:130]])
# What does not depend on the device is done once.
imported = import_model(quantized, x[:IMAGES])

print("rows  right  uJ per digit")
for rows in (32, 64, 128):
    changes = {"rows": rows, "adc": {"bits": 5}}
    # Half of the energy of 8 bits; without it, the survey's law would say 1/64 (docs/laws.md).
    device = pumice.Device("isaac").replace(
        name=f"isaac-{rows}", array=changes, energy={"adc_pj": 0.78}
    )
    result = pumice.compile(imported, device=device).run(x[:IMAGES])
    right = int((result.outputs.argmax(1).numpy() == labels[:IMAGES]).sum())
    energy = result.report.dynamic_energy_pj / 1e6 / IMAGES
    print(f"{rows:4} {right:3}/{IMAGES} {energy:13.3f}")
