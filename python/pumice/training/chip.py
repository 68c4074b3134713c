# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The hardware model's view of one layer: its matrix on the arrays of a device."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pumice.device import Device
from pumice.interrupts import interruptible
from pumice.lazy import cached_property
from pumice.training.geometry import Geometry

__all__ = ["Chip", "Matrix", "linear_sums", "matrices_of"]


@dataclass(frozen=True)
class Matrix:
    """A layer that a machine program runs on arrays; see `module_matrices` of the bindings.

    Attributes:
        node, layer: names of the graph node and of the module.
        group: of arrays of the device.
        groups, rows, columns: the matrix; `rows` inputs and `columns` outputs per group.
        weight_bits, input_bits, input_signed: of its quantized values.
        adc_range: of calibrated converters, in levels; 0 for others.
        number: in the program, which decides the errors of its cells.
    """

    node: str
    layer: str
    group: str
    groups: int
    rows: int
    columns: int
    weight_bits: int
    input_bits: int
    input_signed: bool
    adc_range: int
    number: int


def matrices_of(program: Any) -> dict[str, Matrix]:
    """The matrices with constant weights of a program, by the name of the graph node."""
    from pumice._mlir_libs import _pumice

    found: dict[str, Matrix] = {}
    for record in json.loads(_pumice.module_matrices(program.module("simulator"))):
        is_constant = record.pop("is_constant")
        record.pop("input_zero_point")
        record.pop("weight_zero_point")
        if is_constant:
            found.setdefault(record["node"], Matrix(**record))
    return found


class Chip:
    """A device, as the layers of a network in training use it.

    Attributes:
        device: what the network is trained for.
        threads: of the hardware model.
    """

    def __init__(self, device: Device, threads: int | None) -> None:
        self.device = device
        self.threads = threads or os.cpu_count() or 1

    def __getstate__(self) -> dict[str, Any]:
        # Attributes of MLIR cannot be copied.
        return {"device": self.device, "threads": self.threads}

    @cached_property
    def _attribute(self) -> Any:
        from pumice import ir

        return self.device.to_attribute(ir.Context())

    def array(self, matrix: Matrix) -> dict[str, Any]:
        """The fields of the arrays that hold a matrix."""
        fields: dict[str, Any] = self.device.groups[matrix.group]["array"]
        return fields

    def effective(
        self, matrix: Matrix, filters: npt.NDArray[np.int8], seed: int
    ) -> tuple[npt.NDArray[np.float32], float]:
        """Weights as the cells hold them, and the gain of errors of conversions.

        Args:
            filters: (outputs, inputs of a group).
            seed: of the cells; below 0, that of the device.
        """
        from pumice._mlir_libs import _pumice

        out = np.empty(filters.shape, np.float32)
        gain = interruptible(
            _pumice.effective_weights,
            self._attribute, matrix.group, _numbers(matrix, seed), filters, out, self.threads,
        )  # fmt: skip
        return out, gain

    def sums(
        self,
        matrix: Matrix,
        filters: npt.NDArray[np.int8],
        seed: int,
        image: Tensor,
        window: list[int],
        zero_point: int,
    ) -> Tensor:
        """Sums that the arrays deliver, as float32 (N, outputs, height, width).

        Args:
            image: quantized values, as floats.
            window: of `Geometry.window`.
        """
        from pumice._mlir_libs import _pumice

        grid = interruptible(
            _pumice.Grid, self._attribute, matrix.group, _numbers(matrix, seed), filters
        )
        codes = image.to(torch.int8 if matrix.input_signed else torch.uint8)
        x = np.ascontiguousarray(codes.cpu().numpy()).view(np.int8)
        y = np.empty((len(x), len(filters), window[8], window[9]), np.int32)
        if y.size:
            interruptible(grid.compute, x, window, zero_point, y, self.threads)
        return torch.from_numpy(y).float().to(image.device)


def _numbers(matrix: Matrix, seed: int) -> list[int]:
    return [
        matrix.groups, matrix.rows, matrix.columns, matrix.weight_bits, matrix.input_bits,
        int(matrix.input_signed), matrix.adc_range, matrix.number, seed,
    ]  # fmt: skip


def linear_sums(geometry: Geometry, filters: Tensor, patches: Tensor) -> Tensor:
    """Products of input vectors, as `Geometry.patches` gives them, and filters: (N, outputs)."""
    groups = geometry.groups
    x = patches.reshape(len(patches), groups, -1)
    w = filters.reshape(groups, -1, filters.shape[1])
    return torch.einsum("ngk,gok->ngo", x, w).flatten(1)
