# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attributes and defaults by version of the operator set, in floats, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_onnx_nodes import compiled, in_pytorch

import onnx_files as files
from onnx_files import onnx

node = onnx.helper.make_node
X = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
POSITIVE = np.abs(X) + np.float32(0.1)
SEQUENCE = np.random.default_rng(1).normal(size=(4, 2, 3)).astype(np.float32)
I64 = np.int64


def weights(*shape: int) -> Any:
    return np.random.default_rng(2).normal(size=shape).astype(np.float32) * np.float32(0.5)


def pools(**more: Any) -> list[dict[str, Any]]:
    """Attributes of poolings."""
    return [
        {"kernel_shape": [3, 2], **chosen, **more}
        for chosen in (
            {}, {"strides": [2, 1]}, {"pads": [1, 0, 1, 1]}, {"pads": [1, 1, 0, 0]},
            {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
            {"auto_pad": "SAME_LOWER", "strides": [2, 3]}, {"auto_pad": "VALID"},
        )
    ]  # fmt: skip


#: operator: versions, attributes, constant inputs behind the first (by version where they differ).
CASES: dict[str, tuple[list[int], list[dict[str, Any]], Any]] = {
    "Softmax": ([7, 11, 13], [{}, {"axis": 1}, {"axis": 2}, {"axis": -1}], []),
    "LogSoftmax": ([7, 11, 13], [{}, {"axis": 1}, {"axis": 3}], []),
    "Hardmax": ([7, 11, 13], [{}, {"axis": 1}, {"axis": 3}], []),
    "Clip": ([7, 10], [{}, {"min": -0.5}, {"max": 0.25}, {"min": -0.5, "max": 0.5}], []),
    "Flatten": ([7, 9, 11, 13], [{}, {"axis": 0}, {"axis": 2}, {"axis": 4}], []),
    "Squeeze": ([7, 11], [{}], []),
    "Unsqueeze": ([7, 11], [{"axes": [0]}, {"axes": [1, 3]}], []),
    "ReduceSum": ([7, 11], [{}, {"axes": [1]}, {"axes": [-1, 2], "keepdims": 0}][:2], []),
    "ReduceMean": ([7, 13], [{}, {"axes": [1, 2], "keepdims": 0}], []),
    "ReduceMax": ([7, 12], [{}, {"axes": [3], "keepdims": 0}], []),
    "ReduceL2": ([7, 13], [{}, {"axes": [0, 1]}], []),
    "ArgMax": ([7, 11, 13], [{}, {"axis": 2}, {"axis": 1, "keepdims": 0}], []),
    "Split": ([7, 11], [{"axis": 3}, {"axis": 3, "split": [1, 3]}], []),
    "Slice": ([7, 9], [{"starts": [1, 0], "ends": [3, 9], "axes": [2, 3]},
                       {"starts": [0, -2, 0, -3], "ends": [2, 3, -1, -1]}], []),
    "TopK": ([7, 9], [{"k": 2}, {"k": 3, "axis": 2}], []),
    "Dropout": ([7, 10, 12, 13], [{}], []),
    "Pad": ([7, 10], [{"pads": [0, 0, 1, 2, 0, 0, 3, 0]},
                      {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "value": 2.5},
                      {"pads": [0, 0, -1, 0, 0, 0, 1, -1]},
                      {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": "reflect"},
                      {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": "edge"}], []),
    "MaxPool": ([8, 10, 11, 12], pools(), []),
    "MaxPool-2": ([10, 12], pools(ceil_mode=1)[:4], []),
    "MaxPool-3": ([10, 12], [{"kernel_shape": [2, 2], "dilations": [2, 3], "strides": [2, 1]}], []),
    "AveragePool": ([7, 10, 11, 19], [*pools(), *pools(count_include_pad=1)[:4]], []),
    "AveragePool-2": ([19], pools(ceil_mode=1)[1:3], []),
    "LpPool": ([11, 18], [*pools(p=3)[:3], *pools()[:3]], []),
    "GlobalAveragePool": ([7], [{}], []),
    "GlobalLpPool": ([7], [{}, {"p": 1}], []),
    "LRN": ([7, 13], [{"size": 3}, {"size": 1, "alpha": 0.3},
                      {"size": 5, "alpha": 0.2, "beta": 0.6, "bias": 1.5}], []),
    "InstanceNormalization": ([7], [{}, {"epsilon": 0.1}], [weights(3), weights(3)]),
    "BatchNormalization": ([7, 9, 14, 15], [{}, {"epsilon": 0.1, "momentum": 0.5}],
                           [weights(3), weights(3), weights(3), np.abs(weights(3))]),
    "LayerNormalization": ([17], [{}, {"epsilon": 0.1}], [weights(4), weights(4)]),
    "Gemm": ([7, 9, 11, 13], [{}, {"transB": 1}, {"alpha": 2.0, "beta": 0.5}, {"alpha": 0.5}],
             None),
    "Conv": ([7, 11], [{}, {"pads": [1, 0, 2, 1]}, {"strides": [2, 1], "dilations": [2, 1]},
                       {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, {"auto_pad": "SAME_LOWER"},
                       {"auto_pad": "VALID"}], [weights(6, 3, 2, 3), weights(6)]),
    "Conv-2": ([11], [{"group": 3}], [weights(6, 1, 2, 3)]),
    "ConvTranspose": ([7, 11], [{}, {"strides": [2, 3]}, {"strides": [2, 2], "pads": [1, 0, 0, 1]},
                                {"strides": [2, 2], "output_padding": [1, 1]},
                                {"strides": [2, 2], "output_shape": [11, 9]},
                                {"strides": [3, 2], "auto_pad": "SAME_UPPER"},
                                {"strides": [2, 2], "auto_pad": "SAME_LOWER"},
                                {"dilations": [2, 1]}],
                      [weights(3, 4, 3, 2), weights(4)]),
    "ConvTranspose-2": ([11], [{"group": 3, "strides": [2, 2]}], [weights(3, 2, 3, 3)]),
    "LeakyRelu": ([7], [{}, {"alpha": 0.3}], []),
    "Elu": ([7], [{}, {"alpha": 0.3}], []),
    "Selu": ([7], [{}, {"alpha": 0.3, "gamma": 2.0}], []),
    "HardSigmoid": ([7], [{}, {"alpha": 0.3, "beta": 0.1}], []),
    "ThresholdedRelu": ([10], [{}, {"alpha": 0.3}], []),
    "Shrink": ([9], [{}, {"bias": 0.2, "lambd": 0.7}], []),
    "Celu": ([12], [{}, {"alpha": 0.3}], []),
    "Gelu": ([20], [{}, {"approximate": "tanh"}], []),
    "LpNormalization": ([7], [{}, {"p": 1, "axis": 1}], []),
    "MeanVarianceNormalization": ([9, 13], [{}], []),
    "DepthToSpace": ([11, 13], [{"blocksize": 1}], []),
    "SpaceToDepth": ([7, 13], [{"blocksize": 1}], []),
    "Transpose": ([7, 13], [{}, {"perm": [3, 1, 0, 2]}], []),
    "Gather": ([7, 11, 13], [{}, {"axis": 2}, {"axis": 3}], [I64([[1, 0], [0, 1]])]),
    "Gather-2": ([11], [{"axis": -1}], [I64([-1, 2])]),
    "CumSum": ([11, 14], [{}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}],
               [np.array(2, I64)]),
    "Upsample": ([9], [{}, {"mode": "linear"}], [np.float32([1, 1, 2, 3])]),
    "Resize": ([10], [{}, {"mode": "linear"}], [np.float32([1, 1, 2, 3])]),
}  # fmt: skip
for _mode in ("nearest", "linear", "cubic"):
    for _place in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
        CASES[f"Resize-{_mode}-{_place}"] = (
            [11, 13, 18, 19],
            [{"mode": _mode, "coordinate_transformation_mode": _place}],
            ["", np.float32([1, 1, 2, 1.5])],
        )
_MORE: dict[str, Any] = {
    "RNN": lambda count: [
        {}, {"clip": 0.4}, {"activations": ["Relu"] * count},
        {"activations": ["Affine"] * count, "activation_alpha": [0.5] * count,
         "activation_beta": [0.2] * count},
    ],
    "GRU": lambda count: [{}, {"clip": 0.4}, {"linear_before_reset": 1}],
    "LSTM": lambda count: [{}, {"clip": 0.4}],
}  # fmt: skip
for _op, _gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
    for _direction, _count in (("forward", 1), ("reverse", 1), ("bidirectional", 2)):
        CASES[f"{_op}-{_direction}"] = (
            [7, 14],
            [{"hidden_size": 5, "direction": _direction, **more} for more in _MORE[_op](_count)],
            [weights(_count, _gates * 5, 3), weights(_count, _gates * 5, 5),
             weights(_count, 2 * _gates * 5)],
        )  # fmt: skip


def write(path: Any, key: str, version: int, attributes: dict[str, Any], inputs: Any) -> Any:
    """A file of one node; returns what it is run on."""
    op = key.partition("-")[0]
    x = SEQUENCE if op in ("RNN", "GRU", "LSTM") else POSITIVE if op in ("LRN", "LpPool") else X
    if op == "Squeeze":
        x = X[:1, :, :1]
    if inputs is None:  # Gemm
        x = X[0, 0]
        shape = (3, 4) if attributes.get("transB") else (4, 3)
        inputs = [weights(*shape)] if attributes == {"alpha": 0.5} and version >= 11 else [
            weights(*shape), weights(5, 3)
        ]  # fmt: skip
    constants = {f"c{i}": value for i, value in enumerate(inputs) if not isinstance(value, str)}
    names = [f"c{i}" if not isinstance(value, str) else "" for i, value in enumerate(inputs)]
    count = {"Split": 2, "TopK": 2, "RNN": 2, "GRU": 2, "LSTM": 3}.get(op, 1)
    results = [f"y{i}" for i in range(count)]
    one = node(op, ["x", *names], results, "n", **attributes)
    files.write(
        path, [one], {"x": (1, list(x.shape))}, {name: (0, None) for name in results}, constants
    )
    model = onnx.load(str(path))
    model.opset_import[0].version = version
    model.ir_version = 8
    for output in model.graph.output:
        output.ClearField("type")
    model = onnx.shape_inference.infer_shapes(model)
    onnx.save(model, str(path))
    return {"x": x}


@pytest.mark.parametrize("key", CASES)
def test_versions(tmp_path, key) -> None:
    versions, choices, inputs = CASES[key]
    path, counted = tmp_path / "m.onnx", 0
    for version in versions:
        for attributes in choices:
            feeds = write(path, key, version, attributes, inputs)
            try:
                expected = files.reference(path, feeds)
            except Exception:  # onnxruntime has no such kernel
                continue
            found = in_pytorch(path, feeds)
            for ours, theirs in zip(found, expected, strict=True):
                where = f"{key} {version} {attributes}"
                assert ours.dtype == theirs.dtype, where
                np.testing.assert_allclose(ours, theirs, 1e-4, 1e-5, err_msg=where)
            counted += 1
    assert counted


@pytest.mark.nightly
@pytest.mark.parametrize("key", CASES)
def test_versions_compiled(tmp_path, key) -> None:
    versions, choices, inputs = CASES[key]
    path = tmp_path / "m.onnx"
    for version in versions[-2:]:
        for attributes in choices:
            feeds = write(path, key, version, attributes, inputs)
            expected = in_pytorch(path, feeds)
            for ours, theirs in zip(compiled(path, feeds), expected, strict=True):
                where = f"{key} {version} {attributes}"
                np.testing.assert_allclose(ours, theirs, 1e-4, 1e-5, err_msg=where)
