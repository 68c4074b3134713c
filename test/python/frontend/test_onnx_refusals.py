# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ONNX models are refused for: operator, node, attribute and value are named."""

from __future__ import annotations

import numpy as np
import pytest

import onnx_files as files
import pumice
from onnx_files import onnx
from pumice.frontend import FrontendError

node = onnx.helper.make_node
FLOAT, INT64, STRING = (getattr(onnx.TensorProto, name) for name in ("FLOAT", "INT64", "STRING"))
X = np.zeros((1, 2, 4, 4), np.float32)
ONE = np.int64([1])
W = np.zeros((2, 2, 3, 3), np.float32)

#: (node, weights, words)
CASES = {
    "an unknown operator": (
        node("Det", ["x"], ["y"], "n"), {},
        "op 'Det' (node 'n') is not supported",
    ),
    "an unknown attribute": (
        node("Relu", ["x"], ["y"], "n", alpha=0.5), {},
        "op 'Relu' (node 'n'): attribute 'alpha' = 0.5 is not supported",
    ),
    "an unknown value": (
        node("Pad", ["x", "p"], ["y"], "n", mode="mirror"), {"p": np.int64([0] * 8)},
        "op 'Pad' (node 'n'): attribute 'mode' = 'mirror' is not supported",
    ),
    "a value of an enumeration": (
        node("Conv", ["x", "w"], ["y"], "n", auto_pad="SOME"), {"w": W},
        "attribute 'auto_pad' = 'SOME' is not supported",
    ),
    "pads beside auto_pad": (
        node("Conv", ["x", "w"], ["y"], "n", auto_pad="SAME_UPPER", pads=[1, 1, 1, 1]), {"w": W},
        "expected no pads beside auto_pad SAME_UPPER, got [1, 1, 1, 1]",
    ),
    "another kernel_shape": (
        node("Conv", ["x", "w"], ["y"], "n", kernel_shape=[5, 5]), {"w": W},
        "expected the weights' kernel_shape [3, 3], got [5, 5]",
    ),
    "strides of another rank": (
        node("MaxPool", ["x"], ["y"], "n", kernel_shape=[2, 2], strides=[1]), {},
        "expected strides, dilations and pads of 2 dimensions",
    ),
    "a window that is too large": (
        node("MaxPool", ["x"], ["y"], "n", kernel_shape=[9, 9]), {},
        "expected a window of at most 4, got 9",
    ),
    "no kernel_shape": (
        node("LpPool", ["x"], ["y"], "n", kernel_shape=[2]), {},
        "expected a kernel_shape of 2 dimensions",
    ),
    "training": (
        node("BatchNormalization", ["x", "s", "s", "s", "s"], ["y", "m", "v"], "n",
             training_mode=1), {"s": np.float32([1, 1])},
        "attribute 'training_mode' = 1 is not supported",
    ),
    "dropout of training": (
        node("Dropout", ["x", "r", "train"], ["y"], "n"),
        {"r": np.float32(0.5), "train": np.array(True)},
        "expected inference, got training_mode",
    ),
    "a computed shape": (
        node("Tile", ["x", "k"], ["y"], "n"), None,
        "op 'Tile' (node 'n'): expected a constant repeats, got the computed 'k'",
    ),
    "an index out of range": (
        node("Gather", ["x", "i"], ["y"], "n", axis=1), {"i": np.int64([0, 5])},
        "expected indices of -2 to 1, got 0 to 5",
    ),
    "an axis that is not there": (
        node("Softmax", ["x"], ["y"], "n", axis=7), {}, "expected an axis of 4 dimensions, got 7",
    ),
    "a dimension that is not 1": (
        node("Squeeze", ["x", "a"], ["y"], "n"), {"a": ONE},
        "expected dimensions of 1 to leave out, got [1, 2, 4, 4]",
    ),
    "parts that are too many": (
        node("Split", ["x", "s"], ["y", "z"], "n", axis=2), {"s": np.int64([3, 3])},
        "expected parts that sum to 4, got [3, 3]",
    ),
    "a cut of all": (
        node("Pad", ["x", "p"], ["y"], "n"), {"p": np.int64([0, 0, -3, 0, 0, 0, -3, 0])},
        "expected pads that leave some of 4, got",
    ),
    "no scales": (
        node("Resize", ["x"], ["y"], "n"), {}, "expected scales or sizes, got neither",
    ),
    "no roi": (
        node("Resize", ["x", "", "s"], ["y"], "n",
             coordinate_transformation_mode="tf_crop_and_resize"), {"s": np.float32([1, 1, 2, 2])},
        "expected a roi for tf_crop_and_resize, got none",
    ),
    "a cast to text": (
        node("Cast", ["x"], ["y"], "n", to=STRING), {},
        "a cast from FLOAT to STRING is not supported",
    ),
    "codes of floats": (
        node("QuantizeLinear", ["x", "s"], ["y"], "n",
             output_dtype=onnx.TensorProto.FLOAT8E4M3FN), {"s": np.float32(1)},
        "expected codes of 4, 8 or 16 bits, got FLOAT8E4M3FN",
    ),
    "a remainder of floats": (
        node("Mod", ["x", "x"], ["y"], "n"), {}, "attribute 'fmod' = 0 is not supported",
    ),
    "another hidden_size": (
        node("RNN", ["t", "w", "r"], ["y"], "n", hidden_size=3),
        {"t": np.zeros((2, 1, 2), np.float32), "w": np.zeros((1, 4, 2), np.float32),
         "r": np.zeros((1, 4, 4), np.float32)},
        "expected hidden_size 4 as in the weights, got 3",
    ),
    "an activation": (
        node("RNN", ["t", "w", "r"], ["y"], "n", hidden_size=4, activations=["Cube"]),
        {"t": np.zeros((2, 1, 2), np.float32), "w": np.zeros((1, 4, 2), np.float32),
         "r": np.zeros((1, 4, 4), np.float32)},
        "attribute 'activations' = 'Cube' is not supported",
    ),
    "an activation without its numbers": (
        node("RNN", ["t", "w", "r"], ["y"], "n", hidden_size=4, activations=["Affine"]),
        {"t": np.zeros((2, 1, 2), np.float32), "w": np.zeros((1, 4, 2), np.float32),
         "r": np.zeros((1, 4, 4), np.float32)},
        "expected activation_alpha and activation_beta for Affine, got neither",
    ),
    "images of 4 dimensions": (
        node("Conv", ["t", "w"], ["y"], "n"),
        {"t": np.zeros((1, 1, 2, 2, 2, 2)), "w": np.zeros((1, 1, 1, 1, 1, 1), np.float32)},
        "expected 1 to 3 dimensions of images, got 4",
    ),
    "transposed images of 4 dimensions": (
        node("ConvTranspose", ["t", "w"], ["y"], "n"),
        {"t": np.zeros((1, 1, 2, 2, 2, 2)), "w": np.zeros((1, 1, 1, 1, 1, 1), np.float32)},
        "expected 1 to 3 dimensions of images, got 4",
    ),
    "a shape that is computed": (
        node("ConstantOfShape", ["k"], ["y"], "n"), None, "expected a constant shape",
    ),
    "a result that is too large": (
        node("ConstantOfShape", ["s"], ["y"], "n"), {"s": np.int64([2**30, 2])},
        "expected a result of at most 2^20 elements, got [1073741824, 2]",
    ),
    "results that are too many": (
        node("Relu", ["x"], ["y", "z"], "n"), {}, "expected 1 results, got 2",
    ),
    "a result that is not there": (
        node("GridSample", ["x", "x"], ["y"], "n"), {}, "cannot be computed: ",
    ),
    "channels that are not there": (
        node("BatchNormalization", ["t", "s", "s", "s", "s"], ["y"], "n"),
        {"t": np.zeros(2), "s": np.float32([1, 1])},
        "expected channels in dimension 1, got 1 dimensions",
    ),
    "a matrix of scales": (
        node("QuantizeLinear", ["x", "s"], ["y"], "n"), {"s": np.ones((2, 2), np.float16)},
        "expected a vector of scales, got 2 dimensions",
    ),
    "scales that are too many": (
        node("QuantizeLinear", ["x", "s"], ["y"], "n"), {"s": np.ones(3, np.float32)},
        "expected 2 scales, got [3]",
    ),
    "codes that are floats": (
        node("DequantizeLinear", ["x", "s"], ["y"], "n"), {"s": np.float32(1)},
        "expected codes of integers, got FLOAT",
    ),
    "a large reduction": (
        node("ScatterElements", ["t", "i", "u"], ["y"], "n", reduction="mul"),
        {"t": np.zeros(3000), "i": np.arange(3000), "u": np.zeros(3000, np.float32)},
        "reduction 'mul' is not supported on 3000 elements",
    ),
    "a large reduction of rows": (
        node("ScatterND", ["t", "i", "u"], ["y"], "n", reduction="max"),
        {"t": np.zeros(3000), "i": np.arange(3000)[:, None], "u": np.zeros(3000, np.float32)},
        "reduction 'max' is not supported on 3000 elements",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "weights", "words"), CASES.values(), ids=CASES)
def test_refusals(tmp_path, one, weights, words) -> None:
    weights = {"k": None} if weights is None else dict(weights)
    inputs = {"x": (FLOAT, [1, 2, 4, 4])}
    if "t" in weights:
        inputs["t"] = (FLOAT, list(weights.pop("t").shape))
    nodes = [one]
    if "k" in weights:
        weights = {}
        inputs["k"] = (INT64, [4])
    outputs = {name: (FLOAT, None) for name in one.output}
    path = files.write(tmp_path / "m.onnx", nodes, inputs, outputs, weights)
    if one.op_type == "QuantizeLinear":
        model = onnx.load(str(path))
        model.opset_import[0].version = 21
        onnx.save(model, str(path))
    with pytest.raises(FrontendError) as caught:
        pumice.import_onnx(path)
    assert words in str(caught.value)
    assert caught.value.op == one.op_type


def test_what_torch_export_refuses(tmp_path, monkeypatch) -> None:
    import torch

    def fail(*args, **kwargs):
        raise RuntimeError("No.\nReally")

    path = files.write(
        tmp_path / "m.onnx", [node("Relu", ["x"], ["y"])], {"x": (FLOAT, [3])},
        {"y": (FLOAT, [3])}, {}
    )  # fmt: skip
    monkeypatch.setattr(torch.export, "export", fail)
    with pytest.raises(FrontendError, match=r"cannot export the graph: No$"):
        pumice.import_onnx(path)


def test_shapes_that_depend_on_data(tmp_path) -> None:
    """Detectors end in one; what is before it can be compiled."""
    path = files.write(
        tmp_path / "m.onnx", [node("NonMaxSuppression", ["boxes", "scores"], ["y"], "n")],
        {"boxes": (FLOAT, [1, 6, 4]), "scores": (FLOAT, [1, 2, 6])}, {"y": (INT64, None)}, {},
    )  # fmt: skip
    words = (
        r"op 'NonMaxSuppression' \(node 'n'\) has a result whose shape depends on data: end the"
        r" model before it \(onnx.utils.extract_model\)"
    )
    with pytest.raises(FrontendError, match=words):
        pumice.import_onnx(path)
    model = onnx.load(str(path))  # also where the file gives a shape
    output = onnx.helper.make_tensor_value_info("y", INT64, [3, 3])
    model.graph.output[0].CopyFrom(output)
    onnx.save(model, str(path))
    with pytest.raises(FrontendError, match=r"op 'NonMaxSuppression' \(node 'n'\)"):
        pumice.import_onnx(path)


def test_types_of_few_bits_are_refused_by_name(tmp_path) -> None:
    import ml_dtypes

    path = files.write(
        tmp_path / "m.onnx",
        [node("Cast", ["c"], ["y"], "n", to=FLOAT), node("Add", ["x", "y"], ["z"])],
        {"x": (FLOAT, [1 << 21])}, {"z": (FLOAT, None)},
        {"c": np.zeros(1 << 21, ml_dtypes.float8_e5m2)},
    )  # fmt: skip
    with pytest.raises(FrontendError, match="constant 'c': the type float8_e5m2 is not supported"):
        pumice.import_onnx(path)


def test_types_without_tensors(tmp_path) -> None:
    path = files.write(
        tmp_path / "m.onnx", [node("Identity", ["x"], ["y"])], {"x": (STRING, [3])},
        {"y": (STRING, [3])}, {},
    )  # fmt: skip
    with pytest.raises(FrontendError, match="input 'x': the type object is not supported"):
        pumice.import_onnx(path)
    path = files.write(
        tmp_path / "c.onnx", [node("Expand", ["c", "s"], ["y"])], {"s": (INT64, [1])},
        {"y": (STRING, [3])}, {"c": np.array(["a"], object)},
    )  # fmt: skip
    with pytest.raises(FrontendError, match="constant 'c': the type object is not supported"):
        pumice.import_onnx(path)
