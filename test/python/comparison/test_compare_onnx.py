# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Comparison with onnxruntime, node by node."""

from __future__ import annotations

import json

import numpy as np
import pytest

import onnx_files as files
import pumice
from onnx_files import onnx, torch
from pumice.cli import main

FLOAT = onnx.TensorProto.FLOAT


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A quantized CNN and an input."""
    folder = tmp_path_factory.mktemp("onnx")
    torch.manual_seed(0)
    x = torch.randn(2, 3, 16, 16)
    path = files.export(files.Cnn().eval(), x, folder / "cnn.onnx", ["x"])
    feeds = [{"x": torch.randn(2, 3, 16, 16).numpy()} for _ in range(3)]
    quantized = files.quantize(path, feeds, folder / "int8.onnx", reduce_range=True)
    np.save(folder / "x.npy", x.numpy())
    return quantized, x.numpy()


def test_nodes_of_a_quantized_network(model) -> None:
    path, x = model
    program = pumice.compile(str(path), (x,), device="ideal")
    found = program.compare(x, reference=path)
    assert found.reference == "onnxruntime"
    assert found.within_tolerance, str(found)
    sums = [tensor for tensor in found.tensors if tensor.kind == "sums"]
    codes = [tensor for tensor in found.tensors if tensor.kind == "codes"]
    assert {tensor.op for tensor in sums} >= {"Conv"}
    assert len(sums) >= 4
    assert codes
    assert all(tensor.errors.sqnr_db > 60 for tensor in sums[:1])
    assert all(tensor.errors.equal > 0.99 for tensor in codes)
    assert found.worst is None
    assert found.outputs[0].errors.sqnr_db > 30
    names = {node.name or f"{node.op_type}_{i}" for i, node in
             enumerate(onnx.load(str(path)).graph.node)}  # fmt: skip
    assert {tensor.node for tensor in found.tensors} <= names
    assert set(found.skipped) < names
    assert "against onnxruntime" in str(found)
    assert "local" not in str(found)
    assert found.to_dict()["tensors"][0]["own"] is None


def test_names_the_first_node_that_diverges(model) -> None:
    path, x = model
    coarse = pumice.Device("isaac").replace(
        name="coarse", array={"adc": {"mode": "clip", "bits": 3}}
    )
    program = pumice.compile(str(path), (x,), device=coarse)
    found = program.compare(x, reference=str(path))
    assert found.first is not None
    assert found.first.kind == "sums"
    assert found.first.op == "Conv"
    assert "crossbar." in found.ir
    exact = pumice.compile(str(path), (x,), device="ideal").compare(x, reference=str(path))
    before = [t.node for t in exact.tensors[: exact.tensors.index(next(
        t for t in exact.tensors if t.node == found.first.node))]]  # fmt: skip
    assert all(t.errors.relative <= 0.05 for t in found.tensors if t.node in before)


def test_integer_operators(tmp_path) -> None:
    """Sums that onnxruntime has itself are compared as integers."""
    node = onnx.helper.make_node
    path = files.write(
        tmp_path / "ints.onnx",
        [
            node("QuantizeLinear", ["x", "s", "z"], ["q"], "quantize"),
            node("MatMulInteger", ["q", "w", "z"], ["sums"], "product"),
            node("Cast", ["sums"], ["y"], "cast", to=FLOAT),
        ],
        {"x": (FLOAT, [2, 3])},
        {"y": (FLOAT, [2, 2])},
        {"s": np.float32(0.5), "z": np.uint8(3), "w": np.int8([[1, -2], [3, 4], [-5, 6]])},
    )
    x = np.float32([[1, 2, 3], [4, 5, 6]])
    found = pumice.compile(str(path), (x,), device="isaac").compare(x, reference=path)
    rows = {tensor.node: tensor for tensor in found.tensors}
    assert rows["product"].kind == "sums"
    assert all(tensor.errors.equal == 1 for tensor in (*found.tensors, *found.outputs))


def test_command_line(model, monkeypatch, capsys) -> None:
    path, _ = model
    monkeypatch.chdir(path.parent)
    assert main(["compare", path.name, "-i", "x.npy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reference"] == "onnxruntime"
    assert len(found["tensors"]) > 5
    assert main(["compile", path.name, "-i", "x.npy", "-o", "p.mlirbc"]) == 0
    assert main(["compare", "p.mlirbc", "-i", "x.npy", "--reference", path.name]) == 0
    assert "onnxruntime" in capsys.readouterr().out


def test_errors(model, tmp_path, monkeypatch) -> None:
    path, x = model
    program = pumice.compile(str(path), (x,))
    (tmp_path / "words.onnx").write_text("words")
    node = onnx.helper.make_node
    files.write(
        tmp_path / "two.onnx", [node("Add", ["a", "b"], ["y"])],
        {"a": (FLOAT, [2]), "b": (FLOAT, [2])}, {"y": (FLOAT, [2])}, {},
    )  # fmt: skip
    files.write(
        tmp_path / "other.onnx", [node("Flatten", ["x"], ["y"])],
        {"x": (FLOAT, [2, 3, 16, 16])}, {"y": (FLOAT, [2, 768])}, {},
    )  # fmt: skip
    files.write(
        tmp_path / "wrong.onnx", [node("Flatten", ["x"], ["y"])],
        {"x": (FLOAT, [1, 3, 8, 8])}, {"y": (FLOAT, [1, 192])}, {},
    )  # fmt: skip
    for name, text in (
        ("nowhere.onnx", "cannot read '.*nowhere.onnx'"),
        ("words.onnx", "cannot read '.*words.onnx'"),
        ("two.onnx", "expected 1 inputs of '.*two.onnx', got 2"),
        ("other.onnx", r"results like the program's, whose result 0 is float32\[2, 5\]"),
        ("wrong.onnx", "onnxruntime cannot run '.*wrong.onnx'"),
    ):
        with pytest.raises(pumice.PumiceError, match=text):
            program.compare(x, reference=tmp_path / name)
    with pytest.raises(pumice.PumiceError, match="expected a tolerance of at least 0"):
        program.compare(x, reference=path, tolerance=-1)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(
        pumice.PumiceError, match="comparing with an ONNX model needs the package onnxruntime: pip"
    ):
        program.compare(x, reference=path)
