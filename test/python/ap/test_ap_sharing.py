# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many additions sharing leaves, beside a plain greedy search for pairs written here."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from pumice.passmanager import PassManager

from pumice import Device, ir
from pumice._mlir_libs import _pumice

OPTIONS = "layout=along lanes=1 output-blocks=1 spread=1"


def greedy(weights) -> int:
    """Additions and subtractions for y = weights @ x, weights (outputs, inputs) of -1, 0 and 1.

    While some sum or difference of two terms occurs in two outputs, up to sign, the one that
    occurs most becomes a term of its own: one addition, and one fewer for each occurrence.
    """
    terms = [column.astype(int) for column in weights.T]
    shared = 0
    while True:
        most, chosen = 1, None
        for i, j in combinations(range(len(terms)), 2):
            product = terms[i] * terms[j]
            for sign in (1, -1):
                count = np.count_nonzero(product == sign)
                if count > most:
                    most, chosen = count, (i, j, sign)
        if chosen is None:
            return shared + sum(np.count_nonzero(term) for term in terms)
        i, j, sign = chosen
        both = terms[i] * terms[j] == sign
        terms.append(np.where(both, terms[i], 0))
        terms[i], terms[j] = (np.where(both, 0, terms[k]) for k in (i, j))
        shared += 1


def statistics(weights, device: Device) -> dict[str, int]:
    """Of ap-compile-programs for a 3x3 convolution with weights (outputs, channels, 3, 3)."""
    outputs, channels = weights.shape[:2]
    literal = f'dense<"0x{weights.astype(np.int8).tobytes().hex().upper()}">'
    text = f"""func.func @main(%x: tensor<1x{channels}x4x4xi8>) -> tensor<1x{outputs}x2x2xi32> {{
  %w = arith.constant {literal} : tensor<{outputs}x{channels}x3x3xi8>
  %y = ap.conv_2d %x, %w 
      window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      groups 1 {{input_unsigned, input_bits = 4 : i64}}
      : (tensor<1x{channels}x4x4xi8>, tensor<{outputs}x{channels}x3x3xi8>)
      -> tensor<1x{outputs}x2x2xi32>
  return %y : tensor<1x{outputs}x2x2xi32>
}}"""
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        passes = PassManager.parse(f"builtin.module(ap-compile-programs{{{OPTIONS}}})")
        passes.run(module.operation)
        (numbers,) = json.loads(_pumice.pass_statistics(passes)).values()
    return numbers


@pytest.mark.parametrize("sparsity", [0.5, 0.8, 0.85, 0.9])
@pytest.mark.parametrize(("outputs", "channels"), [(64, 8), (512, 2)])
def test_no_worse_than_greedy(outputs: int, channels: int, sparsity: float) -> None:
    rng = np.random.default_rng(5)
    weights = rng.choice([-1, 1], (outputs, channels, 3, 3))
    weights *= rng.random(weights.shape) >= sparsity
    # Columns enough for every sum that is worth sharing.
    device = Device("rtm-ap").replace(ap={"columns": 1024})
    found = statistics(weights, device)
    nonzero = np.count_nonzero(weights)
    assert found["nonzero weights"] == nonzero
    plain = sum(greedy(weights[:, c].reshape(outputs, 9)) for c in range(channels))
    saved = [1 - count / nonzero for count in (found["additions"], plain, found["bound"])]
    print(
        "{} outputs, sparsity {}: {:.1%}, greedy {:.1%}, bound {:.1%}".format(
            outputs, sparsity, *saved
        )
    )
    assert found["bound"] <= found["additions"] <= plain
