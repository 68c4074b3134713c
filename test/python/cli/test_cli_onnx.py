# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice` on ONNX files."""

from __future__ import annotations

import json

import numpy as np
import pytest

import onnx_files as files
from onnx_files import onnx
from pumice.cli import main

FLOAT = onnx.TensorProto.FLOAT


@pytest.fixture
def place(tmp_path, monkeypatch):
    node = onnx.helper.make_node
    files.write(
        tmp_path / "net.onnx",
        [
            node("QuantizeLinear", ["x.1", "s", "z"], ["q"]),
            node("DequantizeLinear", ["q", "s", "z"], ["d"]),
            node("DequantizeLinear", ["w", "s", "z"], ["v"]),
            node("MatMul", ["d", "v"], ["y"], "product"),
        ],
        {"x.1": (FLOAT, ["batch", 3])},
        {"y": (FLOAT, None)},
        {"s": np.float32(0.5), "z": np.int8(0), "w": np.int8([[1, -2], [3, 4], [-5, 6]])},
    )
    files.write(
        tmp_path / "float.onnx",
        [node("Relu", ["x"], ["y"])],
        {"x": (FLOAT, [2])},
        {"y": (FLOAT, [2])},
        {},
    )
    np.save(tmp_path / "x.npy", np.float32([[1, 2, 3], [-4, 5, 6]]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_run_compile_estimate(place, capsys) -> None:
    expected = np.float32([[1, 2, 3], [-4, 5, 6]]) @ np.float32([[1, -2], [3, 4], [-5, 6]]) / 2
    for given in ("x.npy", "x.1=x.npy"):
        assert main(["run", "net.onnx", "-i", given, "-o", "y.npy", "--json"]) == 0
        assert np.array_equal(np.load("y.npy"), expected)
    assert main(["compile", "net.onnx", "--shape", "x.1=2x3", "-o", "p.mlirbc"]) == 0
    assert main(["run", "p.mlirbc", "-i", "x.npy", "-o", "z.npy"]) == 0
    assert np.array_equal(np.load("z.npy"), expected)
    capsys.readouterr()
    assert main(["estimate", "net.onnx", "--shape", "x.1=5x3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counters"]


def test_a_remark_when_nothing_is_quantized(place, capsys) -> None:
    assert main(["estimate", "float.onnx"]) == 0
    assert "no layer of the model is on an array: quantize it first" in " ".join(
        capsys.readouterr().err.split()
    )


ERRORS = [
    (
        ["run", "net.onnx"],
        1,
        "input 'x.1' has no fixed shape (batchx3): give example inputs or its shape"
        " (shapes={'x.1': (...)}, --shape x.1=1x...)",
    ),
    (["run", "none.onnx"], 1, "no such program: 'none.onnx'"),
    (["run", "net.onnx", "-i", "x.npy", "-i", "x=x.npy"], 2, "expected all of --input by name or"),
    (["estimate", "net.onnx", "--shape", "x.1=2xq"], 2, "expected --shape NAME=1x3x224x224, got"),
    (["estimate", "net.onnx", "--shape", "x.1=0x3"], 2, "expected --shape NAME=1x3x224x224, got"),
    (["estimate", "net.onnx", "--shape", "nothing"], 2, "expected --shape NAME=1x3x224x224, got"),
    (
        ["run", "net.onnx", "-i", "x.npy", "-c", "x.npy"],
        2,
        "--calibration is for PyTorch mod",
    ),
    (["run", "net.onnx", "-i", "x.npy", "-d", "nope"], 1, "no device 'nope', expected one of"),
]


@pytest.mark.parametrize(("args", "code", "words"), ERRORS)
def test_errors(place, capsys, args, code, words) -> None:
    assert main(args) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
