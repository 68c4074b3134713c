# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The example of the README."""

import torch

import pumice
from pumice import demo

model = demo.load_model()  # any nn.Module; this one reads handwritten digits
images, labels = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images))
program = pumice.compile(model, x[:100], device="isaac", calibration=[x[100:130]])
result = program.run(x[:100])  # result.outputs is what model(x[:100]) returns
right = (result.outputs.argmax(1).numpy() == labels[:100]).sum()
report = result.report  # print(report) shows tables, report.to_trace(path) a timeline
print(f"{right} of 100 digits right; {report.latency_ns / 1e8:.2f} ms per digit")
conversions = report.counters["conversions"]
print(f"{report.dynamic_energy_pj / 1e8:.2f} uJ per digit, {conversions:,} conversions in all")
for layer in report.layers[:4]:
    print(f"{layer.name:18}{layer.arrays:3} arrays{layer.energy_pj / 1e8:8.3f} uJ")
