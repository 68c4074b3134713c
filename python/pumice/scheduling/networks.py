# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Problems of six networks, from the shapes of their layers, and the machine that runs them.

All constants were fixed before any ratio of times was computed. Each has a label: *source* (a
paper or a tool), *derived* (from others here), *substitute* (in place of a figure that is not
published) or *guess*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pumice.scheduling.problem import Bank, Group, Machine, Problem, Unit
from pumice.scheduling.records import SchedulingError

__all__ = [
    "NETWORKS", "Builder", "Constants", "Matrix", "Statistics", "isaac", "machine", "matrices",
    "problem", "statistics",
]  # fmt: skip

_MB = 2**20
#: Pieces in which cached keys and values pass through the buffer.
_CHUNKS = 64


@dataclass(frozen=True)
class Constants:
    """The machine: crossbars whose weights come from DRAM."""

    rows: int = 128
    """of an array; substitute (ISAAC)"""
    columns: int = 128
    """substitute (ISAAC)"""
    cells_per_weight: int = 4
    """8 bits in cells of 2; substitute (ISAAC)"""
    mvm_ps: int = 800_000
    """8 input bits of 100 ns each; source (ISAAC)"""
    row_write_ps: int = 85_700
    """351 us / 32 for 128 rows; derived (puma-simulator)"""
    cell_write_pj: float = 1.3
    """676 nJ / 32 for 128 x 128 cells; derived (puma-simulator)"""
    elements: int = 32
    """largest power of two where none of the six networks fits; derived"""
    arrays_per_element: int = 96
    """guess"""
    writers_per_element: int = 0
    """all: writing takes less power than reading; derived"""
    dram_bytes_per_us: int = 25_600
    """LPDDR4-3200 x64; substitute"""
    dram_pj_per_byte: float = 32.0
    """4 pJ per bit; substitute"""
    buffer_bytes_per_ns: int = 512
    """results and inputs of windows through the digital unit; guess"""
    digital_units: int = 2
    """guess"""
    lanes_per_element: int = 16
    """multipliers for products of two activations, at 1 GHz; guess"""
    banks_bytes: tuple[int, ...] = (4 * _MB, 2 * _MB, _MB, _MB // 2, _MB // 4, _MB // 4)
    """guess"""
    mac_pj: float = 0.56
    """converters .40, drivers .10, cells .06; derived (device `isaac`)"""
    digital_mac_pj: float = 0.6
    """guess"""
    digital_byte_pj: float = 1.0
    """guess"""
    static_mw_per_array: float = 0.1
    """guess"""
    static_mw_per_mb: float = 20.0
    """of the buffer; guess"""
    static_mw: float = 100.0
    """guess"""
    table_bytes_per_array: int = 0
    """bytes in DRAM in addition to the weights of an array: tables of re-encoded weights"""


def isaac(chips: int = 1) -> Constants:
    """Chips like those of ISAAC, for networks that stay in their arrays.

    168 tiles of 12 x 8 arrays, 64 KiB of buffer in each (source: ISAAC), which moves 32 bytes in 1
    ns (guess); all tiles share the work of one digital unit. Writes do not matter.
    """
    tiles = 168 * chips
    return Constants(
        elements=tiles,
        buffer_bytes_per_ns=32 * tiles,
        digital_units=1,
        banks_bytes=(168 * 2**16,) * chips,
    )


@dataclass(frozen=True)
class Matrix:
    """k x n weights, or `count` matrices of activations, by `windows` vectors each."""

    name: str
    k: int
    n: int
    windows: int
    count: int = 1
    is_weight: bool = True

    @property
    def macs(self) -> int:
        """Products of all windows."""
        return self.k * self.n * self.windows * self.count


@dataclass
class Builder:
    """Adds layers; names stand for their results."""

    constants: Constants
    units: list[Unit] = field(default_factory=list)
    matrices: list[Matrix] = field(default_factory=list)

    def layer(
        self,
        name: str,
        inputs: Sequence[str],
        k: int,
        n: int,
        windows: int,
        *,
        input_bytes: int | None = None,
        lead: float | None = None,
    ) -> str:
        """A matrix of k x n weights, applied to `windows` vectors.

        `input_bytes` is what it reads; by default each window reads its own vector. `lead` is the
        share of it that the first window needs; by default one vector.
        """
        c = self.constants
        moved = (k * windows if input_bytes is None else input_bytes) + n * windows
        matrix = Matrix(name, k, n, windows)
        self.matrices.append(matrix)
        row_tiles, col_tiles = -(-k // c.rows), -(-n * c.cells_per_weight // c.columns)
        self.units.append(
            Unit(
                name=name,
                dependencies=list(inputs),
                row_tiles=row_tiles,
                col_tiles=col_tiles,
                windows=windows,
                mvm_ps=c.mvm_ps,
                digital_ps=-(-moved * 1000 // c.buffer_bytes_per_ns),
                bytes=k * n + row_tiles * col_tiles * c.table_bytes_per_array,
                input_bytes=0 if inputs else (input_bytes or k * windows),
                output_bytes=n * windows,
                window_bytes=k + n,
                partial_bytes=4 * n * windows,
                max_copies=windows,
                lead_ppm=math.ceil(min(1.0, 1 / windows if lead is None else lead) * 10**6),
                write_pj=k * n * c.cells_per_weight * c.cell_write_pj,
                compute_pj=matrix.macs * c.mac_pj,
                digital_pj=moved * c.digital_byte_pj,
            )
        )
        return name

    def temporary(self, product: Matrix, inputs: Sequence[str]) -> str:
        """Products of activations in arrays, which are written from DRAM like weights.

        The `count` matrices compute at once, each on arrays of its own.
        """
        c = self.constants
        self.matrices.append(product)
        k, n, count = product.k, product.n, product.count
        out = n * product.windows * count
        moved = (k * product.windows * count) + out
        self.units.append(
            Unit(
                name=product.name,
                dependencies=list(inputs),
                row_tiles=-(-k // c.rows),
                col_tiles=-(-n * c.cells_per_weight // c.columns) * count,
                windows=product.windows,
                mvm_ps=c.mvm_ps,
                digital_ps=-(-moved * 1000 // c.buffer_bytes_per_ns),
                bytes=k * n * count,
                output_bytes=out,
                window_bytes=(k + n) * count,
                partial_bytes=4 * out,
                max_copies=product.windows,
                write_pj=k * n * count * c.cells_per_weight * c.cell_write_pj,
                compute_pj=product.macs * c.mac_pj,
                digital_pj=moved * c.digital_byte_pj,
            )
        )
        return product.name

    def digital(
        self,
        name: str,
        inputs: Sequence[str],
        products: Sequence[Matrix],
        out: int,
        windows: int,
        *,
        cached_bytes: int = 0,
    ) -> str:
        """Products of two activations on the lanes of all elements.

        `cached_bytes` of one of them come from DRAM.
        """
        c = self.constants
        self.matrices += products
        macs = sum(product.macs for product in products)
        lanes = c.lanes_per_element * c.elements
        self.units.append(
            Unit(
                name=name,
                kind="digital",
                dependencies=list(inputs),
                windows=windows,
                digital_ps=-(-macs * 1000 // lanes),
                input_bytes=cached_bytes,
                output_bytes=out,
                window_bytes=out // windows + -(-cached_bytes // windows // _CHUNKS),
                digital_pj=macs * c.digital_mac_pj,
            )
        )
        return name


@dataclass
class _Images:
    """A batch of one image on its way through convolutions."""

    builder: Builder
    names: list[str]
    channels: int
    height: int

    def conv(
        self,
        name: str,
        out: int,
        kernel: tuple[int, int] | int,
        stride: int = 1,
        *,
        padded: bool = True,
        also: Sequence[str] = (),
    ) -> _Images:
        """A convolution; `also` names what is added to its result."""
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        size = self.height // stride if padded else (self.height - max(kh, kw)) // stride + 1
        if padded and self.height % stride:
            size += 1
        image = self.channels * self.height**2
        self.builder.layer(
            name,
            [*self.names, *also],
            self.channels * kh * kw,
            out,
            size * size,
            # Rows of windows that overlap are read once into line buffers.
            input_bytes=image,
            lead=kh / self.height,
        )
        return _Images(self.builder, [name], out, size)

    def pool(self, height: int) -> _Images:
        return _Images(self.builder, self.names, self.channels, height)

    def linear(self, name: str, n: int) -> _Images:
        k = self.channels * self.height**2
        self.builder.layer(name, self.names, k, n, 1)
        return _Images(self.builder, [name], n, 1)


def _concat(*parts: _Images) -> _Images:
    names = list(dict.fromkeys(name for part in parts for name in part.names))
    return _Images(parts[0].builder, names, sum(p.channels for p in parts), parts[0].height)


def _vgg16(b: Builder) -> None:
    x = _Images(b, [], 3, 224)
    for block, (count, channels) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1):
        for i in range(1, count + 1):
            x = x.conv(f"conv{block}_{i}", channels, 3)
        x = x.pool(x.height // 2)
    x.linear("fc6", 4096).linear("fc7", 4096).linear("fc8", 1000)


def _resnet50(b: Builder) -> None:
    x = _Images(b, [], 3, 224).conv("conv1", 64, 7, 2).pool(56)
    for stage, (count, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], 1):
        for i in range(count):
            stride = 2 if stage > 1 and i == 0 else 1
            name = f"layer{stage}.{i}"
            kept = x
            if i == 0:
                kept = x.conv(f"{name}.downsample", 4 * width, 1, stride)
            x = x.conv(f"{name}.conv1", width, 1).conv(f"{name}.conv2", width, 3, stride)
            x = x.conv(f"{name}.conv3", 4 * width, 1, also=kept.names)
    x.pool(1).linear("fc", 1000)


def _inception_v3(b: Builder) -> None:
    x = _Images(b, [], 3, 299)
    x = x.conv("1a", 32, 3, 2, padded=False).conv("2a", 32, 3, padded=False).conv("2b", 64, 3)
    x = x.pool(73).conv("3b", 80, 1).conv("4a", 192, 3, padded=False).pool(35)
    for name, pooled in (("5b", 32), ("5c", 64), ("5d", 64)):
        x = _concat(
            x.conv(f"{name}.1x1", 64, 1),
            x.conv(f"{name}.5x5_1", 48, 1).conv(f"{name}.5x5_2", 64, 5),
            x.conv(f"{name}.3x3_1", 64, 1).conv(f"{name}.3x3_2", 96, 3)
            .conv(f"{name}.3x3_3", 96, 3),
            x.conv(f"{name}.pool", pooled, 1),
        )  # fmt: skip
    x = _concat(
        x.conv("6a.3x3", 384, 3, 2, padded=False),
        x.conv("6a.double_1", 64, 1).conv("6a.double_2", 96, 3)
        .conv("6a.double_3", 96, 3, 2, padded=False),
        x.pool(17),
    )  # fmt: skip
    for name, c in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
        double = x.conv(f"{name}.double_1", c, 1)
        for i, (kernel, out) in enumerate(
            [((7, 1), c), ((1, 7), c), ((7, 1), c), ((1, 7), 192)], 2
        ):
            double = double.conv(f"{name}.double_{i}", out, kernel)
        x = _concat(
            x.conv(f"{name}.1x1", 192, 1),
            x.conv(f"{name}.7x7_1", c, 1).conv(f"{name}.7x7_2", c, (1, 7))
            .conv(f"{name}.7x7_3", 192, (7, 1)),
            double,
            x.conv(f"{name}.pool", 192, 1),
        )  # fmt: skip
    x = _concat(
        x.conv("7a.3x3_1", 192, 1).conv("7a.3x3_2", 320, 3, 2, padded=False),
        x.conv("7a.7x7_1", 192, 1).conv("7a.7x7_2", 192, (1, 7)).conv("7a.7x7_3", 192, (7, 1))
        .conv("7a.7x7_4", 192, 3, 2, padded=False),
        x.pool(8),
    )  # fmt: skip
    for name in ("7b", "7c"):
        single = x.conv(f"{name}.3x3_1", 384, 1)
        double = x.conv(f"{name}.double_1", 448, 1).conv(f"{name}.double_2", 384, 3)
        x = _concat(
            x.conv(f"{name}.1x1", 320, 1),
            single.conv(f"{name}.3x3_2a", 384, (1, 3)),
            single.conv(f"{name}.3x3_2b", 384, (3, 1)),
            double.conv(f"{name}.double_3a", 384, (1, 3)),
            double.conv(f"{name}.double_3b", 384, (3, 1)),
            x.conv(f"{name}.pool", 192, 1),
        )
    x.pool(1).linear("fc", 1000)


def _densenet161(b: Builder) -> None:
    growth = 48
    x = _Images(b, [], 3, 224).conv("conv0", 96, 7, 2).pool(56)
    for block, count in enumerate((6, 12, 36, 24), 1):
        for i in range(1, count + 1):
            name = f"block{block}.{i}"
            new = x.conv(f"{name}.conv1", 4 * growth, 1).conv(f"{name}.conv2", growth, 3)
            x = _concat(x, new)
        if block < 4:
            x = x.conv(f"transition{block}", x.channels // 2, 1)
            x = x.pool(x.height // 2)
    x.pool(1).linear("fc", 1000)


def _bert(b: Builder, layers: int, width: int, head: int = 64, tokens: int = 128) -> None:
    x: list[str] = []
    for i in range(layers):

        def linear(name: str, inputs: Sequence[str], k: int, n: int, at: int = i) -> str:
            return b.layer(f"layer{at}.{name}", inputs, k, n, tokens)

        heads = [linear(name, x, width, width) for name in ("query", "key", "value")]
        count = width // head
        products = [
            Matrix(f"layer{i}.scores", head, tokens, tokens, count, is_weight=False),
            Matrix(f"layer{i}.mixed", tokens, head, tokens, count, is_weight=False),
        ]
        attention = b.digital(f"layer{i}.attention", heads, products, tokens * width, tokens)
        mixed = linear("output", [attention, *x], width, width)
        wide = linear("intermediate", [mixed], width, 4 * width)
        x = [linear("reduce", [wide, mixed], 4 * width, width)]
    b.layer("pooler", x, width, width, 1)


_BUILDERS: dict[str, Callable[[Builder], None]] = {
    "vgg16": _vgg16,
    "resnet50": _resnet50,
    "inception-v3": _inception_v3,
    "densenet161": _densenet161,
    "bert-base": lambda b: _bert(b, 12, 768),
    "bert-large": lambda b: _bert(b, 24, 1024),
    "minilm": lambda b: _bert(b, 6, 384, 32),
}

#: Names of the six networks. `minilm` (all-MiniLM-L6-v2) is a problem too.
NETWORKS = tuple(name for name in _BUILDERS if name != "minilm")


def _build(network: str, constants: Constants) -> Builder:
    if network not in _BUILDERS:
        names = ", ".join(NETWORKS)
        raise SchedulingError(f"expected one of the networks {names}, got '{network}'")
    builder = Builder(constants)
    _BUILDERS[network](builder)
    return builder


def machine(constants: Constants) -> Machine:
    """The machine of these constants."""
    c = constants
    return Machine(
        groups=[
            Group(
                name="crossbars",
                elements=c.elements,
                arrays_per_element=c.arrays_per_element,
                writers_per_element=c.writers_per_element,
                rows=c.rows,
                row_write_ps=c.row_write_ps,
                static_mw_per_array=c.static_mw_per_array,
            )
        ],
        dram_bytes_per_us=c.dram_bytes_per_us,
        dram_pj_per_byte=c.dram_pj_per_byte,
        banks=[Bank(size, c.static_mw_per_mb * size / _MB) for size in c.banks_bytes],
        digital_units=c.digital_units,
        static_mw=c.static_mw,
    )


def problem(network: str, constants: Constants | None = None) -> Problem:
    """The problem of one inference: batch of 1, images of 224 x 224 (Inception: 299), 128 tokens.

    Raises:
        SchedulingError: the name of the network is unknown.
    """
    c = constants or Constants()
    return Problem(machine(c), _build(network, c).units, network)


def matrices(network: str) -> list[Matrix]:
    """The matrix products of a network, in order.

    Raises:
        SchedulingError: the name of the network is unknown.
    """
    return _build(network, Constants()).matrices


@dataclass(frozen=True)
class Statistics:
    """Sizes of a network."""

    layers: int
    arrays: int
    largest: int
    megabytes: float
    gmacs: float
    windows: int


def statistics(network: str, constants: Constants | None = None) -> Statistics:
    """Sizes of a network: layers on arrays, arrays of one copy, weights, products, windows.

    Raises:
        SchedulingError: the name of the network is unknown.
    """
    builder = _build(network, constants or Constants())
    units = [unit for unit in builder.units if unit.kind != "digital"]
    tiles = [unit.row_tiles * unit.col_tiles for unit in units]
    return Statistics(
        layers=len(units),
        arrays=sum(tiles),
        largest=max(tiles),
        megabytes=sum(unit.bytes for unit in units) / 1e6,
        gmacs=sum(m.macs for m in builder.matrices if m.is_weight) / 1e9,
        windows=sum(unit.windows for unit in units),
    )
