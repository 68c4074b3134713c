# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code of digital regions: shared within a program, kept on disk, never trusted blindly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice import ir
from pumice.compiler import compile_module

# Two regions that differ in a constant and a name only, and one of another shape.
TEXT = """
func.func @main(%x: tensor<4x5xf32>, %y: tensor<7xf32>)
    -> (tensor<4x5xf32>, tensor<4x5xf32>, tensor<7xf32>) {{
  %a = arith.constant dense<{first}> : tensor<5xf32>
  %b = arith.constant dense<[9.0, 8.0, 7.0, 6.0, 5.0]> : tensor<5xf32>
  %e = tensor.empty() : tensor<4x5xf32>
  %f = tensor.empty() : tensor<7xf32>
  %0 = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
      affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
      ins(%x, %a : tensor<4x5xf32>, tensor<5xf32>) outs(%e : tensor<4x5xf32>) {{
  ^bb0(%p: f32, %q: f32, %r: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  }} -> tensor<4x5xf32>
  %1 = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
      affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
      ins(%x, %b : tensor<4x5xf32>, tensor<5xf32>) outs(%e : tensor<4x5xf32>) {{
  ^bb0(%p: f32, %q: f32, %r: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  }} -> tensor<4x5xf32>
  %2 = linalg.exp ins(%y : tensor<7xf32>) outs(%f : tensor<7xf32>) -> tensor<7xf32>
  return %0, %1, %2 : tensor<4x5xf32>, tensor<4x5xf32>, tensor<7xf32>
}}
"""
X = np.arange(20, dtype=np.float32).reshape(4, 5)
Y = np.linspace(-2, 2, 7, dtype=np.float32)
A, B = np.arange(1, 6, dtype=np.float32), np.arange(9, 4, -1, dtype=np.float32)


def run(first=A) -> pumice.program.Program:
    """Compiles and runs TEXT, and checks its results."""
    text = TEXT.format(first=[float(value) for value in first])
    program = compile_module(ir.Module.parse(text, ir.Context()), "ideal")
    assert program.code is None
    one, two, three = program.run(X, Y).outputs
    assert np.array_equal(one, X + first)
    assert np.array_equal(two, X + B)
    np.testing.assert_array_max_ulp(three, np.exp(Y.astype(np.float64)).astype(np.float32), 1)
    return program


def counts(program) -> tuple[int, int]:
    """Distinct regions, and how many of them were on disk."""
    return program.code.distinct, program.code.cached


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "some" / "cache"
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(path))
    return path


def files(path: Path) -> list[Path]:
    return sorted(path.glob("llvmcache-*"))


def test_equal_regions_share_code(cache) -> None:
    code = run().code
    assert code.regions == 3
    assert code.distinct == 2
    assert code.seconds > 0


def test_second_compilation_finds_the_code(cache) -> None:
    assert counts(run()) == (2, 0)
    assert len(files(cache)) == 2
    again = run()
    assert counts(again) == (2, 2)
    assert len(files(cache)) == 2
    # Values of constants are no part of the code.
    assert counts(run(first=A * 3)) == (2, 2)
    report = again.run(X, Y).report
    assert report.to_dict()["timings_s"]["code_generation"]["cached"] == 2
    assert "2 of 3 regions, 2 cached" in str(report)
    assert (
        "code_generation"
        not in compile_module(
            ir.Module.parse(TEXT.format(first=[1.0] * 4 + [2.0]), ir.Context()), "ideal"
        )
        .estimate()
        .to_dict()["timings_s"]
    )


def test_another_process_finds_the_code(cache) -> None:
    run()
    script = "import test_code_cache as t; print(t.counts(t.run()))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    assert done.stdout.strip() == "(2, 2)", done.stderr


def test_processes_at_once(cache) -> None:
    script = "import test_code_cache as t; print(t.run().code.distinct)"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["2"] * 3
    assert len(files(cache)) == 2, "no temporary files are left"
    assert counts(run()) == (2, 2)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "magic", "other"])
def test_damaged_files_are_written_again(cache, damage) -> None:
    run()
    for path in files(cache):
        data = bytearray(path.read_bytes())
        if damage == "flip":
            data[-100] ^= 4
        elif damage == "cut":
            del data[len(data) // 2 :]
        elif damage == "empty":
            data.clear()
        elif damage == "magic":
            data[0] ^= 1
        else:
            data[:] = b"something else\n" * 50
        path.write_bytes(data)
    assert counts(run()) == (2, 0)
    assert counts(run()) == (2, 2)


def test_directory_in_the_place_of_a_file(cache) -> None:
    run()
    for path in files(cache):
        path.unlink()
        path.mkdir()
    assert counts(run()) == (2, 0)


def test_without_cache(cache, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PUMICE_CACHE_DIR", "")
    monkeypatch.chdir(tmp_path)
    assert counts(run()) == (2, 0)
    assert counts(run()) == (2, 0)
    assert not list(tmp_path.iterdir())


def test_directory_that_cannot_be_made(tmp_path, monkeypatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("PUMICE_CACHE_DIR", str(file / "cache"))
    assert counts(run()) == (2, 0)


def test_read_only_directory_is_read(cache) -> None:
    run()
    first = files(cache)[0]
    first.unlink()
    os.chmod(cache, 0o555)
    try:
        assert counts(run()) == (2, 1)
        if os.geteuid() != 0:  # root writes everywhere
            assert len(files(cache)) == 1
    finally:
        os.chmod(cache, 0o755)


def test_default_directory(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("PUMICE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    run()
    assert len(files(tmp_path / "pumice")) == 2


def test_the_cache_is_bounded(cache, monkeypatch) -> None:
    """The file that was used least recently goes; other files stay."""
    run()
    big = cache / "llvmcache-old"
    big.write_bytes(bytes(2 << 20))
    os.utime(big, (1, 1))
    (cache / "mine").write_bytes(bytes(2 << 20))
    files(cache)[0].unlink()
    monkeypatch.setenv("PUMICE_CACHE_MB", "1")
    assert counts(run()) == (2, 1)
    assert not big.exists()
    assert (cache / "mine").exists()
    assert counts(run()) == (2, 2)


def test_folding_uses_the_cache(cache) -> None:
    """Subgraphs of constants are compiled like regions."""
    text = """
    func.func @main(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
      %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
      %e = tensor.empty() : tensor<3x2xf32>
      %t = linalg.transpose ins(%w : tensor<2x3xf32>) outs(%e : tensor<3x2xf32>)
          permutation = [1, 0]
      %s = linalg.add ins(%x, %t : tensor<3x2xf32>, tensor<3x2xf32>)
          outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
      return %s : tensor<3x2xf32>
    }"""
    x = np.ones((3, 2), np.float32)
    seen = []
    for _ in range(2):
        program = compile_module(ir.Module.parse(text, ir.Context()), "ideal")
        assert np.array_equal(program.run(x).outputs, [[2, 5], [3, 6], [4, 7]])
        seen.append(files(cache))
    assert len(seen[0]) == 2, "the folded subgraph and the region"
    assert seen[0] == seen[1]


@pytest.mark.parametrize("kind", ["f32", "i32"])
def test_scales_and_zero_points_are_no_part_of_the_code(cache, kind) -> None:
    """Layers that differ in them alone share code; bounds stay in it."""
    add, sub, most = ("addf", "subf", "maximumf") if kind == "f32" else ("addi", "subi", "maxsi")
    dot = ".0" if kind == "f32" else ""

    def region(name: str, first: int, second: int, bound: int) -> str:
        return f"""
      %{name} = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
          iterator_types = ["parallel"]}} ins(%x : tensor<9x{kind}>)
          outs(%e : tensor<9x{kind}>) {{
      ^bb0(%p: {kind}, %q: {kind}):
        %a = arith.constant {first}{dot} : {kind}
        %b = arith.constant {second}{dot} : {kind}
        %c = arith.constant {bound}{dot} : {kind}
        %r = arith.{add} %p, %a : {kind}
        %s = arith.{most} %r, %c : {kind}
        %t = arith.{sub} %s, %b : {kind}
        linalg.yield %t : {kind}
      }} -> tensor<9x{kind}>"""

    parameters = {"k": (3, 5, 0), "l": (7, 7, 0), "m": (100, 3, 0), "n": (3, 5, 2)}
    regions = "".join(region(name, *values) for name, values in parameters.items())
    types = ", ".join([f"tensor<9x{kind}>"] * 4)
    text = f"""
    func.func @main(%x: tensor<9x{kind}>) -> ({types}) {{
      %e = tensor.empty() : tensor<9x{kind}>{regions}
      return %k, %l, %m, %n : {types}
    }}"""
    program = compile_module(ir.Module.parse(text, ir.Context()), "ideal")
    x = np.arange(-4, 5).astype(np.float32 if kind == "f32" else np.int32)
    outputs = program.run(x).outputs
    for found, (first, second, bound) in zip(outputs, parameters.values(), strict=True):
        assert np.array_equal(found, np.maximum(x + first, bound) - second)
    assert (program.code.regions, program.code.distinct) == (4, 2)
