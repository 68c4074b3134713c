# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of MLIR: TOSA against its specification in NumPy, and every level of the stack."""

from __future__ import annotations

import json

import numpy as np
import pytest

import pumice
from pumice.cli import main
from pumice.errors import CompileError, PumiceError
from pumice.levels import level_of, parse_file

RANDOM = np.random.default_rng(4)
FILTER = RANDOM.integers(-128, 128, (4, 3, 3, 3))  # OHWI
DEPTHWISE = RANDOM.integers(-128, 128, (3, 3, 4, 2))  # HWCM
MATRIX = RANDOM.integers(-128, 128, (1, 8, 5))
BIAS = RANDOM.integers(-900, 900, 4)
MULTIPLIERS, SHIFTS = np.int64([1073741824, 1500000000, 1999999999, 1234567890]), [38, 39, 40, 41]


def constant(name: str, value: object, kind: str) -> str:
    array = np.asarray(value)
    shape = "x".join(map(str, array.shape))
    tensor = f"tensor<{shape}x{kind}>"
    values = f"dense<{array.tolist()}> : {tensor}"
    return f'%{name} = "tosa.const"() <{{values = {values}}}> : () -> {tensor}'


def rescale(result: str, source: str, shape: str, multiplier: str, extent: int) -> str:
    return (
        f"%{result} = tosa.rescale %{source}, %{multiplier}, %{multiplier}s, %z32, %yz"
        " {input_unsigned = false, output_unsigned = false, rounding_mode = DOUBLE_ROUND,"
        f" scale32 = true, per_channel = {str(extent > 1).lower()}}}"
        f" : (tensor<{shape}xi32>, tensor<{extent}xi32>, tensor<{extent}xi8>, tensor<1xi32>,"
        f" tensor<1xi8>) -> tensor<{shape}xi8>"
    )


TOSA = "\n".join(
    [
        "func.func @main(%x: tensor<2x6x6x3xi8>) -> tensor<2x5xi8> {",
        constant("w", FILTER, "i8"), constant("b", BIAS, "i32"),
        constant("dw", DEPTHWISE, "i8"), constant("db", np.zeros(8, int), "i32"),
        constant("k", MATRIX, "i8"), constant("z", [0], "i8"), constant("z32", [0], "i32"),
        constant("xz", [-5], "i8"), constant("yz", [3], "i8"),
        constant("m", MULTIPLIERS, "i32"), constant("ms", SHIFTS, "i8"),
        constant("n", [1333333333], "i32"), constant("ns", [40], "i8"),
        "%c = tosa.conv2d %x, %w, %b, %xz, %z {acc_type = i32, dilation = array<i64: 1, 1>,"
        " pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>} : (tensor<2x6x6x3xi8>,"
        " tensor<4x3x3x3xi8>, tensor<4xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x6x6x4xi32>",
        rescale("r", "c", "2x6x6x4", "m", 4),
        "%p = tosa.max_pool2d %r {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>,"
        " pad = array<i64: 0, 0, 0, 0>} : (tensor<2x6x6x4xi8>) -> tensor<2x3x3x4xi8>",
        "%d = tosa.depthwise_conv2d %p, %dw, %db, %yz, %z {acc_type = i32,"
        " dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>} :"
        " (tensor<2x3x3x4xi8>, tensor<3x3x4x2xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>)"
        " -> tensor<2x3x3x8xi32>",
        rescale("e", "d", "2x3x3x8", "n", 1),
        "%a = tosa.avg_pool2d %e, %yz, %yz {acc_type = i32, kernel = array<i64: 3, 3>,"
        " stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>} : (tensor<2x3x3x8xi8>,"
        " tensor<1xi8>, tensor<1xi8>) -> tensor<2x1x1x8xi8>",
        "%s = tosa.const_shape {values = dense<[1, 2, 8]> : tensor<3xindex>}"
        " : () -> !tosa.shape<3>",
        "%f = tosa.reshape %a, %s : (tensor<2x1x1x8xi8>, !tosa.shape<3>) -> tensor<1x2x8xi8>",
        "%q = tosa.matmul %f, %k, %yz, %z : (tensor<1x2x8xi8>, tensor<1x8x5xi8>, tensor<1xi8>,"
        " tensor<1xi8>) -> tensor<1x2x5xi32>",
        rescale("o", "q", "1x2x5", "n", 1),
        "%t = tosa.const_shape {values = dense<[2, 5]> : tensor<2xindex>} : () -> !tosa.shape<2>",
        "%y = tosa.reshape %o, %t : (tensor<1x2x5xi8>, !tosa.shape<2>) -> tensor<2x5xi8>",
        "return %y : tensor<2x5xi8>",
        "}",
    ]
)  # fmt: skip


def apply_scale(value, multiplier, shift, double=True):
    """TOSA's apply_scale_32."""
    value, multiplier, shift = (np.asarray(part, np.int64) for part in (value, multiplier, shift))
    rounding = np.int64(1) << (shift - 1)
    if double:
        away = np.where(value >= 0, 1 << 30, -(1 << 30))
        rounding = rounding + np.where(shift > 31, away, 0)
    return (value * multiplier + rounding) >> shift


def to_code(value):
    return np.clip(value + 3, -128, 127)


def windows(image, size):
    """[N, H, W, C] -> [N, H', W', size, size, C]."""
    found = np.lib.stride_tricks.sliding_window_view(image, (size, size), (1, 2))
    return np.moveaxis(found, 3, -1)


def expected(x):
    around = ((0, 0), (1, 1), (1, 1), (0, 0))
    image = np.pad(x.astype(np.int64) + 5, around)
    sums = np.einsum("nhwijc,oijc->nhwo", windows(image, 3), FILTER) + BIAS
    codes = to_code(apply_scale(sums, MULTIPLIERS, SHIFTS))
    codes = codes.reshape(2, 3, 2, 3, 2, 4).max((2, 4))
    image = np.pad(codes - 3, around)
    sums = np.einsum("nhwijc,ijcm->nhwcm", windows(image, 3), DEPTHWISE).reshape(2, 3, 3, 8)
    codes = to_code(apply_scale(sums, 1333333333, 40))
    # The reciprocal of 9 as TOSA has it: 32 - clz(9 - 1) = 4.
    multiplier = ((((1 << 30) + 1) << 4) // 9) & 0xFFFFFFFF
    codes = to_code(apply_scale((codes - 3).sum((1, 2)), multiplier, 34, double=False))
    return to_code(apply_scale((codes - 3) @ MATRIX[0], 1333333333, 40))


@pytest.fixture(scope="module")
def tosa(tmp_path_factory):
    path = tmp_path_factory.mktemp("tosa") / "net.mlir"
    path.write_text(TOSA)
    return path


def test_tosa_on_arrays(tosa) -> None:
    assert level_of(parse_file(tosa)) == "tosa"
    x = RANDOM.integers(-128, 128, (2, 6, 6, 3)).astype(np.int8)
    program = pumice.compile(tosa)
    result = program.run(x)
    assert np.array_equal(result.outputs, expected(x))
    assert len(np.unique(result.outputs)) > 3
    assert program.ir("crossbar").count("crossbar.conv_2d") == 2
    assert program.ir("crossbar").count("crossbar.mvm") == 1
    for dialect in ("tosa.", "linalg.conv", "linalg.depthwise", "matmul"):
        assert dialect not in program.ir("crossbar")


def test_any_level_compiles(tosa, tmp_path) -> None:
    """The text of each level gives the same program."""
    x = RANDOM.integers(-128, 128, (2, 6, 6, 3)).astype(np.int8)
    whole = pumice.compile(tosa, device="isaac")
    for level in ("linalg", "quantized", "crossbar", "pum"):
        path = tmp_path / f"{level}.mlir"
        path.write_text(whole.ir(level, elide=False))
        device = "isaac" if level == "linalg" else None
        program = pumice.compile(path, device=device)
        assert program.ir(elide=False) == whole.ir(elide=False)
        assert np.array_equal(program.run(x).outputs, whole.run(x).outputs)
    with pytest.raises(CompileError, match="expected no device: the module is mapped to one alrea"):
        pumice.compile(path, device="ideal")
    whole.save(tmp_path / "p.mlirbc")
    with pytest.raises(CompileError, match="the module is a machine program already: pumice.load"):
        pumice.compile(tmp_path / "p.mlirbc")


def test_inputs_of_files(tosa) -> None:
    x = np.zeros((2, 6, 6, 3), np.int8)
    with pytest.raises(CompileError, match="expected no example inputs: '.*' has its shapes"):
        pumice.compile(tosa, x)
    with pytest.raises(CompileError, match="expected a torch.nn.Module to quantize, got a model"):
        pumice.compile(tosa, quantize=True)
    program = pumice.compile(tosa)
    with pytest.raises(PumiceError, match="expected 1 inputs, got 2"):
        program.run(x, x)
    with pytest.raises(PumiceError, match="must be i8\\[2, 6, 6, 3\\], got f32"):
        program.run(x.astype(np.float32))


def test_dynamic_shapes_are_refused(tmp_path) -> None:
    path = tmp_path / "dynamic.mlir"
    path.write_text(
        "func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> { return %x : tensor<?xf32> }"
    )
    with pytest.raises(CompileError):
        pumice.compile(path)
    with pytest.raises(PumiceError, match="cannot read program '.*none.mlir': No such file"):
        pumice.compile(tmp_path / "none.mlir")


def test_command_line(tosa, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    x = RANDOM.integers(-128, 128, (2, 6, 6, 3)).astype(np.int8)
    np.save("x.npy", x)
    assert main(["run", str(tosa), "-i", "x.npy", "-o", "y.npy", "-d", "isaac", "--json"]) == 0
    direct = json.loads(capsys.readouterr().out)
    assert np.array_equal(np.load("y.npy"), pumice.compile(tosa, device="isaac").run(x).outputs)
    assert main(["compile", str(tosa), "-d", "isaac", "-o", "p.mlirbc"]) == 0
    assert main(["estimate", "p.mlirbc", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counters"] == direct["counters"]
    assert main(["compile", str(tosa), "--emit", "linalg"]) == 0
    assert "tosa" not in capsys.readouterr().out
