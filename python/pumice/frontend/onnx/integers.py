# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators of ONNX's and ORT's integer formats as DequantizeLinear, op, QuantizeLinear.

The form that the compiler recognises is the one of QDQ files. `QLinearConv` and its like say the
same in one node: dequantize the inputs, compute, quantize the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pumice.frontend.errors import FrontendError
from pumice.frontend.onnx.graph import Graph, require_onnx

__all__ = ["expand_integer_ops"]

# Float op, and how many of its operands are (codes, scale, zero point).
_QLINEAR = {
    "QLinearConv": ("Conv", 2),
    "QLinearMatMul": ("MatMul", 2),
    "QGemm": ("Gemm", 2),
    "QLinearAdd": ("Add", 2),
    "QLinearMul": ("Mul", 2),
    "QLinearAveragePool": ("AveragePool", 1),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", 1),
    "QLinearReduceMean": ("ReduceMean", 1),
    "QLinearSigmoid": ("Sigmoid", 1),
    "QLinearLeakyRelu": ("LeakyRelu", 1),
    "QLinearSoftmax": ("Softmax", 1),
    "QLinearConcat": ("Concat", 0),
    "QLinearWhere": ("Where", 2),
}
# Attributes that say how ORT computes, not what.
_DROPPED = ("channels_last", "opset")


def expand_integer_ops(graph: Graph) -> None:
    """Rewrites a graph's integer operators, and matrix products of more than two dimensions.

    Raises:
        FrontendError: an operator in a form that has no float counterpart.
    """
    rewriter = _Rewriter(graph)
    for node in list(graph.nodes):
        rewriter.rewrite(node)
    graph.nodes = rewriter.nodes
    graph.infer_shapes()
    products = _Rewriter(graph)
    for node in list(graph.nodes):
        products.flatten_product(node)
    graph.nodes = products.nodes
    graph.infer_shapes()


class _Rewriter:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Any] = []
        self._types = graph.types()
        self._helper = require_onnx().helper

    def emit(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Adds a node; returns its result."""
        result = self.graph.fresh(f"{name}.{op}")
        self.nodes.append(self._helper.make_node(op, inputs, [result], name, **attributes))
        return result

    def rewrite(self, node: Any) -> None:
        """Adds a node or what stands for it."""
        if node.domain == "com.microsoft" and node.op_type in (
            "QuantizeLinear",
            "DequantizeLinear",
        ):
            node.domain = ""
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            self._complete(node)
        if node.op_type == "MaxPool" and self._is_codes(node.input[0]):
            self._pool_values(node)
            return
        if node.op_type not in _QLINEAR:
            self.nodes.append(node)
            return
        op, count = _QLINEAR[node.op_type]
        attributes = {
            attribute.name: self._helper.get_attribute_value(attribute)
            for attribute in node.attribute
            if attribute.name not in _DROPPED
        }
        if any(a.name == "channels_last" and a.i for a in node.attribute):
            raise FrontendError(
                f"op '{node.op_type}' (node '{node.name}'): expected channels first, got"
                " channels_last",
                op=node.op_type,
            )
        inputs = list(node.input)
        condition, target = [], inputs[3 * count : 3 * count + 2]
        if op == "Where":
            condition, inputs = inputs[:1], inputs[1:]
            target = inputs[6:8]
        if op == "Concat":
            target, inputs = inputs[:2], inputs[2:]
            count = len(inputs) // 3
        rest = inputs[3 * count : len(inputs)]
        values = [
            self.dequantize(node, inputs[3 * i : 3 * i + 3], self._axis(op, i, inputs, attributes))
            for i in range(count)
        ]
        if op == "Gemm":
            target = inputs[7:9]
            rest = inputs[6:7]
            values += self._bias(node, inputs, rest[0] if rest else "", attributes)
        elif op == "Conv":
            values += self._bias(node, inputs, rest[2] if len(rest) > 2 else "", attributes)
        result = self.emit(op, [*condition, *values], node.name, **attributes)
        if target and target[0]:
            self.nodes.append(
                self._helper.make_node("QuantizeLinear", [result, *target], node.output, node.name)
            )
        else:
            self.nodes[-1].output[0] = node.output[0]

    def _complete(self, node: Any) -> None:
        """Zero points that are left out are zeros, of the type of the codes; scalars are such."""
        codes = np.dtype(np.uint8)
        if node.op_type == "DequantizeLinear" and node.input[0] in self._types:
            kind = self._types[node.input[0]][0]
            codes = np.dtype(self._helper.tensor_dtype_to_np_dtype(kind))
        scales = self.graph.weights.get(node.input[1])
        if scales is None:
            return
        given = {item.name for item in node.attribute}
        if node.op_type == "QuantizeLinear" and given & {"output_dtype", "block_size"}:
            return  # these say what zeros there are
        if len(node.input) < 3 or not node.input[2]:
            zero = self.graph.add_weight(f"{node.name}.zero_point", np.zeros(scales.shape, codes))
            del node.input[2:]
            node.input.append(zero)
        if scales.size == 1:  # a vector of one is meant as a scalar
            node.input[1] = self.scalar(node.input[1])
            if node.input[2] in self.graph.weights:
                node.input[2] = self.scalar(node.input[2])

    def _is_codes(self, name: str) -> bool:
        kinds = require_onnx().TensorProto
        return self._types.get(name, (0, None))[0] in (kinds.UINT8, kinds.INT8)

    def _pool_values(self, node: Any) -> None:
        """A maximum of codes as one of values of scale 1: torch-mlir pools no codes."""
        kind = self._types[node.input[0]][0]
        dtype = self._helper.tensor_dtype_to_np_dtype(kind)
        one = self.graph.add_weight(f"{node.name}.scale", np.float32(1))
        zero = self.graph.add_weight(f"{node.name}.zero_point", np.zeros((), dtype))
        (codes,), (result,) = node.input, node.output
        node.input[0] = self.dequantize(node, (codes, one, zero), axis=0)
        node.output[0] = self.graph.fresh(f"{node.name}.MaxPool")
        self.nodes.append(node)
        self.nodes.append(
            self._helper.make_node(
                "QuantizeLinear", [node.output[0], one, zero], [result], node.name
            )
        )

    def _axis(
        self, op: str, operand: int, inputs: Sequence[str], attributes: dict[str, Any]
    ) -> int:
        """Where a vector of scales lies: along the outputs of filters and of matrices."""
        if op == "Conv" or (op == "Gemm" and attributes.get("transB", 0)):
            return 0
        if op == "MatMul":
            shape = self._types.get(inputs[3 * operand], (0, None))[1] or (0, 0)
            return len(shape) - (1 if operand else 2)
        return 1

    def dequantize(self, node: Any, operands: Sequence[str], axis: int) -> str:
        """A node that gives the values of codes: (codes, scale, zero point or "")."""
        inputs = [name for name in operands if name]
        result = self.emit("DequantizeLinear", inputs, node.name, axis=axis)
        self._complete(self.nodes[-1])
        return result

    def scalar(self, name: str) -> str:
        """A weight of one element as a scalar."""
        value = self.graph.weights[name]
        return name if value.ndim == 0 else self.graph.add_weight(name, value.reshape(()))

    def _bias(
        self, node: Any, inputs: Sequence[str], bias: str, attributes: dict[str, Any]
    ) -> list[str]:
        """The bias, whose codes are in units of the products of both scales."""
        if not bias:
            return []
        weights = self.graph.weights
        if any(name not in weights for name in (inputs[1], inputs[4], bias)):
            raise FrontendError(
                f"op '{node.op_type}' (node '{node.name}'): expected a constant bias and scales",
                op=node.op_type,
            )
        scale = (weights[inputs[1]].astype(np.float32) * weights[inputs[4]]).astype(np.float32)
        scale = scale * np.float32(attributes.get("alpha", 1.0))
        if scale.size == 1:
            scale = scale.reshape(())
        name = self.graph.add_weight(f"{bias}.scale", scale)
        return [self.dequantize(node, (bias, name), axis=0)]

    def flatten_product(self, node: Any) -> None:
        """A matrix product with weights takes a matrix: fold what is in front into rows."""
        self.nodes.append(node)
        if node.op_type not in ("MatMul", "MatMulInteger") or node.domain:
            return
        left, right = (self._types.get(name, (0, None))[1] for name in node.input[:2])
        if left is None or right is None or len(left) < 3 or len(right) != 2:
            return
        self.nodes.pop()
        rows = self.graph.add_weight(f"{node.name}.rows", np.array([-1, left[-1]], np.int64))
        shape = self.graph.add_weight(
            f"{node.name}.shape", np.array([*left[:-1], right[-1]], np.int64)
        )
        flat = self.emit("Reshape", [node.input[0], rows], node.name)
        product = self.emit(node.op_type, [flat, *node.input[1:]], node.name)
        self.nodes.append(
            self._helper.make_node("Reshape", [product, shape], node.output, node.name)
        )
