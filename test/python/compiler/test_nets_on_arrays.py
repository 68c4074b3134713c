# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A net's look-up against the products of its two layers on simulated arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import pumice
from array_oracle import Layer
from function_oracle import nets_of
from machine import program_of, run
from pumice import Device


class Exp(nn.Module):
    def forward(self, x):
        return torch.exp(x)


@pytest.mark.parametrize("device", ["neon", "ideal", "isaac", "puma"])
@pytest.mark.parametrize("bits", [6, 10])
def test_apply_is_two_products(device: str, bits: int) -> None:
    """crossbar.apply for every input, and crossbar.mvm of the net's layers on the same arrays."""
    x = torch.linspace(-4, 0, 64)
    program = pumice.compile(
        Exp(), x, device=device, quantize=False, nonlinear="neon",
        options={"net_bits": bits, "max_error": 0.05 if bits == 6 else 0.004},
    )  # fmt: skip
    (net,) = nets_of(program.ir("simulator", elide=False)).values()
    count, low, step = net.inputs
    assert count == 1 << bits
    codes = np.arange(count)[:, None]
    array = Device(device)

    def product(x: np.ndarray, weights: np.ndarray, width: int, signed: bool) -> np.ndarray:
        weight_bits = max(2, int(np.abs(weights).max()).bit_length() + 1)
        layer = Layer(input_bits=width, input_signed=signed, weight_bits=weight_bits)
        kind = np.int8 if weight_bits <= 8 else np.int16
        return run(program_of(x.shape, weights.astype(kind), layer, array), x)

    hidden = net.hidden(product(codes, net.weights[0], bits, False))
    assert np.abs(hidden).max() < net.half
    found = net.result(product(hidden, net.weights[1], int(net.half).bit_length(), True)[:, 0])
    # The same inputs through the program, which looks them up.
    inputs = (low + codes[:, 0] * step).astype(np.float32)
    expected = []
    for start in range(0, count, 64):
        expected.append(program.run(torch.from_numpy(inputs[start : start + 64])).outputs.numpy())
    values = net.outputs[1] + found.astype(np.float64) * net.outputs[2]
    assert np.array_equal(np.concatenate(expected), values.astype(np.float32))
    assert len(np.unique(found)) > count // 4


def test_the_hidden_layer_takes_cells_of_its_own_width() -> None:
    """Weights of 1 and -1 take one cell of 2 bits each, not the eight of 16 bits."""
    x = torch.linspace(-4, 0, 64)
    program = pumice.compile(Exp(), x, device="neon", quantize=False, nonlinear="neon")
    (net,) = nets_of(program.ir("simulator", elide=False)).values()
    assert set(np.unique(net.weights[0])) <= {-1, 1}
    text = program.ir("crossbar")
    assert "xi2, ui16>" in text
    assert "xi16, si16>" in text
    # Per element: units times input bits for the first layer, slices times bits for the second.
    counters = program.estimate().counters
    units = net.weights[0].shape[0]
    assert counters["conversions"] == 64 * (units * 16 + 8 * 16)
