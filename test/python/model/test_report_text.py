# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The text of reports: numbers as "%.17g" prints them, keys in order, nothing in between."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice import Device, Program, ir

INPUTS = Path(__file__).resolve().parents[2] / "Inputs"
#: One array of 8 x 16 cells.
DEVICE = Device(str(INPUTS / "temporary-weights.mlir"))
CELLS = 128  # a power of two: their energy has the digits of that of one

TEXT = """
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
module attributes {{pum.device = {device}}} {{
  func.func @main() {{
    %w = simulator.constant dense<1> : tensor<4x8xi8> to memref<4x8xi8, #simulator.memory<dram>>
    %g, %p = simulator.program %w on <"arrays", 0, 1> array #array tiling <row_tiles = 1,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
      : memref<4x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x4xi8, si8> {location}
    return
  }}
}}
"""


def text_of(energy: float, location: str = "") -> str:
    device = DEVICE.replace(energy={"cell_write_pj": energy})
    with ir.Context() as context:
        text = TEXT.format(device=device, location=location)
        program = Program({"simulator": ir.Module.parse(text, context)}, {})
        return program._machine.estimate(1)


def numbers() -> list[float]:
    rng = np.random.default_rng(7)
    sizes = 10 ** rng.uniform(-9, 19, 60) / CELLS
    edges = [0.1, 0.5, 1, 10, 1e-4, 1e-5, 1e15, 1e16, 1e17, 1e22, 2**52 + 0.5, 2**53 - 1, 2.0**53]
    near = [float(np.nextafter(edge, to)) for edge in edges for to in (0, np.inf)]
    # 18 digits, the last of which is a 5: a tie.
    ties = [number + odd * 2.0**-17 for number in (1, 8) for odd in (1, 3, 5, 7)]
    return [*sizes, *(number / CELLS for number in [*edges, *near, *ties])]


@pytest.mark.parametrize("part", range(4))
def test_numbers_have_17_digits(part: int) -> None:
    for energy in numbers()[part::4]:
        (token,) = set(re.findall(r'"cell_write":([^,}]+)', text_of(energy))) - {"0"}
        assert token == f"{energy * CELLS:.17g}"


def test_keys_ascend_and_nothing_is_in_between() -> None:
    text = text_of(0.3, 'loc("a \\22quoted\\22 \\\\ layer\\0A")')

    def ascending(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        assert keys == sorted(set(keys))
        return dict(pairs)

    found = json.loads(text, object_pairs_hook=ascending)
    assert found["setup"]["latency_ns"] == 0
    assert found["instructions"][0]["lanes"]
    strings = re.compile(r'"(?:[^"\\]|\\.)*"')
    assert not re.search(r"\s", strings.sub("", text))
    for token in re.findall(r"-?\d[^,}\]]*", strings.sub("", text)):
        assert token in (f"{float(token):.17g}", str(int(float(token))))
