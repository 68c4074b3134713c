# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX graphs that break ONNX's own rules: refused with the node, before anything reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

import pumice

pytest.importorskip("onnx")
pytest.importorskip("torch_mlir")


def model(nodes: str, version: int = 17, weights: str = "") -> bytes:
    from onnx import parser

    text = (
        f'<ir_version: 8, opset_import: ["" : {abs(version)}]>'
        f" g (float[2,3] x) => (float[N,M] y) {weights} {{ {nodes} }}"
    )
    found = parser.parse_model(text)
    found.opset_import[0].version = version
    return bytes(found.SerializeToString())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            model("y = Relu (x)", version=-1),
            "expected a version of the operators of 'ai.onnx' of at least 1, got -1",
        ),
        (
            model("[product] y = MatMul (x)"),
            "node 'product' (MatMul): expected 2 inputs, got 1",
        ),
        (
            model("y = Clip (x, x, x, x)"),
            "node 'Clip_0' (Clip): expected 1 to 3 inputs, got 4",
        ),
        (
            model("y, z = Relu (x)"),
            "node 'Relu_0' (Relu): expected 1 results, got 2",
        ),
        (
            model("[q] q = QuantizeLinear (x, s, d) d = Relu (x) y = Relu (q)",
                  weights="<float s = {0.5}>"),
            "node 'q' (QuantizeLinear) reads 'd', which nothing before it computes",
        ),
        (
            model("y = Add (x, x) y = Relu (x)"),
            "node 'Relu_1' (Relu) computes 'y' a second time",
        ),
        (
            model('y = MatMul (x, "")'),
            "node 'MatMul_0' (MatMul): expected its input 'B', got none",
        ),
    ],
)  # fmt: skip
def test_refused_by_node(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(data)
    with pytest.raises(pumice.PumiceError) as caught:
        pumice.import_onnx(tmp_path / "m.onnx")
    assert words in str(caught.value)


def test_operators_without_a_set(tmp_path: Path) -> None:
    from onnx import helper, load_model_from_string

    found = load_model_from_string(model("y = Relu (x)"))
    del found.opset_import[:]
    found.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    (tmp_path / "m.onnx").write_bytes(found.SerializeToString())
    with pytest.raises(
        pumice.PumiceError,
        match=r"node 'Relu_0' \(Relu\): expected a version of its operator, got none",
    ):
        pumice.import_onnx(tmp_path / "m.onnx")


def test_a_subgraph_reads_what_is_outside(tmp_path: Path) -> None:
    body = """y = If (c) <then_branch = a () => (float[2,3] t) { t = Relu (x) },
    else_branch = b () => (float[2,3] e) { e = Neg (%s) }>"""
    (tmp_path / "m.onnx").write_bytes(model(body % "x", weights="<bool c = {1}>"))
    assert pumice.import_onnx(tmp_path / "m.onnx").signature.outputs
    (tmp_path / "m.onnx").write_bytes(model(body % "gone", weights="<bool c = {1}>"))
    with pytest.raises(pumice.PumiceError, match=r"node 'Neg_0' \(Neg\) reads 'gone'"):
        pumice.import_onnx(tmp_path / "m.onnx")
