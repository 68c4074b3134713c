# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hands torch-mlir's ONNX importer its constants by name instead of by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import numpy_helper
from torch_mlir import ir
from torch_mlir.extras.onnx_importer import ContextCache

from pumice.frontend.onnx.graph import Array

__all__ = ["NamedConstants"]


class NamedConstants(ContextCache):  # type: ignore[misc]
    """Makes one named resource per constant.

    Attributes:
        arrays: contiguous arrays by resource name. torch-mlir's copies of the resources are
            views of the same memory.
    """

    # The base class has slots.
    __slots__ = ("_weights", "arrays")

    def __init__(self, context: Any, weights: Mapping[str, Array]) -> None:
        super().__init__(context)
        self._weights = weights
        self.arrays: dict[str, Array] = {}

    def tensor_proto_to_attr(self, tp: Any) -> Any:
        """The value of an initializer, or of a constant in a node."""
        value = self._weights.get(tp.name)
        if value is None:
            value = numpy_helper.to_array(tp)
        value = np.asarray(value, order="C")
        tensor_type = self.tensor_proto_to_builtin_type(tp)
        if value.size and value.dtype.kind in "iub" and bool((value == value.flat[0]).all()):
            # All zero points are usually equal; a splat lets later passes fold them.
            element = ir.IntegerAttr.get(tensor_type.element_type, int(value.flat[0]))
            return ir.DenseElementsAttr.get_splat(tensor_type, element)
        if value.size == 1 and value.dtype == np.float32:
            element = ir.FloatAttr.get(tensor_type.element_type, float(value.flat[0]))
            return ir.DenseElementsAttr.get_splat(tensor_type, element)
        if value.size <= 16 and value.dtype.kind in "iu":
            # Shapes and axes: torch-mlir reads them.
            return ir.DenseElementsAttr.get(value, type=tensor_type, signless=False)
        name = self._sanitize_name(tp.name or "constant")
        while name in self.arrays:
            name += "_"
        self.arrays[name] = value
        data = value.reshape(-1).view(np.uint8)
        return ir.DenseResourceElementsAttr.get_from_buffer(data, name, tensor_type, alignment=8)
