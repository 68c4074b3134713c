# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a machine program with onnxruntime, node by node."""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pumice.arrays import to_numpy
from pumice.comparison.metrics import Errors, errors_of
from pumice.comparison.result import Comparison, TensorComparison
from pumice.errors import PumiceError
from pumice.tensors import MachineTensor, Place

if TYPE_CHECKING:
    from pumice.program import Program

__all__ = ["compare_onnx"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class _Target:
    """What onnxruntime computes for a tensor of the machine.

    Attributes:
        name: of the value in the graph.
        scale, bias: real value of the machine's integer 1, and what is added to that.
        is_code: the value is quantized too, and is compared as an integer.
    """

    node: Any
    place: Place
    name: str
    kind: str
    scale: Array | None = None
    bias: Array | None = None
    is_code: bool = False


def compare_onnx(
    program: Program,
    path: str | os.PathLike[str],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    tolerance: float,
    threads: int | None,
) -> Comparison:
    """Runs onnxruntime and the machine on the same inputs; see `Program.compare`.

    onnxruntime runs without graph optimizations, and every value of the graph is an output.

    Raises:
        PumiceError: onnx or onnxruntime is missing; it cannot run the model, or the model has
            other inputs or results than the program.
    """
    if not tolerance >= 0:
        raise PumiceError(f"expected a tolerance of at least 0, got {tolerance}")
    leaves = [to_numpy(leaf) for leaf in program.flatten_inputs(args, kwargs)]
    reference = _Reference(path, leaves)
    run = _Run(program, reference, tolerance)
    results, report = program.run_flat(leaves, threads=threads, observe=run.observe)
    outputs = run.outputs(results)
    first = run.first or next((o for o in outputs if o.errors.relative > tolerance), None)
    names = [name for name in reference.nodes if name not in run.compared]
    ir = ""
    if run.first is not None and "crossbar" in program.levels:
        ir = "\n".join(program.operations([run.first.node], "crossbar"))
    return Comparison(
        report.device, tolerance, run.tensors, outputs, first, ir, names, "onnxruntime"
    )


class _Reference:
    """A model, and what onnxruntime computes.

    Attributes:
        nodes: by their names, which are those of the importer.
        values: of every value of the graph, by name; constants too.
    """

    def __init__(self, path: str | os.PathLike[str], leaves: Sequence[Array]) -> None:
        try:
            import onnx
            import onnxruntime
        except ImportError as error:
            raise PumiceError(
                f"comparing with an ONNX model needs the package {error.name}: pip install"
                f" {error.name}"
            ) from None
        try:
            model = onnx.load(os.fspath(path))
        except Exception as error:
            raise PumiceError(f"cannot read '{path}': {_line(error)}") from None
        from pumice.frontend.onnx.graph import inlined

        model = inlined(model)
        graph = model.graph
        self.nodes: dict[str, Any] = {}
        for index, node in enumerate(graph.node):
            node.name = node.name or f"{node.op_type}_{index}"
            self.nodes[node.name] = node
        self.readers: dict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self.readers[name].append(node)
        self.makers = {name: node for node in graph.node for name in node.output if name}
        self.results = [output.name for output in graph.output]
        self.values: dict[str, Array] = {
            proto.name: onnx.numpy_helper.to_array(proto, os.path.dirname(os.path.abspath(path)))
            for proto in graph.initializer
        }
        inputs = [value.name for value in graph.input if value.name not in self.values]
        if len(inputs) != len(leaves):
            raise PumiceError(f"expected {len(leaves)} inputs of '{path}', got {len(inputs)}")
        feed = dict(zip(inputs, leaves, strict=True))
        known = {output.name for output in graph.output}
        for name in self.makers:
            if name not in known:
                graph.output.append(onnx.ValueInfoProto(name=name))
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            names = [output.name for output in session.get_outputs()]
            found = session.run(names, feed)
        except Exception as error:
            raise PumiceError(f"onnxruntime cannot run '{path}': {_line(error)}") from None
        self.values.update(zip(names, found, strict=True))
        self.values.update(feed)

    def constant(self, name: str) -> Array | None:
        """A value that does not depend on the inputs, if it is an initializer or a `Constant`."""
        maker = self.makers.get(name)
        if maker is not None and maker.op_type not in ("Constant", "DequantizeLinear"):
            return None
        return self.values.get(name)

    def parameters(self, node: Any) -> tuple[Array, Array] | None:
        """Scale and zero point of a QuantizeLinear or DequantizeLinear along the right dimension.

        None if they are computed, or blocked.
        """
        scale = self.constant(node.input[1])
        zero = self.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else None
        if scale is None or any(a.name == "block_size" and a.i for a in node.attribute):
            return None
        zero = np.zeros(1, np.int32) if zero is None else zero
        return scale, zero.astype(np.int32)


class _Run:
    def __init__(self, program: Program, reference: _Reference, tolerance: float) -> None:
        self._reference, self._tolerance = reference, tolerance
        self._program = program
        self.tensors: list[TensorComparison] = []
        self.compared: set[str] = set()
        self.first: TensorComparison | None = None
        self._expected: dict[str, deque[tuple[MachineTensor, _Target | None]]] = defaultdict(deque)
        for tensor in program.tensors():
            self._expected[tensor.name].append((tensor, self._target(tensor)))

    def _target(self, tensor: MachineTensor) -> _Target | None:
        for place in tensor.places:
            node = self._reference.nodes.get(place.node)
            target = None if node is None else self._kind(tensor, place, node)
            if target is not None:
                return target
        return None

    def _kind(self, tensor: MachineTensor, place: Place, node: Any) -> _Target | None:
        name = node.output[0]
        value = self._reference.values.get(name)
        if value is None or value.size != _size(tensor.shape):
            return None
        is_real = value.dtype.kind == "f"
        if tensor.element.startswith(("f", "bf")):
            return _Target(node, place, name, "values") if is_real else None
        if tensor.kind == "sums":
            return self._sums(place, node, name)
        if not is_real:  # quantized values of a quantizing node, or plain integers
            return self._codes(node, place, name, node)
        for reader in self._reference.readers[name]:
            if reader.op_type == "QuantizeLinear" and reader.input[0] == name:
                return self._codes(node, place, reader.output[0], reader)
        return None

    def _codes(self, node: Any, place: Place, name: str, maker: Any) -> _Target | None:
        if maker.op_type != "QuantizeLinear":
            return _Target(node, place, name, "values", is_code=True)
        found = self._reference.parameters(maker)
        scale = None if found is None or found[0].size > 1 else found[0]
        return _Target(node, place, name, "codes", scale, is_code=True)

    def _sums(self, place: Place, node: Any, name: str) -> _Target | None:
        """A layer of dequantized operands, or one whose result are the sums."""
        if self._reference.values[name].dtype == np.int32:
            return _Target(node, place, name, "sums", is_code=True)
        if node.op_type not in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
            return None
        scale: Array = np.ones(1, np.float32)
        for source in node.input[:2]:
            maker = self._reference.makers.get(source)
            if maker is None or maker.op_type != "DequantizeLinear":
                return None
            found = self._reference.parameters(maker)
            if found is None:
                return None
            scale = scale * found[0].reshape(-1)
        if node.op_type == "Gemm" and any(
            a.name in ("alpha", "beta") and a.f != 1 for a in node.attribute
        ):
            return None
        bias = self._reference.values.get(node.input[2]) if len(node.input) > 2 else None
        rank = self._reference.values[name].ndim
        axis = 1 if node.op_type.startswith("Conv") else rank - 1
        shape = [1] * rank
        shape[axis] = -1
        if bias is not None and bias.ndim != 1:
            return None
        return _Target(
            node, place, name, "sums", scale.reshape(shape if scale.size > 1 else []),
            None if bias is None else bias.reshape(shape),
        )  # fmt: skip

    def observe(self, name: str, value: Array) -> None:
        """Takes a tensor of the machine."""
        queue = self._expected.get(name)
        if not queue:
            return
        tensor, target = queue.popleft()
        if target is None or value.shape != tensor.shape:
            return
        expected = self._reference.values[target.name]
        found = value.reshape(expected.shape)
        if target.is_code:
            if found.dtype.itemsize == expected.dtype.itemsize:
                found = found.view(expected.dtype)
            scale = 1.0 if target.scale is None else float(target.scale.reshape(-1)[0])
            errors = errors_of(found, expected, scale)
        else:
            if target.scale is not None:
                found = found.astype(np.float32) * target.scale.astype(np.float32)
                found = found if target.bias is None else found + target.bias
            errors = errors_of(found, expected)
        self._add(target, tuple(expected.shape), errors)

    def _add(self, target: _Target, shape: tuple[int, ...], errors: Errors) -> None:
        row = TensorComparison(
            target.place.layer or target.place.node, target.place.node, target.node.op_type,
            target.kind, shape, target.place.source, errors, None,
        )  # fmt: skip
        self.tensors.append(row)
        self.compared.add(target.node.name)
        if self.first is None and errors.relative > self._tolerance:
            self.first = row

    def outputs(self, results: Sequence[Array]) -> list[TensorComparison]:
        """The model's results."""
        signature = self._program.signature
        places = (
            [(i, s.index) for i, s in enumerate(signature.outputs) if s.source == "result"]
            if signature is not None
            else [(i, i) for i in range(len(results))]
        )
        rows = []
        for leaf, index in places:
            name = self._reference.results[leaf] if leaf < len(self._reference.results) else ""
            expected = self._reference.values.get(name)
            found = np.asarray(results[index])
            if expected is None or expected.shape != found.shape:
                raise PumiceError(
                    f"expected a model with results like the program's, whose result {leaf} is"
                    f" {found.dtype}{list(found.shape)}"
                )
            maker = self._reference.makers.get(name)
            rows.append(
                TensorComparison(
                    "output", str(leaf), "" if maker is None else maker.op_type, "values",
                    tuple(found.shape), None, errors_of(found, expected), None,
                )
            )  # fmt: skip
        return rows


def _size(shape: Sequence[int]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def _line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
