# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a network on the device of small.mlir and on a preset."""

from pathlib import Path

import torch

import pumice
from pumice import demo

HERE = Path(__file__).resolve().parent

model = demo.load_model()
images, labels = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images))
quantized = pumice.quantize(model, [x[100:130]])

for device in ("isaac", str(HERE / "small.mlir")):
    program = pumice.compile(quantized, x[:20], device=device)
    result = program.run(x[:20])
    right = int((result.outputs.argmax(1).numpy() == labels[:20]).sum())
    report = result.report
    print(
        f"{report.device}: {right} of 20 digits right, {report.arrays} arrays,"
        f" {report.latency_ns / 20e3:.1f} us and {report.dynamic_energy_pj / 20e6:.3f} uJ per digit"
    )
