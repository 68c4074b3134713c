# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files that hold anything: a FrontendError, with the node where there is one."""

from __future__ import annotations

import random
from pathlib import Path

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
