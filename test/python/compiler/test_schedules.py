# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules of 10^5 programs are verified in seconds, at both levels, and still fully."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

from machine_programs import text
from pumice import Device, ir

PROGRAMS = 100_000
ARRAYS = 64  # that all programs share in turn
LIMIT_S = 60  # on a loaded machine with two cores; the pairs alone would take hours
GRID = "!crossbar.grid<1x8x3xi8, si8>"
LAYER = "(tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>"


def schedule(programs: int, careless: int | None = None) -> str:
    """Program `i` replaces program `i - ARRAYS` and waits for its reader through program `i - 1`,
    but for the program after `careless`."""
    device = Device("isaac")
    arrays = device.fields["groups"][0]
    common = (
        f"array #crossbar.array{text(arrays['array'])} tiling <row_tiles = 1, "
        "column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1> "
        f": tensor<3x8xi8> -> {GRID}"
    )
    lines = [
        f"module attributes {{pum.device = {device}}} {{",
        "func.func @main(%arg: tensor<4x8xi8>) -> tensor<4x8xi8> {",
        "%x, %loaded = pum.load %arg : tensor<4x8xi8>",
        "%w = arith.constant dense<1> : tensor<3x8xi8>",
    ]
    for i in range(programs):
        replaced = f" replacing (%g{i - ARRAYS} : {GRID})" if i >= ARRAYS else ""
        tokens = [f"%p{i - 1}"] if i else []
        # The grid that the next program replaces.
        if i >= ARRAYS - 1 and i != careless:
            tokens.append(f"%c{i - ARRAYS + 1}")
        after = f" after ({', '.join(tokens)})" if tokens else ""
        place = f'<"arrays", {i % ARRAYS}, {i % ARRAYS + 1}>'
        lines.append(f"%g{i}, %p{i} = pum.program %w on {place}{replaced}{after} {common}")
        lines.append(
            f"%y{i}, %c{i} = pum.compute (%x, %g{i}) : {LAYER} {{\n"
            f"^bb0(%a: tensor<4x8xi8>, %b: {GRID}):\n"
            f"%0 = crossbar.mvm %a, %b : {LAYER}\npum.yield %0 : tensor<4x3xi32>\n}}"
        )
    lines += [
        "%r, %stored = pum.store %x : tensor<4x8xi8>",
        "return %r : tensor<4x8xi8>",
        "}",
        "}",
    ]
    return "\n".join(lines)


def seconds(passes: str, module: ir.Module) -> float:
    manager = PassManager.parse(f"builtin.module({passes})")
    start = time.perf_counter()
    manager.run(module.operation)
    return time.perf_counter() - start


def test_a_hundred_thousand_programs() -> None:
    with ir.Context():
        module = ir.Module.parse(schedule(PROGRAMS))
        assert seconds("verify-pum-scheduled", module) < LIMIT_S
        seconds("convert-pum-to-simulator", module)
        assert seconds("verify-simulator-program", module) < LIMIT_S


@pytest.mark.parametrize("passes", ["verify-pum-scheduled", "verify-simulator-program"])
@pytest.mark.parametrize("careless", [70, 1500, 2998])
def test_the_one_program_that_does_not_wait(passes: str, careless: int) -> None:
    """Batches of questions and their borders hide nothing."""
    with ir.Context():
        module = ir.Module.parse(schedule(3000, careless))
        if passes == "verify-simulator-program":
            seconds("convert-pum-to-simulator", module)
        with pytest.raises(ir.MLIRError, match="without waiting for") as caught:
            seconds(passes, module)
    assert "program" in str(caught.value)
