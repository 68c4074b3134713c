# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loops with a known number of trips, attention and regions of interest in ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pumice
from pumice.frontend import FrontendError

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch_mlir")

from onnx import TensorProto, helper, numpy_helper, parser  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

FLOAT = TensorProto.FLOAT


def model_of(nodes: list[Any], inputs: dict[str, Any], outputs: list[str], **more: Any) -> Any:
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in inputs.items()
    ]
    results = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
    constants = [
        numpy_helper.from_array(value, name) for name, value in more.get("constants", {}).items()
    ]
    graph = helper.make_graph(nodes, "g", infos, results, constants)
    opset = helper.make_opsetid("", more.get("opset", 21))
    return helper.make_model(graph, opset_imports=[opset], ir_version=10)


def check(model: Any, folder: Path, feeds: dict[str, Any], expected: Any = None) -> None:
    """The program computes what is expected, by default what the reference evaluator gives."""
    onnx.save(model, folder / "m.onnx")
    if expected is None:
        expected = ReferenceEvaluator(model).run(None, feeds)
    found = pumice.compile(folder / "m.onnx", feeds).run(**feeds).outputs
    values = list(found.values()) if isinstance(found, dict) else [found]
    for value, wanted in zip(values, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-6)


def refused(model: Any, folder: Path, feeds: dict[str, Any], words: str) -> None:
    onnx.save(model, folder / "m.onnx")
    with pytest.raises(FrontendError, match=words):
        pumice.compile(folder / "m.onnx", feeds)


#: Adds the trip's number and an outer tensor to what is carried; shows its double.
BODY = """
body (int64 trip, bool going, float[2,3] carried) => (bool goes, float[2,3] next, float[2,3] twice)
<float half = {0.5}> {
  number = Cast<to: int = 1>(trip)
  more = Mul(number, half)
  sum = Add(carried, more)
  next = Add(sum, x)
  goes = CONDITION
  twice = Add(next, next)
}
"""


def loop_body(condition: str) -> Any:
    return parser.parse_graph(BODY.replace("CONDITION", condition))


def loop(condition: str = "Identity(going)", **more: Any) -> tuple[Any, dict[str, Any]]:
    x = np.float32([[1, 2, 3], [4, 5, 6]])
    trips = more.pop("trips", 4)
    names = ["trips", "first" if "first" in more else "", "start"]
    node = helper.make_node("Loop", names, ["last", "all"], "loop", body=loop_body(condition))
    constants = {"trips": np.int64(trips), **({"first": more["first"]} if "first" in more else {})}
    return model_of([node], {"x": x, "start": -x}, ["last", "all"], constants=constants, **more), {
        "x": x,
        "start": -x,
    }


def results_of(feeds: dict[str, Any], trips: int = 4) -> list[Any]:
    """What `BODY` computes. The reference evaluator takes a condition left out for false."""
    carried, twice = feeds["start"], []
    for trip in range(trips):
        carried = carried + np.float32(trip * 0.5) + feeds["x"]
        twice.append(2 * carried)
    return [carried, np.stack(twice)]


@pytest.mark.parametrize("opset", [11, 21])
def test_loop_is_unrolled(tmp_path: Path, opset: int) -> None:
    model, feeds = loop(opset=opset)
    check(model, tmp_path, feeds, results_of(feeds))


@pytest.mark.parametrize("condition", ["Identity(going)", "Constant<value = bool {1}>()"])
def test_loop_whose_condition_stays(tmp_path: Path, condition: str) -> None:
    model, feeds = loop(condition, first=np.bool_(True))
    check(model, tmp_path, feeds, results_of(feeds))


def test_loop_without_trips(tmp_path: Path) -> None:
    """What is carried is the result."""
    body = parser.parse_graph(
        "body (int64 trip, bool going, float[3] carried) => (bool goes, float[3] next)"
        "{ goes = Identity(going) \n next = Exp(carried) }"
    )
    x = np.float32([1, 2, 3])
    node = helper.make_node("Loop", ["trips", "", "x"], ["y"], body=body)
    tail = helper.make_node("Neg", ["y"], ["z"])
    model = model_of([node, tail], {"x": x}, ["z"], constants={"trips": np.int64(0)})
    check(model, tmp_path, {"x": x}, [-x])


#: The shape of `all` is known only if the trips are.
REFUSED = r"\(node 'loop'\) (has a result whose shape depends on data|is not supported)"


def test_loops_that_depend_on_data(tmp_path: Path) -> None:
    """By their condition, or by the number of trips; and too many trips."""
    model, feeds = loop("Less(number, half)")
    refused(model, tmp_path, feeds, f"op 'Loop' {REFUSED}")
    model, feeds = loop("Constant<value = bool {0}>()")
    refused(model, tmp_path, feeds, f"op 'Loop' {REFUSED}")
    model, feeds = loop()
    model.graph.initializer.pop()
    model.graph.input.append(helper.make_tensor_value_info("trips", TensorProto.INT64, []))
    feeds["trips"] = np.int64(3)
    refused(model, tmp_path, feeds, f"op 'Loop' {REFUSED}")
    model, feeds = loop(trips=1_000_000)
    words = r"op 'Loop' \(node 'loop'\): expected at most 20000 nodes in all trips, got 1000000"
    refused(model, tmp_path, feeds, words)


@pytest.mark.parametrize("backwards", [0, 1])
def test_scan_is_unrolled(tmp_path: Path, backwards: int) -> None:
    """Along an axis, in both directions, with a result along another axis."""
    body = parser.parse_graph(
        "body (float[2] state, float[2] a, float[2] b) => (float[2] next, float[2] out)"
        "{ product = Mul(a, b) \n next = Add(state, product) \n out = Tanh(next) }"
    )
    feeds = {
        "state": np.float32([0.1, 0.2]),
        "a": np.linspace(-1, 1, 10, dtype=np.float32).reshape(2, 5),
        "b": np.linspace(0, 2, 10, dtype=np.float32).reshape(5, 2),
    }
    node = helper.make_node(
        "Scan", list(feeds), ["last", "all"], "scan", body=body, num_scan_inputs=2,
        scan_input_axes=[1, 0], scan_input_directions=[backwards, 0],
        scan_output_axes=[1], scan_output_directions=[backwards],
    )  # fmt: skip
    a = feeds["a"][:, ::-1] if backwards else feeds["a"]
    state, all_trips = feeds["state"], []
    for trip in range(5):
        state = state + a[:, trip] * feeds["b"][trip]
        all_trips.append(np.tanh(state))
    ordered = all_trips[::-1] if backwards else all_trips
    model = model_of([node], feeds, ["last", "all"])
    onnx.save(model, tmp_path / "m.onnx")
    found = pumice.compile(tmp_path / "m.onnx", feeds).run(**feeds).outputs
    np.testing.assert_allclose(found["last"], state, rtol=1e-5)
    np.testing.assert_allclose(found["all"], np.stack(ordered, 1), rtol=1e-5)


def attention(feeds: dict[str, Any], names: list[str], **attributes: Any) -> Any:
    node = helper.make_node("Attention", names, ["y"], "attention", **attributes)
    return model_of([node], feeds, ["y"], opset=24)


def heads(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def test_attention_that_is_not_defined(tmp_path: Path) -> None:
    three = {name: heads(1, 4, 6) for name in "qkv"}
    words = "expected q_num_heads and kv_num_heads for inputs of 3 dimensions"
    refused(attention(three, list("qkv")), tmp_path, three, words)
    four = {"q": heads(1, 3, 4, 2), "k": heads(1, 2, 4, 2), "v": heads(1, 2, 4, 2)}
    words = "expected query heads in groups of 2 key heads, got 3"
    refused(attention(four, list("qkv")), tmp_path, four, words)
    four = {name: heads(1, 2, 4, 2) for name in ("q", "k", "v", "p")}
    words = "expected past_key and past_value together, got one of them"
    refused(attention(four, ["q", "k", "v", "", "p"]), tmp_path, four, words)
    four["n"] = np.int64([2])
    words = "expected past_key or nonpad_kv_seqlen, got both"
    refused(attention(four, ["q", "k", "v", "", "p", "p", "n"]), tmp_path, four, words)
    three = {name: heads(1, 2, 4, 2) for name in "qkv"}
    words = "attribute 'left_window_size' = -2 is not supported"
    refused(attention(three, list("qkv"), left_window_size=-2), tmp_path, three, words)


def test_rotary_embedding_that_is_not_defined(tmp_path: Path) -> None:
    feeds = {"x": heads(1, 4, 8), "c": heads(1, 4, 2), "s": heads(1, 4, 2)}

    def rotary(**attributes: Any) -> Any:
        node = helper.make_node("RotaryEmbedding", list("xcs"), ["y"], "rotary", **attributes)
        return model_of([node], feeds, ["y"], opset=24)

    words = "expected num_heads for an input of 3 dimensions"
    refused(rotary(), tmp_path, feeds, words)
    words = r"expected 1 cosines for a position, got \[1, 4, 2\]"
    refused(rotary(num_heads=4), tmp_path, feeds, words)


def test_attention_of_grouped_heads(tmp_path: Path) -> None:
    feeds = {"q": heads(2, 4, 3, 8), "k": heads(2, 2, 5, 8), "v": heads(2, 2, 5, 6)}
    check(attention(feeds, list("qkv"), is_causal=1), tmp_path, feeds)


def roi_align(**attributes: Any) -> tuple[Any, dict[str, Any]]:
    feeds = {
        "x": heads(2, 3, 9, 11),
        "rois": np.float32([[0, 0, 20, 16], [-6, 2, 30, 9], [5.5, 3.25, 6, 3.5]]),
        "batches": np.int64([0, 1, 1]),
    }
    node = helper.make_node(
        "RoiAlign", list(feeds), ["y"], "roi", output_height=2, output_width=3,
        spatial_scale=0.5, **attributes,
    )  # fmt: skip
    return model_of([node], feeds, ["y"]), feeds


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("transform", ["half_pixel", "output_half_pixel"])
def test_roi_align(tmp_path: Path, mode: str, transform: str) -> None:
    model, feeds = roi_align(sampling_ratio=2, mode=mode, coordinate_transformation_mode=transform)
    check(model, tmp_path, feeds)


def test_roi_align_with_samples_by_data(tmp_path: Path) -> None:
    model, feeds = roi_align()
    refused(model, tmp_path, feeds, "attribute 'sampling_ratio' = 0 is not supported")
