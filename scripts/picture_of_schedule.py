# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The picture of one small schedule in docs/scheduling.md.

python scripts/picture_of_schedule.py           # prints what happens when
python scripts/picture_of_schedule.py --write   # writes docs/schedule.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

from pumice.scheduling import (
    Bank,
    Group,
    Machine,
    Problem,
    Schedule,
    Unit,
    schedule,
)
from pumice.scheduling.networks import Constants

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "schedule.svg"
ALGORITHMS = ("naive", "overlap", "copies")
COLOURS = {"a": "#4477aa", "b": "#228833", "c": "#ee6677"}
LEFT, WIDTH, LANE = 90, 860, 22


def problem() -> Problem:
    """Three layers on eight arrays, with the constants of the six networks."""
    c = Constants()

    def layer(name: str, inputs: list[str], rows: int, columns: int, windows: int) -> Unit:
        row_tiles, col_tiles = -(-rows // c.rows), -(-columns * c.cells_per_weight // c.columns)
        return Unit(
            name, dependencies=inputs, row_tiles=row_tiles, col_tiles=col_tiles, windows=windows,
            mvm_ps=c.mvm_ps, bytes=rows * columns, max_copies=windows,
        )  # fmt: skip

    return Problem(
        Machine(
            [Group("arrays", arrays_per_element=8, rows=c.rows, row_write_ps=c.row_write_ps)],
            dram_bytes_per_us=c.dram_bytes_per_us,
            banks=[Bank(2**20)],
        ),
        [
            layer("a", [], 128, 32, 64),
            layer("b", ["a"], 128, 128, 16),
            layer("c", ["b"], 128, 256, 16),
        ],
        "three layers",
    )


def lanes(found: Schedule) -> list[tuple[int, str, str, float, float]]:
    """Bars: (lane, layer, what, from, to); lane 0 is DRAM, those after it are arrays. In us."""
    bars = []
    computes = {compute.part: compute for compute in found.computes}
    for transfer in found.transfers:
        unit = found.parts[transfer.part].unit
        bars.append((0, unit, "transfer", transfer.start_ps / 1e6, transfer.end_ps / 1e6))
    for write in found.writes:
        part = found.transfers[write.transfer].part
        unit, compute = found.parts[part].unit, computes[part]
        for array in range(write.first_array, write.first_array + write.tiles):
            bars.append((1 + array, unit, "write", write.start_ps / 1e6, write.end_ps / 1e6))
            bars.append((1 + array, unit, "compute", compute.start_ps / 1e6, compute.end_ps / 1e6))
    return bars


def svg(schedules: dict[str, Schedule]) -> str:
    """All schedules below one another, with one scale."""
    end = max(found.end_ps for found in schedules.values()) / 1e6
    block = 10 * LANE + 20
    height = len(schedules) * block + 30
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{LEFT + WIDTH + 20}" height="{height}" fill="white"/>',
    ]
    for row, (name, found) in enumerate(schedules.items()):
        top = 10 + row * block
        text.append(
            f'<text x="4" y="{top + 14}" font-weight="bold">{name},'
            f" {found.end_ps / 1e6:.1f} us</text>"
        )
        top += 20
        for lane in range(9):
            label = "DRAM" if lane == 0 else f"array {lane - 1}"
            y = top + lane * LANE
            text.append(f'<text x="4" y="{y + 15}">{label}</text>')
            text.append(
                f'<rect x="{LEFT}" y="{y + 2}" width="{WIDTH}" height="{LANE - 4}" fill="#f2f2f2"/>'
            )
        for lane, unit, what, start, stop in lanes(found):
            x, width = LEFT + start / end * WIDTH, max(1.0, (stop - start) / end * WIDTH)
            y = top + lane * LANE + 2
            text.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{LANE - 4}"'
                f' fill="{COLOURS[unit]}" fill-opacity="{1 if what == "compute" else 0.45}">'
                f"<title>{unit}, {what}: {start:.2f} to {stop:.2f} us</title></rect>"
            )
            if what == "compute":
                text.append(
                    f'<text x="{x + width / 2:.1f}" y="{y + 13}" fill="white"'
                    f' text-anchor="middle">{unit}</text>'
                )
    text.append(
        f'<text x="{LEFT}" y="{height - 8}">pale: transfers and writes; full: computes;'
        f" {end:.1f} us from left to right</text>"
    )
    return "\n".join([*text, "</svg>", ""])


def schedules() -> dict[str, Schedule]:
    """The schedule of each algorithm."""
    result = {}
    for name in ALGORITHMS:
        found = schedule(problem(), name).schedule
        assert found is not None
        result[name] = found
    return result


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PICTURE.write_text(svg(schedules()))
    else:
        for name, found in schedules().items():
            print(f"{name}: {found.end_ps / 1e6:.3f} us")
            for lane, unit, what, start, stop in sorted(lanes(found), key=lambda bar: bar[3]):
                where = "DRAM" if lane == 0 else f"array {lane - 1}"
                print(f"  {start:8.3f} {stop:8.3f}  {where:8} {unit} {what}")
