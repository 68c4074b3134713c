# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small machine programs for a device, as text, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pumice


def text(value) -> str:
    """A field of a device as a device file has it."""
    if isinstance(value, Mapping):
        return f"<{', '.join(f'{key} = {text(item)}' for key, item in value.items())}>"
    if isinstance(value, list):  # levels of cells
        return f"[{', '.join('#crossbar.cell_level' + text(item) for item in value)}]"
    if isinstance(value, float) and "." not in str(value):  # as in 1e-06
        return str(value).replace("e", ".0e")
    return str(value)


@dataclass(frozen=True)
class Matrix:
    """A weight matrix on arrays: `groups` times `rows` inputs by `columns` outputs.

    Codes narrower than 16 bits are stored in 8 or 16.
    """

    rows: int
    columns: int
    groups: int = 1
    weight_bits: int = 8
    input_bits: int = 8
    signed: bool = True
    weight_zero_point: int = 0
    adc_range: int = 0  # of a calibrated converter

    @property
    def stored_weight_bits(self) -> int:
        return 8 if self.weight_bits <= 8 else 16

    @property
    def stored_input_bits(self) -> int:
        return 8 if self.input_bits <= 8 else 16


@dataclass(frozen=True)
class Tiling:
    """docs/numerics.md, "On arrays": how a matrix is cut."""

    row_tiles: int
    column_tiles: int
    slices: int
    groups_per_array: int
    arrays: int


def tile(array: Mapping, matrix: Matrix) -> Tiling:
    slices = ceil(matrix.weight_bits / array["cell_bits"])
    if array["encoding"] == "differential":
        slices *= 2
    per_row = array["columns"] // slices
    row_tiles = ceil(matrix.rows / array["rows"])
    column_tiles = ceil(matrix.columns / per_row)
    packed = 1
    if row_tiles == column_tiles == 1:
        fit = min(array["rows"] // matrix.rows, per_row // matrix.columns)
        packed = min(fit, matrix.groups)
    arrays = ceil(matrix.groups / packed) * row_tiles * column_tiles
    return Tiling(row_tiles, column_tiles, slices, packed, arrays)


class Text:
    """Writes a machine program, instruction by instruction."""

    def __init__(self, device: pumice.Device) -> None:
        self.device = device
        self.array = device.crossbars["array"]
        self.arguments: list[str] = []
        self.body: list[str] = []
        self.count = 0

    def _name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def program(
        self,
        matrix: Matrix,
        placement: Sequence[int],
        setup: bool = True,
        after: str = "",
        replacing: tuple[str, Matrix] | None = None,
    ) -> tuple[str, str]:
        """Writes the matrix to arrays; the grid and the token."""
        cut = tile(self.array, matrix)
        shape = f"{matrix.groups * matrix.columns}x{matrix.rows}xi{matrix.stored_weight_bits}"
        weights, grid, token = self._name(), self._name(), self._name()
        memory = f"memref<{shape}, #simulator.memory<dram>>"
        self.body.append(f"{weights} = simulator.constant dense<1> : tensor<{shape}> to {memory}")
        old = f" replacing ({replacing[0]} : {grid_type(replacing[1])})" if replacing else ""
        tiling = {k: getattr(cut, k) for k in Tiling.__dataclass_fields__}
        self.body.append(
            f"{grid}, {token} = simulator.program {weights} on "
            f'<"arrays", {", ".join(map(str, placement))}>{" setup" if setup else ""}{old}'
            f"{f' after ({after})' if after else ''} "
            f"array #crossbar.array{text(self.array)} tiling {text(tiling)} "
            f"{f'{{adc_range = {matrix.adc_range} : i64}} ' if matrix.adc_range else ''}"
            f": {memory} -> {grid_type(matrix)}"
        )
        return grid, token

    def linear(self, matrix: Matrix, grid: str, windows: int, after: str) -> str:
        """Multiplies `windows` vectors by a matrix of one group; the token."""
        return self._mvm(
            matrix, grid, f"{windows}x{matrix.rows}", f"{windows}x{matrix.columns}", "", after
        )

    def conv_2d(
        self, matrix: Matrix, grid: str, size: tuple[int, int], kernel: int, after: str
    ) -> str:
        """A convolution of a square kernel, stride 1, no padding; the token."""
        channels = matrix.groups * matrix.rows // kernel**2
        out = [edge - kernel + 1 for edge in size]
        return self._mvm(
            matrix,
            grid,
            f"1x{channels}x{size[0]}x{size[1]}",
            f"1x{matrix.groups * matrix.columns}x{out[0]}x{out[1]}",
            f"window <kernel = [{kernel}, {kernel}], strides = [1, 1], dilations = [1, 1], "
            "padding = [0, 0, 0, 0]> ",
            after,
        )

    def _mvm(self, matrix, grid, x_shape, y_shape, window, after) -> str:
        x, y, token = self._name(), self._name(), self._name()
        x_type = f"memref<{x_shape}xi{matrix.stored_input_bits}, #simulator.memory<buffer>>"
        y_type = f"memref<{y_shape}xi64, #simulator.memory<buffer>>"
        self.arguments.append(f"{x} : {x_type}")
        self.body.append(f"{y} = simulator.buffer : {y_type}")
        self.body.append(
            f"{token} = simulator.mvm {grid}, {x}, {y} after ({after}) {window}"
            f"{{weight_zero_point = {matrix.weight_zero_point} : i64}} "
            f": {grid_type(matrix)}, {x_type}, {y_type}"
        )
        return token

    def estimate(self, path) -> pumice.Report:
        return self.load(path).estimate()

    def load(self, path) -> pumice.Program:
        lines = "\n    ".join(self.body)
        path.write_text(
            f"module attributes {{pum.device = {self.device}}} {{\n"
            f"  func.func @main({', '.join(self.arguments)}) {{\n    {lines}\n    return\n"
            "  }\n}\n"
        )
        return pumice.load(path)


def grid_type(matrix: Matrix) -> str:
    shape = f"{matrix.groups}x{matrix.rows}x{matrix.columns}"
    inputs = f"{'si' if matrix.signed else 'ui'}{matrix.input_bits}"
    return f"!crossbar.grid<{shape}xi{matrix.weight_bits}, {inputs}>"
