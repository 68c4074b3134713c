# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether a schedule keeps the rules of docs/scheduling.md, without our code.

Reads plain data of problems and schedules (JSON) and returns what is wrong, as texts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

Data = dict[str, Any]


def columns(rows: list[tuple[int, ...]], count: int) -> list[list[int]]:
    """The columns of a table, which may have no rows."""
    return [[row[i] for row in rows] for i in range(count)]


def overlaps(starts: Any, ends: Any) -> bool:
    """Whether two of the half-open intervals have a moment in common."""
    starts, ends = np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)
    kept = ends > starts
    order = np.argsort(starts[kept], kind="stable")
    starts, ends = starts[kept][order], ends[kept][order]
    return bool(np.any(starts[1:] < np.maximum.accumulate(ends)[:-1]))


def most_at_once(starts: Any, ends: Any, amounts: Any) -> int:
    """Largest sum of amounts whose half-open intervals contain one moment."""
    starts, ends = np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)
    amounts = np.asarray(amounts, dtype=np.int64)
    kept = ends > starts
    if not kept.any():
        return 0
    starts, ends, amounts = starts[kept], ends[kept], amounts[kept]
    moments = np.unique(starts)
    # What has started by each moment, less what has ended by it.
    by_start, by_end = np.argsort(starts), np.argsort(ends)
    begun = np.concatenate([[0], np.cumsum(amounts[by_start])])
    over = np.concatenate([[0], np.cumsum(amounts[by_end])])
    now = (
        begun[np.searchsorted(starts[by_start], moments, side="right")]
        - over[np.searchsorted(ends[by_end], moments, side="right")]
    )
    return int(now.max())


def fold(start: int, end: int, period: int | None) -> list[tuple[int, int]]:
    """Parts in [0, period) of an interval that repeats; the interval itself without a period."""
    if period is None:
        return [(start, end)]
    parts = []
    at = start
    while at < end:
        until = min(end, (at // period + 1) * period)
        parts.append((at % period, until - at // period * period))
        at = until
    return parts


class Oracle:
    """One check of a schedule."""

    def __init__(self, problem: Data, schedule: Data) -> None:
        self.machine = problem["machine"]
        self.units = {unit["name"]: unit for unit in problem["units"]}
        self.schedule = schedule
        self.end = schedule["end_ps"]
        self.period = schedule.get("period_ps")
        self.wrong: list[str] = []
        self.group_of = np.concatenate(
            [np.zeros(0, dtype=int)]
            + [
                np.full(g["elements"] * g["arrays_per_element"], i)
                for i, g in enumerate(self.machine["groups"])
            ]
        )

    def say(self, condition: bool, text: str) -> None:
        if not condition:
            self.wrong.append(text)

    def tiles(self, unit: Data) -> int:
        return unit["row_tiles"] * unit["col_tiles"]

    def transfer(self, size: int) -> int:
        return -(-size * 10**6 // self.machine["dram_bytes_per_us"])

    def lag(self, unit: Data, duration: int) -> int:
        return -(-duration // unit["windows"])

    def run(self) -> list[str]:
        self.parts()
        if self.wrong:
            return self.wrong
        self.weights()
        self.arrays()
        self.channels()
        if self.schedule.get("streams"):
            self.stream()
            return self.wrong
        self.order()
        if self.wrong:
            return self.wrong
        self.digital()
        self.spills()
        self.buffer()
        return self.wrong

    # ---------------------------------------------------------------- parts

    def parts(self) -> None:
        s = self.schedule
        self.of_unit = defaultdict(list)
        for index, p in enumerate(s["parts"]):
            self.of_unit[p["unit"]].append(index)
        for name, unit in self.units.items():
            covered = np.zeros(self.tiles(unit), dtype=int)
            for index in self.of_unit[name]:
                p = s["parts"][index]
                covered[p["first_tile"] : p["first_tile"] + p["tiles"]] += 1
                self.say(
                    1 <= p["copies"] <= min(unit["max_copies"], unit["windows"]),
                    f"{name}: {p['copies']} copies",
                )
            self.say(bool((covered == 1).all()), f"{name}: parts do not cover it once")
        self.compute = {}
        for c in s["computes"]:
            self.say(c["part"] not in self.compute, f"part {c['part']} computes twice")
            self.compute[c["part"]] = (c["start_ps"], c["end_ps"])
            p = s["parts"][c["part"]]
            unit = self.units[p["unit"]]
            windows = unit["windows"]
            needed = -(-windows // p["copies"]) * unit["mvm_ps"]
            # Window n of all inputs starts at n period / windows, on copy n mod copies.
            even = (
                bool(s.get("streams"))
                and c["end_ps"] - c["start_ps"]
                == (windows - 1) * self.period // windows + unit["mvm_ps"]
                and p["copies"] * self.period >= windows * unit["mvm_ps"]
            )
            self.say(0 <= c["start_ps"] and c["end_ps"] <= self.end, "a compute after the end")
            if even:
                continue
            self.say(c["end_ps"] - c["start_ps"] >= needed, f"part {c['part']} computes too fast")
            if self.period is not None:
                self.say(c["end_ps"] - c["start_ps"] <= self.period, "a compute beyond the period")
        self.say(len(self.compute) == len(s["parts"]), "a part does not compute")

    # ---------------------------------------------------------------- weights

    def weights(self) -> None:
        s = self.schedule
        copies = [np.zeros((p["copies"], p["tiles"]), dtype=int) for p in s["parts"]]
        following = [own.copy() for own in copies]
        self.ahead = {t["part"] for t in s["transfers"] if t.get("ahead")}

        def place(
            index: int, copy: int, first: int, count: int, array: int, copies: list[Any] = copies
        ) -> None:
            p = s["parts"][index]
            unit = self.units[p["unit"]]
            offset = first - p["first_tile"]
            self.say(0 <= offset and offset + count <= p["tiles"], f"{p['unit']}: foreign tiles")
            copies[index][copy, offset : offset + count] += 1
            groups = {int(g) for g in self.group_of[array : array + count]}
            kinds = {self.machine["groups"][g]["kind"] for g in groups}
            names = {self.machine["groups"][g]["name"] for g in groups}
            self.say(kinds == {unit["kind"]}, f"{p['unit']}: arrays of kind {kinds}")
            self.say(not unit["groups"] or names <= set(unit["groups"]), f"{p['unit']}: {names}")

        for r in s["residents"]:
            place(r["part"], r["copy"], r["first_tile"], r["tiles"], r["first_array"])
        for w in s["writes"]:
            t = s["transfers"][w["transfer"]]
            place(
                t["part"], w["copy"], w["first_tile"], w["tiles"], w["first_array"],
                following if t.get("ahead") else copies,
            )  # fmt: skip
            group = self.machine["groups"][self.group_of[w["first_array"]]]
            self.say(
                w["end_ps"] - w["start_ps"] >= group["rows"] * group["row_write_ps"],
                "a write that is too fast",
            )
            self.say(
                t["first_tile"] <= w["first_tile"]
                and w["first_tile"] + w["tiles"] <= t["first_tile"] + t["tiles"],
                "a write of tiles that its transfer does not bring",
            )
            self.say(w["start_ps"] >= t["end_ps"], "a write before its transfer")
            self.say(
                w["end_ps"] <= (self.end if t.get("ahead") else self.compute[t["part"]][0]),
                "a compute before its writes",
            )
        for index, written in enumerate(copies):
            self.say(bool((written == 1).all()), f"part {index}: tiles missing or there twice")
        self.next_run(following)
        if s["start"] == "cold":
            self.say(not s["residents"], "residents at a cold start")
        else:
            written = {s["parts"][t["part"]]["unit"] for t in s["transfers"]}
            pinned = {name for name, unit in self.units.items() if unit["pinned"]}
            self.say(not written & pinned, "a pinned unit that is written in the steady state")
        self.say(self.period is None or not s["writes"], "a pipeline that writes")

    def next_run(self, written: list[Any]) -> None:
        """What is written for the next run is all of what this one found, in the same elements."""
        s = self.schedule
        places: dict[Any, int] = defaultdict(int)
        elements = np.concatenate(
            [np.zeros(0, dtype=int)]
            + [
                np.arange(g["elements"] * g["arrays_per_element"]) // g["arrays_per_element"]
                if g["writers_per_element"]
                else np.zeros(g["elements"] * g["arrays_per_element"], dtype=int)
                for g in self.machine["groups"]
            ]
        )

        def count(index: int, first: int, tiles: int, sign: int) -> None:
            for array in range(first, first + tiles):
                places[index, int(self.group_of[array]), int(elements[array])] += sign

        for r in s["residents"]:
            if r["part"] in self.ahead:
                count(r["part"], r["first_array"], r["tiles"], 1)
        for w in s["writes"]:
            t = s["transfers"][w["transfer"]]
            if t.get("ahead"):
                count(t["part"], w["first_array"], w["tiles"], -1)
        for index in self.ahead:
            self.say(bool((written[index] == 1).all()), f"part {index}: not whole for the next run")
        self.say(not any(places.values()), "the next run finds parts in other elements")

    def arrays(self) -> None:
        s = self.schedule
        held: list[tuple[int, int, int, int]] = []  # first array, count, from, to
        for w in s["writes"]:
            t = s["transfers"][w["transfer"]]
            unit = self.units[s["parts"][t["part"]]["unit"]]
            stays = unit["pinned"] or t.get("ahead")
            until = self.end if stays else self.compute[t["part"]][1]
            held.append((w["first_array"], w["tiles"], t["start_ps"], until))
        for r in s["residents"]:
            until = self.compute[r["part"]][1] if r["part"] in self.ahead else max(1, self.end)
            held.append((r["first_array"], r["tiles"], 0, until))
        by_array = defaultdict(list)
        for first, count, start, end in held:
            for array in range(first, first + count):
                by_array[array].append((start, end))
        for array, spans in by_array.items():
            starts, ends = columns(spans, 2)
            self.say(not overlaps(starts, ends), f"array {array} has two users at once")
        first = 0
        for group in self.machine["groups"]:
            size = group["arrays_per_element"]
            for element in range(group["elements"]):
                low, high = first + element * size, first + (element + 1) * size
                if not group["writers_per_element"]:
                    continue
                spans = [
                    (w["start_ps"], w["end_ps"], common)
                    for w in s["writes"]
                    if (common := min(high, w["first_array"] + w["tiles"])
                        - max(low, w["first_array"])) > 0
                ]  # fmt: skip
                if spans:
                    self.say(
                        most_at_once(*columns(spans, 3)) <= group["writers_per_element"],
                        f"too many writers in element {element}",
                    )
            first += size * group["elements"]

    def channels(self) -> None:
        s = self.schedule
        by_channel = defaultdict(list)
        for t in s["transfers"]:
            unit = self.units[s["parts"][t["part"]]["unit"]]
            tiles = self.tiles(unit)
            low = unit["bytes"] * t["first_tile"] // tiles
            high = unit["bytes"] * (t["first_tile"] + t["tiles"]) // tiles
            self.say(
                t["end_ps"] - t["start_ps"] >= self.transfer(high - low), "a transfer too fast"
            )
            by_channel[t["channel"]].append((t["start_ps"], t["end_ps"]))
        for w in s["writes"]:
            t = s["transfers"][w["transfer"]]
            unit = self.units[s["parts"][t["part"]]["unit"]]
            rate = self.machine["groups"][self.group_of[w["first_array"]]]["decoder_weights_per_us"]
            tiles = self.tiles(unit)
            low = unit["decoded_weights"] * t["first_tile"] // tiles
            high = unit["decoded_weights"] * (t["first_tile"] + t["tiles"]) // tiles
            self.say(
                (t["end_ps"] - t["start_ps"]) * rate >= (high - low) * 10**6 * bool(rate),
                "a transfer that is faster than the decoder",
            )
        for spill in s["spills"]:
            by_channel[spill["channel"]].append((spill["start_ps"], spill["end_ps"]))
        for channel, spans in by_channel.items():
            self.say(channel < self.machine["dram_channels"], f"no channel {channel}")
            starts, ends = columns(spans, 2)
            self.say(not overlaps(starts, ends), f"channel {channel} moves two things at once")

    # ---------------------------------------------------------------- streams

    def stream(self) -> None:
        """Even flows: by sampling, what is read is there, and rings hold what is not read yet."""
        s, period = self.schedule, self.period
        read: dict[str, tuple[int, int]] = {}
        made: dict[str, tuple[int, int]] = {}
        for name in self.units:
            self.say(len(self.of_unit[name]) <= 1, f"{name}: several parts in a stream")
            for index in self.of_unit[name]:
                start, end = read[name] = self.compute[index]
                made[name] = max(start, end - period), end
        load: dict[int, int] = defaultdict(int)
        for d in s["digitals"]:
            unit = self.units[d["unit"]]
            start, end = d["start_ps"], d["end_ps"]
            load[d["digital_unit"]] += unit["digital_ps"]
            self.say(end - start == period, f"{d['unit']}: digital work is not spread")
            self.say(d["digital_unit"] < self.machine["digital_units"], "no such digital unit")
            made[d["unit"]] = (start, end)
            if unit["kind"] == "digital":
                read[d["unit"]] = (start, end)
                continue
            first, last = read[d["unit"]]
            self.say(start >= first + unit["mvm_ps"], f"{d['unit']}: digital work is too early")
            self.say(end >= last + self.lag(unit, period), f"{d['unit']}: overtakes its products")
        self.say(all(own <= period for own in load.values()), "too much digital work")
        for name, unit in self.units.items():
            wants = unit["digital_ps"] or unit["kind"] == "digital"
            there = any(d["unit"] == name for d in s["digitals"])
            self.say(there or not wants, f"{name}: no digital work")
        rings: dict[tuple[str, str], int] = defaultdict(int)
        by_bank: dict[int, int] = defaultdict(int)
        for h in s["held"]:
            self.say(h["end_ps"] - h["start_ps"] >= period, "a ring that is not there all the time")
            rings[h["unit"], h["tensor"]] += h["bytes"]
            by_bank[h["bank"]] += h["bytes"]
        for bank, size in by_bank.items():
            self.say(size <= self.machine["banks"][bank]["bytes"], f"bank {bank} is too full")
        stays = {name: 0.0 for name in self.units}
        readers: dict[str, list[str]] = defaultdict(list)
        for name, unit in self.units.items():
            lead = unit["lead_ppm"] / 1e6
            first, last = read[name]
            window = self.lag(unit, last - first) if unit["kind"] == "digital" else unit["mvm_ps"]
            for needed in unit["dependencies"]:
                readers[needed].append(name)
                a, b = made[needed]
                # Window y of [0, 1] needs the share lead + y (1 - lead).
                for y in (0.0, 0.25, 0.5, 0.75, 1.0):
                    starts = first + y * (last - first - window)
                    share = lead + y * (1 - lead) if lead < 1 else 1.0
                    self.say(starts >= a + share * (b - a) - 1, f"{name}: {needed} is not there")
                for x in np.linspace(0, 1, 21):
                    free = last if lead == 1 else first + min(1, x / (1 - lead)) * (last - first)
                    stays[needed] = max(stays[needed], free - (a + x * (b - a)))
        for name, unit in self.units.items():
            a, b = made[name]
            size = unit["output_bytes"]
            if readers[name]:
                whole = size * -(-stays[name] // period)
                size = min(whole, size * stays[name] / (b - a)) if b > a else whole
            self.say(rings[name, "output"] >= int(size), f"{name}: the ring of results is short")
            inputs = min(1.0, 2 * unit["lead_ppm"] / 1e6) * unit["input_bytes"]
            self.say(rings[name, "input"] >= int(inputs), f"{name}: the ring of inputs is short")

    # ---------------------------------------------------------------- order

    def order(self) -> None:
        s = self.schedule
        self.work = {d["unit"]: (d["start_ps"], d["end_ps"]) for d in s["digitals"]}
        self.stored = {p["unit"]: p for p in s["spills"] if p.get("reader") is None}
        self.starts, self.last, self.ends, self.done = {}, {}, {}, {}
        for name in self.units:
            spans = [self.compute[index] for index in self.of_unit[name]]
            if not spans:
                self.say(name in self.work, f"{name} does not run")
                spans = [self.work.get(name, (0, 0))]
            self.starts[name] = min(start for start, _ in spans)
            self.last[name] = max(start for start, _ in spans)
            self.ends[name] = max(end for _, end in spans)
            self.done[name] = max(
                self.ends[name],
                self.work.get(name, (0, 0))[1],
                self.stored[name]["end_ps"] if name in self.stored else 0,
            )
        for name, unit in self.units.items():
            self.say(self.done[name] <= self.end, f"{name} is done after the end")
            for needed in unit["dependencies"]:
                self.say(self.starts[name] >= self.done[needed], f"{name} before {needed}")

    def digital(self) -> None:
        by_unit = defaultdict(list)
        for d in self.schedule["digitals"]:
            unit = self.units[d["unit"]]
            start, end = d["start_ps"], d["end_ps"]
            self.say(end - start >= unit["digital_ps"], f"{d['unit']}: digital work too fast")
            by_unit[d["digital_unit"]] += fold(start, end, self.period)
            if unit["kind"] == "digital":
                continue
            behind = self.lag(unit, unit["digital_ps"])
            self.say(start >= self.last[d["unit"]] + unit["mvm_ps"], f"{d['unit']}: too early")
            self.say(end >= self.ends[d["unit"]] + behind, f"{d['unit']}: overtakes its products")
        for index, spans in by_unit.items():
            self.say(index < self.machine["digital_units"], f"no digital unit {index}")
            starts, ends = columns(spans, 2)
            self.say(not overlaps(starts, ends), f"digital unit {index} does two things at once")
        for name, unit in self.units.items():
            self.say(
                name in self.work or not (unit["digital_ps"] or unit["kind"] == "digital"),
                f"{name}: no digital work",
            )

    # ---------------------------------------------------------------- buffer

    def spills(self) -> None:
        s = self.schedule
        reads = defaultdict(int)
        self.streams = set(self.stored)
        self.streamed_inputs = set()
        for spill in s["spills"]:
            unit = self.units[spill["unit"]]
            start, end, reader = spill["start_ps"], spill["end_ps"], spill.get("reader")
            own = reader == spill["unit"]
            size = self.transfer(unit["input_bytes"] if own else unit["output_bytes"])
            self.say(end - start >= size, f"{spill['unit']}: a spill too fast")
            if reader is None:
                window = (
                    self.lag(unit, unit["digital_ps"])
                    if unit["kind"] == "digital"
                    else unit["mvm_ps"]
                )
                self.say(start >= self.last[spill["unit"]] + window, "stored before it is there")
                after = max(self.ends[spill["unit"]], self.work.get(spill["unit"], (0, 0))[1])
                self.say(end >= after + self.lag(unit, size), "stored before all is there")
                continue
            self.streams.add(reader)
            if own:
                self.streamed_inputs.add(reader)
            else:
                self.say(start >= self.done[spill["unit"]], "read before it is stored")
            target = self.units[reader]
            if target["kind"] == "digital":
                span, window = self.work[reader], self.lag(target, target["digital_ps"])
                reads[reader, spill["unit"], -1] += 1
            else:
                self.say(spill["reader_part"] in self.of_unit[reader], "read by a foreign part")
                span, window = self.compute[spill["reader_part"]], target["mvm_ps"]
                reads[reader, spill["unit"], spill["reader_part"]] += 1
            self.say(span[0] >= start + self.lag(target, size), f"{reader} overtakes its input")
            self.say(span[1] >= end + window, f"{reader} ends before its input")
        wanted = {
            (name, source, index)
            for name, unit in self.units.items()
            for source in [
                *[d for d in unit["dependencies"] if d in self.stored],
                *([name] if name in self.streamed_inputs else []),
            ]
            for index in (self.of_unit[name] or [-1])
        }
        self.say(set(reads) == wanted, "reads of spilled tensors are missing or too many")
        self.say(all(count == 1 for count in reads.values()), "a tensor is read twice")

    def buffer(self) -> None:
        s = self.schedule
        by_bank = defaultdict(list)
        held = defaultdict(list)
        for h in s["held"]:
            held[h["unit"], h["tensor"], h["column"]].append(h)
            for start, end in fold(h["start_ps"], h["end_ps"], self.period):
                by_bank[h["bank"]].append((start, end, h["bytes"]))
        for bank, spans in by_bank.items():
            self.say(
                most_at_once(*columns(spans, 3)) <= self.machine["banks"][bank]["bytes"],
                f"bank {bank} is too full",
            )

        def needs(name: str, tensor: str, column: int, size: int, start: int, end: int) -> None:
            there = sum(
                h["bytes"] for h in held[name, tensor, column]
                if h["start_ps"] <= start and h["end_ps"] >= end
            )  # fmt: skip
            self.say(there >= size, f"{name}: {there} of {size} bytes of {tensor}")

        readers = defaultdict(list)
        for name, unit in self.units.items():
            for needed in unit["dependencies"]:
                readers[needed].append(name)
        for name, unit in self.units.items():
            start, done = self.starts[name], self.done[name]
            until = max([done] + [self.done[reader] for reader in readers[name]])
            if name not in self.stored:
                needs(name, "output", 0, unit["output_bytes"], start, until)
            if name not in self.streamed_inputs:
                needs(name, "input", 0, unit["input_bytes"], start, done)
            if name in self.streams:
                needs(name, "window", 0, unit["window_bytes"], start, done)
            rows = unit["row_tiles"]
            for column in range(unit["col_tiles"] if self.of_unit[name] else 0):
                parts = [
                    index for index in self.of_unit[name]
                    if s["parts"][index]["first_tile"] < (column + 1) * rows
                    and s["parts"][index]["first_tile"] + s["parts"][index]["tiles"]
                    > column * rows
                ]  # fmt: skip
                if len(parts) > 1:
                    needs(
                        name, "partial", column, -(-unit["partial_bytes"] // unit["col_tiles"]),
                        min(self.compute[i][0] for i in parts),
                        max(self.compute[i][1] for i in parts),
                    )  # fmt: skip


def violations(problem: Data, schedule: Data) -> list[str]:
    """What is wrong with a schedule; nothing when it keeps every rule."""
    return Oracle(problem, schedule).run()
