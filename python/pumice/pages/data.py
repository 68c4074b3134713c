# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The numbers that figures show, for plotly and matplotlib alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pumice.comparison import Comparison
    from pumice.report import Layer, Report, WearRange

__all__ = [
    "Network",
    "Occupancy",
    "WearMap",
    "buffer_steps",
    "layer_errors",
    "network",
    "occupancy",
    "power_steps",
    "waiting",
    "wear_maps",
]

#: Most rows and columns of a map of occupancy.
_ROWS, _COLUMNS = 64, 200
#: Arrays in a row of a wear map.
_WIDTH = 64


@dataclass(frozen=True)
class Occupancy:
    """How much arrays of one class were held over time.

    Attributes:
        resource: the class of arrays.
        per_row: adjacent arrays that one row stands for.
        first: number of the first array of each row.
        ends_ns: end of each column; the first begins at 0.
        share: rows by columns, 0 to 1: held time by time and arrays.
    """

    resource: str
    per_row: int
    first: list[int]
    ends_ns: list[float]
    share: npt.NDArray[np.float64]


def occupancy(report: Report) -> list[Occupancy]:
    """Maps of arrays over time, one for each class that was used."""
    lanes: dict[str, list[tuple[int, int, float, float]]] = defaultdict(list)
    for instruction in report.instructions:
        for lane in instruction["lanes"]:
            if lane["resource"].rpartition(".")[2] == "array":
                first = lane["first"]
                span = (first, first + lane["count"], lane["start_ns"], lane["end_ns"])
                lanes[lane["resource"]].append(span)
    found = []
    for resource, items in sorted(lanes.items()):
        last = max(end for _, end, _, _ in items)
        per_row = -(-last // _ROWS)
        rows = -(-last // per_row)
        columns = _COLUMNS if report.latency_ns else 1
        width = report.latency_ns / columns or 1.0
        held = np.zeros((rows, columns))
        for first, end, start, stop in items:
            top, bottom = first // per_row, (end - 1) // per_row + 1
            left, right = int(start / width), min(columns, int(np.ceil(stop / width)))
            if right <= left:
                continue
            edges = np.clip(np.arange(left, right + 1) * width, start, stop)
            counts = np.clip(np.arange(top, bottom + 1) * per_row, first, end)
            held[top:bottom, left:right] += np.outer(np.diff(counts), np.diff(edges))
        sizes = np.minimum(per_row, last - np.arange(rows) * per_row)
        share = np.minimum(held / (sizes[:, None] * width), 1.0)
        firsts = [row * per_row for row in range(rows)]
        ends = [(column + 1) * width for column in range(columns)]
        found.append(Occupancy(resource, per_row, firsts, ends, share))
    return found


@dataclass(frozen=True)
class WearMap:
    """Writes of arrays of one group, 64 arrays in a row.

    Attributes:
        group: of units.
        setup: True if the writes are those of the programming before the first run.
        writes: largest number of writes of a cell of each array; NaN behind the last array and
            where nothing was written.
        names: the layers that each array holds.
    """

    group: str
    setup: bool
    writes: npt.NDArray[np.float64]
    names: list[list[str]]


def wear_maps(report: Report) -> list[WearMap]:
    """Maps of the writes of a run, or of the programming if runs write nothing."""
    ranges, is_setup = report.wear.ranges, False
    if not ranges and report.setup is not None:
        ranges, is_setup = report.setup.wear.ranges, True
    groups: dict[str, list[WearRange]] = defaultdict(list)
    for item in ranges:
        groups[item.group].append(item)
    maps = []
    for group, items in groups.items():
        count = max(item.first + item.count for item in items)
        width = min(_WIDTH, count)
        rows = -(-count // width)
        writes = np.full(rows * width, np.nan)
        names = [""] * (rows * width)
        for item in items:
            end = item.first + item.count
            writes[item.first : end] = item.max_writes_per_cell
            names[item.first : end] = [", ".join(item.layers)] * item.count
        shaped = [names[row * width : (row + 1) * width] for row in range(rows)]
        maps.append(WearMap(group, is_setup, writes.reshape(rows, width), shaped))
    return maps


@dataclass(frozen=True)
class Network:
    """The layers as a graph, in rows by dependence.

    Attributes:
        layers: in the order of the report.
        places: x and y of each layer: y is the length of the longest path to it.
        edges: pairs of numbers of layers: the second uses what the first computes.
        errors: relative error that each layer adds, if a comparison says.
    """

    layers: Sequence[Layer]
    places: list[tuple[float, int]]
    edges: list[tuple[int, int]]
    errors: dict[str, float] = field(default_factory=dict)


def network(report: Report, errors: Mapping[str, float] | None = None) -> Network:
    """The graph of a network, from the dependences of its instructions."""
    layers = report.layers
    number = {layer.name: index for index, layer in enumerate(layers)}
    owner = {item["id"]: number.get(item["layer"], -1) for item in report.instructions}
    edges = sorted(
        {
            (owner[before], owner[item["id"]])
            for item in report.instructions
            for before in item["depends_on"]
            # Layers whose instructions run at several times point back: those edges are left out.
            if 0 <= owner.get(before, -1) < owner[item["id"]]
        }
    )
    depths = [0] * len(layers)
    for before, after in edges:  # sorted: all edges into a layer come before those out of it
        depths[after] = max(depths[after], depths[before] + 1)
    rows: dict[int, list[int]] = defaultdict(list)
    for index, depth in enumerate(depths):
        rows[depth].append(index)
    before_of: dict[int, list[int]] = defaultdict(list)
    for before, after in edges:
        before_of[after].append(before)
    x = [0.0] * len(layers)
    for depth in sorted(rows):
        row = rows[depth]
        wanted = {
            i: sum(x[b] for b in before_of[i]) / len(before_of[i]) if before_of[i] else 0.0
            for i in row
        }
        row.sort(key=lambda i: (wanted[i], i))
        for place, index in enumerate(row):
            x[index] = place - (len(row) - 1) / 2
    places = list(zip(x, depths, strict=True))
    return Network(layers, places, edges, dict(errors or {}))


def layer_errors(comparison: Comparison | Mapping[str, Any]) -> dict[str, float]:
    """The largest relative error that each layer adds.

    Args:
        comparison: of `Program.compare`, or what its `to_json` wrote.
    """
    data = comparison if isinstance(comparison, Mapping) else comparison.to_dict()
    errors: dict[str, float] = {}
    for tensor in data["tensors"]:
        value = tensor["own"]["relative"]
        if value is not None:
            errors[tensor["layer"]] = max(errors.get(tensor["layer"], 0.0), float(value))
    return errors


def waiting(report: Report) -> dict[str, dict[str, float]]:
    """Time in ns from an instruction's last input to its start, by layer and what it held then.

    An instruction that waited for several classes of resources counts for the one that was free
    last before it started; "other" if none ended at its start.
    """
    ends = {item["id"]: item["end_ns"] for item in report.instructions}
    freed: dict[float, set[str]] = defaultdict(set)
    for item in report.instructions:
        for lane in item["lanes"]:
            freed[lane["end_ns"]].add(lane["resource"])
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for item in report.instructions:
        ready = max((ends[before] for before in item["depends_on"]), default=0.0)
        wait = item["start_ns"] - ready
        if wait <= 1e-9 * max(report.latency_ns, 1.0):
            continue
        held = [lane["resource"] for lane in item["lanes"]]
        reason = next((r for r in held if r in freed.get(item["start_ns"], ())), "other")
        sums[item["layer"]][reason] += wait
    return {layer: dict(reasons) for layer, reasons in sums.items()}


def power_steps(report: Report) -> list[tuple[float, float]]:
    """Power in mW from each time in ns on: each instruction's energy over its time, and static."""
    static = report.static_energy_pj / report.latency_ns if report.latency_ns else 0.0
    changes: dict[float, float] = defaultdict(float)
    for item in report.instructions:
        time = item["end_ns"] - item["start_ns"]
        if time > 0:
            power = item["energy_pj"]["total"] / time
            changes[item["start_ns"]] += power
            changes[item["end_ns"]] -= power
    times = sorted(changes)
    powers = accumulate(changes[when] for when in times)
    # The sum of what came and went is not exactly 0.
    return [(when, static + max(power, 0.0)) for when, power in zip(times, powers, strict=True)]


def buffer_steps(report: Report) -> list[tuple[float, int]]:
    """Bytes of activations in the buffer as instructions start.

    The program frees buffers in its own order; where instructions overlap, the later one counts.
    """
    steps: dict[float, int] = {}
    for item in report.instructions:
        if "buffer_bytes" in item:
            steps[item["start_ns"]] = item["buffer_bytes"]
    if steps:
        steps[report.latency_ns] = 0
    return sorted(steps.items())
