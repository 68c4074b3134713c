# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What products with a matrix cost on a device: asked of lib/Cost, by machine programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from pumice.device import Device

__all__ = ["Matrix", "MatrixCost", "matrix_costs"]

#: Parts of a device's energy that are the arrays' own. The others are digital corrections, and
#: traffic with the buffer.
ARRAY_PARTS = ("cell_read", "dac", "sample_hold", "adc", "shift_add")


@dataclass(frozen=True)
class Matrix:
    """A matrix of `rows` inputs and `columns` outputs, and the widths of its values."""

    rows: int
    columns: int
    weight_bits: int = 16
    input_bits: int = 16


@dataclass(frozen=True)
class MatrixCost:
    """Of one product with a vector.

    Attributes:
        arrays: that hold the matrix.
        used_columns: of all of its arrays, that hold weights.
        latency_ns: of the product.
        array_pj: energy of cells, wordlines, samples, conversions, shifts and adds.
        digital_pj: energy of digital corrections.
        conversions: analog to digital.
    """

    arrays: int
    used_columns: int
    latency_ns: float
    array_pj: float
    digital_pj: float
    conversions: int

    @property
    def energy_pj(self) -> float:
        """Of arrays and corrections."""
        return self.array_pj + self.digital_pj


def matrix_costs(device: Device, matrices: Iterable[Matrix]) -> dict[Matrix, MatrixCost]:
    """The cost of a product with each matrix, on the device's first group of arrays."""
    from pumice import ir
    from pumice._mlir_libs import _pumice

    wanted = list(dict.fromkeys(matrices))
    with ir.Context() as context:
        module = ir.Module.parse(_program(device, wanted), context)
        tasks = json.loads(_pumice.task_costs(module))
    costs = [task["cost"] for task in tasks if task["op"] == "simulator.mvm"]
    return {m: _cost(device, m, found) for m, found in zip(wanted, costs, strict=True)}


def _cost(device: Device, matrix: Matrix, found: dict[str, Any]) -> MatrixCost:
    array = device.crossbars["array"]
    rows, _, slices, arrays = _tiling(array, matrix)
    energy = found["energy_pj"]
    return MatrixCost(
        arrays,
        rows * matrix.columns * slices,
        found["latency_ns"],
        sum(energy.get(part, 0.0) for part in ARRAY_PARTS),
        energy.get("digital", 0.0),
        found["counters"]["conversions"],
    )


def _tiling(array: Mapping[str, Any], matrix: Matrix) -> tuple[int, int, int, int]:
    """Row tiles, column tiles, slices of a weight, arrays (docs/numerics.md, "On arrays")."""
    slices = ceil(matrix.weight_bits / array["cell_bits"])
    slices *= 2 if array["encoding"] == "differential" else 1
    rows = ceil(matrix.rows / array["rows"])
    columns = ceil(matrix.columns / (array["columns"] // slices))
    return rows, columns, slices, rows * columns


def _program(device: Device, matrices: list[Matrix]) -> str:
    """A machine program with one product with each matrix."""
    array = device.crossbars["array"]
    group = device.crossbars["name"]
    attribute = f"#crossbar.array{_text(array)}"
    body: list[str] = []
    arguments: list[str] = []
    first = 0
    for i, m in enumerate(matrices):
        rows, columns, slices, arrays = _tiling(array, m)
        stored, width = (8 if bits <= 8 else 16 for bits in (m.weight_bits, m.input_bits))
        shape = f"{m.columns}x{m.rows}xi{stored}"
        memory = f"memref<{shape}, #simulator.memory<dram>>"
        grid = f"!crossbar.grid<1x{m.rows}x{m.columns}xi{m.weight_bits}, si{m.input_bits}>"
        x = f"memref<1x{m.rows}xi{width}, #simulator.memory<buffer>>"
        y = f"memref<1x{m.columns}xi64, #simulator.memory<buffer>>"
        tiling = (
            f"<row_tiles = {rows}, column_tiles = {columns}, slices = {slices},"
            f" groups_per_array = 1, arrays = {arrays}>"
        )
        arguments.append(f"%x{i} : {x}")
        body += [
            f"%w{i} = simulator.constant dense<1> : tensor<{shape}> to {memory}",
            f'%g{i}, %p{i} = simulator.program %w{i} on <"{group}", {first}, {first + arrays}>'
            f" setup array {attribute} tiling {tiling} : {memory} -> {grid}",
            f"%y{i} = simulator.buffer : {y}",
            f"%t{i} = simulator.mvm %g{i}, %x{i}, %y{i} after (%p{i})"
            f" {{weight_zero_point = 0 : i64}} : {grid}, {x}, {y}",
        ]
        first += arrays
    lines = "\n".join(body)
    return (
        f"module attributes {{pum.device = {device}}} {{\n"
        f"func.func @main({', '.join(arguments)}) {{\n{lines}\nreturn\n}}\n}}\n"
    )


def _text(value: Any) -> str:
    """A field of a device as a device file has it."""
    if isinstance(value, Mapping):
        return f"<{', '.join(f'{key} = {_text(item)}' for key, item in value.items())}>"
    return str(value)
