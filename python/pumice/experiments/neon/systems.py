# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time, area, power and energy of a network with its functions on DLC, LUT or NEON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

from pumice.experiments.neon.costs import Matrix
from pumice.experiments.neon.hardware import Hardware, NetShape, Setting, Units
from pumice.experiments.neon.trace import Step

__all__ = ["CONFIGURATIONS", "FUNCTIONS", "FunctionWork", "System", "SystemCost"]

#: `lut` has the area of `neon` for each function, `lut_wide` a table per element as in the paper.
CONFIGURATIONS = ("dlc", "lut", "neon", "lut_wide")


@dataclass(frozen=True)
class FunctionWork:
    """Scalar operations of one vector of a function of size d, by counts of (d, 1).

    Attributes:
        exps, divides, roots: on units.
        nets: evaluations by the net's name, those that depend on each other in stages.
        shared: additions and multiplications in every configuration, each of d.
        products: further multiplications where a net or table gives a reciprocal, of d.
    """

    exps: tuple[int, int]
    divides: tuple[int, int]
    roots: tuple[int, int]
    nets: tuple[dict[str, tuple[int, int]], ...]
    shared: int
    products: int


#: softmax: max, differences and sum of d; the paper's DLC divides each of d (it has d/2 dividers).
#: squash: squares, their sum and products of d; root and quotient are one each.
#: sqrt, of a norm: a root and a quotient, or a net of the reciprocal root.
FUNCTIONS: dict[str, FunctionWork] = {
    "softmax": FunctionWork(
        (1, 0), (1, 0), (0, 0), ({"exp": (1, 0)}, {"reciprocal": (0, 1)}), 3, 1
    ),
    "squash": FunctionWork((0, 0), (0, 1), (0, 1), ({"sqrt": (0, 1), "reciprocal": (0, 1)},), 3, 0),
    "sqrt": FunctionWork((0, 0), (0, 1), (0, 1), ({"rsqrt": (0, 1)},), 0, 0),
}


def _times(count: tuple[int, int], d: int) -> int:
    return count[0] * d + count[1]


@dataclass(frozen=True)
class SystemCost:
    """An inference.

    Attributes:
        latency_ns: of one inference.
        area_mm2, power_mw: of arrays for weights and of what computes functions.
        function_area_mm2: of the latter.
        energy_pj: by events: conversions, wordlines, cells, operations.
        function_pj: of that, nonlinear functions.
        paper_pj, paper_function_pj: in the paper's accounting: power of what computes, an IMA
            for each 128x16 weights, times the time that it computes.
        paper_area_mm2, paper_power_mw: likewise.
    """

    latency_ns: float
    area_mm2: float
    power_mw: float
    function_area_mm2: float
    energy_pj: float
    function_pj: float
    paper_pj: float
    paper_function_pj: float
    paper_area_mm2: float
    paper_power_mw: float


@dataclass
class _Stage:
    """A step in time: of the first vector, of all vectors, and what it occupies."""

    first: float
    total: float
    resource: str
    waits: bool
    beside: bool


class System:
    """A machine for networks whose functions are nets, units or tables.

    Args:
        nets: shape of the net of each library function.
        units: of the baselines, if not the hardware's.
        one_division: DLC divides once per vector and multiplies, which the paper's does not.
    """

    def __init__(
        self,
        hardware: Hardware,
        setting: Setting,
        nets: Mapping[str, NetShape],
        *,
        units: Units | None = None,
        one_division: bool = False,
    ) -> None:
        self.hardware, self.setting, self.nets = hardware, setting, nets
        self.units = units or hardware.units_of(setting)
        self.one_division = one_division
        self._times: dict[tuple[object, ...], tuple[float, float, int]] = {}

    def cost(self, steps: Sequence[Step], configuration: str) -> SystemCost:
        """Of a network with its functions in one of `CONFIGURATIONS`."""
        hw = self.hardware
        hw.learn([Matrix(s.rows, s.columns) for s in steps if s.kind == "matrix"])
        copies = self._copies(steps)
        stages = [self._stage(step, configuration, copies) for step in steps]
        latency = self._latency(stages)

        energy = paper = function = paper_function = 0.0
        arrays = 0
        rescale = hw.digital_pj["multiply"] + hw.digital_pj["add"]
        subarray = hw.levels["subarray"]
        for step in steps:
            if step.kind == "matrix":
                cost = hw.cost(Matrix(step.rows, step.columns))
                products = step.vectors * step.groups
                energy += products * (cost.energy_pj + step.columns * rescale)
                paper += products * cost.arrays * subarray["power_mw"] * cost.latency_ns
                arrays += cost.arrays * step.groups * copies[id(step)]
            elif step.kind == "product":
                energy += step.macs * rescale
                paper += step.macs * rescale
            else:
                one, paper_one = self._function_pj(step, configuration)
                function += one * step.vectors
                paper_function += paper_one * step.vectors
        area, power, paper_area, paper_power = self._function_area(steps, configuration)
        bank = hw.levels["bank"]
        share = 1 / float(hw.neon.crossbars["levels"][1]["holds"])
        holds = hw.arrays_per_subarray
        banks, paper_banks = arrays / holds * share, arrays * share
        return SystemCost(
            latency,
            banks * bank["area_mm2"] + area,
            banks * bank["power_mw"] + power,
            area,
            energy + function,
            function,
            paper + paper_function,
            paper_function,
            paper_banks * bank["area_mm2"] + paper_area,
            paper_banks * bank["power_mw"] + paper_power,
        )

    # Time

    def _copies(self, steps: Sequence[Step]) -> dict[int, int]:
        """Of the weights of each matrix: 1, or as many as the layer with the fewest needs."""
        counts = [s.vectors for s in steps if s.kind == "matrix" and s.vectors > 1]
        least = min(counts, default=1)
        return {
            id(s): max(1, ceil(s.vectors / least)) if self.setting.pipelined else 1
            for s in steps
            if s.kind == "matrix"
        }

    def _stage(self, step: Step, configuration: str, copies: Mapping[int, int]) -> _Stage:
        if step.kind == "matrix":
            each = self.hardware.cost(Matrix(step.rows, step.columns)).latency_ns
            turns = ceil(step.vectors / copies[id(step)])
            return _Stage(each, turns * each, step.name, step.waits, step.beside)
        if step.kind == "product":
            total = 2 * step.macs / self.hardware.digital_lanes
            return _Stage(total / step.vectors, total, step.name, step.waits, step.beside)
        first, interval, vectors = self._function_time(step, configuration)
        shared = configuration == "dlc" or not self.setting.net_per_site
        resource = f"{step.kind}-{step.size}" if shared else step.name
        total = first + (vectors - 1) * interval
        if self.setting.sums_by_mvm and _sums(step):
            # Each site adds with a product of its own.
            turns = ceil(step.vectors / step.sites)
            total = max(total, first + (turns - 1) * self.hardware.mvm_ns)
        return _Stage(first, total, resource, step.waits, step.beside)

    def _function_time(self, step: Step, configuration: str) -> tuple[float, float, int]:
        """Of the first vector, between two vectors, and vectors one after the other."""
        key = (configuration, step.kind, step.size, step.vectors, step.sites)
        if key not in self._times:  # blocks of a network repeat
            self._times[key] = self._new_time(step, configuration)
        return self._times[key]

    def _new_time(self, step: Step, configuration: str) -> tuple[float, float, int]:
        if configuration == "dlc":
            return self._dlc_time(step)
        if configuration == "neon":
            return self._neon_time(step)
        return self._lut_time(step, self._tables(step, configuration))

    def _latency(self, stages: Sequence[_Stage]) -> float:
        if not self.setting.pipelined:
            return sum(stage.total for stage in stages if not stage.beside)
        total = 0.0
        segment: list[_Stage] = []
        for stage in [*stages, None]:
            if stage is None or stage.waits:
                total += _segment(segment)
                segment = []
            if stage is not None:
                segment.append(stage)
        return total

    def _sum_ns(self, step: Step) -> float:
        if not _sums(step):
            return 0.0
        if self.setting.sums_by_mvm:
            return self.hardware.mvm_ns
        return ceil(log2(max(step.size, 2))) / float(self.hardware.neon.digital["clock_ghz"])

    def _lanes(self, step: Step) -> int:
        return max(1, int(step.size * self.units.lane_part)) if step.size > 1 else 1

    def _dlc_counts(self, step: Step) -> tuple[int, int]:
        """EXP and DIV/SQRT operations of a vector."""
        work = FUNCTIONS[step.kind]
        divides = _times(work.divides, step.size)
        if self.one_division:
            divides = min(divides, 1)
        return _times(work.exps, step.size), divides + _times(work.roots, step.size)

    def _dlc_time(self, step: Step) -> tuple[float, float, int]:
        lanes, work = self._lanes(step), FUNCTIONS[step.kind]
        exps, _ = self._dlc_counts(step)
        divides = 1 if self.one_division else _times(work.divides, step.size)
        exp = ceil(exps / lanes) * self.units.exp_ns
        div = (ceil(divides / lanes) + _times(work.roots, step.size)) * self.units.div_ns
        return exp + self._sum_ns(step) + div, max(exp, div), step.vectors

    def _net_work(self, step: Step) -> list[tuple[NetShape, int]]:
        """Evaluations of a vector, by net."""
        return [
            (self.nets[name], _times(count, step.size))
            for stage in FUNCTIONS[step.kind].nets
            for name, count in stage.items()
        ]

    def _vector_arrays(self, step: Step, vectors: int = 1) -> int:
        """Arrays for so many vectors per product."""
        hw = self.hardware
        return sum(hw.net_arrays(net, count * vectors) for net, count in self._net_work(step))

    def _vectors(self, step: Step) -> float:
        """Vectors per product that the arrays of the step's nets compute."""
        arrays = self._net_arrays(step)
        if arrays < self._vector_arrays(step):
            return arrays / self._vector_arrays(step)
        low, high = 1, 1 << 40
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (
                (middle, high) if self._vector_arrays(step, middle) <= arrays else (low, middle)
            )
        return low

    def _net_arrays(self, step: Step) -> int:
        """Arrays of the nets of all sites, or of the area of the baseline's units.

        At least one array for each layer of a net.
        """
        if self.setting.net_per_site:
            return step.sites * self._vector_arrays(step)
        least = 2 * len(self._net_work(step))
        return max(least, int(self._budget_um2(step) / self._array_um2()))

    def _array_um2(self) -> float:
        hw = self.hardware
        return 1e6 * hw.levels["subarray"]["area_mm2"] / hw.arrays_per_subarray

    def _budget_um2(self, step: Step) -> float:
        """Area of the units of DLC for this function and size."""
        exps, divides = self._dlc_counts(step)
        lanes = self._lanes(step)
        return lanes * (bool(exps) * self.units.exp_um2 + bool(divides) * self.units.div_um2)

    def _net_ns(self, step: Step) -> tuple[float, float]:
        """Products of a vector's nets one after the other, and the longest of them."""
        first = longest = 0.0
        for stage in FUNCTIONS[step.kind].nets:
            products = [
                [self.hardware.cost(m).latency_ns for m in self.nets[name].layers] for name in stage
            ]
            first += max(map(sum, products))
            longest = max(longest, *map(max, products))
        return first, longest

    def _neon_time(self, step: Step) -> tuple[float, float, int]:
        first, each = self._net_ns(step)
        if step.kind == "squash":
            first += self._sum_ns(step)
        if self.setting.net_per_site:
            return first, each, ceil(step.vectors / step.sites)
        vectors = self._vectors(step)
        return first * max(1.0, ceil(1 / vectors)), each / vectors, step.vectors

    def _tables(self, step: Step, configuration: str) -> int:
        """At least one table for each net of the function."""
        least = sum(len(stage) for stage in FUNCTIONS[step.kind].nets)
        if configuration == "lut_wide":
            sites = step.sites if self.setting.net_per_site else 1
            return sites * sum(count for _, count in self._net_work(step))
        return max(least, self._net_arrays(step) // self.units.lut_arrays)

    def _lut_time(self, step: Step, tables: int) -> tuple[float, float, int]:
        stages = FUNCTIONS[step.kind].nets
        counts = [sum(_times(c, step.size) for c in stage.values()) for stage in stages]
        each = max(1, tables - (len(stages) - 1))  # the first stage has all tables but one
        first = ceil(counts[0] / each) * self.units.lut_ns + self._sum_ns(step)
        first += sum(count * self.units.lut_ns for count in counts[1:])
        return first, counts[0] / each * self.units.lut_ns, step.vectors

    # Energy

    def _function_pj(self, step: Step, configuration: str) -> tuple[float, float]:
        """Of one vector: by events, and in the paper's accounting."""
        hw, work, units = self.hardware, FUNCTIONS[step.kind], self.units
        shared = work.shared * step.size * hw.digital_pj["add"]
        products = work.products * step.size * hw.digital_pj["multiply"]
        if configuration == "dlc":
            exps, divides = self._dlc_counts(step)
            own = exps * units.exp_pj + divides * units.div_pj
            own += products if self.one_division else 0.0
            return shared + own, shared + own
        if configuration != "neon":
            lookups = sum(count for _, count in self._net_work(step))
            table_mw = hw.levels["subarray"]["power_mw"] * units.lut_arrays
            events = shared + products + lookups * units.lut_pj
            # A table of 128x16 arrays, each with the power of an IMA.
            return events, shared + products + lookups * table_mw * units.lut_ns
        events = shared + products + sum(n * hw.net_pj(net) for net, n in self._net_work(step))
        ima = hw.levels["subarray"]["power_mw"] * self._net_ns(step)[1]
        return events, shared + products + self._vector_arrays(step) * ima

    # Area

    def _function_area(
        self, steps: Sequence[Step], configuration: str
    ) -> tuple[float, float, float, float]:
        """mm2 and mW of what computes functions; then in the paper's accounting."""
        hw, units = self.hardware, self.units
        area = power = paper_area = paper_power = 0.0
        subarray = hw.levels["subarray"]
        seen: set[tuple[str, int]] = set()
        for step in steps:
            if not step.is_function:
                continue
            key = (step.kind, step.size)
            is_shared = configuration == "dlc" or not self.setting.net_per_site
            if is_shared and key in seen:
                continue
            seen.add(key)
            if configuration == "dlc":
                exps, divides = self._dlc_counts(step)
                lanes = self._lanes(step)
                area += self._budget_um2(step) / 1e6
                paper_area += self._budget_um2(step) / 1e6
                mw = lanes * (bool(exps) * units.exp_mw + bool(divides) * units.div_mw)
                power += mw
                paper_power += mw
                continue
            arrays = self._net_arrays(step)
            if configuration != "neon":
                arrays = self._tables(step, configuration) * units.lut_arrays
            area += arrays / hw.arrays_per_subarray * subarray["area_mm2"]
            power += arrays / hw.arrays_per_subarray * subarray["power_mw"]
            paper_area += arrays * subarray["area_mm2"]
            paper_power += arrays * subarray["power_mw"]
        return area, power, paper_area, paper_power


def _sums(step: Step) -> bool:
    return step.kind in ("softmax", "squash")


def _segment(stages: Sequence[_Stage]) -> float:
    """A vector passes all stages; then the busiest resource decides."""
    if not stages:
        return 0.0
    fill = sum(stage.first for stage in stages if not stage.beside)
    busy: dict[str, float] = {}
    firsts: dict[str, float] = {}
    for stage in stages:
        busy[stage.resource] = busy.get(stage.resource, 0.0) + stage.total
        firsts.setdefault(stage.resource, stage.first)
    return fill + max(busy[name] - firsts[name] for name in busy)
