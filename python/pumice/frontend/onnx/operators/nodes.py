# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A node of an ONNX graph as its operator's function sees it, and the table of the functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pumice.frontend.errors import FrontendError, check_memory
from pumice.frontend.onnx.graph import Array, require_onnx

__all__ = ["OPERATORS", "NodeCall", "operator", "run_node", "torch_dtype"]

#: Functions by operator: each takes a `NodeCall` and the inputs, and returns the result or results.
OPERATORS: dict[str, Callable[..., Any]] = {}


def operator(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function for operators of ONNX's own domain."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            OPERATORS[name] = function
        return function

    return enter


_DTYPES = {
    "FLOAT": torch.float32,
    "UINT8": torch.uint8,
    "INT8": torch.int8,
    "UINT16": torch.uint16,
    "INT16": torch.int16,
    "INT32": torch.int32,
    "INT64": torch.int64,
    "BOOL": torch.bool,
    "FLOAT16": torch.float16,
    "DOUBLE": torch.float64,
    "UINT32": torch.uint32,
    "UINT64": torch.uint64,
    "BFLOAT16": torch.bfloat16,
}


def torch_dtype(kind: int) -> torch.dtype | None:
    """The type of an ONNX element type; None if there is none."""
    return _DTYPES.get(require_onnx().TensorProto.DataType.Name(kind))


class NodeCall:
    """One node: its attributes, the constants among its inputs, and errors that name it.

    Attributes that the operator's function does not ask for are refused afterwards: an attribute
    cannot be dropped.

    Attributes:
        op, name: operator and name of the node.
        opset: version of the operator set.
        inputs, outputs: names; "" for what is left out.
    """

    def __init__(
        self,
        node: Any,
        opset: int,
        weights: Mapping[str, Array],
        kinds: Mapping[str, int],
        shapes: Mapping[str, Any],
    ) -> None:
        helper = require_onnx().helper
        self.op: str = node.op_type
        self.name: str = node.name
        self.opset = opset
        self.inputs = list(node.input)
        self.outputs = list(node.output)
        self._attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self._asked: set[str] = set()
        self._weights = weights
        self._kinds = kinds
        self._shapes = shapes

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default."""
        self._asked.add(name)
        value = self._attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def expect(self, name: str, default: Any, *allowed: Any) -> Any:
        """An attribute that must be one of some values (or the default)."""
        value = self.attribute(name, default)
        if value != default and value not in allowed:
            raise self.unsupported(name, value)
        return value

    def unsupported(self, name: str, value: Any) -> FrontendError:
        """The error for a value of an attribute."""
        return self.error(f"attribute '{name}' = {value!r} is not supported")

    def error(self, text: str) -> FrontendError:
        """An error that names the node."""
        return FrontendError(f"op '{self.op}' (node '{self.name}'): {text}", op=self.op)

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def constant(self, index: int, what: str) -> Array | None:
        """The value of an input that is a constant; None if it is left out.

        Raises:
            FrontendError: it is computed.
        """
        if not self.has(index):
            return None
        value = self._weights.get(self.inputs[index])
        if value is None:
            raise self.error(f"expected a constant {what}, got the computed '{self.inputs[index]}'")
        return value

    def value(self, index: int) -> Array | None:
        """The value of an input, or None if it is computed or left out."""
        return self._weights.get(self.inputs[index]) if self.has(index) else None

    def integers(self, index: int, what: str) -> list[int] | None:
        """A constant input as Python integers."""
        value = self.constant(index, what)
        return None if value is None else [int(item) for item in value.reshape(-1)]

    def kind(self, name: str) -> int:
        """The ONNX element type of a value, 0 if it is not known."""
        return self._kinds.get(name, 0)

    def output_shape(self, index: int = 0) -> tuple[int, ...] | None:
        """The shape of a result, as shape inference has it."""
        return self._shapes.get(self.outputs[index])

    def wants(self, index: int) -> bool:
        """Whether something may use a result."""
        return index < len(self.outputs) and bool(self.outputs[index])

    def finish(self) -> None:
        """Refuses attributes that were not asked for.

        Raises:
            FrontendError: there is one.
        """
        for name in sorted(set(self._attributes) - self._asked):
            raise self.unsupported(name, self.attribute(name))

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the front.

        Raises:
            FrontendError: there is no such axis.
        """
        if not -rank <= axis < max(rank, 1):
            raise self.error(f"expected an axis of {rank} dimensions, got {axis}")
        return axis % rank if rank else 0


def run_node(call: NodeCall, inputs: Sequence[Tensor | None]) -> tuple[Any, ...]:
    """The results of a node.

    Raises:
        FrontendError: an operator, an attribute or a form of it that is not known.
    """
    function = OPERATORS.get(call.op)
    if function is None:
        raise FrontendError(f"op '{call.op}' (node '{call.name}') is not supported", op=call.op)
    try:
        results = function(call, *inputs)
    except FrontendError:
        raise
    except Exception as error:
        check_memory(error, f"compute the node '{call.name}' ({call.op})")
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise call.error(f"cannot be computed: {lines[0].rstrip('.')}") from error
    call.finish()
    results = results if isinstance(results, tuple) else (results,)
    if len(results) < sum(map(bool, call.outputs)):
        raise call.error(f"expected {len(results)} results, got {len(call.outputs)}")
    return results


_ARRAY_TYPES = {str(dtype).removeprefix("torch.") for dtype in _DTYPES.values()}


def is_tensor_type(dtype: np.dtype[Any]) -> bool:
    """Whether PyTorch has tensors of a type; ml_dtypes has more kinds of floats and integers."""
    return dtype.name in _ARRAY_TYPES


def tensor_of(array: Array) -> Tensor:
    """A tensor on the memory of an array."""
    import warnings

    if array.dtype.name == "bfloat16":
        return tensor_of(array.view(np.int16)).view(torch.bfloat16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of arrays that may only be read
        return torch.from_numpy(np.ascontiguousarray(array)).reshape(array.shape)
