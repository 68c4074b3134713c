# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX file -> module of linalg on tensors, weights out of band."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pumice.frontend.errors import FrontendError
from pumice.frontend.importer import ImportedModel, import_lowered
from pumice.frontend.lowering import Clock, LoweredModel, resource_names
from pumice.frontend.onnx.graph import Graph, read_graph
from pumice.frontend.onnx.integers import expand_integer_ops
from pumice.frontend.onnx.simplify import simplify
from pumice.frontend.signature import InputSpec, OutputSpec, Signature
from pumice.frontend.silence import quiet

__all__ = ["import_onnx", "lower_onnx"]

_ENTRY = "main"
_TAG = re.compile(r'"pumice-node-(\d+)"')
# torch-mlir's own pipelines, without torch-fuse-quantized-ops: it quantizes biases that the file
# has in float, and does so for some layers only. Our compiler makes the integer layers.
_PIPELINE = (
    "torch-onnx-to-torch-backend-pipeline,func.func(torch-restructure-non-constant-axes,"
    "convert-torch-to-tmtensor,canonicalize,convert-torch-to-linalg,canonicalize,"
    "convert-torch-to-scf,convert-torch-to-arith,convert-torch-to-tensor),"
    "convert-torch-conversion-to-mlprogram,func.func(memref-expand,canonicalize,"
    "resolve-shaped-type-result-dims,cse),torch-func-backend-type-conversion,"
    "func.func(canonicalize,torch-finalizing-backend-type-conversion),"
    "torch-verify-linalg-on-tensors-backend-contract"
)


def import_onnx(
    path: str | os.PathLike[str],
    example_inputs: Any = None,
    context: Any = None,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> ImportedModel:
    """Imports an ONNX model for inputs of fixed shapes.

    Integer layers of QDQ files and of ONNX's and ORT's integer operators become integer layers
    of the compiler; everything else is float. Layers bear the names of the nodes.

    Args:
        path: an .onnx file; its external data is looked for beside it.
        example_inputs: an array or tensor, a sequence of them in order, or a dict by name; only
            shapes and dtypes count. Not needed where the file or `shapes` fixes all shapes.
        context: as for `import_model`.
        shapes: shapes of inputs by name.

    Raises:
        FrontendError: see `read_graph`; an operator that torch-mlir cannot lower, with its node.
    """
    return import_lowered(lower_onnx(path, example_inputs, shapes), context)


def lower_onnx(
    path: str | os.PathLike[str],
    example_inputs: Any = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> LoweredModel:
    """Lowers an ONNX model to linalg on tensors as text; arguments as for `import_onnx`."""
    clock = Clock()
    if hasattr(example_inputs, "shape"):
        example_inputs = (example_inputs,)
    graph = read_graph(path, example_inputs, shapes)
    clock.lap("read")
    simplify(graph)
    expand_integer_ops(graph)
    simplify(graph)
    signature = _signature(graph)
    clock.lap("simplify")
    text, resources = _run_torch_mlir(graph, clock)
    return LoweredModel(text, resources, _ENTRY, signature, clock.laps)


def _signature(graph: Graph) -> Signature:
    """Inputs and outputs by name; takes outputs that nothing computes out of the graph."""
    types = graph.types()
    inputs = tuple(InputSpec(name, shape, dtype) for name, dtype, shape in graph.inputs)
    names = [spec.name for spec in inputs]
    computed = {name for node in graph.nodes for name in node.output}
    kept: list[Any] = []
    outputs = []
    for output in graph.model.graph.output:
        if output.name in computed:
            kind = np.dtype(_numpy_type(types[output.name][0])).name
            outputs.append(OutputSpec("result", len(kept), dtype=kind))
            kept.append(output)
        elif output.name in graph.weights:
            outputs.append(OutputSpec("constant", value=graph.weights[output.name]))
        elif output.name in names:
            outputs.append(OutputSpec("input", names.index(output.name)))
        else:
            raise FrontendError(f"nothing computes the output '{output.name}'")
    leaf = {"kind": "leaf"}
    keys = [output.name for output in graph.model.graph.output]
    structure = {"kind": "dict", "keys": keys, "children": [leaf] * len(keys)}
    del graph.model.graph.output[:]
    graph.model.graph.output.extend(kept)
    arguments = {
        "kind": "tuple",
        "children": [
            {"kind": "tuple", "children": [leaf] * len(inputs)},
            {"kind": "dict", "keys": [], "children": []},
        ],
    }
    return Signature(inputs, tuple(outputs), arguments, leaf if len(keys) == 1 else structure)


def _numpy_type(kind: int) -> Any:
    from onnx import helper

    return helper.tensor_dtype_to_np_dtype(kind)


def _run_torch_mlir(graph: Graph, clock: Clock) -> tuple[str, dict[str, Any]]:
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras import onnx_importer
    from torch_mlir.passmanager import PassManager

    from pumice.frontend.onnx.constants import NamedConstants, NodeImporter

    _check(graph)
    locations = _tag(graph)
    _declare_weights(graph)
    context = ir.Context()
    torch_dialect.register_dialect(context)
    messages: list[str] = []

    def keep(diagnostic: Any) -> bool:
        messages.append(f"{diagnostic.location}: {diagnostic.message}")
        return True

    handler = context.attach_diagnostic_handler(keep)
    constants = NamedConstants(context, graph.weights)
    try:
        with quiet():
            info = onnx_importer.ModelInfo(graph.model)
            info.main_graph.graph_proto.name = _ENTRY
            module = info.create_module(context=context).operation
            importer = NodeImporter.define_function(info.main_graph, module, constants)
            importer.import_all()
            clock.lap("onnx_importer")
            with context:
                PassManager.parse(f"builtin.module({_PIPELINE})").run(module)
    except Exception as error:
        raise _unsupported(error, messages, graph, locations) from None
    finally:
        handler.detach()
    clock.lap("torch_mlir")
    text = module.get_asm(enable_debug_info=True, pretty_debug_info=False, large_resource_limit=0)
    text = text.split("\n{-#", 1)[0]
    text = _TAG.sub(lambda match: locations[int(match.group(1))][0], text)
    resources = {name: constants.arrays[name] for name in resource_names(text)}
    clock.lap("print")
    return text, resources


def _check(graph: Graph) -> None:
    """Every result has a fixed shape: torch-mlir's importer takes an unknown one for a scalar."""
    types = graph.types()
    for node in graph.nodes:
        if all(types.get(name, (0, None))[1] is not None for name in node.output if name):
            continue
        if node.domain not in ("", "ai.onnx"):
            raise FrontendError(
                f"op '{node.domain}.{node.op_type}' (node '{node.name}') is not supported: only"
                " ONNX's own operators and the integer ones of onnxruntime are",
                op=f"{node.domain}.{node.op_type}",
            )
        raise FrontendError(
            f"op '{node.op_type}' (node '{node.name}') has a result whose shape depends on data",
            op=node.op_type,
        )


def _tag(graph: Graph) -> list[tuple[str, str]]:
    """Names the nodes by number; returns for each the text of its location and its own name.

    A node that only quantizes or dequantizes belongs to the layer that computes its input, or
    else to the one that reads its result.
    """
    nodes = list(graph.nodes)
    maker = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    reader = {
        name: index for index, node in reversed(list(enumerate(nodes))) for name in node.input
    }

    def is_boundary(index: int) -> bool:
        return nodes[index].op_type in ("QuantizeLinear", "DequantizeLinear")

    layers: list[str] = []
    for index, node in enumerate(nodes):
        source = maker.get(node.input[0]) if node.input else None
        if is_boundary(index) and source is not None and source < index:
            layers.append(layers[source])
        else:
            layers.append(node.name)
    for index in reversed(range(len(nodes))):
        # What has no layer in front: a weight, or an input of the network.
        user = reader.get(nodes[index].output[0])
        if is_boundary(index) and layers[index] == nodes[index].name and user is not None:
            old, new = layers[index], layers[user]
            layers = [new if layer == old else layer for layer in layers]
    locations = []
    for index, node in enumerate(nodes):
        locations.append((f"{_quote(layers[index])}({_quote(node.name)})", node.name))
        node.name = f"pumice-node-{index}"
    return locations


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _declare_weights(graph: Graph) -> None:
    """Names, types and shapes of all weights, without data, for the importer."""
    from onnx import TensorProto, helper

    proto = graph.model.graph
    names = [name for name, _, _ in graph.inputs]
    inputs = [value for value in proto.input if value.name in names]
    del proto.input[:]
    proto.input.extend(inputs)
    del proto.initializer[:]
    for name, value in graph.weights.items():
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        proto.initializer.append(TensorProto(name=name, data_type=kind, dims=value.shape))


def _find(text: str, graph: Graph, locations: list[tuple[str, str]]) -> tuple[str, str] | None:
    match = re.search(r"pumice-node-(\d+)", text)
    if match is None:
        return None
    index = int(match.group(1))
    node = graph.nodes[index]
    domain = f"{node.domain}." if node.domain else ""
    return f"{domain}{node.op_type}", locations[index][1]


def _unsupported(
    error: Exception, messages: list[str], graph: Graph, locations: list[tuple[str, str]]
) -> FrontendError:
    for text in [*messages, str(error)]:
        found = _find(text, graph, locations)
        if found is not None:
            return FrontendError(
                f"op '{found[0]}' (node '{found[1]}') is not supported by torch-mlir", op=found[0]
            )
    lines = [line for text in [*messages, str(error)] for line in text.splitlines()]
    told = [line for line in lines if line and not line.startswith("Failure while executing")]
    detail = told[0] if told else type(error).__name__
    return FrontendError(f"torch-mlir cannot lower the model: {detail.rstrip('.')}")
