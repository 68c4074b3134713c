# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Digits on cells described by a table: drift with and without compensation, and pulses."""

from pathlib import Path

import torch

import pumice
from pumice import demo

HERE = Path(__file__).resolve().parent
T_0 = 20.0  # s; what the exponents of the table count from
DAY = 86400.0

model = demo.load_model()
images, labels = demo.load_digits()
x = torch.from_numpy(demo.preprocess(images))
quantized = pumice.quantize(model, [x[100:130]])
pcm = pumice.Device(HERE / "pcm.mlir")


def right(analog: dict[str, object]) -> str:
    """How many of 40 digits are classified correctly, and the cost of programming."""
    program = pumice.compile(quantized, x[:40], device=pcm.replace(array={"analog": analog}))
    result = program.run(x[:40])
    count = int((result.outputs.argmax(1).numpy() == labels[:40]).sum())
    setup = result.report.setup
    us, uj = setup.latency_ns / 1e3, setup.components["cell_write"] / 1e6
    return f"{count} of 40 digits right, programmed in {us:.1f} us, {uj:.2f} uJ"


for pulses in (1, 8):
    print(f"pulses up to {pulses}: {right({'write_verify': {'pulses': pulses}})}")
for days in (1, 365):
    drift = {"drift_time_s": days * DAY / T_0}
    for compensated in (False, True):
        word = "compensated" if compensated else "as it is"
        print(f"{days} days, {word}: {right({**drift, 'drift_compensation': compensated})}")
