# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Digital regions access their own memory only, and define what their ops leave undefined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice import ir
from pumice.compiler import compile_module
from regions import region_program, region_text, run_region

X = np.array([1, 2, 3, 4], np.float32)
BAD = [-(2**63), -(2**32), -5, -1, 4, 5, 2**31, 2**32 + 1, 2**61, 2**63 - 1]

AT = """
%c0 = arith.constant 0 : index
%n = tensor.extract %b[%c0] : tensor<1xi64>
%j = arith.index_cast %n : i64 to index
"""
EXTRACT = (
    AT
    + """
%v = tensor.extract %a[%j] : tensor<4xf32>
%y = tensor.splat %v : tensor<4xf32>
return %y : tensor<4xf32>
"""
)
INSERT = (
    AT
    + """
%v = arith.constant 13.0 : f32
%y = tensor.insert %v into %a[%j] : tensor<4xf32>
return %y : tensor<4xf32>
"""
)
SLICE = (
    AT
    + """
%s = tensor.extract_slice %a[%j] [2] [1] : tensor<4xf32> to tensor<2xf32>
%e = tensor.empty() : tensor<4xf32>
%y = tensor.insert_slice %s into %e[0] [2] [1] : tensor<2xf32> into tensor<4xf32>
return %y : tensor<4xf32>
"""
)
INSERT_SLICE = (
    AT
    + """
%s = tensor.extract_slice %a[0] [2] [1] : tensor<4xf32> to tensor<2xf32>
%y = tensor.insert_slice %s into %a[%j] [2] [1] : tensor<2xf32> into tensor<4xf32>
return %y : tensor<4xf32>
"""
)
IN_LOOP = (
    AT
    + """
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    outs(%e : tensor<4xf32>) {
^bb0(%q: f32):
  %i = linalg.index 0 : index
  %three = arith.constant 3 : index
  %scaled = arith.muli %i, %three : index
  %k = arith.addi %scaled, %j : index
  %v = tensor.extract %a[%k] : tensor<4xf32>
  linalg.yield %v : f32
} -> tensor<4xf32>
return %y : tensor<4xf32>
"""
)


@pytest.mark.parametrize(
    ("body", "op"),
    [
        (EXTRACT, "tensor.extract"),
        (INSERT, "tensor.insert"),
        (SLICE, "tensor.extract_slice"),
        (INSERT_SLICE, "tensor.insert_slice"),
        (IN_LOOP, "tensor.extract"),
    ],
    ids=["extract", "insert", "extract_slice", "insert_slice", "in_loop"],
)
def test_indices_from_data(body: str, op: str) -> None:
    """The error names the op, its place, the index and the extent."""
    program = region_program(body, "4xf32", "1xi64")
    for index in BAD:
        with pytest.raises(
            pumice.PumiceError, match=rf"'{op}' at loc\(.*index of dimension 0 is out of bounds, "
            r"expected 0 to [0-9], got -?[0-9]+"
        ) as caught:  # fmt: skip
            program.run(X, np.array([index], np.int64))
        if op in ("tensor.extract_slice",) or body in (EXTRACT, INSERT):
            assert str(caught.value).split("got ")[1].split()[0] == str(index)


def test_good_indices_are_served() -> None:
    for index in range(4):
        at = np.array([index], np.int64)
        assert run_region(EXTRACT, X, at, types=("4xf32", "1xi64")).tolist() == [X[index]] * 4
        expected = X.copy()
        expected[index] = 13
        found = run_region(INSERT, X, at, types=("4xf32", "1xi64"))
        assert found.tolist() == expected.tolist()
    for index in range(3):
        at = np.array([index], np.int64)
        found = run_region(SLICE, X, at, types=("4xf32", "1xi64"))
        assert found.tolist() == [X[index], X[index + 1], 0, 0]


def test_the_switch_for_measurements(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Code without checks gives the same results, is not in the cache, and ends with the switch."""
    from pumice._mlir_libs import _pumice

    monkeypatch.setenv("PUMICE_CACHE_DIR", str(tmp_path))
    good, bad = np.array([2], np.int64), np.array([7], np.int64)
    _pumice.set_region_checks(False)
    try:
        found = region_program(EXTRACT, "4xf32", "1xi64").run(X, good).outputs
    finally:
        _pumice.set_region_checks(True)
    assert found.tolist() == [3] * 4
    assert not [*tmp_path.rglob("*")]
    checked = region_program(EXTRACT, "4xf32", "1xi64")
    with pytest.raises(pumice.PumiceError, match="out of bounds"):
        checked.run(X, bad)
    assert checked.run(X, good).outputs.tolist() == [3] * 4
    assert [*tmp_path.rglob("*")]


@pytest.mark.parametrize("offset", [100000000000, -8, -1, 1, 2**62])
def test_constant_offsets(offset: int) -> None:
    body = f"""
%c = arith.constant {offset} : index
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}}
    outs(%e : tensor<4xf32>) {{
^bb0(%q: f32):
  %i = linalg.index 0 : index
  %j = arith.addi %i, %c : index
  %v = tensor.extract %a[%j] : tensor<4xf32>
  linalg.yield %v : f32
}} -> tensor<4xf32>
return %y : tensor<4xf32>
"""
    with pytest.raises(pumice.PumiceError, match=r"'tensor.extract' at loc\(.*expected 0 to 3"):
        run_region(body, X)


def test_a_constant_index_is_named() -> None:
    body = """
%c = arith.constant 7 : index
%v = tensor.extract %a[%c] : tensor<4xf32>
%y = tensor.splat %v : tensor<4xf32>
return %y : tensor<4xf32>
"""
    with pytest.raises(pumice.PumiceError, match="index 7 of dimension 0 is out of bounds"):
        run_region(body, X)


@pytest.mark.parametrize("type_", ["i8", "index"])
@pytest.mark.parametrize("op", ["divsi", "divui", "remsi", "remui", "shli", "shrsi", "shrui"])
def test_integer_traps(op: str, type_: str) -> None:
    cast = "" if type_ == "index" else f"%x = arith.trunci %n : i64 to {type_}"
    if type_ == "i64":
        cast = "%z = arith.constant 0 : i64\n%x = arith.ori %n, %z : i64"
    elif type_ == "index":
        cast = "%x = arith.index_cast %n : i64 to index"
    body = f"""
%c0 = arith.constant 0 : index
%c1 = arith.constant 1 : index
%n = tensor.extract %a[%c0] : tensor<2xi64>
{cast}
{cast.replace("%x", "%w").replace("%n", "%m").replace("%z", "%z2")}
%q = arith.{op} %x, %w : {type_}
{{back}}
%y = tensor.splat %r : tensor<2xi64>
return %y : tensor<2xi64>
""".replace("%n = tensor", "%m = tensor.extract %a[%c1] : tensor<2xi64>\n%n = tensor", 1)
    back = {
        "i64": "%r = arith.ori %q, %z : i64",
        "index": "%r = arith.index_cast %q : index to i64",
    }.get(type_, f"%r = arith.extsi %q : {type_} to i64")
    width = {"i8": 8, "i32": 32, "i64": 64, "index": 64}[type_]
    program = region_program(body.replace("{back}", back), "2xi64", out="2xi64")

    def run(x: int, w: int) -> int:
        return int(program.run(np.array([x, w], np.int64)).outputs[0])

    if op.startswith("sh"):
        assert run(3, 1) == (6 if op == "shli" else 1)
        with pytest.raises(pumice.PumiceError, match=f"arith.{op}.*shift by at least the width"):
            run(3, width)
        with pytest.raises(pumice.PumiceError, match="shift by at least the width"):
            run(3, -1)
        return
    assert run(7, 2) == (3 if "div" in op else 1)
    with pytest.raises(pumice.PumiceError, match=f"arith.{op}.*integer division by zero"):
        run(7, 0)
    if op.endswith("si"):
        with pytest.raises(pumice.PumiceError, match="integer division overflows"):
            run(-(2 ** (width - 1)), -1)


@pytest.mark.parametrize(
    "body",
    [
        "%y = tensor.empty() : tensor<4xf32>\nreturn %y : tensor<4xf32>",
        """
%e = tensor.empty() : tensor<4xf32>
%y = tensor.insert_slice %s into %e[0] [2] [2] : tensor<2xf32> into tensor<4xf32>
return %y : tensor<4xf32>""",
        """
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
^bb0(%p: f32, %q: f32):
  linalg.yield %q : f32
} -> tensor<4xf32>
return %y : tensor<4xf32>""",
    ],
    ids=["returned", "insert_slice", "read"],
)
def test_results_are_initialised(body: str) -> None:
    head = "%s = tensor.extract_slice %a[0] [2] [1] : tensor<4xf32> to tensor<2xf32>\n"
    for _ in range(4):
        found = run_region(head + body, X)
        assert set(found.tolist()) <= {0.0, 1.0, 2.0}


@pytest.mark.parametrize(("type_", "width"), [("i8", 8), ("i32", 32), ("i64", 64)])
@pytest.mark.parametrize("signed", [True, False])
def test_floats_that_do_not_fit(type_: str, width: int, signed: bool) -> None:
    """NaN, infinities and large numbers convert to something that is always the same."""
    op = "fptosi" if signed else "fptoui"
    body = f"""
%y = arith.{op} %a : tensor<6xf32> to tensor<6x{type_}>
return %y : tensor<6x{type_}>
"""
    x = np.array([np.nan, np.inf, -np.inf, 1e30, 3.7, 100.0], np.float32)
    program = region_program(body, "6xf32", out=f"6x{type_}")
    found = program.run(x).outputs
    assert found[4:].tolist() == [3, 100]
    least = 0 if width < 32 or (width == 32 and not signed) else -(2 ** (width - 1))
    assert found[:4].tolist() == [least] * 4


def test_memory_that_is_not_there() -> None:
    """A temporary that no machine has is an error with its size, at compilation or when run."""
    body = """
%c0 = arith.constant 0 : index
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
^bb0(%p: f32, %q: f32):
  %t = tensor.splat %p : tensor<SIZExf32>
  %u = tensor.insert %q into %t[%k] : tensor<SIZExf32>
  %v = tensor.extract %u[%j] : tensor<SIZExf32>
  linalg.yield %v : f32
} -> tensor<4xf32>
return %y : tensor<4xf32>
"""
    body = (
        AT
        + "%k = arith.remsi %j, %j : index\n"
        + body.replace("%c0 = arith.constant 0 : index\n", "")
    )
    at = np.array([1], np.int64)
    with pytest.raises(pumice.PumiceError, match="expected .*bytes of memory for"):
        run_region(body.replace("SIZE", "100000000000000"), X, at, types=("4xf32", "1xi64"))
    with pytest.raises(pumice.PumiceError, match=r"expected tensors of fewer than 2\^50 bytes"):
        run_region(body.replace("SIZE", "4611686018427387904"), X, at, types=("4xf32", "1xi64"))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            """
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {indexing_maps = [affine_map<(i) -> ((i mod 3) * 2)>, affine_map<(i) -> (i)>],
    iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
^bb0(%p: f32, %q: f32):
  linalg.yield %p : f32
} -> tensor<4xf32>
return %y : tensor<4xf32>
""",
            "cannot prove that the index of dimension 0 of operand 0 stays between 0 and 3",
        ),
        (
            AT
            + """
%s = tensor.extract_slice %a[0] [2] [%j] : tensor<4xf32> to tensor<2xf32>
%y = tensor.insert_slice %s into %a[0] [2] [1] : tensor<2xf32> into tensor<4xf32>
return %y : tensor<4xf32>
""",
            "expected a part of static stride",
        ),
        (
            AT
            + """
%s = tensor.extract_slice %a[%j] [9] [1] : tensor<4xf32> to tensor<9xf32>
%y = tensor.extract_slice %s[0] [4] [1] : tensor<9xf32> to tensor<4xf32>
return %y : tensor<4xf32>
""",
            "a part of 9 elements with stride 1 does not fit into dimension 0 of extent 4",
        ),
        (
            AT
            + """
%d = tensor.dim %a, %j : tensor<4xf32>
%i = arith.index_cast %d : index to i64
%f = arith.sitofp %i : i64 to f32
%y = tensor.splat %f : tensor<4xf32>
return %y : tensor<4xf32>
""",
            "expected the number of a dimension of tensor<4xf32>, got no constant",
        ),
        (
            """
%e = tensor.empty() : tensor<4xf32>
%y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i * 2)>],
    iterator_types = ["parallel"]} ins(%b : tensor<1xi64>) outs(%e : tensor<4xf32>) {
^bb0(%p: i64, %q: f32):
  %f = arith.sitofp %p : i64 to f32
  linalg.yield %f : f32
} -> tensor<4xf32>
return %y : tensor<4xf32>
""",
            "expected a linalg op that writes every element of result 0",
        ),
        (
            """
%e = tensor.empty() : tensor<4x3x5xf32>
%w = arith.constant dense<2.0> : tensor<4xf32>
%z = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i)>,
    affine_map<(i, j, k) -> (i, j, k)>],
    iterator_types = ["reduction", "parallel", "parallel"]}
    ins(%w : tensor<4xf32>) outs(%e : tensor<4x3x5xf32>) {
^bb0(%p: f32, %q: f32):
  linalg.yield %p : f32
} -> tensor<4x3x5xf32>
%y = tensor.extract_slice %z[0, 0, 0] [4, 1, 1] [1, 1, 1] : tensor<4x3x5xf32> to tensor<4xf32>
return %y : tensor<4xf32>
""",
            "expected results along parallel loops, got dimension 0 along loop 0"
            ", which is a reduction",
        ),
    ],
    ids=["map", "stride", "size", "dim", "unwritten", "iterator"],
)
def test_what_is_refused_at_compilation(body: str, text: str) -> None:
    with pytest.raises(pumice.PumiceError, match=text):
        region_program(body, "4xf32", "1xi64").run(X, np.array([0], np.int64))


def test_folding_constants_checks_too() -> None:
    text = """
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %n = arith.constant 9 : index
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]} ins(%c : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%p: f32, %q: f32):
    %i = linalg.index 0 : index
    %j = arith.addi %i, %n : index
    %v = tensor.extract %c[%j] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  %1 = arith.addf %0, %x : tensor<4xf32>
  return %1 : tensor<4xf32>
}
"""
    with pytest.raises(pumice.PumiceError, match=r"'tensor.extract' at .*out of bounds"):
        compile_module(ir.Module.parse(text, ir.Context()), "ideal").run(X)


def test_flags_promise_nothing() -> None:
    """Overflow and fast-math flags do not make results undefined."""
    body = """
%y = arith.addi %a, %a overflow<nsw, nuw> : tensor<4xi8>
return %y : tensor<4xi8>
"""
    x = np.array([100, -100, 1, 127], np.int8)
    assert run_region(body, x, types=("4xi8",), out="4xi8").tolist() == [-56, 56, 2, -2]


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (
            "%t = tensor.expand_shape %a [[0, 1]] output_shape [4, 4] : tensor<4xf32> into"
            " tensor<2x2xf32>",
            r"expected the output shape of .tensor<2x2xf32>., got array<i64: 4, 4>",
        ),
        (
            "%e = tensor.expand_shape %a [[0, 1]] output_shape [2, 2] : tensor<4xf32> into"
            " tensor<2x2xf32>\n"
            "%t = tensor.collapse_shape %e [[0, -9223372036854775807]] : tensor<2x2xf32> into"
            " tensor<4xf32>",
            "expected 'reassociation' to list dimensions in order, got",
        ),
        (
            "%t = tensor.expand_shape %a [[0, 7]] output_shape [2, 2] : tensor<4xf32> into"
            " tensor<2x2xf32>",
            r"expected reassociation map #0 to have size equal to the expanded rank \(2\)",
        ),
    ],
    ids=["shape", "collapse", "expand"],
)
def test_reshapes(op: str, words: str, tmp_path: Path) -> None:
    """Folders of upstream index with what the attributes say."""
    good = "%t = tensor.empty() : tensor<4xf32>"
    text = region_text(f"{good}\n%y = arith.addf %a, %a : tensor<4xf32>\nreturn %y : tensor<4xf32>")
    lines = [line for line in text.split("\n") if "tensor.empty" in line]
    assert len(lines) == 1
    (tmp_path / "p.mlir").write_text(text.replace(lines[0], op.replace("%a", "%arg0")))
    with pytest.raises(pumice.PumiceError, match=words):
        pumice.load(tmp_path / "p.mlir").run(X)


@pytest.mark.parametrize(("target", "loop"), [("(i)", 1), ("(j)", 0), ("(i, j)", None)])
def test_parallel_iterations_write_elements_of_their_own(target: str, loop: int | None) -> None:
    """Others would be written by several threads at once."""
    out = "4x4xf32" if loop is None else "4xf32"
    body = f"""
%c = arith.constant 0.0 : f32
%e = tensor.empty() : tensor<{out}>
%f = linalg.fill ins(%c : f32) outs(%e : tensor<{out}>) -> tensor<{out}>
%s = linalg.generic {{
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> {target}>],
    iterator_types = ["parallel", "parallel"]}}
    ins(%a : tensor<4x4xf32>) outs(%f : tensor<{out}>) {{
^bb0(%x: f32, %o: f32):
  %z = arith.addf %x, %x : f32
  linalg.yield %z : f32
}} -> tensor<{out}>
return %s : tensor<{out}>
"""
    program = region_program(body, "4x4xf32", out=out)
    x = np.arange(16, dtype=np.float32).reshape(4, 4)
    if loop is None:
        np.testing.assert_array_equal(program.run(x).outputs, 2 * x)
        return
    with pytest.raises(
        pumice.PumiceError,
        match=f"expected iterations of parallel loop {loop} to write elements of their own",
    ):
        program.run(x)
