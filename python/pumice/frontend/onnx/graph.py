# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An ONNX graph of fixed shapes, its weights apart."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pumice.frontend.errors import FrontendError
from pumice.frontend.onnx.wellformed import check_nodes
from pumice.frontend.requirements import require_torch

__all__ = ["Graph", "Shape", "inlined", "read_graph", "require_onnx"]

Shape = tuple[int, ...]
Array = npt.NDArray[Any]

# Shape inference reads the values of small tensors only, and copies every byte that it is given.
_SMALL_BYTES = 1024
_MAX_RANGE = 1 << 24
# Functions that call functions multiply.
_MAX_INLINED = 1_000_000


def require_onnx() -> Any:
    """The package onnx.

    Raises:
        FrontendError: it, or torch-mlir, is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.shape_inference
    except ImportError:
        raise FrontendError(
            "ONNX files need the package onnx: pip install 'pumice[onnx]'"
        ) from None
    if importlib.util.find_spec("torch_mlir") is None:
        raise FrontendError("ONNX files need torch-mlir: pip install 'pumice[onnx]'")
    require_torch("torch", "torch-mlir")
    return onnx


@dataclass
class Graph:
    """A graph that is being changed.

    Attributes:
        model: the ModelProto; large initializers are not in it but in `weights`.
        weights: every initializer by name.
        inputs: name, dtype and shape of each input.
        kinds: ONNX element types of weights that NumPy has no type for: codes of 4 bits.
    """

    model: Any
    weights: dict[str, Array]
    inputs: list[tuple[str, str, Shape]]
    kinds: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = {name for node in self.nodes for name in (*node.input, *node.output)}
        self._names.update(self.weights, (name for name, _, _ in self.inputs))

    @property
    def nodes(self) -> Any:
        """The nodes, in order."""
        return self.model.graph.node

    @nodes.setter
    def nodes(self, nodes: Sequence[Any]) -> None:
        kept = list(nodes)  # before they are deleted
        del self.model.graph.node[:]
        self.model.graph.node.extend(kept)

    @property
    def opset(self) -> int:
        """The version of ONNX's own operators."""
        versions = {item.domain: item.version for item in self.model.opset_import}
        return int(versions.get("", versions.get("ai.onnx", 1)))

    def fresh(self, name: str) -> str:
        """A name that nothing has."""
        while name in self._names:
            name += "_"
        self._names.add(name)
        return name

    def add_weight(self, name: str, value: Any) -> str:
        """Adds an initializer; returns its name."""
        name = self.fresh(name)
        self.weights[name] = np.asarray(value)
        self.declare(name)
        return name

    def declare(self, name: str) -> None:
        """Tells shape inference of a weight: its value when it is small, else its type."""
        onnx = require_onnx()
        value = self.weights[name]
        if value.nbytes <= _SMALL_BYTES:
            self.model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
        else:
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
            self.model.graph.input.append(
                onnx.helper.make_tensor_value_info(name, kind, value.shape)
            )

    def infer_shapes(self) -> None:
        """Works all types out anew, from the inputs.

        Raises:
            FrontendError: the shapes contradict each other.
        """
        onnx = require_onnx()
        del self.model.graph.value_info[:]
        fixed = {value.name for value in self.model.graph.input} | set(self.weights)
        for output in self.model.graph.output:
            if output.name in fixed:
                continue
            output.type.tensor_type.ClearField("shape")
        try:
            self.model = onnx.shape_inference.infer_shapes(
                self.model, strict_mode=False, data_prop=True
            )
        except Exception as error:
            raise FrontendError(f"cannot infer the shapes of the model: {_line(error)}") from None

    def types(self) -> dict[str, tuple[int, Shape | None]]:
        """ONNX element type and, where it is fixed, shape of each value that is known."""
        graph = self.model.graph
        found: dict[str, tuple[int, Shape | None]] = {}
        for value in (*graph.output, *graph.value_info, *graph.input):
            found[value.name] = (value.type.tensor_type.elem_type, _shape(value))
        onnx = require_onnx()
        for name, array in self.weights.items():
            found[name] = (int(onnx.helper.np_dtype_to_tensor_dtype(array.dtype)), array.shape)
        return found


def read_graph(
    path: str | os.PathLike[str],
    examples: Sequence[Any] | Mapping[str, Any] | None,
    shapes: Mapping[str, Sequence[int]] | None,
) -> Graph:
    """Reads a file, with its external data, and binds the shapes of its inputs.

    Args:
        path: an .onnx file.
        examples: inputs in order or by name; whatever has `shape` and `dtype`.
        shapes: shapes of inputs by name.

    Raises:
        FrontendError: not an ONNX model; examples or shapes that do not fit; a shape that is not
            bound; an input that is not a tensor.
    """
    onnx = require_onnx()
    model = _load(onnx, path)
    weights, kinds = {}, {}
    for proto in model.graph.initializer:
        weights[proto.name] = _array(onnx, proto, path)
        if proto.data_type in (onnx.TensorProto.INT4, onnx.TensorProto.UINT4):
            kinds[proto.name] = proto.data_type
    for proto in model.graph.sparse_initializer:
        raise FrontendError(f"'{path}': sparse initializer '{proto.values.name}' is not supported")
    del model.graph.initializer[:]
    # Old exporters list weights among the inputs.
    inputs = [value for value in model.graph.input if value.name not in weights]
    bound = _bind(onnx, inputs, examples, shapes)
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    graph = Graph(model, weights, bound, kinds)
    for name in weights:
        graph.declare(name)
    graph.model = inlined(graph.model)
    known = dict(weights)
    for index, node in enumerate(graph.nodes):
        node.name = node.name or f"{node.op_type}_{index}"
        if node.op_type == "Constant" and node.output:
            for attribute in node.attribute:
                if attribute.name == "value" and len(attribute.t.dims) <= 1:
                    known[node.output[0]] = _array(onnx, attribute.t, path)
        if node.op_type == "Range" and all(name in known for name in node.input):
            _check_range(node, [known[name] for name in node.input])
        if node.op_type == "STFT" and not any(a.name == "onesided" for a in node.attribute):
            # Shape inference takes an absent attribute for 0, the default is 1.
            node.attribute.append(onnx.helper.make_attribute("onesided", 1))
    check_nodes(onnx, graph.model, [*weights, *(name for name, _, _ in bound)])
    graph.infer_shapes()
    return graph


def _check_range(node: Any, values: list[Array]) -> None:
    """Shape inference makes the elements of a range one by one."""
    if len(values) != 3 or not all(value.size == 1 for value in values):
        return  # refused later
    start, limit, step = (float(value.flat[0]) for value in values)
    if step and (limit - start) / step > _MAX_RANGE:
        raise FrontendError(
            f"op 'Range' (node '{node.name}'): expected at most {_MAX_RANGE} elements, got"
            f" {(limit - start) / step:g}",
            op="Range",
        )


def inlined(model: Any) -> Any:
    """The model with the bodies of its own functions in the place of their calls.

    Raises:
        FrontendError: functions that call each other in a circle, or that have so many nodes.
    """
    if not model.functions:
        return model
    from onnx import inliner

    bodies = {(f.domain, f.name, getattr(f, "overload", "")): f.node for f in model.functions}
    counts: dict[Any, int] = {}

    def count(nodes: Any, open_: tuple[Any, ...]) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, getattr(node, "overload", ""))
            if key in bodies:
                if key in open_:
                    raise FrontendError(f"function '{node.op_type}' calls itself")
                if key not in counts:
                    counts[key] = count(bodies[key], (*open_, key))
                total += counts[key]
            total += 1
            for attribute in node.attribute:
                for graph in (attribute.g, *attribute.graphs):
                    total += count(graph.node, open_)
        return total

    try:
        total = count(model.graph.node, ())
    except RecursionError:
        raise FrontendError("functions call each other too deep") from None
    if total > _MAX_INLINED:
        raise FrontendError(
            f"expected at most {_MAX_INLINED} nodes with those of functions, got {total}"
        )
    return inliner.inline_local_functions(model)


def _line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _load(onnx: Any, path: str | os.PathLike[str]) -> Any:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise FrontendError(f"cannot read '{path}': {error.strerror}") from None
    try:
        model = onnx.load_model_from_string(data)
        del data
        if not model.ir_version or not model.HasField("graph") or not model.opset_import:
            raise ValueError("it has no graph, version or operator set")
    except Exception as error:
        raise FrontendError(f"'{path}' is not an ONNX model: {_line(error)}") from None
    folder = os.path.dirname(os.path.abspath(path))
    try:
        onnx.load_external_data_for_model(model, folder)
    except Exception as error:
        raise FrontendError(f"cannot read the external data of '{path}': {_line(error)}") from None
    return model


def _array(onnx: Any, proto: Any, path: str | os.PathLike[str]) -> Array:
    try:
        array: Array = onnx.numpy_helper.to_array(proto)
    except Exception as error:
        raise FrontendError(
            f"'{path}': initializer '{proto.name}' cannot be read: {_line(error)}"
        ) from None
    kind = onnx.TensorProto
    if proto.data_type in (kind.INT4, kind.UINT4):  # torch-mlir knows whole bytes
        array = array.astype(np.int8 if proto.data_type == kind.INT4 else np.uint8)
    return array


def _shape(value: Any) -> Shape | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    if not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        return None
    return tuple(dim.dim_value for dim in tensor.shape.dim)


def _bind(
    onnx: Any,
    inputs: Sequence[Any],
    examples: Sequence[Any] | Mapping[str, Any] | None,
    shapes: Mapping[str, Sequence[int]] | None,
) -> list[tuple[str, str, Shape]]:
    """Writes fixed shapes into the inputs; returns name, dtype and shape of each."""
    names = [value.name for value in inputs]
    given: dict[str, Shape] = {}
    dtypes: dict[str, str] = {}
    if examples is not None:
        if not isinstance(examples, Mapping):
            if len(examples) != len(names):
                raise FrontendError(
                    f"expected {len(names)} inputs ({', '.join(names)}), got {len(examples)}"
                )
            examples = dict(zip(names, examples, strict=True))
        if set(examples) != set(names):
            raise FrontendError(f"expected the inputs {names}, got {sorted(examples)}")
        for name, example in examples.items():
            if not hasattr(example, "shape"):
                raise FrontendError(
                    f"input '{name}': expected a tensor, got {type(example).__name__}"
                )
            given[name] = tuple(int(extent) for extent in example.shape)
            dtypes[name] = str(example.dtype).removeprefix("torch.")
    for name, extents in (shapes or {}).items():
        if name not in names:
            raise FrontendError(f"expected shapes of the inputs {names}, got '{name}'")
        given[name] = tuple(extents)

    symbols: dict[str, int] = {}
    for value in inputs:
        if value.type.WhichOneof("value") != "tensor_type":
            raise FrontendError(f"input '{value.name}': expected a tensor, got another type")
        if value.name in given:
            _bind_one(value, given[value.name], symbols)
    bound = []
    for value in inputs:
        tensor = value.type.tensor_type
        for dim in tensor.shape.dim:
            if not dim.HasField("dim_value") and dim.dim_param in symbols:
                dim.dim_value = symbols[dim.dim_param]
        shape = _shape(value)
        try:
            dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name
        except KeyError:
            raise FrontendError(f"input '{value.name}' has no element type") from None
        if shape is None:
            dims = [dim.dim_param or dim.dim_value or "?" for dim in tensor.shape.dim]
            text = "x".join(map(str, dims)) if tensor.HasField("shape") else "unknown"
            raise FrontendError(
                f"input '{value.name}' has no fixed shape ({text}): give example inputs or its"
                f" shape (shapes={{'{value.name}': (...)}}, --shape {value.name}=1x...)"
            )
        if dtypes.get(value.name, dtype) != dtype:
            raise FrontendError(f"input '{value.name}': expected {dtype}, got {dtypes[value.name]}")
        bound.append((value.name, dtype, shape))
    return bound


def _bind_one(value: Any, shape: Shape, symbols: dict[str, int]) -> None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        for _ in shape:
            tensor.shape.dim.add()
    dims = tensor.shape.dim
    named = [dim.dim_param or (dim.dim_value if dim.HasField("dim_value") else "?") for dim in dims]
    fits = len(dims) == len(shape)
    for dim, extent in zip(dims, shape, strict=False):
        if dim.HasField("dim_value"):
            fits = fits and dim.dim_value == extent
        elif dim.dim_param and symbols.setdefault(dim.dim_param, extent) != extent:
            raise FrontendError(
                f"input '{value.name}': expected {dim.dim_param} = {symbols[dim.dim_param]} as in"
                f" the inputs before, got {extent}"
            )
    if not fits:
        raise FrontendError(
            f"input '{value.name}': expected the shape {'x'.join(map(str, named))}, got"
            f" {'x'.join(map(str, shape))}"
        )
    for dim, extent in zip(dims, shape, strict=True):
        dim.dim_value = extent
