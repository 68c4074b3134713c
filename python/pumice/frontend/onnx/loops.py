# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the graphs in `If`, `Loop` and `Scan` into the graph around them.

A branch is taken and a loop is unrolled where the condition and the number of trips are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pumice.frontend.errors import FrontendError
from pumice.frontend.onnx.graph import Graph, require_onnx

__all__ = ["branch", "rename", "unrolled"]

#: More nodes would take longer to compile than anything else.
_MAX_NODES = 20_000


def branch(graph: Graph, node: Any) -> list[Any]:
    """The nodes of the branch of an `If` that is taken."""
    taken = "then_branch" if bool(graph.weights[node.input[0]]) else "else_branch"
    body = _body(node, taken)
    nodes, names = _inlined(graph, body, node.name, {})
    for result, output in zip(node.output, body.output, strict=True):
        nodes.append(_identity(names.get(output.name, output.name), result, node.name))
    return nodes


def unrolled(graph: Graph, node: Any, types: Mapping[str, Any]) -> list[Any] | None:
    """The nodes of all trips of a `Loop` or `Scan`; None if their number is not known.

    Raises:
        FrontendError: the trips have too many nodes.
    """
    return _loop(graph, node) if node.op_type == "Loop" else _scan(graph, node, types)


def _loop(graph: Graph, node: Any) -> list[Any] | None:
    trips, condition = (*node.input, "", "")[:2]
    body = _body(node, "body")
    if trips not in graph.weights or (condition and condition not in graph.weights):
        return None
    if not _stays_true(body):
        return None
    number = int(graph.weights[trips].reshape(()))
    if condition and not bool(graph.weights[condition].reshape(())):
        number = 0
    carried = list(node.input[2:])
    _check(node, body, number)
    scanned: list[list[str]] = [[] for _ in body.output[1 + len(carried) :]]
    if not number and scanned:
        return None  # a result without elements, of a type that the body knows
    nodes: list[Any] = []
    for trip in range(number):
        prefix = f"{node.name or node.op_type}.{trip}"
        counter = graph.add_weight(f"{prefix}.trip", np.int64(trip))
        goes_on = graph.add_weight(f"{prefix}.condition", np.bool_(True))
        given = [counter, goes_on, *carried]
        inner, results = _trip(graph, body, prefix, given)
        nodes += inner
        carried = results[1 : 1 + len(carried)]
        for all_trips, name in zip(scanned, results[1 + len(carried) :], strict=True):
            all_trips.append(name)
    for name, result in zip(carried, node.output, strict=False):
        if result:
            nodes.append(_identity(name, result, node.name))
    for all_trips, result in zip(scanned, node.output[len(carried) :], strict=False):
        if result:
            nodes += _stacked(graph, all_trips, result, 0, node.name)
    return nodes


def _scan(graph: Graph, node: Any, types: Mapping[str, Any]) -> list[Any] | None:
    attributes = {a.name: require_onnx().helper.get_attribute_value(a) for a in node.attribute}
    if _opset(graph) < 9:
        return None  # has a batch
    body, count = attributes["body"], attributes["num_scan_inputs"]
    states, inputs = list(node.input[:-count]), list(node.input[-count:])
    shapes = [types.get(name, (0, None))[1] for name in inputs]
    axes = attributes.get("scan_input_axes") or [0] * count
    results = len(body.output) - len(states)
    out_axes = attributes.get("scan_output_axes") or [0] * results
    backwards = attributes.get("scan_input_directions") or [0] * count
    out_backwards = attributes.get("scan_output_directions") or [0] * results
    if any(shape is None for shape in shapes):
        return None
    sizes = {shape[axis] for shape, axis in zip(shapes, axes, strict=True)}
    if len(sizes) != 1 or not all(isinstance(size, int) and size for size in sizes):
        return None
    (number,) = sizes
    _check(node, body, number)
    scanned: list[list[str]] = [[] for _ in range(results)]
    nodes: list[Any] = []
    for trip in range(number):
        prefix = f"{node.name or node.op_type}.{trip}"
        given = list(states)
        for name, axis, reverse in zip(inputs, axes, backwards, strict=True):
            place = graph.add_weight(
                f"{prefix}.place", np.int64(number - 1 - trip if reverse else trip)
            )
            item = graph.fresh(f"{prefix}.{name}")
            nodes.append(
                require_onnx().helper.make_node(
                    "Gather", [name, place], [item], node.name, axis=axis
                )
            )
            given.append(item)
        inner, made = _trip(graph, body, prefix, given)
        nodes += inner
        states = made[: len(states)]
        for all_trips, name in zip(scanned, made[len(states) :], strict=True):
            all_trips.append(name)
    for name, result in zip(states, node.output, strict=False):
        if result:
            nodes.append(_identity(name, result, node.name))
    rest = zip(scanned, node.output[len(states) :], out_axes, out_backwards, strict=False)
    for all_trips, result, axis, reverse in rest:
        if result:
            ordered = all_trips[::-1] if reverse else all_trips
            nodes += _stacked(graph, ordered, result, axis, node.name)
    return nodes


def _trip(graph: Graph, body: Any, prefix: str, given: list[str]) -> tuple[list[Any], list[str]]:
    """The nodes of a trip, and the names of its results."""
    names = {value.name: name for value, name in zip(body.input, given, strict=True)}
    nodes, names = _inlined(graph, body, prefix, names)
    return nodes, [names.get(output.name, output.name) for output in body.output]


def _stays_true(body: Any) -> bool:
    """The condition that a body computes is the one it gets, or the constant true."""
    onnx = require_onnx()
    name = body.output[0].name
    makers = {output: node for node in body.node for output in node.output}
    while name in makers and makers[name].op_type == "Identity":
        name = makers[name].input[0]
    if name == body.input[1].name:
        return True
    values = {proto.name: onnx.numpy_helper.to_array(proto) for proto in body.initializer}
    maker = makers.get(name)
    if maker is not None and maker.op_type == "Constant":
        for attribute in maker.attribute:
            if attribute.name == "value":
                values[name] = onnx.numpy_helper.to_array(attribute.t)
    return name in values and bool(np.all(values[name]))


def _check(node: Any, body: Any, number: int) -> None:
    if number * len(body.node) > _MAX_NODES:
        raise FrontendError(
            f"op '{node.op_type}' (node '{node.name}'): expected at most {_MAX_NODES} nodes in all"
            f" trips, got {number} trips of {len(body.node)}",
            op=node.op_type,
        )


def _body(node: Any, name: str) -> Any:
    return next(attribute.g for attribute in node.attribute if attribute.name == name)


def _identity(source: str, result: str, name: str) -> Any:
    return require_onnx().helper.make_node("Identity", [source], [result], name)


def _opset(graph: Graph) -> int:
    imports = graph.model.opset_import
    version: int = max(item.version for item in imports if item.domain in ("", "ai.onnx"))
    return version


def _stacked(graph: Graph, names: list[str], result: str, axis: int, node: str) -> list[Any]:
    """The results of all trips along a new axis."""
    helper = require_onnx().helper
    nodes, parts = [], []
    for name in names:
        part = graph.fresh(f"{result}.part")
        if _opset(graph) < 13:
            nodes.append(helper.make_node("Unsqueeze", [name], [part], node, axes=[axis]))
        else:
            axes = graph.add_weight(f"{result}.axes", np.array([axis], np.int64))
            nodes.append(helper.make_node("Unsqueeze", [name, axes], [part], node))
        parts.append(part)
    return [*nodes, helper.make_node("Concat", parts, [result], node, axis=axis)]


def _inlined(
    graph: Graph, body: Any, prefix: str, names: Mapping[str, str]
) -> tuple[list[Any], dict[str, str]]:
    """A body's nodes under fresh names; `names` are those of its inputs. All new names."""
    onnx = require_onnx()
    known = dict(names)
    for proto in body.initializer:
        value = onnx.numpy_helper.to_array(proto)
        known[proto.name] = graph.add_weight(f"{prefix}.{proto.name}", value)
    nodes = [onnx.NodeProto.FromString(item.SerializeToString()) for item in body.node]
    for item in nodes:
        item.name = f"{prefix}.{item.name or item.op_type}"
        for name in item.output:
            known[name] = graph.fresh(f"{prefix}.{name}") if name else name
    for item in nodes:
        rename(item, known)
        for index, name in enumerate(item.output):
            item.output[index] = known[name]
    return nodes, known


def rename(node: Any, renamed: Mapping[str, str]) -> None:
    """New names for what a node reads, and what the graphs in it do."""
    for index, name in enumerate(node.input):
        node.input[index] = renamed.get(name, name)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            own = {name for item in attribute.g.node for name in item.output}
            own.update(proto.name for proto in attribute.g.initializer)
            own.update(value.name for value in attribute.g.input)
            outer = {name: new for name, new in renamed.items() if name not in own}
            for item in attribute.g.node:
                rename(item, outer)
            for output in attribute.g.output:
                output.name = outer.get(output.name, output.name)
