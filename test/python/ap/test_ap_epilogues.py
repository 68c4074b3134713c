# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Epilogues with exp, tanh and erf as thresholds: every sum against NumPy and the digital unit.

The oracle computes in double precision and decides a code only where that is beyond doubt: where
the function's value, in steps of a code, is far from the middle between two codes compared with
the rounding errors of f32. The cases are chosen such that all sums are decided.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

from pumice import Device, Program, ir

ON = Device("rtm-ap")
INPUTS = 40  # codes of 1 bit: sums from -20 to 20


@dataclass
class Epilogue:
    """A function of f32 `%v`, and the step and range of its 4-bit codes."""

    body: str
    function: Callable[[np.ndarray], np.ndarray]
    step: float
    zero_point: int = 0


def erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf)(x)


EPILOGUES = {
    "sigmoid": Epilogue(
        """
    %n = arith.negf %v : f32
    %e = math.exp %n : f32
    %d = arith.addf %e, %one : f32
    %f = arith.divf %one, %d : f32
""",
        lambda x: 1 / (1 + np.exp(-x)),
        step=1 / 15,
    ),
    "tanh": Epilogue("    %f = math.tanh %v : f32\n", np.tanh, step=0.137, zero_point=8),
    # Not monotone: it has its least value near -0.75.
    "gelu": Epilogue(
        """
    %h = arith.mulf %v, %half : f32
    %s = arith.mulf %v, %rsqrt2 : f32
    %r = math.erf %s : f32
    %p = arith.addf %r, %one : f32
    %f = arith.mulf %h, %p : f32
""",
        lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
        step=0.19,
        zero_point=2,
    ),
    # Not monotone either.
    "hard_swish": Epilogue(
        """
    %a = arith.addf %v, %three : f32
    %b = arith.maximumf %a, %zero : f32
    %c = arith.minimumf %b, %six : f32
    %m = arith.mulf %v, %c : f32
    %f = arith.divf %m, %six : f32
""",
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        step=0.21,
        zero_point=2,
    ),
    # Up and down: nothing is assumed of a function's shape.
    "bump": Epilogue(
        """
    %a = arith.mulf %v, %v : f32
    %b = arith.negf %a : f32
    %f = math.exp %b : f32
""",
        lambda x: np.exp(-x * x),
        step=0.161,
        zero_point=3,
    ),
}

#: Of three outputs: what a sum is multiplied by, and what is added.
SCALES, BIASES = [0.313, 0.127, 0.209], [0.011, -0.73, 1.17]


def text_of(epilogue: Epilogue) -> str:
    weights = [[1] * 20 + [-1] * 20, [1, -1] * 20, [1] * 10 + [0] * 20 + [-1] * 10]
    return f"""
#all = affine_map<(m, n) -> (m, n)>
#channel = affine_map<(m, n) -> (n)>
func.func @main(%x: tensor<41x{INPUTS}xi8>) -> tensor<41x3xi8> {{
  %w = arith.constant dense<{weights}> : tensor<3x{INPUTS}xi8>
  %scales = arith.constant dense<{SCALES}> : tensor<3xf32>
  %biases = arith.constant dense<{BIASES}> : tensor<3xf32>
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %rsqrt2 = arith.constant 0.707106769 : f32
  %three = arith.constant 3.0 : f32
  %six = arith.constant 6.0 : f32
  %zero = arith.constant 0.0 : f32
  %most = arith.constant 15.0 : f32
  %point = arith.constant {float(epilogue.zero_point)} : f32
  %step = arith.constant {epilogue.step} : f32
  %y = ap.mvm %x, %w {{input_unsigned, input_bits = 1 : i64}}
      : (tensor<41x{INPUTS}xi8>, tensor<3x{INPUTS}xi8>) -> tensor<41x3xi32>
  %empty = tensor.empty() : tensor<41x3xi8>
  %q = linalg.generic {{indexing_maps = [#all, #channel, #channel, #all],
      iterator_types = ["parallel", "parallel"]}}
      ins(%y, %scales, %biases : tensor<41x3xi32>, tensor<3xf32>, tensor<3xf32>)
      outs(%empty : tensor<41x3xi8>) {{
  ^bb0(%sum: i32, %scale: f32, %bias: f32, %out: i8):
    %t = arith.sitofp %sum : i32 to f32
    %u = arith.mulf %t, %scale : f32
    %v = arith.addf %u, %bias : f32
{epilogue.body}
    %q0 = arith.divf %f, %step : f32
    %q1 = math.roundeven %q0 : f32
    %q2 = arith.addf %q1, %point : f32
    %q3 = arith.maximumf %q2, %zero : f32
    %q4 = arith.minimumf %q3, %most : f32
    %q5 = arith.fptoui %q4 : f32 to i8
    linalg.yield %q5 : i8
  }} -> tensor<41x3xi8>
  return %q : tensor<41x3xi8>
}}
"""


def compiled(text: str, passes: str) -> Program:
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = ON.to_attribute(context)
        for step in (
            passes,
            "ap-compile-programs,verify-ap-contract",
            "crossbar-to-pum",
            "pum-to-simulator",
        ):
            if step:
                PassManager.parse(f"builtin.module({step})").run(module.operation)
        return Program({"simulator": module}, {})


def every_sum() -> np.ndarray:
    """Inputs for which the first output's sums are -20 to 20."""
    x = np.zeros((41, INPUTS), np.int8)
    for row, total in enumerate(range(-20, 21)):
        x[row, : max(total, 0)] = 1
        x[row, 20 : 20 + max(-total, 0)] = 1
    return x


def expected(epilogue: Epilogue, x: np.ndarray) -> np.ndarray:
    weights = np.array([[1] * 20 + [-1] * 20, [1, -1] * 20, [1] * 10 + [0] * 20 + [-1] * 10])
    sums = x.astype(np.int64) @ weights.T
    values = sums * np.float32(SCALES).astype(float) + np.float32(BIASES).astype(float)
    steps = epilogue.function(values) / float(np.float32(epilogue.step))
    doubt = np.abs(steps - np.floor(steps) - 0.5)
    assert doubt.min() > 1e-4, "a sum is too close to the middle between two codes"
    return np.clip(np.rint(steps) + epilogue.zero_point, 0, 15).astype(np.int8)


@pytest.mark.parametrize("name", EPILOGUES)
@pytest.mark.parametrize("threads", [1, 2])
def test_an_epilogue_is_thresholds(name: str, threads: int) -> None:
    epilogue, x = EPILOGUES[name], every_sum()
    text = text_of(epilogue)
    folded = compiled(text, f"ap-fuse-elementwise{{threads={threads}}}")
    alone = compiled(text, "")
    assert "math." not in folded.ir()
    assert "simulator.digital" not in folded.ir()
    assert "simulator.digital" in alone.ir()
    codes = folded.run(x).outputs
    np.testing.assert_array_equal(codes, expected(epilogue, x))
    np.testing.assert_array_equal(codes, alone.run(x).outputs)
    assert len(np.unique(codes)) > 6


def test_a_division_by_zero_stays_on_the_digital_unit() -> None:
    """The function is not defined for a sum that weights and inputs can give."""
    text = text_of(
        Epilogue(
            """
    %i = arith.constant 64 : i32
    %k = arith.divsi %i, %sum : i32
    %f = arith.sitofp %k : i32 to f32
""",
            np.tanh,
            step=9.0,
            zero_point=8,
        )
    )
    program = compiled(text, "ap-fuse-elementwise")
    assert "simulator.digital" in program.ir()


def test_layers_that_differ_in_constants_share_code(tmp_path, monkeypatch) -> None:
    """Two layers with other scales: one function is compiled, and the next time none."""
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(tmp_path))
    text = text_of(EPILOGUES["tanh"])
    other = text.replace("@main", "@other").replace(str(SCALES[0]), "0.411")
    body = re.search(r"func\.func.*", other, re.DOTALL)
    assert body is not None
    with ir.Context() as context:
        for files in (1, 1):
            module = ir.Module.parse(text + body.group())
            module.operation.attributes["pum.device"] = ON.to_attribute(context)
            passes = PassManager.parse("builtin.module(ap-fuse-elementwise)")
            passes.run(module.operation)
            assert str(module).count("thresholds = ") == 2
            assert len(list(tmp_path.rglob("llvmcache-*"))) == files
