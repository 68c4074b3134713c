# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cost of a run or an estimate: time, energy, area and wear, per layer and per component."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumice.errors import PumiceError
from pumice.files import csv_text, parsed_json, write_text
from pumice.lazy import cached_property
from pumice.report_format import problem_of
from pumice.report_parts import (
    CodeStats,
    FunctionUse,
    Layer,
    Level,
    Lifetime,
    Link,
    Saturation,
    Utilisation,
    Wear,
    WearRange,
    layer_of,
    sum_of,
    wear_of,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pumice.comparison import Comparison
    from pumice.figures import Figures

__all__ = [
    "CodeStats",
    "FunctionUse",
    "Layer",
    "Level",
    "Lifetime",
    "Link",
    "Report",
    "Saturation",
    "Utilisation",
    "Wear",
    "WearRange",
]


class Report:
    """The accounting of one run. `print(report)` prints tables, `to_dict` returns all data.

    Attributes:
        timings: seconds on this computer (not on the simulated machine) by phase of compilation.
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
        """Dynamic energy by component, in pJ; 0 for components without energy."""
        sums = ("total", "dynamic", "static")
        return {k: float(v) for k, v in self._data["energy_pj"].items() if k not in sums}

    @property
    def area_mm2(self) -> float | None:
        """Area of the device; None if it states no components."""
        return _stated(self._data["area_mm2"])

    @property
    def power_mw(self) -> float | None:
        """Power of the device with everything switched on (not the power of this run).

        None if the device states no components.
        """
        return _stated(self._data["power_mw"])

    @property
    def figures(self) -> Figures:
        """Rates and efficiencies: TOPS, TOPS/W, inferences per second, energy per MAC, ..."""
        from pumice.figures import figures_of

        return figures_of(self._data)

    @property
    def not_stated(self) -> tuple[str, ...]:
        """What the device does not state and sums therefore leave out.

        `components`: areas and powers of the whole device, without which static energy is unknown;
        `components of GROUP`: those of one group.
        """
        if self.area_mm2 is None:
            return ("components",)
        without = {level.group: True for level in self.levels}
        for level in self.levels:
            without[level.group] &= level.area_mm2 is None
        return tuple(f"components of {group}" for group, missing in without.items() if missing)

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels of each group of units, lowest first."""
        return tuple(Level(**item) for item in self._data["levels"])

    @property
    def layers(self) -> tuple[Layer, ...]:
        """In the order in which they begin to compute: schedules write weights long before."""
        layers = tuple(layer_of(item) for item in self._data["layers"])
        if not any("program" in layer.kinds for layer in layers):
            return layers
        first: dict[str, int] = {}
        for place, item in enumerate(self._data["instructions"]):
            if item["kind"] != "program":
                first.setdefault(item["layer"], place)
        return tuple(sorted(layers, key=lambda layer: first.get(layer.name, len(first))))

    def layer_table(
        self, *, sort: str | None = None, top: int | None = None, depth: int | None = None
    ) -> tuple[Layer, ...]:
        """Layers for a table.

        Args:
            sort: what layers are sorted by, the largest first: "time", "energy", "arrays",
                "conversions" or "instructions"; in the order of `layers` if not given.
            top: number of layers to keep, after sorting.
            depth: number of parts of a module's path to keep: with 1, `encoder.layer.0` is summed
                up in `encoder`. Names that are source locations stay.

        Raises:
            PumiceError: an unknown `sort`; `top` or `depth` below 1.
        """
        for name, value in (("top", top), ("depth", depth)):
            if value is not None and value < 1:
                raise PumiceError(f"expected {name} to be at least 1, got {value}")
        layers = self.layers if depth is None else self._summed_up(depth)
        if sort is not None:
            if sort not in _SORTS:
                raise PumiceError(f"expected sort to be one of {', '.join(_SORTS)}, got '{sort}'")
            attribute = _SORTS[sort]
            layers = tuple(sorted(layers, key=lambda layer: -getattr(layer, attribute)))
        return layers[:top]

    def _summed_up(self, depth: int) -> tuple[Layer, ...]:
        """Layers whose paths agree in their first parts as one."""
        groups: dict[str, list[Layer]] = {}
        for layer in self.layers:
            groups.setdefault(_shallow(layer.name, depth), []).append(layer)
        group_of = {layer.name: name for name, layers in groups.items() for layer in layers}
        times: dict[str, list[tuple[float, float]]] = {}
        for instruction in self.instructions:
            name = group_of.get(instruction["layer"])
            if name is not None:
                span = (instruction["start_ns"], instruction["end_ns"])
                times.setdefault(name, []).append(span)
        return tuple(sum_of(name, layers, times.get(name, [])) for name, layers in groups.items())

    @property
    def instructions(self) -> list[dict[str, Any]]:
        """The timeline: one record per instruction, with the resources that it occupied."""
        return list(self._data["instructions"])

    @property
    def utilisation(self) -> dict[str, Utilisation]:
        """By class of resources, as the device declares them: array, buffer_port, dram_port, ...

        A class that several groups declare has the group's name in front: processors.array.
        """
        return {k: Utilisation(**v) for k, v in self._data["utilisation"].items()}

    @property
    def links(self) -> tuple[Link, ...]:
        """The links that were used, by their numbers; none without an interconnect."""
        return tuple(Link(**item) for item in self._data.get("links", ()))

    @property
    def waiting_ns(self) -> dict[str, float]:
        """How long instructions waited, summed, by what they waited for.

        `weights`: layers whose inputs were there, for their weights. Other keys are classes of
        resources (`utilisation`) for which instructions waited that were ready otherwise.
        """
        return {k: float(v) for k, v in self._data.get("waiting_ns", {}).items()}

    @property
    def schedule(self) -> dict[str, int | str] | None:
        """What pum-schedule decided; None if all weights stay in the arrays.

        Keys: `algorithm`; `time_ps` of the schedule and its lower bound `bound_ps`;
        `arrays_of_one_copy` that the network needs; `arrays_written` in one inference, copies
        included; `arrays_resident`, which stay; `layers_in_parts`, which are larger than what the
        machine has room for.
        """
        data = self._data.get("schedule")
        return dict(data) if data else None

    @property
    def cells_kept(self) -> float | None:
        """Share of the cells written by inferences in the steady state that keep their level.

        None if inferences write no constants or the device pulses all cells anyway.
        """
        steady = self.steady_state
        if steady is None:
            return None
        kept = float(steady.counters.get("cells_kept", 0))
        written = float(steady.counters.get("cells_written", 0))
        return kept / (kept + written) if kept + written else None

    @property
    def wear(self) -> Wear:
        """Writes during the run; those of the one-time programming are in `setup.wear`."""
        return wear_of(self._data["wear"])

    @property
    def counters(self) -> dict[str, Any]:
        """Events of the whole run, including those with a count of 0."""
        return dict(self._data["counters"])

    @property
    def arrays(self) -> int:
        """Crossbar arrays that hold weights."""
        setup = self._data.get("setup") or {"wear": {"arrays_written": 0}}
        return max(int(report["wear"]["arrays_written"]) for report in (setup, self._data))

    @property
    def functions(self) -> tuple[FunctionUse, ...]:
        """Use of nets and tables, in order of first use; empty in an estimate."""
        return tuple(
            FunctionUse(**{"kind": "", **item}) for item in self._data.get("functions", [])
        )

    @property
    def peak_buffer_bytes(self) -> int:
        """Largest number of bytes of activations in the buffer at any time."""
        return int(self._data.get("peak_buffer_bytes", 0))

    @property
    def saturated(self) -> tuple[Saturation, ...]:
        """Quantizations that saturated far more than in calibration; none in an estimate.

        That is, an end of the range has at least 16 values, and a fraction of the values above 0.02
        plus 4 times that in calibration. Only `pumice.quantize` records what calibration saw, and
        only values that the digital unit quantizes are counted.
        """
        # A run asks for this each time, and most reports have none: they need not be parsed.
        if isinstance(self._source, str) and '"saturated":' not in self._source:
            return ()
        return tuple(Saturation(**item) for item in self._data.get("saturated", ()))

    @property
    def setup(self) -> Report | None:
        """Accounting of the programming of arrays before the first run; None if there is none."""
        data = self._data.get("setup")
        # Sums without instructions have a setup only if there is one.
        return Report(data) if data and data.get("instructions", True) else None

    @property
    def steady_state(self) -> Report | None:
        """An inference that finds the arrays as an inference leaves them.

        None if that is like the first one: inferences rewrite no constants, or what arrays hold
        does not matter (`pulse_unchanged_cells`, `level_steps` in docs/devices.md).
        """
        data = self._data.get("steady_state")
        return Report(data) if data else None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data (lib/Model/Machine/Report.h lists the keys).

        In addition, `figures` has those of `Figures`, and `timings_s` contains `code` under
        "code_generation".
        """
        timings: dict[str, Any] = dict(self.timings)
        if self.code is not None:
            timings["code_generation"] = asdict(self.code)
        return {**self._data, "figures": asdict(self.figures), "timings_s": timings}

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

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Report:
        """Reads what `to_json` wrote.

        Raises:
            PumiceError: the file cannot be read, or holds no report.
        """
        try:
            data = parsed_json(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise PumiceError(f"cannot read '{path}': {error.strerror}") from None
        except ValueError as error:
            raise PumiceError(f"expected '{path}' to be a report in JSON: {error}") from None
        wrong = problem_of(data)
        if wrong:
            raise PumiceError(f"expected '{path}' to be a report, but {wrong}")
        timings = dict(data.pop("timings_s", {}))
        data.pop("figures", None)  # follow from the rest
        code = timings.pop("code_generation", None)
        return cls(data, timings, CodeStats(**code) if code else None)

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        title: str | None = None,
        comparison: Comparison | None = None,
    ) -> str:
        """A self-contained HTML page with figures and tables; written to `path` if given.

        `pumice.pages.report_page` shows several reports side by side.

        Args:
            path: where to write the page, if given.
            title: of the page.
            comparison: of `Program.compare`; the graph of the network shows its errors.

        Raises:
            PumiceError: the file cannot be written, or plotly is not installed.
        """
        from pumice.pages import report_page

        text = report_page({f"Run on device '{self.device}'": self}, title, comparison=comparison)
        if path is not None:
            write_text(path, text)
        return text

    def plot(
        self, kind: str, path: str | os.PathLike[str] | None = None, *, axes: Any = None
    ) -> Any:
        """Draws a figure with matplotlib.

        Args:
            kind: "timeline", "time" and "energy" of layers, "components", "in_use" (resources over
                time), "occupancy" (arrays over time), "waiting", "wear" or "network".
            path: where to write the picture, if given; its ending chooses the format.
            axes: matplotlib axes to draw on; those of a new figure if not given.

        Returns:
            The axes; `axes.figure` is the figure.

        Raises:
            PumiceError: an unknown kind, a file that cannot be written, or no matplotlib.
        """
        from pumice.pages.plots import plot

        return plot(self, kind, path, axes)

    def to_markdown(
        self, *, sort: str | None = None, top: int | None = None, depth: int | None = None
    ) -> str:
        """The table of layers for a page of Markdown, with the layers of `layer_table`.

        Raises:
            PumiceError: as `layer_table`.
        """
        from pumice.tables import layer_cells, markdown

        return markdown(*layer_cells(self, sort=sort, top=top, depth=depth), left=2)

    def to_latex(
        self, *, sort: str | None = None, top: int | None = None, depth: int | None = None
    ) -> str:
        """The table of layers as a `tabular` for LaTeX with the package booktabs.

        Args:
            sort, top, depth: as for `layer_table`.

        Raises:
            PumiceError: as `layer_table`.
        """
        from pumice.tables import latex, layer_cells

        return latex(*layer_cells(self, sort=sort, top=top, depth=depth), left=2)

    def records(self) -> list[dict[str, Any]]:
        """A flat dict for each layer, as for `pandas.DataFrame`: times in ns, energies in pJ."""
        return [
            {
                "layer": layer.name,
                "kinds": " ".join(layer.kinds),
                "arrays": layer.arrays,
                "start_ns": layer.start_ns,
                "end_ns": layer.end_ns,
                "busy_ns": layer.busy_ns,
                "energy_pj": layer.energy_pj,
                **{f"{name}_pj": layer.components.get(name, 0.0) for name in self.components},
                "conversions": layer.conversions,
                "reasons": "; ".join(layer.reasons),
            }
            for layer in self.layers
        ]

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """`records` as CSV; written to `path` if given.

        Raises:
            PumiceError: the file cannot be written.
        """
        records = self.records()
        text = csv_text(list(records[0]) if records else ["layer"], records)
        if path is not None:
            write_text(path, text)
        return text

    def tables(
        self, *, sort: str | None = None, top: int | None = None, depth: int | None = None
    ) -> RenderableType:
        """What `print(report)` shows, for rich; with the layers of `layer_table`.

        Raises:
            PumiceError: as `layer_table`.
        """
        from pumice.tables import report_tables

        return report_tables(self, sort=sort, top=top, depth=depth)

    def __rich__(self) -> RenderableType:
        return self.tables()

    def __str__(self) -> str:
        from pumice.tables import plain_text

        return plain_text(self.__rich__())

    def _repr_html_(self) -> str:
        from pumice.tables import html_text

        return html_text(self)

    def __repr__(self) -> str:
        return (
            f"Report(device={self.device!r}, latency_ns={self.latency_ns:g}, "
            f"energy_pj={self.energy_pj:g}, layers={len(self._data['layers'])})"
        )


#: Attributes to sort layers by, by the words that stand for them.
_SORTS = {
    "time": "busy_ns",
    "energy": "energy_pj",
    "arrays": "arrays",
    "conversions": "conversions",
    "instructions": "instructions",
}


def _stated(value: Any) -> float | None:
    """A number that a device may not state."""
    return None if value is None else float(value)


def _shallow(name: str, depth: int) -> str:
    """The first parts of a module's path; a source location is none."""
    return name if ":" in name else ".".join(name.split(".")[:depth])
