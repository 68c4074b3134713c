# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets of files that are not IR: JSON of devices, schedules, reports and stores, and ONNX."""

from __future__ import annotations

import json
import math
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import mutations
import numpy as np

import pumice
from pumice.scheduling import ALGORITHMS
from scheduling_instances import random_problem


class Refused(Exception):
    """The input got an error; `parsed` tells whether it got past parsing."""

    def __init__(self, parsed: bool) -> None:
        super().__init__(parsed)
        self.parsed = parsed


def check_figures(node: Any, place: str = "report") -> None:
    """Every number of a report is finite and not negative."""
    if isinstance(node, dict):
        for key, value in node.items():
            check_figures(value, f"{place}.{key}")
    elif isinstance(node, list):
        for value in node:
            check_figures(value, place)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        assert math.isfinite(node), f"{place} is {node}"
        assert node >= 0, f"{place} is {node}"


def in_file(data: bytes, suffix: str, use: Callable[[str], Any]) -> Any:
    """What `use` makes of a file with `data`."""
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        return use(file.name)


def is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _json(chosen: random.Random, corpus: list[Any]) -> bytes:
    data = chosen.choice(corpus)
    if chosen.random() < 0.9:
        return json.dumps(mutations.mutate_json(chosen, data)).encode()
    return mutations.mutate_bytes(chosen, json.dumps(data).encode())


# ------------------------------------------------------------------ devices


#: Devices that differ in what they have.
PRESETS = (
    "isaac",
    "puma",
    "neon",
    "neon-lut",
    "rtm-ap",
    "cam-fefet",
    "aras",
    "tpu-like",
    "neurosim-rram-pipelined",
)


@cache
def device_corpus() -> list[Any]:
    return [pumice.Device(name).fields for name in PRESETS]


def make_device(chosen: random.Random) -> bytes:
    return _json(chosen, device_corpus())


@cache
def network() -> Any:
    """A small network, compiled once up to where the device counts."""
    path = Path(__file__).resolve().parents[1] / "Inputs" / "network.mlir"
    return pumice.compile(path, device="ideal")


def check_device(data: bytes) -> None:
    try:
        device = in_file(data, ".json", pumice.Device)
    except pumice.PumiceError as error:
        raise Refused(parsed=is_json(data)) from error
    again = pumice.Device(device.fields)
    assert str(again) == str(device), "another device from its own fields"
    assert again == device, "another device from its own fields"
    try:
        report = network().recompile(device).estimate()
    except pumice.PumiceError as error:
        raise Refused(parsed=True) from error
    check_figures({k: v for k, v in report.to_dict().items() if k != "timings_s"})


# ------------------------------------------------------------------ schedules


def make_schedule(chosen: random.Random) -> bytes:
    """A request of the scheduler: a problem and an algorithm."""
    problem = random_problem(chosen.randrange(64)).to_dict()
    algorithm = chosen.choice(ALGORITHMS)
    return _json(chosen, [{"problem": problem, "algorithm": algorithm}])


def check_schedule(data: bytes) -> None:
    """The C++ reader refuses the request, or its schedule verifies."""
    from pumice._mlir_libs import _pumice

    try:
        answer = json.loads(_pumice.schedule(data.decode("utf-8", "replace")))
        if "schedule" not in answer:
            raise Refused(parsed=True)
        check_figures(answer["summary"], "summary")
        request = {
            "problem": json.loads(data)["problem"],
            "action": "verify",
            "schedule": answer["schedule"],
        }
        again = json.loads(_pumice.schedule(json.dumps(request)))
    except ValueError as error:
        raise Refused(parsed=is_json(data)) from error
    assert again["summary"]["time_ps"] == answer["summary"]["time_ps"], "another time"


# ------------------------------------------------------------------ reports


@cache
def report_corpus() -> list[Any]:
    found = []
    for name in ("ideal", "neon"):
        report = network().recompile(name).estimate()
        with tempfile.TemporaryDirectory() as folder:
            report.to_json(Path(folder) / "r.json")
            found.append(json.loads((Path(folder) / "r.json").read_text()))
    return found


def make_report(chosen: random.Random) -> bytes:
    return _json(chosen, report_corpus())


def check_report(data: bytes) -> None:
    """A report that is read prints, as text, rows and data."""
    try:
        report = in_file(data, ".json", pumice.Report.from_json)
    except pumice.PumiceError as error:
        raise Refused(parsed=is_json(data)) from error
    assert str(report).encode()
    assert isinstance(report.to_dict(), dict)
    assert all(isinstance(row, dict) for row in report.records())


# ------------------------------------------------------------------ ONNX


@cache
def onnx_corpus() -> list[bytes]:
    """Small models: float, quantized, with shapes that are computed, with a subgraph."""
    from onnx import TensorProto, helper, numpy_helper, parser

    chosen = np.random.default_rng(0)

    def weights(name: str, *shape: int) -> Any:
        return numpy_helper.from_array(chosen.normal(size=shape).astype(np.float32), name)

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 6, 6])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], "conv", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        helper.make_node("MaxPool", ["r"], ["p"], "pool", kernel_shape=[3, 3]),
        helper.make_node("Flatten", ["p"], ["f"], "flat", axis=1),
        helper.make_node("Gemm", ["f", "g"], ["o"], "fc", transB=1, alpha=0.5),
        helper.make_node("Softmax", ["o"], ["y"], "softmax", axis=-1),
    ]
    graph = helper.make_graph(
        nodes, "cnn", [x], [y], [weights("w", 4, 2, 3, 3), weights("b", 4), weights("g", 3, 4)]
    )
    cnn = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    texts = (
        """<ir_version: 8, opset_import: ["" : 17]>
        g (float[2,3] x) => (float[N,M] y) <float s = {0.5}, int8 z = {0},
        int8[3,2] w = {1,-2,3,4,-5,6}> {
        q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z)
        v = DequantizeLinear (w, s, z) y = MatMul (d, v) }""",
        """<ir_version: 8, opset_import: ["" : 17]>
        g (float[2,3,4] x) => (float[N,M] y)
        <int64[1] o = {0}, int64[1] m = {-1}, int64[1] one = {2}> {
        s = Shape (x) t = Slice (s, o, one) u = Concat <axis = 0> (t, m)
        r = Reshape (x, u) e = ReduceMean <axes = [-1], keepdims = 1> (r) y = Sub (r, e) }""",
        """<ir_version: 8, opset_import: ["" : 17]>
        g (float[2,3] x) => (float[2,3] y) <bool c = {1}> {
        y = If (c) <then_branch = a () => (float[2,3] t) { t = Relu (x) },
        else_branch = b () => (float[2,3] e) { e = Neg (x) }> }""",
    )
    return [cnn.SerializeToString(), *(parser.parse_model(t).SerializeToString() for t in texts)]


def _change_model(chosen: random.Random, model: Any) -> None:
    nodes = model.graph.node
    node = chosen.choice(nodes)
    names = [name for one in nodes for name in (*one.input, *one.output)]
    kind = chosen.randrange(9)
    if kind == 0 and node.input:
        node.input[chosen.randrange(len(node.input))] = chosen.choice((*names, "", "nothing"))
    elif kind == 1 and node.input:
        del node.input[chosen.randrange(len(node.input)) :]
    elif kind == 2:
        node.op_type = chosen.choice((*(one.op_type for one in nodes), "Gather", "Pad", "Nothing"))
    elif kind == 3 and node.attribute:
        attribute = chosen.choice(node.attribute)
        if attribute.ints:
            place = chosen.randrange(len(attribute.ints))
            attribute.ints[place] = _int64(chosen, attribute.ints[place])
        attribute.i = _int64(chosen, attribute.i)
        attribute.f = chosen.choice((0.0, -1.0, math.inf, math.nan, 1e30))
    elif kind == 4 and node.attribute:
        del node.attribute[chosen.randrange(len(node.attribute))]
    elif kind == 5 and model.graph.initializer:
        weights = chosen.choice(model.graph.initializer)
        if weights.dims:
            place = chosen.randrange(len(weights.dims))
            weights.dims[place] = _int64(chosen, weights.dims[place])
        else:
            weights.data_type = chosen.randrange(24)
    elif kind == 6:
        shape = chosen.choice(model.graph.input).type.tensor_type.shape
        if shape.dim:
            dim = chosen.choice(shape.dim)
            dim.dim_value = _int64(chosen, dim.dim_value)
    elif kind == 7:
        model.opset_import[0].version = chosen.choice((-1, 0, 1, 7, 9, 11, 13, 18, 21, 2**40))
    else:
        del nodes[chosen.randrange(len(nodes))]


def _int64(chosen: random.Random, old: int) -> int:
    return max(-(2**63), min(2**63 - 1, int(mutations.number(chosen, str(old)))))


def make_onnx(chosen: random.Random) -> bytes:
    import onnx

    data = chosen.choice(onnx_corpus())
    if chosen.random() < 0.2:
        return mutations.mutate_bytes(chosen, data)
    model = onnx.load_model_from_string(data)
    for _ in range(chosen.choice((1, 1, 2))):
        if model.graph.node:
            _change_model(chosen, model)
    return bytes(model.SerializeToString())


def check_onnx(data: bytes) -> None:
    """A model that is imported has the results that its program promises."""
    try:
        model = in_file(data, ".onnx", pumice.import_onnx)
    except pumice.PumiceError as error:
        text = str(error)
        raise Refused(parsed="is not an ONNX model" not in text) from error
    assert str(model.module)


def prepare_onnx() -> None:
    """Imports what takes seconds."""
    import torch_mlir.fx  # noqa: F401

    from pumice.frontend.onnx import module  # noqa: F401

    onnx_corpus()


#: What makes an input, what checks it, what is done once before.
TARGETS: dict[
    str, tuple[Callable[[random.Random], bytes], Callable[[bytes], None], Callable[[], object]]
] = {
    "devices-json": (make_device, check_device, network),
    "schedules": (make_schedule, check_schedule, lambda: None),
    "reports": (make_report, check_report, report_corpus),
    "onnx": (make_onnx, check_onnx, prepare_onnx),
}
