# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes of associative processors' racetracks, as docs/ap.md, "Wear", counts them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from test_ap import DEVICE, blob_of, codes_of, compiled, layer_of, ternary

import ap_oracle
from machine import Window

ROWS = 64
SMALL = DEVICE.replace(ap={"columns": 40, "domains": 24, "rows": ROWS})


def layer_and_input(shape: tuple[int, ...], outputs: int):
    rng = np.random.default_rng(3)
    layer = layer_of(4, False, 2)
    return codes_of(layer, rng, shape), ternary(rng, (outputs, shape[1], 3, 3), 0.6), layer


def test_every_write_is_the_oracles() -> None:
    """The mean is that of every write of every racetrack; no racetrack gets more than the most."""
    x, w, layer = layer_and_input((1, 5, 8, 9), 11)
    rows = ap_oracle.patches(x, (3, 3), (1, 1), (1, 1), (0, 0, 0, 0), 2)
    program = compiled(x, w, layer, Window(), SMALL, "layout=along spread=1")
    blob = blob_of(program)
    processors: list[ap_oracle.Processor] = []
    assert len(rows) < ROWS
    ap_oracle.execute(blob, rows, len(rows), processors)
    report = program.run(x.astype(np.int8)).report
    wear = report.wear

    assert wear.arrays_written == len(blob.output_blocks) == len(processors)
    cells = 40 * ROWS
    written = sum(int(p.writes.sum()) for p in processors)
    assert wear.mean_writes_per_cell * cells * len(processors) == pytest.approx(written)
    assert wear.max_is_bound
    assert wear.max_writes_per_cell == max(p.most.max() for p in processors)
    histogram: dict[int, int] = {}
    for processor in processors:
        assert (processor.writes <= processor.most[:, None]).all()
        assert processor.writes.max() > 0.4 * processor.most.max()
        for most in processor.most:
            histogram[int(most)] = histogram.get(int(most), 0) + len(rows)
            histogram[0] = histogram.get(0, 0) + ROWS - len(rows)
    assert wear.histogram == {k: v for k, v in sorted(histogram.items()) if v}

    assert wear.lifetime is not None
    assert wear.lifetime.runs == DEVICE.processors["endurance_writes"] // wear.max_writes_per_cell
    estimate = program.estimate().wear
    assert estimate.histogram == wear.histogram
    assert estimate.mean_writes_per_cell == pytest.approx(wear.mean_writes_per_cell, rel=0.2)


@pytest.mark.parametrize("spread", [1, 3])
def test_sums_are_the_reports(spread: int) -> None:
    """What the report says was written, and where: loads, first values and tagged writes."""
    x, w, layer = layer_and_input((1, 33, 12, 12), 20)
    program = compiled(
        x, w, layer, Window(), SMALL, f"layout=along spread={spread} lanes=1 threads=2"
    )
    report = program.run(x.astype(np.int8), threads=2).report
    ap = SMALL.processors["ap"]
    bits = (report.components["ap_load"] + report.components["tag_write"]) / ap["write_pj_per_bit"]
    wear = report.wear
    found = wear.mean_writes_per_cell * wear.arrays_written * 40 * ROWS
    assert found == pytest.approx(bits)
    parts = sum(min(spread, len(block.channel_blocks)) for block in blob_of(program).output_blocks)
    assert wear.arrays_written == 2 * parts


def test_blocks_that_take_turns_wear_the_same_processors() -> None:
    x, w, layer = layer_and_input((1, 3, 34, 34), 4)
    many = compiled(x, w, layer, Window(), SMALL, "output-blocks=1 spread=1").estimate()
    few = SMALL.replace(levels={"tile": {"holds": 3}, "bank": {"holds": 1}, "chip": {"holds": 1}})
    turns = compiled(x, w, layer, Window(), few, "output-blocks=1 spread=1").estimate()
    assert many.wear.arrays_written == 16
    assert turns.wear.arrays_written == 3
    assert turns.wear.max_writes_per_cell == 6 * many.wear.max_writes_per_cell
    sums = [r.wear.mean_writes_per_cell * r.wear.arrays_written for r in (many, turns)]
    assert sums[0] == pytest.approx(sums[1])
