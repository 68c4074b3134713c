# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers in digital regions: types that no buffer holds, powers, large floats, payloads."""

from __future__ import annotations

import time

import numpy as np
import pytest

import pumice
from regions import region_program, run_region

X = np.array([1, 2, 3, 4], np.float32)


@pytest.mark.parametrize("type_", ["i65", "i128", "i1000", "i16777215"])
def test_wide_integers_are_refused(type_: str) -> None:
    """LLVM takes hours for some of them, and ends the process for others."""
    body = f"""
%c0 = arith.constant 0 : index
%v = tensor.extract %a[%c0] : tensor<4xf32>
%w = arith.fptosi %v : f32 to {type_}
%d = arith.divsi %w, %w : {type_}
%x = arith.sitofp %d : {type_} to f32
%y = tensor.splat %x : tensor<4xf32>
return %y : tensor<4xf32>
"""
    with pytest.raises(
        pumice.PumiceError, match=f"'arith.fptosi' in a digital region: expected .*, got {type_}"
    ):
        run_region(body, X)


@pytest.mark.parametrize("type_", ["f8E4M3FN", "f4E2M1FN", "tf32", "f80", "f128"])
def test_floats_of_libraries_are_refused(type_: str) -> None:
    there, back = ("extf", "truncf") if type_ in ("f80", "f128") else ("truncf", "extf")
    body = f"""
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]}} ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {{
^bb0(%p: f32, %q: f32):
  %w = arith.{there} %p : f32 to {type_}
  %u = arith.addf %w, %w : {type_}
  %x = arith.{back} %u : {type_} to f32
  linalg.yield %x : f32
}} -> tensor<4xf32>
return %y : tensor<4xf32>
"""
    with pytest.raises(
        pumice.PumiceError,
        match=rf"'arith.{there}' in a digital region: expected numbers of i1 to i64, index, f16, "
        rf"bf16, f32 or f64, got {type_}",
    ):
        run_region(body, X)


@pytest.mark.parametrize("exponent", [-1, -2, -3, -7])
@pytest.mark.parametrize("constant", [True, False])
def test_negative_powers_of_integers(exponent: int, constant: bool) -> None:
    """1 / x^n rounded to zero, also where x^n overflows to 0; of zero there is none."""

    def power(base: int) -> int:
        value = f"arith.constant {base} : i32" if constant else "tensor.extract %a[%c0] : T"
        body = f"""
%c0 = arith.constant 0 : index
%v = {value.replace("T", "tensor<4xi32>")}
%m = arith.constant {exponent} : i32
%p = math.ipowi %v, %m : i32
%y = tensor.splat %p : tensor<4xi32>
return %y : tensor<4xi32>
"""
        found = run_region(body, np.full(4, base, np.int32), types=("4xi32",), out="4xi32").tolist()
        assert found == [found[0]] * 4
        return int(found[0])

    assert power(1) == 1
    assert power(-1) == (-1 if exponent % 2 else 1)
    assert [power(base) for base in (2, -2, 65536, -(2**31))] == [0] * 4
    with pytest.raises(pumice.PumiceError, match="'math.ipowi' at .*zero to a negative power"):
        power(0)


@pytest.mark.parametrize("constant", [True, False])
def test_integers_that_become_infinite(constant: bool) -> None:
    """f16 holds up to 65504; the conversion back gives the smallest number, folded or not."""
    value = "arith.constant 100000 : i32" if constant else "tensor.extract %a[%c0] : tensor<4xi32>"
    body = f"""
%c0 = arith.constant 0 : index
%v = {value}
%h = arith.sitofp %v : i32 to f16
%w = arith.fptosi %h : f16 to i32
%y = tensor.splat %w : tensor<4xi32>
return %y : tensor<4xi32>
"""
    x = np.full(4, 100000, np.int32)
    found = run_region(body, x, types=("4xi32",), out="4xi32")
    assert found.tolist() == [-(2**31)] * 4


def test_payloads_that_use_values_twice() -> None:
    """What is counted of a payload takes time by its ops, not by the ways through them."""
    chain = "\n".join(f"  %v{i + 1} = arith.addf %v{i}, %v{i} : f32" for i in range(60))
    body = f"""
%z = arith.constant 0.0 : f32
%e = tensor.empty() : tensor<f32>
%f = linalg.fill ins(%z : f32) outs(%e : tensor<f32>) -> tensor<f32>
%r = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>],
    iterator_types = ["reduction"]}} ins(%a : tensor<4xf32>) outs(%f : tensor<f32>) {{
^bb0(%v0: f32, %q: f32):
{chain}
  %m = arith.mulf %v60, %v0 : f32
  %s = arith.addf %m, %q : f32
  linalg.yield %s : f32
}} -> tensor<f32>
%v = tensor.extract %r[] : tensor<f32>
%y = tensor.splat %v : tensor<4xf32>
return %y : tensor<4xf32>
"""
    start = time.process_time()
    program = region_program(body)
    assert program.estimate().latency_ns > 0
    assert program.run(X).outputs[0] == np.float32(2.0**60 * 30)
    assert time.process_time() - start < 30
