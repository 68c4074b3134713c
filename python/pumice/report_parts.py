# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The parts of a report: layers, levels, use of resources, wear."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pumice.errors import PumiceError

__all__ = [
    "CodeStats",
    "FunctionUse",
    "Layer",
    "Level",
    "Lifetime",
    "Link",
    "Saturation",
    "Utilisation",
    "Wear",
    "WearRange",
    "layer_of",
    "sum_of",
    "wear_of",
]

_SECONDS_PER_YEAR = 365.25 * 24 * 3600


@dataclass(frozen=True)
class Saturation:
    """A quantization that took an end of its range far more often than in calibration.

    Attributes:
        layer: the module's path in the model, or a source location.
        node: name of the node of the exported graph.
        end: "low" or "high".
        fraction: fraction of the values that became the least or greatest quantized value.
        calibrated: the same in calibration.
    """

    layer: str
    node: str
    end: str
    fraction: float
    calibrated: float


@dataclass(frozen=True)
class Layer:
    """All instructions that originate from one layer of the model.

    Attributes:
        name: the module's path in the model, or its source location.
        kinds: kinds of its instructions, in order of first appearance: mvm, digital, ...
        units: the units that executed them.
        instructions: number of instructions.
        arrays: number of crossbar arrays of the layer.
        start_ns, end_ns: of its first and last instruction; layers may overlap.
        busy_ns: time in which at least one of its instructions ran.
        energy_pj: dynamic energy.
        components: dynamic energy by component, in pJ; components without energy are omitted.
        counters: events; events that did not happen are omitted.
        reasons: why its matrix products and convolutions ran on the digital unit, without
            duplicates; empty if none did.
        nonlinear: kinds of nonlinear functions that its digital instructions computed (those of
            `pum.nonlinear`: softmax, layer_norm, gelu, ...). Elementwise neighbours are computed
            together, in the layer of the first of them.
    """

    name: str
    kinds: tuple[str, ...]
    units: tuple[str, ...]
    instructions: int
    arrays: int
    start_ns: float
    end_ns: float
    busy_ns: float
    energy_pj: float
    components: dict[str, float]
    counters: dict[str, Any]
    reasons: tuple[str, ...] = ()
    nonlinear: tuple[str, ...] = ()

    @property
    def conversions(self) -> int:
        """Analog to digital conversions."""
        return int(self.counters.get("conversions", 0))


@dataclass(frozen=True)
class Level:
    """A level of the hierarchy of a group of units, with the parts of one instance of it.

    Attributes:
        group, level: names, as in the device.
        count: instances in the device; of an unlimited level, those that are needed.
        area_mm2, power_mw: of one instance, with what it holds and its share of shared parts; None
            if the device states no components of the level or of what it holds.
    """

    group: str
    level: str
    count: int
    area_mm2: float | None
    power_mw: float | None


@dataclass(frozen=True)
class Utilisation:
    """Number and utilisation of the resources of one class.

    Attributes:
        count: number of resources; of unlimited arrays, those in use.
        busy_ns: summed over the resources.
        share: busy_ns divided by count times latency.
    """

    count: int
    busy_ns: float
    share: float


@dataclass(frozen=True)
class Link:
    """A link of the device's interconnect that was used (docs/interconnect.md).

    Attributes:
        link: its number, as `first` of lanes of the class `link`.
        name: from where to where: `ROW,COLUMN>ROW,COLUMN` in a mesh, `LEVEL.NODE>LEVEL.NODE` in an
            H-tree.
        busy_ns: how long instructions held it.
        share: busy_ns divided by latency.
        waiting_ns: how long instructions waited for it that were ready otherwise.
    """

    link: int
    name: str
    busy_ns: float
    share: float
    waiting_ns: float


@dataclass(frozen=True)
class WearRange:
    """Adjacent arrays of a group into which the same layers were written.

    Attributes:
        group: name of their group of units.
        first, count: the arrays.
        layers: in order of their first write.
        max_writes_per_cell, mean_writes_per_cell: over all cells of these arrays.
    """

    group: str
    first: int
    count: int
    layers: tuple[str, ...]
    max_writes_per_cell: int
    mean_writes_per_cell: float


@dataclass(frozen=True)
class Lifetime:
    """The time until the first cell reaches its endurance.

    Counts the writes of the setup once and those of the run for each run, without wear levelling or
    spare cells.

    Attributes:
        limit: "none" if a run writes nothing, "unknown" if the device names no endurance, else
            "endurance".
        endurance_writes: writes that a cell endures; None if the device does not say.
        runs: number of runs; infinite without a limit, None if unknown.
        years_back_to_back: the years that these runs take without a pause.
    """

    limit: str
    endurance_writes: int | None
    runs: float | None
    years_back_to_back: float | None

    def years(self, runs_per_second: float) -> float | None:
        """Lifetime at a rate; infinite without a limit, None if it is unknown.

        Raises:
            PumiceError: the rate is not above 0.
        """
        if not runs_per_second > 0:
            raise PumiceError(f"expected runs_per_second above 0, got {runs_per_second}")
        return None if self.runs is None else self.runs / runs_per_second / _SECONDS_PER_YEAR


@dataclass(frozen=True)
class Wear:
    """Writes of cells.

    Attributes:
        max_writes_per_cell, mean_writes_per_cell: over all cells of the arrays that were written.
        arrays_written: number of these arrays.
        cells_written: cells that were written at least once.
        max_is_bound: if False, all counts are exact, for every cell. If True (associative
            processors), the mean of a run is exact and the other counts are upper bounds.
        histogram: number of cells of these arrays by number of writes, including 0.
        ranges: the arrays by the layers that they hold.
        lifetime: None in the report of the setup.
    """

    max_writes_per_cell: int
    mean_writes_per_cell: float
    arrays_written: int
    cells_written: int
    max_is_bound: bool
    histogram: dict[int, int]
    ranges: tuple[WearRange, ...]
    lifetime: Lifetime | None


@dataclass(frozen=True)
class FunctionUse:
    """The use of one net or table.

    Attributes:
        name: its symbol in the program.
        kind: the kind of nonlinear function that it stands for; empty if it does not say.
        method: "neon" or "lut".
        elements: numbers that it was applied to.
        outside: those of them that were outside of its domain, or NaN.
    """

    name: str
    kind: str
    method: str
    elements: int
    outside: int


@dataclass(frozen=True)
class CodeStats:
    """Statistics of code generation for the digital regions.

    Attributes:
        regions: all of the program.
        distinct: number of distinct regions, up to names and the values of constants; the others
            share code.
        cached: number of distinct regions whose code was on disk.
        seconds: time on this computer, including reading and writing the cache.
        warning: why the cache on disk is not used; empty if it is.
    """

    regions: int
    distinct: int
    cached: int
    seconds: float
    warning: str = ""


def sum_of(name: str, layers: Sequence[Layer], times: list[tuple[float, float]]) -> Layer:
    """Several layers as one; `times` are those of their instructions."""
    busy, end = 0.0, -math.inf
    for first, last in sorted(times):
        busy += max(last - max(first, end), 0.0)
        end = max(end, last)
    components: Counter[str] = Counter()
    counters: Counter[str] = Counter()
    for layer in layers:
        components.update(layer.components)
        counters.update({k: v for k, v in layer.counters.items() if isinstance(v, int | float)})

    def union(attribute: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for layer in layers for word in getattr(layer, attribute)))

    return Layer(
        name,
        union("kinds"),
        union("units"),
        sum(layer.instructions for layer in layers),
        sum(layer.arrays for layer in layers),
        min(layer.start_ns for layer in layers),
        max(layer.end_ns for layer in layers),
        busy,
        sum(layer.energy_pj for layer in layers),
        dict(components),
        dict(counters),
        union("reasons"),
        union("nonlinear"),
    )


def layer_of(item: Mapping[str, Any]) -> Layer:
    """A layer of a report's JSON."""
    energy = dict(item["energy_pj"])
    return Layer(
        item["name"],
        tuple(item["kinds"]),
        tuple(item["units"]),
        item["instructions"],
        item["arrays"],
        item["start_ns"],
        item["end_ns"],
        item["busy_ns"],
        energy.pop("total"),
        energy,
        dict(item["counters"]),
        tuple(item.get("reasons", ())),
        tuple(item.get("nonlinear", ())),
    )


def wear_of(item: Mapping[str, Any]) -> Wear:
    """The wear of a report's JSON."""
    life = item.get("lifetime")
    return Wear(
        item["max_writes_per_cell"],
        item["mean_writes_per_cell"],
        item["arrays_written"],
        item.get("cells_written", 0),
        item.get("max_is_bound", False),
        {entry["writes"]: entry["cells"] for entry in item.get("histogram", [])},
        tuple(
            WearRange(**{**entry, "layers": tuple(entry["layers"])})
            for entry in item.get("ranges", [])
        ),
        _lifetime(life) if life else None,
    )


def _lifetime(item: Mapping[str, Any]) -> Lifetime:
    endless = math.inf if item["limit"] == "none" else None
    return Lifetime(
        item["limit"],
        item["endurance_writes"],
        item.get("runs", endless),
        item.get("years_back_to_back", endless),
    )
