# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files: float, QDQ and integer operators, dynamic shapes, against onnxruntime and NumPy."""

from __future__ import annotations

import time

import numpy as np
import pytest

import onnx_files as files
import pumice
from onnx_files import onnx
from pumice.frontend import FrontendError

FLOAT, U8, I32, I64 = (
    getattr(onnx.TensorProto, name) for name in ("FLOAT", "UINT8", "INT32", "INT64")
)
node = onnx.helper.make_node


@pytest.fixture(scope="module")
def cnn(tmp_path_factory):
    """The CNN in float, and images to calibrate with."""
    files.torch.manual_seed(0)
    path = tmp_path_factory.mktemp("cnn") / "cnn.onnx"
    dynamic = {"x": {0: "batch"}, "y": {0: "batch"}}
    files.export(files.Cnn(), files.torch.randn(1, 3, 12, 12), path, ["x", "y"], dynamic)
    random = np.random.default_rng(0)
    return path, [{"x": random.normal(size=(4, 3, 12, 12)).astype(np.float32)} for _ in range(3)]


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """The transformer in float, and words to calibrate with."""
    files.torch.manual_seed(0)
    path = tmp_path_factory.mktemp("transformer") / "transformer.onnx"
    dynamic = {"ids": {0: "batch", 1: "time"}}
    example = files.torch.zeros((2, 6), dtype=files.torch.int64)
    files.export(files.Transformer(), example, path, ["ids", "logits", "hidden"], dynamic)
    random = np.random.default_rng(0)
    return path, [{"ids": random.integers(0, 30, (4, 7))} for _ in range(3)]


def test_a_float_cnn_for_a_batch(cnn) -> None:
    path, (feed, *_) = cnn
    program = pumice.compile(path, feed["x"][:3])
    (expected,) = files.reference(path, {"x": feed["x"][:3]})
    np.testing.assert_allclose(program.run(feed["x"][:3]).outputs, expected, atol=1e-5)
    assert program.estimate().arrays == 0
    names = {layer.name for layer in program.estimate().layers}
    assert {"/first/Conv", "/depthwise/Conv", "/last/Gemm"} <= names


FORMATS = {
    "per channel": {"per_channel": True, "weight_type": "QInt8", "activation_type": "QUInt8"},
    "signed": {"weight_type": "QInt8", "activation_type": "QInt8"},
    "unsigned weights": {"weight_type": "QUInt8", "activation_type": "QUInt8"},
    "operators": {
        "quant_format": "QOperator",
        "weight_type": "QInt8",
        "per_channel": True,
        "reduce_range": True,  # see `files.reference`
    },
}


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_a_quantized_cnn(cnn, tmp_path, options) -> None:
    """Every layer with weights is on arrays; results are onnxruntime's but for ties."""
    from onnxruntime.quantization import QuantFormat, QuantType

    path, feeds = cnn
    kinds = {
        name: getattr(QuantFormat if name == "quant_format" else QuantType, value)
        if isinstance(value, str)
        else value
        for name, value in options.items()
    }
    quantized = files.quantize(path, feeds, tmp_path / "q.onnx", **kinds)
    x = feeds[0]["x"][:2]
    result = pumice.compile(quantized, {"x": x}, device="ideal").run(x=x)
    (expected,) = files.reference(quantized, {"x": x})
    model = onnx.load(str(quantized))
    scales = {w.name: onnx.numpy_helper.to_array(w) for w in model.graph.initializer}
    step = float(scales[model.graph.node[-1].input[1]])
    assert model.graph.node[-1].op_type == "DequantizeLinear"
    assert np.abs(result.outputs - expected).max() <= 1.01 * step
    assert np.mean(result.outputs == expected) > 0.8
    on_arrays = {
        layer.name.removesuffix("_quant") for layer in result.report.layers if layer.conversions
    }
    assert on_arrays == {"/first/Conv", "/depthwise/Conv", "/point/Conv", "/last/Gemm"}


CONVOLUTIONS = {
    "asymmetric, unsigned": (np.uint8, 7, np.uint8, 120, None, 1),
    "per channel": (np.int8, -3, np.int8, 0, "channels", 1),
    "groups": (np.uint8, 0, np.int8, 4, None, 2),
}


@pytest.mark.parametrize("case", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_integers_of_a_convolution(tmp_path, case) -> None:
    """Accumulators of a strided, padded layer equal sums of products of codes."""
    code, zero, weight_code, weight_zero, axis, groups = case
    random = np.random.default_rng(1)
    info, weight_info = np.iinfo(code), np.iinfo(weight_code)
    weight = random.integers(weight_info.min, weight_info.max + 1, (4, 4 // groups, 3, 2))
    count = 4 if axis else 1
    scale = np.float32(random.uniform(0.01, 0.02, count))
    zeros = np.full(count, weight_zero, weight_code)
    path = files.write(
        tmp_path / "conv.onnx",
        [
            node("QuantizeLinear", ["x", "s", "z"], ["q"], "quantize"),
            node("DequantizeLinear", ["q", "s", "z"], ["d"]),
            node("DequantizeLinear", ["w", "ws", "wz"], ["v"], axis=0),
            node(
                "Conv", ["d", "v"], ["y"], "conv", strides=[2, 1], pads=[1, 0, 2, 1], group=groups
            ),
        ],
        {"x": (FLOAT, ["n", 4, 6, 5])},
        {"y": (FLOAT, None)},
        {
            "s": np.float32(0.05), "z": np.array(zero, code), "w": weight.astype(weight_code),
            "ws": scale if axis else scale[0], "wz": zeros if axis else zeros[0],
        },
    )  # fmt: skip
    x = random.normal(0, 3, (2, 4, 6, 5)).astype(np.float32)
    result = pumice.compile(path, x, device="ideal").run(x, keep=True)

    codes = np.clip(np.rint(x / np.float32(0.05)) + zero, info.min, info.max).astype(np.int64)
    image = np.pad(codes - zero, ((0, 0), (0, 0), (1, 2), (0, 1)))
    sums = np.zeros((2, 4, 4, 5), np.int64)
    for n, f, i, j in np.ndindex(*sums.shape):
        first = f // (4 // groups) * (4 // groups)
        window = image[n, first : first + 4 // groups, 2 * i : 2 * i + 3, j : j + 2]
        sums[n, f, i, j] = (window * (weight[f] - weight_zero)).sum()
    kept = result.tensors["conv"]
    assert kept.dtype == np.int32
    assert np.array_equal(kept, sums)
    product = np.float32(0.05) * (scale.reshape(1, -1, 1, 1) if axis else scale[0])
    assert np.array_equal(result.outputs, sums.astype(np.float32) * product)


def test_a_product_of_many_dimensions_per_column(tmp_path) -> None:
    """MatMul of [2, 3, K] and weights [K, N] with a scale for each column; codes are made here."""
    random = np.random.default_rng(2)
    weight = random.normal(size=(6, 4)).astype(np.float32)
    scale = np.float32([0.01, 0.02, 0.03, 0.015])
    path = files.write(
        tmp_path / "matmul.onnx",
        [
            node("QuantizeLinear", ["x", "s"], ["q"]),
            node("DequantizeLinear", ["q", "s"], ["d"]),
            node("QuantizeLinear", ["w", "ws", "wz"], ["wq"], axis=1),
            node("DequantizeLinear", ["wq", "ws", "wz"], ["v"], axis=1),
            node("MatMul", ["d", "v"], ["y"], "product"),
        ],
        {"x": (FLOAT, [2, 3, 6])},
        {"y": (FLOAT, None)},
        {"s": np.float32([0.1]), "w": weight, "ws": scale, "wz": np.zeros(4, np.int8)},
    )
    x = random.uniform(0, 10, (2, 3, 6)).astype(np.float32)
    result = pumice.compile(path, device="ideal").run(x)
    codes = np.clip(np.rint(x / np.float32(0.1)), 0, 255).astype(np.int64)
    weights = np.clip(np.rint(weight / scale), -128, 127).astype(np.int64)
    expected = (codes @ weights).astype(np.float32) * (np.float32(0.1) * scale)
    assert np.array_equal(result.outputs, expected)
    assert [layer.name for layer in result.report.layers if layer.conversions] == ["product"]


def test_a_transformer_of_dynamic_shape(transformer) -> None:
    """Batch and length are bound by the inputs, or by shapes; two results, by name."""
    path, (feed, *_) = transformer
    ids = feed["ids"][:3, :5]
    program = pumice.compile(pumice.import_onnx(path, shapes={"ids": (3, 5)}))
    outputs = program.run(ids).outputs
    assert list(outputs) == ["logits", "hidden"]
    expected = files.reference(path, {"ids": ids})
    for found, value in zip(outputs.values(), expected, strict=True):
        np.testing.assert_allclose(found, value, atol=1e-5)


def test_a_quantized_transformer(transformer, tmp_path) -> None:
    path, feeds = transformer
    quantized = files.quantize(
        path, feeds, tmp_path / "q.onnx", per_channel=True, op_types_to_quantize=["MatMul", "Gemm"]
    )
    ids = feeds[0]["ids"][:3]
    result = pumice.compile(quantized, ids, device="ideal").run(ids)
    for found, value in zip(
        result.outputs.values(), files.reference(quantized, {"ids": ids}), strict=True
    ):
        np.testing.assert_allclose(found, value, atol=2e-2)
    on_arrays = {layer.name.split("/")[-2] for layer in result.report.layers if layer.conversions}
    assert on_arrays == {"query", "key", "value", "out", "wide", "narrow", "head"}


def test_dynamic_quantization(transformer, tmp_path) -> None:
    """DynamicQuantizeLinear and MatMulInteger: zero points that are known at run time only."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path, feeds = transformer
    quantize_dynamic(str(path), str(tmp_path / "q.onnx"), weight_type=QuantType.QInt8)
    ids = feeds[0]["ids"][:2]
    result = pumice.compile(tmp_path / "q.onnx", ids).run(ids)
    expected = files.exact_reference(tmp_path / "q.onnx", {"ids": ids})
    for found, value in zip(result.outputs.values(), expected, strict=True):
        np.testing.assert_allclose(found, value, atol=1e-4)
    assert sum(layer.conversions > 0 for layer in result.report.layers) == 7


@pytest.mark.parametrize("code", [np.uint8, np.int8])
def test_integers_of_a_product(tmp_path, code) -> None:
    """MatMulInteger with a zero point that is an input, in three dimensions."""
    random = np.random.default_rng(3)
    info = np.iinfo(code)
    weight = random.integers(info.min, info.max + 1, (40, 5)).astype(code)
    path = files.write(
        tmp_path / "product.onnx",
        [node("MatMulInteger", ["x", "w", "z", "wz"], ["y"], "product")],
        {"x": (U8, [2, 3, 40]), "z": (U8, [])},
        {"y": (I32, None)},
        {"w": weight, "wz": code(9)},
    )
    x = random.integers(0, 256, (2, 3, 40)).astype(np.uint8)
    z = np.uint8(201)
    result = pumice.compile(path, (x, z), device="ideal").run(x, np.asarray(z))
    expected = (x.astype(np.int64) - 201) @ (weight.astype(np.int64) - 9)
    assert result.outputs.dtype == np.int32
    assert np.array_equal(result.outputs, expected)
    assert [layer.name for layer in result.report.layers if layer.conversions] == ["product"]


def test_large_weights_stay_out_of_the_text(tmp_path) -> None:
    """64 MB beside the file: no copy of them in the IR, and little time."""
    from pumice.frontend.onnx.importer import lower_onnx

    weight = np.arange(4096 * 4096, dtype=np.float32).reshape(4096, 4096) % 7
    path = files.write(
        tmp_path / "large.onnx",
        [node("MatMul", ["x", "w"], ["y"], "product")],
        {"x": (FLOAT, ["n", 4096])},
        {"y": (FLOAT, ["n", 4096])},
        {"w": weight},
    )
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, location="weights.bin")
    assert path.stat().st_size < 10_000
    start = time.perf_counter()
    lowered = lower_onnx(path, np.zeros((1, 4096), np.float32))
    assert time.perf_counter() - start < 20
    assert len(lowered.text) < 10_000
    assert np.array_equal(lowered.resources["w"], weight)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FrontendError, match="cannot read the external data of"):
        lower_onnx(path)


def test_branches_constants_and_passed_inputs(tmp_path) -> None:
    """An If on a constant; outputs that are an input and a constant; a name twice."""
    info = onnx.helper.make_tensor_value_info
    branches = [
        onnx.helper.make_graph(
            [node(op, ["x", "k"], ["r"])], op, [], [info("r", FLOAT, None)],
            [onnx.numpy_helper.from_array(np.float32([2, 3]), "k")],
        )
        for op in ("Add", "Mul")
    ]  # fmt: skip
    path = files.write(
        tmp_path / "if.onnx",
        [
            node("Shape", ["x"], ["shape"]),
            node("ReduceMax", ["shape"], ["most"], keepdims=0),
            node("Greater", ["most", "two"], ["larger"]),
            node("If", ["larger"], ["y"], then_branch=branches[0], else_branch=branches[1]),
        ],
        {"x": (FLOAT, ["n"])},
        {"y": (FLOAT, None), "x": (FLOAT, ["n"]), "most": (I64, [])},
        {"two": np.int64(2)},
    )
    x = np.float32([1, 10])
    outputs = pumice.compile(path, x).run(x).outputs
    assert np.array_equal(outputs["y"], [2, 30])
    assert outputs["x"] is x
    assert outputs["most"] == 2


def test_programs_of_onnx_files_are_saved(cnn, tmp_path) -> None:
    path, (feed, *_) = cnn
    x = feed["x"][:1]
    program = pumice.compile(path, x)
    program.save(tmp_path / "p.mlirbc")
    again = pumice.load(tmp_path / "p.mlirbc")
    assert np.array_equal(again.run(x=x).outputs, program.run(x).outputs)
    with pytest.raises(FrontendError, match="input 'x': expected float32\\[1, 3, 12, 12\\], got"):
        again.run(x.astype(np.float64))
    with pytest.raises(FrontendError, match="expected the keyword inputs \\[\\], got \\['z'\\]"):
        again.run(x, z=x)


def _file(folder, name, nodes, shape, **weights):
    weights = {name.removesuffix("_"): value for name, value in weights.items()}
    return files.write(folder / name, nodes, {"x": (FLOAT, shape)}, {"y": (FLOAT, None)}, weights)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    relu = [node("Relu", ["x"], ["y"], "relu")]
    _file(folder, "ok.onnx", relu, ["n", 4])
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "words.onnx").write_text("these are words")
    _file(folder, "alien.onnx", [node("Warp", ["x"], ["y"], "w", domain="stars")], [4])
    _file(folder, "spline.onnx", [node("MaxRoiPool", ["x", "r"], ["y"], "d",
          pooled_shape=[2, 2])], [1, 1, 4, 4], r=np.zeros((1, 5), np.float32))  # fmt: skip
    _file(folder, "columns.onnx", [node("Col2Im", ["x", "a", "b"], ["y"])], [1, 8, 8],
          a=np.int64([3, 3, 3]), b=np.int64([2, 2, 2]))  # fmt: skip
    _file(folder, "count.onnx", [node("NonZero", ["x"], ["i"], "count"),
          node("Cast", ["i"], ["y"], to=FLOAT)], [4])  # fmt: skip
    _file(folder, "rank.onnx", [node("MatMul", ["x", "w"], ["y"], "mm")], [2, 3],
          w=np.zeros((4, 2), np.float32))  # fmt: skip
    _file(folder, "last.onnx", [node("QLinearAveragePool", ["x"], ["y"], "p", channels_last=1,
          domain="com.microsoft")], [1, 4, 4, 1])  # fmt: skip
    _file(folder, "bias.onnx", [node("ReduceMax", ["x"], ["t"], keepdims=0),
          node("QLinearConv", ["x", "s", "z", "w", "t", "z", "s", "z", "b"], ["y"], "c")],
          [1, 1, 2, 2], s=np.float32(1), z=np.int8(0), w=np.zeros((1, 1, 1, 1), np.int8),
          b=np.zeros(1, np.int32))  # fmt: skip
    _file(folder, "bad.onnx", [node("Reshape", ["k", "shape"], ["y"], "r")], [4],
          k=np.zeros(5, np.float32), shape_=np.int64([2, 2]))  # fmt: skip
    files.write(folder / "none.onnx", relu, {"x": (FLOAT, [2])}, {"z": (FLOAT, [2])}, {})
    sequence = onnx.helper.make_tensor_sequence_value_info("x", FLOAT, None)
    model = onnx.load(str(folder / "ok.onnx"))
    model.graph.input[0].CopyFrom(sequence)
    onnx.save(model, str(folder / "sequence.onnx"))
    files.write(folder / "two.onnx", [node("Add", ["a", "b"], ["y"])],
                {"a": (FLOAT, ["n"]), "b": (FLOAT, ["n"])}, {"y": (FLOAT, ["n"])}, {})  # fmt: skip
    untyped = onnx.load(str(folder / "ok.onnx"))
    untyped.graph.input[0].type.tensor_type.elem_type = 0
    onnx.save(untyped, str(folder / "untyped.onnx"))
    sparse = onnx.load(str(folder / "ok.onnx"))
    sparse.graph.sparse_initializer.add().values.name = "thin"
    onnx.save(sparse, str(folder / "sparse.onnx"))
    torn = onnx.load(str(folder / "rank.onnx"))
    torn.graph.initializer[0].raw_data = b"abc"
    onnx.save(torn, str(folder / "torn.onnx"))
    return folder


X = np.zeros((2, 4), np.float32)
ERRORS = {
    "no file": ("nope.onnx", None, None, "cannot read '.*nope.onnx': No such file"),
    "empty": (
        "empty.onnx",
        None,
        None,
        "is not an ONNX model: it has no graph, version or operator",
    ),
    "words": ("words.onnx", None, None, "words.onnx' is not an ONNX model: "),
    "unbound": ("ok.onnx", None, None, "input 'x' has no fixed shape \\(nx4\\): give example"),
    "extents": ("ok.onnx", np.zeros((2, 5), np.float32), None, "expected the shape nx4, got 2x5"),
    "rank": ("ok.onnx", X[0], None, "input 'x': expected the shape nx4, got 4"),
    "dtype": ("ok.onnx", X.astype(np.float64), None, "input 'x': expected float32, got float64"),
    "count": ("ok.onnx", (X, X), None, "expected 1 inputs \\(x\\), got 2"),
    "name": ("ok.onnx", {"z": X}, None, "expected the inputs \\['x'\\], got \\['z'\\]"),
    "value": ("ok.onnx", {"x": 3}, None, "input 'x': expected a tensor, got int"),
    "shape": ("ok.onnx", None, {"z": (2, 4)}, "expected shapes of the inputs \\['x'\\], got 'z'"),
    "symbol": ("two.onnx", (X[0], X[0, :3]), None, "expected n = 4 as in the inputs before, got 3"),
    "operator": ("spline.onnx", None, None, "op 'MaxRoiPool' \\(node 'd'\\) is not supported"),
    "columns": ("columns.onnx", None, None, "op 'Col2Im' \\(node 'Col2Im_0'\\): expected an image"),
    "domain": ("alien.onnx", None, None, "op 'stars.Warp' \\(node 'w'\\) is not supported: only"),
    "data": ("count.onnx", None, None, "op 'NonZero' \\(node 'count'\\) has a result whose shape"),
    "contradiction": ("rank.onnx", None, None, "cannot infer the shapes of the model|'MatMul'"),
    "layout": ("last.onnx", None, None, "expected channels first, got channels_last"),
    "bias": ("bias.onnx", None, None, "expected a constant bias and scales"),
    "constant": ("bad.onnx", None, None, "op 'Reshape' \\(node 'r'\\) cannot be evaluated on its"),
    "output": ("none.onnx", None, None, "nothing computes the output 'z'"),
    "sequence": ("sequence.onnx", None, None, "input 'x': expected a tensor, got another type"),
    "untyped": ("untyped.onnx", X, None, "input 'x' has no element type"),
    "sparse": ("sparse.onnx", None, None, "sparse initializer 'thin' is not supported"),
    "torn": ("torn.onnx", None, None, "torn.onnx': initializer 'w' cannot be read"),
}


@pytest.mark.parametrize(("name", "inputs", "shapes", "words"), ERRORS.values(), ids=ERRORS)
def test_errors(broken, name, inputs, shapes, words) -> None:
    with pytest.raises(FrontendError, match=words):
        pumice.import_onnx(broken / name, inputs, shapes=shapes)


@pytest.mark.parametrize("missing", ["onnx", "torch_mlir"])
def test_missing_packages(broken, missing, monkeypatch) -> None:
    import importlib.util
    import sys

    if missing == "onnx":
        monkeypatch.setitem(sys.modules, "onnx", None)
        words = "ONNX files need the package onnx: pip install 'pumice\\[onnx\\]'"
    else:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        words = "ONNX files need torch-mlir: pip install"
    with pytest.raises(FrontendError, match=words):
        pumice.import_onnx(broken / "ok.onnx")


def test_files_are_not_quantized_here(broken) -> None:
    with pytest.raises(pumice.CompileError, match="expected a torch.nn.Module to quantize, got a"):
        pumice.compile(broken / "ok.onnx", X, calibration=[X])
