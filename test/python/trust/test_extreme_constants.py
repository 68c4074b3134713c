# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Constants at the edges of 64 bits as offsets, sizes, strides, paddings, indices and bounds.

MLIR's folders put constant operands into attributes, where -2^63 stands for a value that is not
known, and multiply and add them. Each case gets an error or the right result; before, many ended
the process.
"""

from __future__ import annotations

import numpy as np
import pytest

import pumice
from regions import region_program

X = np.arange(4, dtype=np.float32)
LEAST, LARGEST = -(2**63), 2**63 - 1
NUMBERS = (LEAST, LEAST + 1, -(2**62), -1, 2**62, LARGEST)

#: A value of type 1xf32, %s, as the result.
_REPEAT = """
%y = tensor.concat dim(0) %s, %s, %s, %s : (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>,
    tensor<1xf32>) -> tensor<4xf32>"""
#: The same of type 2xf32.
_TWICE = "\n%y = tensor.concat dim(0) %s, %s : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>"
_SQUARE = """%e = tensor.expand_shape %a [[0, 1]] output_shape [2, 2] : tensor<4xf32> into
    tensor<2x2xf32>
"""
_SPLAT = "\n%y = tensor.splat %v : tensor<4xf32>"
_CAST = "\n%y = tensor.cast %q : tensor<?xf32> to tensor<4xf32>"
_ZERO = "%z = arith.constant 0.0 : f32\n"
_HALF = "%s = tensor.extract_slice %a[0] [2] [1] : tensor<4xf32> to tensor<2xf32>\n"
_TO_PART = "tensor<4xf32> to tensor<1xf32>"
_FROM_PART = "tensor<1xf32> into tensor<4xf32>"

#: Bodies in which %c is the number.
BODIES = {
    "extract": f"%v = tensor.extract %a[%c] : tensor<4xf32>{_SPLAT}",
    "insert": f"{_ZERO}%y = tensor.insert %z into %a[%c] : tensor<4xf32>",
    "slice": f"%s = tensor.extract_slice %a[%c] [2] [1] : tensor<4xf32> to tensor<2xf32>{_TWICE}",
    "slice, outer": f"{_SQUARE}%s = tensor.extract_slice %e[%c, 0] [1, 2] [1, 1] :"
    f" tensor<2x2xf32> to tensor<2xf32>{_TWICE}",
    "slice of slice": "%p = tensor.extract_slice %a[%c] [3] [1] : tensor<4xf32> to tensor<3xf32>\n"
    f"%s = tensor.extract_slice %p[%c] [2] [1] : tensor<3xf32> to tensor<2xf32>{_TWICE}",
    "slice, size": "%q = tensor.extract_slice %a[0] [%c] [1] : tensor<4xf32> to tensor<?xf32>"
    + _CAST,
    "slice, stride": f"%s = tensor.extract_slice %a[0] [1] [%c] : {_TO_PART}{_REPEAT}",
    "slice, empty": "%s = tensor.extract_slice %a[%c] [0] [1] : tensor<4xf32> to tensor<0xf32>\n"
    "%y = tensor.concat dim(0) %s, %a : (tensor<0xf32>, tensor<4xf32>) -> tensor<4xf32>",
    "insert_slice": f"{_HALF}%y = tensor.insert_slice %s into %a[%c] [2] [1] : tensor<2xf32> into"
    " tensor<4xf32>",
    "insert_slice, stride": f"{_HALF}%y = tensor.insert_slice %s into %a[0] [2] [%c] :"
    " tensor<2xf32> into tensor<4xf32>",
    "pad, low": f"{_HALF}{_ZERO}%y = tensor.pad %s low[%c] high[1] {{ ^bb0(%i: index):"
    " tensor.yield %z : f32 } : tensor<2xf32> to tensor<4xf32>",
    "pad, high": f"{_HALF}{_ZERO}%y = tensor.pad %s low[1] high[%c] {{ ^bb0(%i: index):"
    " tensor.yield %z : f32 } : tensor<2xf32> to tensor<4xf32>",
    "pad, both": f"{_ZERO}%q = tensor.pad %a low[%c] high[%c] {{ ^bb0(%i: index):"
    f" tensor.yield %z : f32 }} : tensor<4xf32> to tensor<?xf32>{_CAST}",
    "slice of pad": f"{_ZERO}%f = tensor.pad %a low[0] high[4] {{ ^bb0(%i: index):"
    " tensor.yield %z : f32 } : tensor<4xf32> to tensor<8xf32>\n"
    "%y = tensor.extract_slice %f[%c] [4] [1] : tensor<8xf32> to tensor<4xf32>",
    "empty": f"%q = tensor.empty(%c) : tensor<?xf32>{_CAST}",
    "fill": f"{_ZERO}%p = tensor.empty(%c) : tensor<?xf32>\n"
    f"%q = linalg.fill ins(%z : f32) outs(%p : tensor<?xf32>) -> tensor<?xf32>{_CAST}",
    "splat": f"{_ZERO}%q = tensor.splat %z[%c] : tensor<?xf32>{_CAST}",
    "generate": "%q = tensor.generate %c { ^bb0(%i: index): %v = tensor.extract %a[%i] :"
    f" tensor<4xf32> tensor.yield %v : f32 }} : tensor<?xf32>{_CAST}",
    "generate, index": "%y = tensor.generate { ^bb0(%i: index): %j = arith.muli %i, %c : index"
    " %s = tensor.extract_slice %a[%j] [1] [1] : tensor<4xf32> to tensor<f32>"
    " %v = tensor.extract %s[] : tensor<f32> tensor.yield %v : f32 } : tensor<4xf32>",
    "expand": "%d = tensor.cast %a : tensor<4xf32> to tensor<?xf32>\n"
    "%e = tensor.expand_shape %d [[0, 1]] output_shape [%c, 2] : tensor<?xf32> into"
    " tensor<?x2xf32>\n%f = tensor.cast %e : tensor<?x2xf32> to tensor<2x2xf32>\n"
    "%y = tensor.collapse_shape %f [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>",
    "for": "%k = arith.constant 1 : index\n%n = arith.addi %c, %k : index\n"
    "%y = scf.for %i = %c to %n step %k iter_args(%s = %a) -> tensor<4xf32> {"
    f" %v = tensor.extract_slice %s[%i] [1] [1] : {_TO_PART}"
    f" %t = tensor.insert_slice %v into %s[%i] [1] [1] : {_FROM_PART}"
    " scf.yield %t : tensor<4xf32> }",
    "for, step": "%k = arith.constant 0 : index\n%n = arith.constant 4 : index\n"
    "%y = scf.for %i = %k to %n step %c iter_args(%s = %a) -> tensor<4xf32> {"
    " %v = tensor.extract %s[%i] : tensor<4xf32>"
    " %t = tensor.insert %v into %s[%i] : tensor<4xf32> scf.yield %t : tensor<4xf32> }",
    "forall": "%y = scf.forall (%i) = (%c) to (4) step (1) shared_outs(%s = %a) -> tensor<4xf32> {"
    f" %v = tensor.extract_slice %s[%i] [1] [1] : {_TO_PART} scf.forall.in_parallel {{"
    f" tensor.parallel_insert_slice %v into %s[%i] [1] [1] : {_FROM_PART} }} }}",
    "affine": "%j = affine.apply affine_map<()[s] -> (s * 3)>()[%c]\n"
    f"%s = tensor.extract_slice %a[%j] [1] [1] : {_TO_PART}{_REPEAT}",
    "remainder": "%k = arith.constant -1 : index\n%j = arith.remui %c, %k : index\n"
    f"%s = tensor.extract_slice %a[%j] [1] [1] : {_TO_PART}{_REPEAT}",
    "linalg": "%e = tensor.empty() : tensor<4xf32>\n"
    "%y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], "
    'iterator_types = ["parallel"]}'
    " outs(%e : tensor<4xf32>) { ^bb0(%q: f32): %i = linalg.index 0 : index"
    " %j = arith.addi %i, %c : index %v = tensor.extract %a[%j] : tensor<4xf32>"
    " linalg.yield %v : f32 } -> tensor<4xf32>",
}  # fmt: skip


def of(body: str, number: int, hidden: str) -> str:
    """The body; `hidden` says what hides the constant from who reads it."""
    head = f"%c = arith.constant {number} : index"
    if hidden == "sum":  # which may wrap
        part = (number - 5 + 2**63) % 2**64 - 2**63
        head = (
            f"%c0 = arith.constant {part} : index\n%c1 = arith.constant 5 : index\n"
            "%c = arith.addi %c0, %c1 : index"
        )
    elif hidden == "tensor":
        head = (
            f"%c0 = arith.constant dense<{number}> : tensor<1xi64>\n"
            "%c1 = arith.constant 0 : index\n"
            "%c2 = tensor.extract %c0[%c1] : tensor<1xi64>\n"
            "%c = arith.index_cast %c2 : i64 to index"
        )
    elif hidden == "computed":  # half of it twice
        head = (
            f"%c0 = arith.constant dense<{number // 2}> : tensor<1xi64>\n"
            "%c1 = arith.constant 0 : index\n%c3 = arith.addi %c0, %c0 : tensor<1xi64>\n"
            "%c2 = tensor.extract %c3[%c1] : tensor<1xi64>\n"
            "%c = arith.index_cast %c2 : i64 to index"
        )
    elif hidden == "branch":  # which folds while patterns are applied
        head = (
            "%c0 = arith.constant true\n%c = scf.if %c0 -> index {"
            f" %c1 = arith.constant {number} : index scf.yield %c1 : index }} else {{"
            " %c2 = arith.constant 0 : index scf.yield %c2 : index }"
        )
    return f"{head}\n{body}\nreturn %y : tensor<4xf32>"


def outcome(body: str) -> list[float] | str:
    """The result, or the error."""
    try:
        found: list[float] = region_program(body).run(X).outputs.tolist()
    except pumice.PumiceError as error:
        return str(error)
    return found


#: Cases that have a result for some of the numbers: their types say more than the operand, or
#: nothing uses it.
DEFINED = ("slice, size", "slice, stride", "slice, empty", "pad, high", "pad, both", "empty",
           "fill", "remainder")  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_in_regions(name: str) -> None:
    for number in NUMBERS:
        for hidden in ("", "sum", "tensor", "computed", "branch"):
            if hidden and number not in (LEAST, -(2**62)):
                continue
            found = outcome(of(BODIES[name], number, hidden))
            if isinstance(found, list):
                assert name in DEFINED, number
                assert set(found) <= set(X.tolist())


@pytest.mark.parametrize("hidden", ["", "sum", "tensor", "computed"])
def test_the_error_names_op_and_number(hidden: str) -> None:
    """However it is hidden, before anything is compiled."""
    words = f"expected offsets, sizes, strides and paddings of less than 2^50, got {LEAST}"
    for name, op in (("slice", "extract_slice"), ("insert_slice", "insert_slice")):
        found = outcome(of(BODIES[name], LEAST, hidden))
        assert f"'tensor.{op}' op {words}" in found
