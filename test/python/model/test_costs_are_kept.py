# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Costs and wear that a program has found out serve later runs only where these cost the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

import pumice
from pumice import Device, Program, ir

pytestmark = pytest.mark.filterwarnings("ignore:.*costs did not follow")

CHAIN = """
func.func @main(%x: tensor<2x20xi8>) -> tensor<2x9xi32> {
  %a = arith.constant dense<"0xA"> : tensor<20x9xi8>
  %b = arith.constant dense<"0xB"> : tensor<20x9xi8>
  %z = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x9xi32>
  %f = linalg.fill ins(%z : i32) outs(%e : tensor<2x9xi32>) -> tensor<2x9xi32>
  %y = linalg.quantized_matmul ins(%x, %a, %z, %z : tensor<2x20xi8>, tensor<20x9xi8>, i32, i32)
      outs(%f : tensor<2x9xi32>) -> tensor<2x9xi32>
  %r = linalg.quantized_matmul ins(%x, %b, %z, %z : tensor<2x20xi8>, tensor<20x9xi8>, i32, i32)
      outs(%y : tensor<2x9xi32>) -> tensor<2x9xi32>
  return %r : tensor<2x9xi32>
}
"""


def arrays() -> Device:
    """Two arrays, of which only changed cells are pulsed; each column of cells has 8 rows."""
    return Device("aras").replace(
        array={"rows": 8, "columns": 16, "columns_per_adc": 16},
        levels={"pe": {"holds": 1}, "chip": {"holds": 2}},
    )


def chain(tmp_path: Path, device: Device, **options) -> Program:
    rng = np.random.default_rng(2)
    text = CHAIN
    for name in "AB":
        weights = rng.integers(-1, 2, (20, 9)).astype(np.int8)
        text = text.replace(f"0x{name}", f"0x{weights.tobytes().hex()}")
    file = tmp_path / "chain.mlir"
    file.write_text(text)
    return pumice.compile(str(file), device=device, options=options)


def text_of(program: Program, x: np.ndarray | None = None, threads: int = 1) -> str:
    if x is None:
        return program._machine.estimate(threads)
    return program._machine.run([x], threads)[1]


MACHINES = {
    "copies": (arrays, {"schedule": "copies"}),
    "reencoded": (arrays, {"schedule": "copies", "reencode": True}),
    "processors": (lambda: Device("rtm-ap"), {}),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_later_runs_cost_what_they_cost_alone(machine: str, tmp_path: Path) -> None:
    device, options = MACHINES[machine]
    program = chain(tmp_path, device(), **options)
    program.save(tmp_path / "program")
    rng = np.random.default_rng(3)
    inputs = [None, *(rng.integers(-9, 9, (2, 20)).astype(np.int8) for _ in range(2)), None]
    for _ in range(2):
        for number, x in enumerate(inputs):
            alone = pumice.load(tmp_path / "program")
            assert text_of(program, x, 1 + number) == text_of(alone, x)
    if machine == "copies":
        assert program.estimate().steady_state is not None
    if machine == "processors":  # which pulse cells by their values
        assert len({text_of(program, x) for x in inputs}) == 3


def test_other_instructions_do_something_else(tmp_path: Path) -> None:
    """Estimates and runs after weights have been edited."""
    program = chain(tmp_path, arrays(), schedule="copies")
    module = ir.Module.parse(str(program.module()), ir.Context())
    with module.context:
        edited = Program({"simulator": module}, {})
        x = np.ones((2, 20), np.int8)
        before, outputs = text_of(edited), edited.run(x).outputs
        assert before == text_of(edited)
        (function,) = (op for op in module.body.operations if op.name.value == "main")
        constant = next(
            op for op in function.regions[0].blocks[0] if op.operation.name == "simulator.constant"
        )
        tensor = constant.attributes["value"].type
        constant.attributes["value"] = ir.DenseElementsAttr.get_splat(
            tensor, ir.IntegerAttr.get(ir.IntegerType.get_signless(8), 1)
        )
        after = text_of(edited)
        assert after != before
        again = Program({"simulator": ir.Module.parse(str(module), module.context)}, {})
        assert not np.array_equal(edited.run(x).outputs, outputs)
        assert np.array_equal(edited.run(x).outputs, again.run(x).outputs)
        assert json.loads(after)["energy_pj"] == json.loads(text_of(again))["energy_pj"]
