# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fourier transforms in ONNX files; ONNX's own cases run in test_onnx_nodes.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pumice
from pumice.frontend import FrontendError

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch_mlir")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402


def saved(path: Path, nodes: list[Any], shape: list[int], opset: int = 20, **constants: Any) -> Any:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    weights = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], weights)
    opsets = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return path


def test_a_spectrogram(tmp_path: Path) -> None:
    """The usual start of a speech model; the frames are one-sided by default."""
    generator = np.random.default_rng(0)
    nodes = [
        helper.make_node("HannWindow", ["length"], ["window"]),
        helper.make_node("STFT", ["x", "step", "window"], ["spectrum"], "frames"),
        helper.make_node("ReduceL2", ["spectrum", "last"], ["size"], keepdims=0),
        helper.make_node("MatMul", ["size", "filters"], ["y"], "mel"),
    ]
    path = saved(
        tmp_path / "m.onnx", nodes, [2, 256, 1], length=np.int64(64), step=np.int64(16),
        last=np.int64([-1]), filters=generator.random((33, 8)).astype(np.float32),
    )  # fmt: skip
    x = generator.normal(size=(2, 256, 1)).astype(np.float32)
    program = pumice.compile(path, x, device="ideal")
    (wanted,) = ReferenceEvaluator(str(path)).run(None, {"x": x})
    np.testing.assert_allclose(program.run(x).outputs, wanted, rtol=1e-5, atol=1e-4)
    assert [layer.name for layer in program.estimate().layers] == ["frames", "mel"]


def test_frames_of_complex_signals(tmp_path: Path) -> None:
    node = helper.make_node("STFT", ["x", "step", "", "length"], ["y"], "frames", onesided=0)
    path = saved(tmp_path / "m.onnx", [node], [1, 40, 2], step=np.int64(8), length=np.int64(16))
    x = np.random.default_rng(0).normal(size=(1, 40, 2)).astype(np.float32)
    frames = [(x[0, i : i + 16] @ [1, 1j]) for i in range(0, 25, 8)]
    wanted = np.fft.fft(np.stack(frames)[None])
    found = pumice.compile(path, x, device="ideal").run(x).outputs
    np.testing.assert_allclose(found @ [1, 1j], wanted, rtol=1e-5, atol=1e-5)


def stft(*names: str, **attributes: Any) -> Any:
    return helper.make_node("STFT", ["x", *names], ["y"], "frames", **attributes)


def dft(*names: str, **attributes: Any) -> Any:
    return helper.make_node("DFT", ["x", *names], ["y"], "spectrum", **attributes)


@pytest.mark.parametrize(
    ("node", "shape", "words"),
    [
        (stft("step"), [1, 40, 1], "expected a window or a frame_length, got neither"),
        (stft("zero", "", "length"), [1, 40, 1], "expected a frame_step of at least 1, got 0"),
        (stft("step", "window", "length"), [1, 40, 1], "expected a window of 16 numbers, got 12"),
        (stft("step", "", "length"), [1, 10, 1], "expected frames of 1 to 10 samples, got 16"),
        (stft("step", "window"), [1, 40, 2], "expected a real signal with onesided = 1, got a"),
        (stft("step", "window", onesided=2), [1, 40, 1], "attribute 'onesided' = 2 is not supp"),
        (dft(), [1, 8, 3], r"expected a last dimension of 1 or 2, got \[1, 8, 3\]"),
        (dft("", "last"), [1, 8, 1], "expected an axis before the last, got 2"),
        (dft(onesided=1), [1, 8, 2], "expected a real signal with onesided = 1, got a complex"),
    ],
)
def test_what_is_refused(node: Any, shape: list[int], words: str, tmp_path: Path) -> None:
    constants = {
        "step": np.int64(8), "zero": np.int64(0), "length": np.int64(16), "last": np.int64(2),
        "window": np.ones(12, np.float32),
    }  # fmt: skip
    used = {name: value for name, value in constants.items() if name in node.input}
    path = saved(tmp_path / "m.onnx", [node], shape, **used)
    with pytest.raises(FrontendError, match=words):
        pumice.compile(path, np.zeros(shape, np.float32), device="ideal")
