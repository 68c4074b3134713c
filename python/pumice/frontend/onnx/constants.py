# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hands torch-mlir's ONNX importer its constants by name instead of by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import numpy_helper
from torch_mlir import ir
from torch_mlir.extras import onnx_importer

from pumice.frontend.onnx.graph import Array

__all__ = ["NamedConstants", "NodeImporter"]


class NodeImporter(onnx_importer.NodeImporter):  # type: ignore[misc]
    """torch-mlir's importer, with large constants as its own literals.

    The ONNX constants that the base class makes are copied into the IR when they are converted.
    """

    # The base class has slots.
    __slots__ = ()

    @classmethod
    def define_function(cls, *args: Any, **kwargs: Any) -> Any:
        """As the base class's, of this class."""
        importer = super().define_function(*args, **kwargs)
        importer.__class__ = cls
        return importer

    def import_initializer(self, initializer: Any, extern_name: str | None = None) -> Any:
        """The value of an initializer, under its name."""
        name = extern_name or initializer.name
        with ir.InsertionPoint(self._b), ir.Location.name(name):
            value = self._cc.tensor_proto_to_attr(initializer)
            if not isinstance(value, ir.DenseResourceElementsAttr):
                return super().import_initializer(initializer, extern_name)
            literal = ir.Operation.create(
                "torch.vtensor.literal",
                results=[self._cc.tensor_proto_to_type(initializer)],
                attributes={"value": value},
            )
        self._nv_map[name] = literal.result
        return literal.result


class NamedConstants(onnx_importer.ContextCache):  # type: ignore[misc]
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
