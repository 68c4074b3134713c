# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Evaluates the parts of an ONNX graph that depend on shapes and constants alone.

Exporters compute reshapes, slices and masks from the shapes of tensors; with those fixed, the
operators' functions give their values, or the onnx package's reference evaluator where they refuse.
Arithmetic on weights is left to the compiler, but for quantizing them, which must happen before
layers are recognised. Branches whose condition is known are taken, and loops whose number of trips
is known are unrolled.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pumice.frontend.errors import FrontendError
from pumice.frontend.onnx.graph import Array, Graph, require_onnx
from pumice.frontend.onnx.loops import branch, rename, unrolled

__all__ = ["simplify"]

# Larger results stay computed: they would be large constants in every saved program.
_MAX_ELEMENTS = 1 << 20
# Branches and loops in each other multiply.
_MAX_NODES = 200_000
# Left in the graph: layers are recognised by them.
_KEPT = ("DequantizeLinear",)
_RANDOM = ("Random", "Bernoulli", "Multinomial", "Dropout")


def simplify(graph: Graph) -> None:
    """Folds constants until nothing changes; drops nodes that nothing needs.

    Raises:
        FrontendError: the remaining shapes contradict each other.
    """
    while _fold(graph):
        graph.infer_shapes()
    _drop_unused(graph)


def _fold(graph: Graph) -> bool:
    """One pass; true if shape inference may know more now."""
    types = graph.types()
    kept: list[Any] = []
    renamed: dict[str, str] = {}
    outputs = {value.name for value in graph.model.graph.output}
    changed = False
    for node in graph.nodes:
        if len(kept) > _MAX_NODES:
            raise FrontendError(
                f"expected at most {_MAX_NODES} nodes with those of branches and trips, got more"
                f" before '{node.name}'"
            )
        rename(node, renamed)
        if node.op_type == "Identity" and not node.domain and node.output[0] not in outputs:
            renamed[node.output[0]] = node.input[0]
            changed = True
            continue
        if node.op_type == "If" and node.input[0] in graph.weights:
            kept += branch(graph, node)
            changed = True
            continue
        if node.op_type in ("Loop", "Scan") and not node.domain:
            trips = unrolled(graph, node, types)
            if trips is not None:
                kept += trips
                changed = True
                continue
        values = _evaluate(graph, node, types)
        if values is None:
            kept.append(node)
            continue
        for name, value in zip(node.output, values, strict=False):
            if name:
                graph.weights[name] = np.asarray(value)
                graph.declare(name)
        changed = True
    graph.nodes = kept
    return changed


def _evaluate(graph: Graph, node: Any, types: dict[str, Any]) -> list[Array] | None:
    """The values of a node's results, or None for one that is to stay."""
    if node.domain not in ("", "ai.onnx") or node.op_type in _KEPT:
        return None
    if node.op_type.startswith(_RANDOM):
        return None
    if node.op_type == "Shape":
        shape = types.get(node.input[0], (0, None))[1]
        if shape is None:
            return None
        bounds = {attribute.name: attribute.i for attribute in node.attribute}
        return [np.array(shape[bounds.get("start", 0) : bounds.get("end", len(shape))], np.int64)]
    if node.op_type == "Size":
        shape = types.get(node.input[0], (0, None))[1]
        return None if shape is None else [np.array(int(np.prod(shape)), np.int64)]
    if any(name and name not in graph.weights for name in node.input):
        return None
    if any(attribute.HasField("g") for attribute in node.attribute):
        return None
    sizes = [graph.weights[name].size for name in node.input if name]
    if node.op_type != "QuantizeLinear" and sum(sizes) > _MAX_ELEMENTS:
        return None
    if node.op_type != "QuantizeLinear" and _is_large(graph, node, types):
        return None
    results: Any = None
    if node.op_type != "QuantizeLinear":  # its codes may be of types that PyTorch does not have
        results = _in_pytorch(graph, node, types)
    if results is None:
        results = _in_reference(graph, node)
    if not all(isinstance(value, np.ndarray | np.generic) for value in results):
        return None  # sequences
    if node.op_type != "QuantizeLinear" and any(value.size > _MAX_ELEMENTS for value in results):
        return None
    named = iter(results)
    return [next(named) if name else np.empty(0) for name in node.output]


def _is_large(graph: Graph, node: Any, types: dict[str, Any]) -> bool:
    """Whether a result has too many elements, or may have, before any is computed."""
    values = [graph.weights[name] for name in node.input if name]
    made = _made(node.op_type, values)
    if made is not None:
        return made > _MAX_ELEMENTS
    shapes = [types.get(name, (0, None))[1] for name in node.output if name]
    if all(shape is not None for shape in shapes):
        return any(math.prod(shape) > _MAX_ELEMENTS for shape in shapes)
    return math.prod(max(value.size, 1) for value in values) > 64 * _MAX_ELEMENTS


def _made(op: str, values: list[Array]) -> float | None:
    """Elements of the result, where values of inputs decide; None for other operators."""

    def product(place: int) -> int:
        return math.prod(int(part) for part in values[place].flat)

    if op == "ConstantOfShape" and values:
        return product(0)
    if op in ("Expand", "Tile") and len(values) == 2:
        return values[0].size * product(1)
    if op == "OneHot" and len(values) == 3:
        return values[0].size * product(1)
    if op == "Range" and len(values) == 3:
        start, limit, step = (float(value.flat[0]) if value.size else 0.0 for value in values)
        return (limit - start) / step if step else None
    if op.endswith("Window") and len(values) == 1:
        return product(0)
    return None


def _in_reference(graph: Graph, node: Any) -> list[Any]:
    """What the onnx package computes of constants."""
    onnx = require_onnx()
    from onnx.reference import ReferenceEvaluator

    inputs, outputs = (
        [onnx.helper.make_empty_tensor_value_info(name) for name in dict.fromkeys(names) if name]
        for names in (node.input, node.output)
    )
    body = onnx.helper.make_graph([node], "constant", inputs, outputs)
    model = onnx.helper.make_model(body, opset_imports=graph.model.opset_import)
    try:
        with np.errstate(all="ignore"):
            results: Any = ReferenceEvaluator(model).run(
                None, {name: graph.weights[name] for name in node.input if name}
            )
    except Exception as error:
        raise FrontendError(
            f"op '{node.op_type}' (node '{node.name}') cannot be evaluated on its constants:"
            f" {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            op=node.op_type,
        ) from None
    return list(results)


def _in_pytorch(graph: Graph, node: Any, types: dict[str, Any]) -> list[Array] | None:
    """What the operator's function computes of constants; None if it refuses them."""
    import torch

    from pumice.arrays import as_bfloat16
    from pumice.frontend.onnx.operators import NodeCall, run_node
    from pumice.frontend.onnx.operators.nodes import is_tensor_type, tensor_of

    known = dict(types)
    for name in filter(None, node.input):
        value = graph.weights[name]
        if not is_tensor_type(value.dtype):
            return None
        known[name] = (require_onnx().helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
    kinds = {name: kind for name, (kind, _) in known.items()}
    shapes = {name: shape for name, (_, shape) in known.items()}
    call = NodeCall(node, graph.opset, graph.weights, kinds | graph.kinds, shapes)
    given = [tensor_of(graph.weights[name]) if name else None for name in node.input]
    try:
        with torch.no_grad():
            results = run_node(call, given)
    except FrontendError:
        return None
    if not all(isinstance(value, torch.Tensor) for value in results):
        return None
    return [
        as_bfloat16(value.view(torch.int16).numpy())
        if value.dtype is torch.bfloat16
        else value.numpy()
        for name, value in zip(node.output, results, strict=False)
        if name
    ]


def _reads(node: Any) -> set[str]:
    """All names that a node reads, and the graphs in it."""
    names = set(node.input)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            names.update(output.name for output in attribute.g.output)
            for item in attribute.g.node:
                names |= _reads(item)
    return names


def _drop_unused(graph: Graph) -> None:
    needed = {value.name for value in graph.model.graph.output}
    kept = []
    for node in reversed(graph.nodes):
        if any(name in needed for name in node.output):
            kept.append(node)
            needed.update(_reads(node))
    graph.nodes = kept[::-1]
    graph.weights = {name: value for name, value in graph.weights.items() if name in needed}
