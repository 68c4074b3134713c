# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a run or an estimate cost: time, energy, area, wear, per layer and per component."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumice.errors import PumiceError

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["CodeStats", "Layer", "Lifetime", "Report", "Utilisation", "Wear", "WearRange"]

_SECONDS_PER_YEAR = 365.25 * 24 * 3600


@dataclass(frozen=True)
class Layer:
    """All instructions that came from one layer of the model.

    Attributes:
        name: the module's path in the model, or the place in the source that it came from.
        kinds: kinds of its instructions, in order of first appearance: mvm, digital, ...
        units: units that ran them.
        instructions: how many there are.
        arrays: crossbar arrays that it holds.
        start_ns, end_ns: of its first and last instruction; layers may overlap.
        busy_ns: time in which at least one of its instructions ran.
        energy_pj: dynamic energy.
        components: dynamic energy by component, in pJ; those without any are left out.
        counters: events; those that did not happen are left out.
        reasons: why matrix products and convolutions of it ran on the digital unit, each once;
            empty if none did.
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
class Utilisation:
    """Resources of one class: how many there are, and the part of the time that they were held.

    Attributes:
        count: resources; of unlimited arrays, those in use.
        busy_ns: summed over the resources.
        share: busy_ns over count times the latency.
    """

    count: int
    busy_ns: float
    share: float


@dataclass(frozen=True)
class WearRange:
    """Neighbouring arrays that the same layers were written to.

    Attributes:
        first, count: the arrays.
        layers: in order of their first write.
        max_writes_per_cell, mean_writes_per_cell: over all cells of these arrays.
    """

    first: int
    count: int
    layers: tuple[str, ...]
    max_writes_per_cell: int
    mean_writes_per_cell: float


@dataclass(frozen=True)
class Lifetime:
    """How long it takes until the first cell has been written as often as it endures.

    Cells are written as in the setup once, and as in the run by each run; nothing is moved to
    spare cells.

    Attributes:
        limit: "none" if a run writes nothing, "unknown" if the device names no endurance, else
            "endurance".
        endurance_writes: writes that a cell endures; None if the device does not say.
        runs: runs of the program; infinite without a limit, None if it is unknown.
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
        arrays_written: how many arrays those are.
        cells_written: cells that were written at least once.
        max_is_bound: False: all counts are exact, for every cell. True, on associative
            processors: a run's mean is exact, other counts are the most that a cell can have got.
        histogram: cells of these arrays by number of writes, those with 0 included.
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
class CodeStats:
    """What generating code for the digital regions took.

    Attributes:
        regions: all of the program.
        distinct: different ones, up to names and the values of constants; the others share code.
        cached: of the distinct ones, those whose code was on disk.
        seconds: of this computer, with reading and writing of the cache.
    """

    regions: int
    distinct: int
    cached: int
    seconds: float


class Report:
    """The books of one run. `print(report)` gives tables, `to_dict` everything as plain data.

    Attributes:
        timings: seconds that the computer, not the machine, spent by phase of compilation.
        code: generating code for the digital regions, a part of the phase "prepare"; None
            before a program's first run.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | str,
        timings: Mapping[str, float] | None = None,
        code: CodeStats | None = None,
    ) -> None:
        self._source = data
        self.timings = dict(timings or {})
        self.code = code

    @cached_property
    def _data(self) -> dict[str, Any]:
        """Parsed when first used: a run does not wait for it."""
        return json.loads(self._source) if isinstance(self._source, str) else dict(self._source)

    @property
    def device(self) -> str:
        """Name of the device."""
        return str(self._data["device"])

    @property
    def latency_ns(self) -> float:
        """From the start of the first instruction to the end of the last."""
        return float(self._data["latency_ns"])

    @property
    def energy_pj(self) -> float:
        """Dynamic and static energy."""
        return float(self._data["energy_pj"]["total"])

    @property
    def dynamic_energy_pj(self) -> float:
        """Energy of events: conversions, cell reads, transfers, digital operations, ..."""
        return float(self._data["energy_pj"]["dynamic"])

    @property
    def static_energy_pj(self) -> float:
        """Power of the parts that are always on, times the latency."""
        return float(self._data["energy_pj"]["static"])

    @property
    def components(self) -> dict[str, float]:
        """Dynamic energy by component, in pJ; those without any are 0."""
        sums = ("total", "dynamic", "static")
        return {k: float(v) for k, v in self._data["energy_pj"].items() if k not in sums}

    @property
    def area_mm2(self) -> float:
        """Area of the chip."""
        return float(self._data["area_mm2"]["chip"])

    @property
    def power_mw(self) -> float:
        """Power of the chip with everything switched on (not the power of this run)."""
        return float(self._data["power_mw"]["chip"])

    @property
    def tiles(self) -> int:
        """Tiles of the chip; where the device does not limit them, those that are needed."""
        return int(self._data["tiles"])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """In order of first appearance."""
        return tuple(_layer(item) for item in self._data["layers"])

    @property
    def instructions(self) -> list[dict[str, Any]]:
        """The timeline: one record per instruction, with the lanes of resources that it held."""
        return list(self._data["instructions"])

    @property
    def utilisation(self) -> dict[str, Utilisation]:
        """By class of resources: array, buffer_port, dram_port, digital_unit."""
        return {k: Utilisation(**v) for k, v in self._data["utilisation"].items()}

    @property
    def wear(self) -> Wear:
        """Writes during the run; those of the one-time programming are in `setup.wear`."""
        return _wear(self._data["wear"])

    @property
    def counters(self) -> dict[str, Any]:
        """Events of the whole run, also those that did not happen."""
        return dict(self._data["counters"])

    @property
    def arrays(self) -> int:
        """Crossbar arrays that hold weights."""
        setup = self.setup
        written = setup.wear.arrays_written if setup is not None else 0
        return max(written, self.wear.arrays_written)

    @property
    def peak_buffer_bytes(self) -> int:
        """Most bytes of activations that were in the buffer at a time."""
        return int(self._data.get("peak_buffer_bytes", 0))

    @property
    def setup(self) -> Report | None:
        """The one-time programming of arrays before the first run, apart; None if there is none."""
        data = self._data.get("setup")
        return Report(data) if data and data["instructions"] else None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data (lib/Model/Machine/Report.h lists the keys), and `timings_s`.

        The latter holds `code` under "code_generation".
        """
        timings: dict[str, Any] = dict(self.timings)
        if self.code is not None:
            timings["code_generation"] = asdict(self.code)
        return {**self._data, "timings_s": timings}

    def to_json(self, path: str | os.PathLike[str] | None = None, *, indent: int = 2) -> str:
        """`to_dict` as JSON; written to `path` if given.

        Raises:
            PumiceError: the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=indent)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def to_trace(self, path: str | os.PathLike[str], *, setup: bool = False) -> None:
        """Writes the timeline for Perfetto (https://ui.perfetto.dev) or chrome://tracing.

        Args:
            setup: show the one-time programming of arrays too, before the run.

        Raises:
            PumiceError: the file cannot be written.
        """
        from pumice.trace import trace_of

        write_text(path, json.dumps(trace_of(self, setup=setup)) + "\n")

    def __rich__(self) -> RenderableType:
        from pumice.tables import report_tables

        return report_tables(self)

    def __str__(self) -> str:
        from pumice.tables import plain_text

        return plain_text(self.__rich__())

    def __repr__(self) -> str:
        return (
            f"Report(device={self.device!r}, latency_ns={self.latency_ns:g}, "
            f"energy_pj={self.energy_pj:g}, layers={len(self._data['layers'])})"
        )


def _layer(item: Mapping[str, Any]) -> Layer:
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


def _wear(item: Mapping[str, Any]) -> Wear:
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


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a file; problems are a PumiceError that names it."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise PumiceError(f"cannot write '{path}': {error.strerror}") from None
