# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Timelines in the Trace Event Format, which Perfetto and chrome://tracing read.

There is one process per class of resources and one for layers, with one track per resource that was
used. Arrays that are used together share one track, so a network on thousands of arrays has as many
tracks as programmed matrices. Where a schedule rewrites arrays, a track is an instance of the
group's lowest level (tile, processing element), with a row for each thing that happens on it at
once. Arrows lead from an instruction to those that depend on it, and counters show the power of
what runs and the activations in the buffer. Times are in microseconds with picosecond resolution.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pumice.pages.data import buffer_steps, power_steps

if TYPE_CHECKING:
    from pumice.report import Report

__all__ = ["trace_of"]

#: Processes in the order in which they are shown.
_PROCESSES = {
    "layer": "layers",
    "array": "crossbar arrays",
    "digital_unit": "digital units",
    "buffer_port": "buffer ports",
    "dram_port": "DRAM ports",
    "link": "links",
}

#: Process of the counters.
_MACHINE = 100


def trace_of(report: Report, *, setup: bool = False) -> dict[str, Any]:
    """The trace as plain data.

    Counters are "power, mW" (energy of each instruction over its time, and static power) and
    "activations in the buffer, bytes" (when the program issues an instruction).

    Args:
        setup: begin with the one-time programming of arrays.
    """
    tracks = _Tracks()
    used = [*report.links, *(report.setup.links if report.setup else ())]
    tracks.links = {link.link: link.name for link in used}
    if report.schedule is not None:
        tracks.elements = _Elements(report)
    start_ns = 0.0
    programming = report.setup if setup else None
    if programming is not None:
        _add(tracks, programming, 0.0, "programming: ")
        start_ns = programming.latency_ns
    _add(tracks, report, start_ns, "")
    tracks.events.sort(key=lambda event: (event["ts"], event["pid"], event["tid"]))
    return {
        "displayTimeUnit": "ns",
        "otherData": {
            "device": report.device,
            "latency_ns": report.latency_ns,
            "energy_pj": report.energy_pj,
        },
        "traceEvents": [*tracks.metadata(), *tracks.events],
    }


def _add(tracks: _Tracks, report: Report, offset_ns: float, prefix: str) -> None:
    free: list[float] = []  # when the last layer on each row ends
    for layer in sorted(report.layers, key=lambda layer: (layer.start_ns, layer.end_ns)):
        row = next((i for i, end in enumerate(free) if end <= layer.start_ns), len(free))
        free[row:] = [layer.end_ns, *free[row + 1 :]]
        args = {
            "kinds": list(layer.kinds),
            "arrays": layer.arrays,
            "energy_pj": layer.energy_pj,
            "counters": layer.counters,
        }
        where = tracks.track("layer", (row,), "layers" if row == 0 else f"layers, row {row + 1}")
        span = (layer.start_ns + offset_ns, layer.end_ns + offset_ns)
        tracks.slice(where, prefix + layer.name, "layer", span, args)
    for title, unit, steps in (
        ("power", "mW", power_steps(report)),
        ("activations in the buffer", "bytes", buffer_steps(report)),
    ):
        for when, value in steps:
            tracks.counter(f"{title}, {unit}", unit, when + offset_ns, value)
    ends: dict[int, tuple[tuple[int, int], float, float]] = {}  # track, start and end
    for instruction in report.instructions:
        args = {
            "id": instruction["id"],
            "unit": instruction["unit"],
            "layer": instruction["layer"],
            "arrays": instruction["arrays"],
            "energy_pj": instruction["energy_pj"],
            "counters": instruction["counters"],
            "depends_on": instruction["depends_on"],
        }
        name, kind = prefix + instruction["label"], instruction["kind"]
        for where, lane in _lanes(tracks, instruction, offset_ns):
            span = (lane["start_ns"] + offset_ns, lane["end_ns"] + offset_ns)
            tracks.slice(where, name, kind, span, args)
            if instruction["id"] not in ends:  # arrows begin and end on the first track
                ends[instruction["id"]] = (where, *span)
                for before in instruction["depends_on"]:
                    if before in ends:
                        tracks.arrow(ends[before], (where, *span))


def _lanes(
    tracks: _Tracks, instruction: Mapping[str, Any], offset_ns: float
) -> Iterable[tuple[tuple[int, int], Mapping[str, Any]]]:
    """The tracks that an instruction is on; all its arrays of a group are one."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for lane in instruction["lanes"]:
        if _is_array(lane["resource"]):
            groups.setdefault(lane["resource"], []).append(lane)
    for resource, arrays in groups.items():
        if tracks.elements is not None:
            yield from tracks.elements.lanes(tracks, resource, arrays, offset_ns)
            continue
        ranges = tuple((lane["first"], lane["first"] + lane["count"]) for lane in arrays)
        count = sum(end - first for first, end in ranges)
        word = "array" if count == 1 else "arrays"
        text = ", ".join(str(a) if b == a + 1 else f"{a}-{b - 1}" for a, b in ranges[:3])
        more = ", ..." if len(ranges) > 3 else ""
        yield (
            tracks.track(resource, ranges, f"{word} {text}{more} ({instruction['layer']})"),
            arrays[0],
        )
    for lane in instruction["lanes"]:
        resource = lane["resource"]
        if not _is_array(resource):
            which = lane["first"]
            if resource == "link":
                which = tracks.links.get(which, which)
            title = f"{resource.replace('_', ' ')} {which}"
            yield tracks.track(resource, (lane["first"],), title), lane


def _is_array(resource: str) -> bool:
    """Of one group of arrays or processors, or of one of several: group.array."""
    return resource.rpartition(".")[2] == "array"


class _Elements:
    """Rows of the processing elements whose arrays are rewritten."""

    def __init__(self, report: Report) -> None:
        self._size: dict[str, int] = {}  # arrays of an element, by resource
        self._name: dict[str, str] = {}
        self._free: dict[tuple[str, int], list[float]] = {}  # when each row of an element ends
        lowest = {level.group: level for level in reversed(report.levels)}
        for resource, use in report.utilisation.items():
            if not _is_array(resource):
                continue
            group = resource.rpartition(".")[0]
            level = lowest.get(group) or next(iter(lowest.values()))
            self._size[resource] = max(1, use.count // max(1, level.count))
            self._name[resource] = level.level

    def lanes(
        self,
        tracks: _Tracks,
        resource: str,
        arrays: Iterable[Mapping[str, Any]],
        offset_ns: float,
    ) -> Iterable[tuple[tuple[int, int], Mapping[str, Any]]]:
        """One track for each element that an instruction uses."""
        size, name = self._size[resource], self._name[resource]
        used: dict[int, Mapping[str, Any]] = {}
        for lane in arrays:
            last = lane["first"] + lane["count"] - 1
            for element in range(lane["first"] // size, last // size + 1):
                used.setdefault(element, lane)
        for element, lane in used.items():
            start, end = lane["start_ns"] + offset_ns, lane["end_ns"] + offset_ns
            free = self._free.setdefault((resource, element), [])
            row = next((i for i, until in enumerate(free) if until <= start), len(free))
            free[row:] = [end, *free[row + 1 :]]
            title = f"{name} {element}" + (f", row {row + 1}" if row else "")
            yield tracks.track(resource, (element, row), title), lane


class _Tracks:
    """Processes and threads of resources, and their events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.elements: _Elements | None = None
        self.links: dict[int, str] = {}  # names by numbers
        self._arrows = 0
        self._tracks: dict[str, dict[tuple[Any, ...], tuple[int, int, str]]] = {}

    def track(self, process: str, key: tuple[Any, ...], title: str) -> tuple[int, int]:
        """Process and thread id of a track; the first title given to it stays."""
        known = self._tracks.setdefault(process, {})
        if key not in known:
            order = key[0][0] if isinstance(key[0], tuple) else key[0]
            known[key] = (len(known) + 1, order, title)
        names = list(_PROCESSES)
        pid = names.index(process) + 1 if process in names else len(names) + 1
        return pid, known[key][0]

    def slice(
        self, where: tuple[int, int], name: str, category: str, span: tuple[float, float], args: Any
    ) -> None:
        start, end = span
        self.events.append(
            {
                "ph": "X",
                "pid": where[0],
                "tid": where[1],
                "name": name,
                "cat": category,
                "ts": round(start / 1e3, 6),
                "dur": round((end - start) / 1e3, 6),
                "args": args,
            }
        )

    def counter(self, name: str, unit: str, when_ns: float, value: float) -> None:
        """A step of a counter of the machine."""
        event = {"ph": "C", "pid": _MACHINE, "tid": 0, "name": name, "ts": round(when_ns / 1e3, 6)}
        self.events.append({**event, "args": {unit: value}})

    def arrow(
        self,
        source: tuple[tuple[int, int], float, float],
        target: tuple[tuple[int, int], float, float],
    ) -> None:
        """An arrow from the end of a slice to the start of another."""
        self._arrows += 1
        (pid, tid), start, end = source
        shared = {"cat": "depends on", "name": "depends on", "id": self._arrows}
        # At the end itself the slice is over: viewers would find none there.
        when = round((end - min(1.0, (end - start) / 2)) / 1e3, 6)
        self.events.append({"ph": "s", "pid": pid, "tid": tid, "ts": when, **shared})
        (pid, tid), start, _ = target
        when = round(start / 1e3, 6)
        self.events.append({"ph": "f", "bp": "e", "pid": pid, "tid": tid, "ts": when, **shared})

    def metadata(self) -> list[dict[str, Any]]:
        """Names and order of processes and threads."""
        events = []
        if any(event["pid"] == _MACHINE for event in self.events):
            events.append(_meta(_MACHINE, 0, "process_name", {"name": "machine"}))
        for process, known in self._tracks.items():
            pid, _ = self.track(process, next(iter(known)), "")
            title = _PROCESSES.get(process, process.replace("_", " "))
            events += [
                _meta(pid, 0, "process_name", {"name": title}),
                _meta(pid, 0, "process_sort_index", {"sort_index": pid}),
            ]
            for tid, order, name in known.values():
                events.append(_meta(pid, tid, "thread_name", {"name": name}))
                events.append(_meta(pid, tid, "thread_sort_index", {"sort_index": order}))
        return events


def _meta(pid: int, tid: int, name: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"ph": "M", "pid": pid, "tid": tid, "ts": 0, "name": name, "args": args}
