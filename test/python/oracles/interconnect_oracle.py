# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Routes, loads, energies and waiting for links (docs/interconnect.md), written down a second
time.

Links have names, not numbers; lengths in H-trees come from where the tiles are; bytes are counted
row by row and column by column of a matrix.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

MEMORY = None  #: the end of a route where the memories are


@dataclass(frozen=True)
class Mesh:
    rows: int
    columns: int
    pitch: float
    memory: int = 0

    def route(self, start: int | None, end: int | None) -> list[str]:
        """Along the row, then along the column."""
        a, b = (divmod(self.memory if n is None else n, self.columns) for n in (start, end))
        links = []
        (row, column), (last_row, last_column) = a, b
        while (row, column) != b:
            before = f"{row},{column}"
            if column != last_column:
                column += 1 if last_column > column else -1
            else:
                row += 1 if last_row > row else -1
            links.append(f"{before}>{row},{column}")
        return links

    def length(self, link: str) -> float:
        return self.pitch


@dataclass(frozen=True)
class HTree:
    branching: int
    tiles: int
    pitch: float

    def route(self, start: int | None, end: int | None) -> list[str]:
        """Up to the first node that is above both, then down."""
        paths = [self._up(n) for n in (start, end)]
        common = next(node for node in paths[0] if node in paths[1])
        up = paths[0][: paths[0].index(common) + 1]
        down = paths[1][: paths[1].index(common) + 1][::-1]
        steps = [*pairwise(up), *pairwise(down)]
        return [f"{a[0]}.{a[1]}>{b[0]}.{b[1]}" for a, b in steps]

    def _up(self, tile: int | None) -> list[tuple[int, int]]:
        if tile is None:
            return [(self.depth, 0)]
        return [(level, tile // self.branching**level) for level in range(self.depth + 1)]

    @property
    def depth(self) -> int:
        depth = 0
        while self.branching**depth < self.tiles:
            depth += 1
        return depth

    def length(self, link: str) -> float:
        """From the middle of a node to the middle of its outermost part."""
        level = max(int(end.split(".")[0]) for end in link.split(">"))
        width = height = self.pitch
        for _ in range(level):
            parts = self._parts(width, height)
            across, down = max(x for x, _ in parts) + 1, max(y for _, y in parts) + 1
            middle = (across * width / 2, down * height / 2)
            longest = max(
                abs((x + 0.5) * width - middle[0]) + abs((y + 0.5) * height - middle[1])
                for x, y in parts
            )
            width, height = across * width, down * height
        return longest

    def _parts(self, width: float, height: float) -> list[tuple[int, int]]:
        """Where the parts of a node stand: as near to a square as their number allows."""
        fewer = max(n for n in range(1, self.branching + 1) if n * n <= self.branching
                    and self.branching % n == 0)  # fmt: skip
        more = self.branching // fewer
        across, down = (fewer, more) if height < width else (more, fewer)
        return [(x, y) for x in range(across) for y in range(down)]


def topology_of(interconnect: Mapping[str, Any], tiles: int) -> Mesh | HTree:
    pitch = interconnect["tile_pitch_mm"]
    if interconnect["topology"] == "mesh":
        rows, columns = interconnect["rows"], interconnect["columns"]
        return Mesh(rows, columns, pitch, interconnect.get("memory_node", 0))
    return HTree(interconnect["branching"], tiles, pitch)


def shares(total: int, parts: int) -> list[int]:
    """Whole numbers that differ by one at most."""
    return [total * (i + 1) // parts - total * i // parts for i in range(parts)]


@dataclass
class Traffic:
    """What an instruction moves: bytes by ends of routes."""

    incoming: Counter[tuple[int | None, int | None]] = field(default_factory=Counter)
    outgoing: Counter[tuple[int | None, int | None]] = field(default_factory=Counter)


def moved(
    interconnect: Mapping[str, Any],
    tiles: int,
    from_buffer: Mapping[int, int],
    to_buffer: Mapping[int, int] = {},
    from_dram: Mapping[int, int] = {},
) -> Traffic:
    """The routes of bytes by tiles."""
    traffic = Traffic()
    spread = interconnect.get("spread_buffer", False)
    for tile, total in from_buffer.items():
        parts = enumerate(shares(total, tiles)) if spread else [(MEMORY, total)]
        traffic.incoming.update({(place, tile): n for place, n in parts if n})
    for tile, total in from_dram.items():
        traffic.incoming.update({(MEMORY, tile): total})
    for tile, total in to_buffer.items():
        parts = enumerate(shares(total, tiles)) if spread else [(MEMORY, total)]
        traffic.outgoing.update({(tile, place): n for place, n in parts if n})
    return traffic


def layer_bytes(
    array_tiles: Sequence[Sequence[int]],
    matrix: Any,
    cut: Any,
    array: Mapping[str, Any],
    windows: int,
    sum_bytes: int = 8,
) -> tuple[dict[int, int], dict[int, int]]:
    """Bytes that a layer's tiles get and send: every row and column of a copy that they have, once.

    `array_tiles`: for each copy, the tiles of its arrays in order.
    """
    per_row = array["columns"] // cut.slices
    got: dict[int, set[tuple[int, int, int]]] = defaultdict(set)
    sent: dict[int, set[tuple[int, int, int]]] = defaultdict(set)
    for copy, places in enumerate(array_tiles):
        for number, tile in enumerate(places):
            if cut.groups_per_array > 1:
                first = number * cut.groups_per_array
                for group in range(first, min(first + cut.groups_per_array, matrix.groups)):
                    got[tile] |= {(copy, group, row) for row in range(matrix.rows)}
                    sent[tile] |= {(copy, group, column) for column in range(matrix.columns)}
                continue
            block, column_tile = divmod(number, cut.column_tiles)
            group, row_tile = divmod(block, cut.row_tiles)
            for row in range(row_tile * array["rows"], (row_tile + 1) * array["rows"]):
                if row < matrix.rows:
                    got[tile].add((copy, group, row))
            for column in range(column_tile * per_row, (column_tile + 1) * per_row):
                if column < matrix.columns:
                    sent[tile].add((copy, group, column))
    of_copy = shares(windows, len(array_tiles))
    code_bytes = matrix.stored_input_bits // 8

    def bytes_of(found: dict[int, set[tuple[int, int, int]]], size: int) -> dict[int, int]:
        return {tile: sum(of_copy[c] * size for c, *_ in items) for tile, items in found.items()}

    return bytes_of(got, code_bytes), bytes_of(sent, sum_bytes)


@dataclass(frozen=True)
class Links:
    """What traffic costs."""

    bytes: dict[str, int]
    energy_pj: float
    farthest_ns: float
    busy_ns: dict[str, float]


def cost(interconnect: Mapping[str, Any], tiles: int, traffic: Traffic) -> Links:
    topology = topology_of(interconnect, tiles)

    def hop_ns(link: str) -> float:
        return interconnect["router_ns"] + interconnect["wire_ns_per_mm"] * topology.length(link)

    loads: Counter[str] = Counter()
    farthest = 0.0
    for routes in (traffic.incoming, traffic.outgoing):
        times = [0.0]
        for (start, end), total in routes.items():
            route = topology.route(start, end)
            loads.update(dict.fromkeys(route, 0))
            for link in route:
                loads[link] += total
            times.append(sum(map(hop_ns, route)))
        farthest += max(times)
    router, wire = interconnect["router_pj_per_bit"], interconnect["wire_pj_per_bit_mm"]
    energy = sum(8 * n * (router + wire * topology.length(link)) for link, n in loads.items())
    bandwidth = interconnect["bandwidth_bytes_per_ns"]
    return Links(dict(loads), energy, farthest, {k: v / bandwidth for k, v in loads.items()})


@dataclass(frozen=True)
class Item:
    """An instruction on a timeline: what it holds for how long, and when it is over."""

    held_ns: Mapping[str, float]
    latency_ns: float
    after: Iterable[int] = ()


def starts(items: Sequence[Item]) -> tuple[list[float], dict[str, float]]:
    """When instructions start, and how long they waited for what was free last.

    Each starts when those before it have ended and all that it holds is free, in their order.
    """
    free: dict[str, float] = {}
    begun: list[float] = []
    ended: list[float] = []
    waited: dict[str, float] = {}
    for item in items:
        ready = start = max((ended[i] for i in item.after), default=0.0)
        reason = ""
        for name in item.held_ns:
            if free.get(name, 0.0) > start:
                start, reason = free[name], name
        if start > ready:
            waited[reason] = waited.get(reason, 0.0) + start - ready
        free.update({name: start + ns for name, ns in item.held_ns.items()})
        begun.append(start)
        ended.append(start + item.latency_ns)
    return begun, waited
