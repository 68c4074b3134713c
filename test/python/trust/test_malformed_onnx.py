# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files that hold anything: a FrontendError, with the node where there is one."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pumice

pytest.importorskip("onnx")
pytest.importorskip("torch_mlir")


def model_bytes() -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
    weights = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    shape = numpy_helper.from_array(np.array([1, 3]), "shape")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"], "product"),
        helper.make_node("Reshape", ["m", "shape"], ["r"], "reshape"),
        helper.make_node("Relu", ["r"], ["y"], "relu"),
    ]
    graph = helper.make_graph(nodes, "g", [x], [y], [weights, shape])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def test_mutated_files(tmp_path: Path) -> None:
    from pumice.frontend.errors import FrontendError
    from pumice.frontend.onnx import importer

    data, chosen, refused = model_bytes(), random.Random(2), 0
    path = tmp_path / "m.onnx"
    for _ in range(30):
        found = bytearray(data)
        for _ in range(chosen.choice((1, 2, 4))):
            found[chosen.randrange(len(found))] = chosen.randrange(256)
        path.write_bytes(found)
        try:
            importer.lower_onnx(path)
        except FrontendError:
            refused += 1
    assert refused > 5


def test_the_node_is_named(tmp_path: Path, monkeypatch) -> None:
    from pumice.frontend.onnx import importer

    path = tmp_path / "m.onnx"
    path.write_bytes(model_bytes())

    def fails(graph: object) -> None:
        for node in graph.nodes:
            if node.op_type == "Reshape":
                raise KeyError("x")

    monkeypatch.setattr(importer, "simplify", fails)
    with pytest.raises(
        pumice.PumiceError, match=r"cannot import '.*m.onnx' \(node 'reshape', Reshape\): KeyError"
    ):
        pumice.import_onnx(path)


HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'
X_TO_Y = "g (float[4] x) => (float[4] y) { y = Relu (x) }"


def refused(model: Any, words: str, path: Path) -> None:
    """The import, in this process, ends with these words before it computes anything large."""
    from onnx import parser

    from pumice.frontend.errors import FrontendError
    from pumice.frontend.onnx import importer

    model = parser.parse_model(HEAD + model) if isinstance(model, str) else model
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FrontendError, match=words):
        importer.lower_onnx(path)


def test_ranges_that_shape_inference_would_compute(tmp_path: Path) -> None:
    text = """g (float[4] x) => (float[N] y)
        <int64 a = {0}, int64 b = {1099511627776}, int64 d = {1}> {
        r = Range (a, b, d) f = Cast <to = 1> (r) y = Add (x, f) }"""
    words = r"op 'Range' \(node 'Range_0'\): expected at most 16777216 elements, got 1.09951e\+12"
    refused(text, words, tmp_path / "m.onnx")
    constant = text.replace("int64 b = {1099511627776}, ", "").replace(
        "r = Range", "b = Constant <value = int64 {1099511627776}> () r = Range"
    )
    refused(constant, words.replace("Range_0", "Range_1"), tmp_path / "m.onnx")
    text = text.replace("int64 d = {1}", "int64 d = {0}")
    refused(text, "cannot be evaluated on its constants: division by zero", tmp_path / "m.onnx")


def test_functions_that_multiply(tmp_path: Path) -> None:
    """40 functions, each of which calls the one before twice; and one that calls itself."""
    from onnx import helper, parser

    sets = [helper.make_opsetid("own", 1), helper.make_opsetid("", 17)]

    def call(name: str, source: str, result: str) -> Any:
        return helper.make_node(name, [source], [result], domain="own")

    def model(functions: dict[str, list[Any]], first: str) -> Any:
        made = parser.parse_model(HEAD + X_TO_Y)
        made.opset_import.append(sets[0])
        for name, nodes in functions.items():
            made.functions.append(helper.make_function("own", name, ["a"], ["b"], nodes, sets))
        del made.graph.node[:]
        made.graph.node.append(call(first, "x", "y"))
        return made

    many = {"F0": [helper.make_node("Relu", ["a"], ["b"])]}
    for i in range(1, 40):
        many[f"F{i}"] = [call(f"F{i - 1}", "a", "t"), call(f"F{i - 1}", "t", "b")]
    words = "expected at most 1000000 nodes with those of functions, got 1649267441663"
    refused(model(many, "F39"), words, tmp_path / "m.onnx")
    chain = {f"F{i}": [call(f"F{i - 1}", "a", "b")] for i in range(1, 2000)}
    words = "functions call each other too deep"
    refused(model(chain, "F1999"), words, tmp_path / "m.onnx")
    refused(
        model({"F": [call("F", "a", "b")]}, "F"), "function 'F' calls itself", tmp_path / "m.onnx"
    )


def test_results_too_large_to_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known from the inputs' values, so that nothing of the size is made."""
    from pumice.frontend.onnx import simplify

    def made(op: str, *values: Any) -> float | None:
        return simplify._made(op, [np.asarray(value) for value in values])

    assert made("ConstantOfShape", [2**40]) == 2**40
    assert made("Expand", [1.0, 2.0], [2**33, 2]) == 2**35
    assert made("Tile", [1.0, 2.0], [2**40]) == 2**41
    assert made("OneHot", [1, 2], 2**40, [0, 1]) == 2**41
    assert made("Range", 0, 2**40, 2) == 2**39
    assert made("Range", 0, 1, 0) is None
    assert made("HannWindow", 2**40) == 2**40
    assert made("Add", [1], [2]) is None


def test_loops_in_loops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has fewer nodes than a loop may have, together they have too many."""
    from pumice.frontend.onnx import simplify

    monkeypatch.setattr(simplify, "_MAX_NODES", 50)
    inner = """Loop (n, k, v) <body = c (int64 j, bool cc, float[4] p) => (bool cd, float[4] q) {
        cd = Identity (cc) q = Add (p, p) }>"""
    text = f"""g (float[4] x) => (float[4] y) <int64 n = {{9}}, bool k = {{1}}> {{
        y = Loop (n, k, x) <body = b (int64 i, bool kc, float[4] v) => (bool kd, float[4] w) {{
        kd = Identity (kc) w = {inner} }}> }}"""
    words = "expected at most 50 nodes with those of branches and trips, got more before"
    refused(text, words, tmp_path / "m.onnx")
