# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hands torch-mlir its constants by name instead of by value."""

from __future__ import annotations

from typing import Any

import torch
from torch_mlir import ir
from torch_mlir.extras.fx_importer import FxImporterHooks, create_mlir_tensor_type

__all__ = ["ResourceHooks"]


class ResourceHooks(FxImporterHooks):  # type: ignore[misc]
    """Makes one named resource per distinct tensor; tied weights share one.

    Attributes:
        tensors: contiguous CPU tensors by resource name. torch-mlir's copies of the resources
            are views of the same memory.
    """

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._known: dict[tuple[Any, ...], tuple[torch.Tensor, Any]] = {}
        self.tensors: dict[str, torch.Tensor] = {}

    def resolve_literal(self, gni: Any, literal: Any, info: Any = None) -> Any:
        """Returns the literal's value, or None for what torch-mlir should import itself."""
        if not isinstance(literal, torch.Tensor) or literal.layout is not torch.strided:
            return None
        # One element is cheaper as a splat, which torch-mlir can fold; it makes one by itself.
        if literal.numel() <= 1:
            return None
        key = (literal.data_ptr(), tuple(literal.shape), literal.stride(), literal.dtype)
        if key not in self._known:
            self._known[key] = (literal, self._attribute(literal))
        attribute = self._known[key][1]
        cache = gni._cc
        return ir.Operation.create(
            "torch.vtensor.literal",
            results=[cache.tensor_to_vtensor_type(literal)],
            attributes={"value": attribute},
        ).result

    def _attribute(self, literal: torch.Tensor) -> Any:
        tensor = literal.detach()
        tensor_type = create_mlir_tensor_type(tensor)
        if not tensor.is_floating_point() and bool((tensor == tensor.flatten()[0]).all()):
            # All zero points are usually equal; a splat lets later passes fold them.
            value = ir.IntegerAttr.get(tensor_type.element_type, int(tensor.flatten()[0]))
            return ir.DenseElementsAttr.get_splat(tensor_type, value)
        tensor = tensor.cpu().contiguous()
        name = self._names.get(id(literal)) or f"constant_{len(self.tensors)}"
        while name in self.tensors:
            name += "_"
        self.tensors[name] = tensor
        data = tensor.view(torch.uint8).numpy()
        return ir.DenseResourceElementsAttr.get_from_buffer(data, name, tensor_type)
