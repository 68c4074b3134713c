# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX file -> PyTorch module -> module of linalg on tensors, weights out of band."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pumice.errors import PumiceError
from pumice.frontend.errors import FrontendError, check_memory
from pumice.frontend.export import check_program, of_real_numbers
from pumice.frontend.importer import ImportedModel, import_lowered
from pumice.frontend.locations import GIVEN
from pumice.frontend.lowering import Clock, LoweredModel, lower_exported
from pumice.frontend.onnx.graph import Graph, read_graph
from pumice.frontend.onnx.integers import expand_integer_ops
from pumice.frontend.onnx.simplify import simplify
from pumice.frontend.signature import InputSpec, OutputSpec, Signature
from pumice.frontend.silence import quiet

__all__ = ["import_onnx", "lower_onnx"]


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
        path: an .onnx file; its external data is read from the same folder.
        example_inputs: an array or tensor, a sequence of them in order, or a dict by name; only
            shapes and dtypes count. Not needed where the file or `shapes` fixes all shapes.
        context: as for `import_model`.
        shapes: shapes of inputs by name.

    Raises:
        FrontendError: see `read_graph`; an operator, or an attribute or type of it, that is not
            supported, with its node.
    """
    return import_lowered(lower_onnx(path, example_inputs, shapes), context)


def lower_onnx(
    path: str | os.PathLike[str],
    example_inputs: Any = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> LoweredModel:
    """Lowers an ONNX model to linalg on tensors as text; arguments as for `import_onnx`."""
    with _errors_named(path):
        return _lower_onnx(path, example_inputs, shapes)


@contextlib.contextmanager
def _errors_named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns what a malformed file leads to into an error that names the file and the node."""
    try:
        yield
    except (PumiceError, OSError):
        raise
    except Exception as error:
        check_memory(error, f"import '{path}'{_node_of(error)}")
        lines = str(error).strip().splitlines()
        text = type(error).__name__ + (f": {lines[0].rstrip('.')}" if lines else "")
        raise FrontendError(f"cannot import '{path}'{_node_of(error)}: {text}") from error


def _node_of(error: Exception) -> str:
    """The node that was at hand where an exception was raised."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        node = trace.tb_frame.f_locals.get("node")
        if node is not None and isinstance(getattr(node, "op_type", None), str):
            found = f" (node '{node.name}', {node.op_type})"
        trace = trace.tb_next
    return found


def _lower_onnx(
    path: str | os.PathLike[str],
    example_inputs: Any,
    shapes: Mapping[str, Sequence[int]] | None,
) -> LoweredModel:
    clock = Clock()
    if hasattr(example_inputs, "shape"):
        example_inputs = (example_inputs,)
    graph = read_graph(path, example_inputs, shapes)
    clock.lap("read")
    simplify(graph)
    expand_integer_ops(graph)
    simplify(graph)
    signature = _signature(graph)
    _check(graph)
    clock.lap("simplify")
    program, names = _export(graph)
    clock.lap("export")
    lowered = lower_exported(program, clock, names)
    lowered.signature = _named(signature, lowered.signature)
    lowered.exported = None
    return lowered


def _export(graph: Graph) -> tuple[Any, dict[str, str]]:
    """The graph as an exported program, its nodes named; names of weights by those of buffers."""
    import torch

    from pumice.frontend.onnx.module import GraphModule, example_inputs

    module = GraphModule(graph).eval()
    try:
        with quiet(), torch.no_grad():
            examples = example_inputs(graph)
            program = torch.export.export(module, examples, strict=False)
            program = of_real_numbers(program, examples, {})
    except FrontendError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise FrontendError(f"cannot export the graph: {lines[0].rstrip('.')}") from error
    check_program(program)
    _name_nodes(graph, program)
    return program, module.weight_names


def _name_nodes(graph: Graph, program: Any) -> None:
    """Gives each FX node the path of the layer that its ONNX node belongs to."""
    layers = _layers(graph)
    for node in program.graph.nodes:
        stack = node.meta.get("nn_module_stack") or {}
        index = next(
            (int(path.split(".")[1]) for path, _ in stack.values() if path.startswith("nodes.")),
            None,
        )
        node.meta.pop("stack_trace", None)
        if index is None:
            node.meta.pop("nn_module_stack", None)
        else:
            node.meta["nn_module_stack"] = {"layer": (layers[index], "pumice.onnx.Node")}
            own = graph.nodes[index]
            node.meta[GIVEN] = (own.name, own.op_type)


def _layers(graph: Graph) -> list[str]:
    """The layer of each node, by name.

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
    return layers


def _signature(graph: Graph) -> Signature:
    """Inputs and outputs by name; takes outputs that nothing computes out of the graph."""
    inputs = tuple(InputSpec(name, shape, dtype) for name, dtype, shape in graph.inputs)
    names = [spec.name for spec in inputs]
    computed = {name for node in graph.nodes for name in node.output}
    kept: list[Any] = []
    outputs = []
    for output in graph.model.graph.output:
        if output.name in computed:
            outputs.append(OutputSpec("result", len(kept)))
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


def _named(named: Signature, lowered: Signature) -> Signature:
    """The names of the file, with what the lowered program says of its results."""
    outputs = tuple(
        lowered.outputs[spec.index] if spec.source == "result" else spec for spec in named.outputs
    )
    return replace(named, outputs=outputs)


def _check(graph: Graph) -> None:
    """Every result has a fixed shape, and every operator is one of ONNX's own.

    Raises:
        FrontendError: one that has not, or is not.
    """
    from pumice.frontend.onnx.operators import OPERATORS

    types = graph.types()
    for node in graph.nodes:
        if node.domain not in ("", "ai.onnx"):
            raise FrontendError(
                f"op '{node.domain}.{node.op_type}' (node '{node.name}') is not supported: only"
                " ONNX's own operators and the integer ones of onnxruntime are",
                op=f"{node.domain}.{node.op_type}",
            )
        if all(types.get(name, (0, None))[1] is not None for name in node.output if name):
            continue
        if node.op_type in OPERATORS and _shapes_known(types, node):
            continue  # shape inference knows less than the operator's function
        raise FrontendError(
            f"op '{node.op_type}' (node '{node.name}') has a result whose shape depends on data:"
            " end the model before it (onnx.utils.extract_model) and compute it from the results",
            op=node.op_type,
        )


def _shapes_known(types: Mapping[str, Any], node: Any) -> bool:
    return all(types.get(name, (0, None))[1] is not None for name in node.input if name)
