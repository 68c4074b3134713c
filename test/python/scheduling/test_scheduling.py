# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules of small problems, checked by hand, and what all schedules have in common."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path

import pytest

from pumice.scheduling import (
    ALGORITHMS,
    Bank,
    Group,
    Machine,
    Options,
    Problem,
    Schedule,
    SchedulingError,
    Unit,
    bounds,
    check,
    schedule,
    verify,
)
from scheduling_oracle import violations


def machine(arrays: int = 4, **keys: object) -> Machine:
    """Arrays of 10 ps to write; a byte takes 1 ps from DRAM."""
    group = Group("g", arrays_per_element=arrays, rows=5, row_write_ps=2)
    return dataclasses.replace(
        Machine(groups=[group], dram_bytes_per_us=10**6, banks=[Bank(1000)], digital_units=1),
        **keys,
    )


def unit(name: str, *dependencies: str, tiles: int = 1, **keys: object) -> Unit:
    """A unit of one window of 100 ps, with 4 bytes for each tile."""
    own = Unit(
        name,
        dependencies=list(dependencies),
        row_tiles=1,
        col_tiles=tiles,
        mvm_ps=100,
        bytes=4 * tiles,
    )
    return dataclasses.replace(own, **keys)


def scheduled(problem: Problem, algorithm: str, **options: object) -> Schedule:
    result = schedule(problem, algorithm, Options(**options))
    assert result.schedule is not None
    assert violations(problem.to_dict(), result.schedule.to_dict()) == []
    assert verify(problem, result.schedule) == result.summary
    return result.schedule


def spans(found: Schedule) -> dict[str, tuple[int, int]]:
    """When units of one part compute."""
    return {found.parts[c.part].unit: (c.start_ps, c.end_ps) for c in found.computes}


# ---------------------------------------------------------------- by hand


def test_naive_fills_computes_and_refills() -> None:
    problem = Problem(
        machine(4), [unit("a", tiles=2), unit("b", "a", tiles=2), unit("c", "b", tiles=4)]
    )
    found = scheduled(problem, "naive")
    # a comes by 8 ps, b by 16 ps, and is written by 26 ps. c fits only when both are done.
    assert spans(found) == {"a": (26, 126), "b": (126, 226), "c": (252, 352)}
    assert found.end_ps == 352


def test_overlap_writes_what_comes_next_while_others_compute() -> None:
    problem = Problem(
        machine(4), [unit("a", tiles=2), unit("b", "a", tiles=2), unit("c", "b", tiles=4)]
    )
    found = scheduled(problem, "overlap")
    # a starts when it is written. Half of c is written when a is done, the rest when b is.
    assert spans(found) == {"a": (18, 118), "b": (118, 218), "c": (236, 336)}
    parts = [(t.start_ps, t.tiles) for t in found.transfers if found.parts[t.part].unit == "c"]
    assert parts == [(118, 2), (218, 2)]


def test_atomic_writes_wait_for_all_arrays() -> None:
    problem = Problem(
        machine(4), [unit("a", tiles=2), unit("b", "a", tiles=2), unit("c", "b", tiles=4)]
    )
    found = scheduled(problem, "overlap", writes_atomically=True)
    parts = [(t.start_ps, t.tiles) for t in found.transfers if found.parts[t.part].unit == "c"]
    assert parts == [(218, 4)]
    assert spans(found)["c"] == (244, 344)


def test_independent_branches_compute_at_once() -> None:
    problem = Problem(machine(4), [unit("a"), unit("b", "a"), unit("c", "a"), unit("d", "b", "c")])
    assert spans(scheduled(problem, "overlap")) == {
        "a": (14, 114),
        "b": (114, 214),
        "c": (114, 214),
        "d": (214, 314),
    }
    assert scheduled(problem, "naive").end_ps == 426


def test_copies_share_windows_and_one_transfer() -> None:
    problem = Problem(machine(4), [unit("a", windows=8, max_copies=8)])
    found = scheduled(problem, "copies")
    # Four copies of 4 bytes that come once: 4 + 10 + 2 * 100.
    assert found.end_ps == 214
    assert found.parts[0].copies == 4
    assert [t.end_ps - t.start_ps for t in found.transfers] == [4]


def test_writers_of_an_element_take_turns() -> None:
    group = Group("g", arrays_per_element=4, writers_per_element=2, rows=5, row_write_ps=2)
    problem = Problem(machine(groups=[group]), [unit("a", tiles=4, bytes=0)])
    found = scheduled(problem, "overlap")
    assert sorted((w.start_ps, w.tiles) for w in found.writes) == [(0, 2), (10, 2)]
    assert spans(found) == {"a": (20, 120)}


def test_a_unit_larger_than_the_machine_has_parts() -> None:
    problem = Problem(machine(4), [unit("a", tiles=6)])
    found = scheduled(problem, "naive")
    assert [(p.first_tile, p.tiles) for p in found.parts] == [(0, 3), (3, 3)]
    # Each part has all windows: twice 12 + 10 + 100.
    assert found.end_ps == 244


def test_a_column_larger_than_the_machine_has_partial_sums() -> None:
    own = unit("a", row_tiles=6, col_tiles=2, bytes=0, partial_bytes=64)
    found = scheduled(Problem(machine(4), [own]), "naive")
    assert [(p.first_tile, p.tiles) for p in found.parts] == [(0, 3), (3, 3), (6, 3), (9, 3)]
    partial = [
        (h.column, h.bytes, h.start_ps, h.end_ps) for h in found.held if h.tensor == "partial"
    ]
    assert partial == [(0, 32, 10, 220), (1, 32, 230, 440)]


def test_digital_work_stays_one_window_behind() -> None:
    problem = Problem(
        machine(4), [unit("a", windows=10, digital_ps=50), unit("b", "a", digital_ps=500)]
    )
    found = scheduled(problem, "overlap")
    work = {d.unit: (d.start_ps, d.end_ps) for d in found.digitals}
    # The work on a takes 5 ps for a window; that on b starts when its only window is there.
    assert spans(found) == {"a": (14, 1014), "b": (1019, 1119)}
    assert work == {"a": (969, 1019), "b": (1119, 1619)}


def test_digital_units_of_work_run_beside_arrays() -> None:
    add = Unit("add", kind="digital", dependencies=["a"], digital_ps=70)
    problem = Problem(machine(4), [unit("a"), add, unit("b", "a")])
    found = scheduled(problem, "overlap")
    assert spans(found)["b"][0] == 114
    assert [(d.unit, d.start_ps, d.end_ps) for d in found.digitals] == [("add", 114, 184)]


def test_results_that_do_not_fit_go_to_dram() -> None:
    small = machine(4, banks=[Bank(40)])
    units = [
        unit("a", windows=10, output_bytes=200, window_bytes=20, bytes=0),
        unit("b", "a", windows=10, window_bytes=20, bytes=0),
    ]
    found = scheduled(Problem(small, units), "overlap")
    # a is computed in [10, 1010) and stored behind it: 200 ps, one window of it (20) after.
    (store, load) = found.spills
    assert (store.reader, store.start_ps, store.end_ps) == (None, 830, 1030)
    # b starts when one window of its input is there.
    assert (load.reader, load.start_ps, load.end_ps) == ("b", 1030, 1230)
    assert spans(found)["b"] == (1050, 2050)


def test_banks_are_powered_only_while_they_hold_something() -> None:
    banks = [Bank(1024, 8.0), Bank(16, 1.0)]
    units = [unit("a", output_bytes=10, bytes=0), unit("b", "a", output_bytes=500, bytes=0)]
    problem = Problem(machine(4, banks=banks), units)
    found = scheduled(problem, "overlap")
    assert {(h.unit, h.bank) for h in found.held if h.unit == "a"} == {("a", 1)}
    energy = schedule(problem, "overlap").summary.energy
    # a lies in the small bank in [10, 210), b in what is left of it and in the large one.
    assert energy.static_banks_pj == pytest.approx((200 * 1.0 + 100 * 8.0) * 1e-3)
    always = schedule(problem, "overlap", Options(gates_banks=False)).summary.energy
    assert always.static_banks_pj == pytest.approx(210 * 9.0 * 1e-3)


def test_energy_is_summed_by_component() -> None:
    group = Group("g", arrays_per_element=4, rows=5, row_write_ps=2, static_mw_per_array=0.5)
    own = unit("a", windows=4, max_copies=2, write_pj=3.0, compute_pj=7.0, digital_pj=11.0)
    problem = Problem(machine(groups=[group], dram_pj_per_byte=2.0, static_mw=100.0), [own])
    result = schedule(problem, "copies")
    energy = result.summary.energy
    assert result.summary.time_ps == 4 + 10 + 200
    assert (energy.write_pj, energy.dram_pj) == (6.0, 8.0)
    assert (energy.compute_pj, energy.digital_pj, energy.dynamic_pj) == (7.0, 11.0, 32.0)
    assert energy.static_arrays_pj == pytest.approx(4 * 0.5 * 214e-3)
    assert energy.static_other_pj == pytest.approx(100 * 214e-3)
    assert energy.static_pj == pytest.approx(energy.static_arrays_pj + energy.static_other_pj)


def test_fewest_copies_within_a_share_of_the_best_time() -> None:
    problem = Problem(machine(16), [unit("a", windows=16, max_copies=16)])
    assert schedule(problem, "copies").summary.copies == {"a": 16}
    # 14 + 100 ps at best; with eight copies 14 + 200.
    few = schedule(problem, "copies", Options(time_share=0.9)).summary
    assert few.copies == {"a": 8}
    assert few.time_ps == 214


# ---------------------------------------------------------------- steady state


def test_units_that_stay_are_not_written_again() -> None:
    problem = Problem(machine(3), [unit("a", windows=4, max_copies=1), unit("b", "a", tiles=2)])
    result = schedule(problem, "steady")
    assert result.summary.pinned == ["a", "b"]
    assert result.summary.dram_bytes == 0
    assert result.summary.time_ps == 500
    assert scheduled(problem, "steady").start == "steady"


def test_what_does_not_fit_is_written_in_each_run() -> None:
    units = [unit("a"), unit("b", "a", tiles=3), unit("c", "b", tiles=3)]
    found = scheduled(Problem(machine(4), units), "steady", time_share=0.2)
    # Whole units would write six tiles: single tiles of several stay.
    assert sum(w.tiles for w in found.writes) < 6


def test_kept_tiles_are_told_and_bounded() -> None:
    problem = Problem(machine(4), [unit("a", tiles=3), unit("b", "a", tiles=3)])
    found = schedule(problem, "steady", Options(time_share=9.0))
    summary = found.summary
    # One tile comes after the other: the array that is left is written for three of the six.
    assert sum(summary.kept_tiles.values()) == 3
    assert summary.dram_bytes == 3 * 4
    assert summary.pinned == [n for n, tiles in summary.kept_tiles.items() if tiles == 3]
    assert found.schedule is not None
    assert verify(problem, found.schedule) == summary
    assert summary.bounds.best_ps <= summary.time_ps


def test_a_transfer_lasts_as_long_as_its_decoder() -> None:
    """Two tiles of 4 bytes arrive in 8 ps; decoding 40 weights takes 40 ps at one per ps."""
    own = machine(4)
    own.groups[0].decoder_weights_per_us = 10**6
    plain = Problem(own, [unit("a", tiles=2), unit("b", "a", tiles=2)])
    slow = Problem(own, [unit("a", tiles=2, decoded_weights=40), unit("b", "a", tiles=2)])
    fast = dataclasses.replace(slow, machine=machine(4))
    # Transfer of a, write, a, b.
    assert scheduled(plain, "overlap").end_ps == 8 + 10 + 100 + 100
    assert scheduled(slow, "overlap").end_ps == 40 + 10 + 100 + 100
    assert scheduled(fast, "overlap").end_ps == 8 + 10 + 100 + 100
    # All but the rounding of shares is in the bounds.
    found = bounds(slow)
    assert bounds(plain).dram_ps in (16 + 10 + 99, 16 + 10 + 100)
    assert found.dram_ps in range(40 + 8 + 10 + 100 - 5, 40 + 8 + 10 + 100 + 1)
    assert found.best_ps <= 250
    broken = scheduled(slow, "overlap")
    broken.transfers[0].end_ps -= 1
    with pytest.raises(SchedulingError, match="a transfer of at least 40 ps for the decoder, got"):
        verify(slow, broken)
    assert violations(slow.to_dict(), broken.to_dict())


def test_a_pinned_unit_keeps_its_arrays_after_a_cold_start() -> None:
    problem = Problem(machine(3), [unit("a", pinned=True), unit("b", "a", tiles=3)])
    found = scheduled(problem, "overlap")
    kept = {
        w.first_array
        for w in found.writes
        if found.parts[found.transfers[w.transfer].part].unit == "a"
    }
    assert len(found.parts) == 3  # b has two parts on the arrays that are left
    later = [w for w in found.writes if found.parts[found.transfers[w.transfer].part].unit == "b"]
    assert all(not kept & set(range(w.first_array, w.first_array + w.tiles)) for w in later)


# ---------------------------------------------------------------- pipelines


def test_a_pipeline_balances_copies_to_the_slowest_stage() -> None:
    units = [
        unit("a", windows=16, max_copies=16),
        unit("b", "a", windows=4, max_copies=4),
        unit("c", "b"),
    ]
    problem = Problem(machine(7), units)
    result = schedule(problem, "pipeline")
    # 4 + 1 + 1 copies compute 4, 4 and 1 windows. With 5 copies of a, b is still as slow.
    assert result.summary.copies == {"a": 4, "b": 1, "c": 1}
    assert result.summary.period_ps == 400
    assert result.summary.time_ps == 900
    assert result.summary.bounds.period_ps <= 400
    scheduled(problem, "pipeline")


def test_a_pipeline_has_digital_units_in_turns() -> None:
    units = [unit("a", digital_ps=80), unit("b", "a", digital_ps=60)]
    result = schedule(Problem(machine(4), units), "pipeline")
    assert result.summary.period_ps == 140
    scheduled(Problem(machine(4), units), "pipeline")


# ---------------------------------------------------------------- all algorithms


def network(seed: int = 0) -> Problem:
    sizes = [3, 2, 5, 1, 4, 6]
    units = [
        unit(
            f"u{i}",
            *([f"u{i - 1}"] if i else []),
            tiles=size,
            windows=[100, 50, 20, 10, 5, 1][i],
            max_copies=100,
            output_bytes=10,
        )
        for i, size in enumerate(sizes)
    ]
    return Problem(machine(8), units)


@pytest.mark.parametrize(
    "algorithm", [name for name in ALGORITHMS if name not in ("pipeline", "stream")]
)
def test_schedules_are_the_same_every_time(algorithm: str) -> None:
    first = scheduled(network(), algorithm, seed=3)
    assert scheduled(network(), algorithm, seed=3) == first


def test_levels_get_better() -> None:
    times = [scheduled(network(), name).end_ps for name in ("naive", "strong", "copies")]
    assert times[0] > times[1] > times[2] >= bounds(network()).best_ps


def test_order_of_units_in_the_problem_does_not_matter_to_what_is_valid() -> None:
    problem = network()
    problem.units.reverse()
    scheduled(problem, "copies")


def test_arrays_that_were_freed_first_are_written_first() -> None:
    units = [unit(f"u{i}", *([f"u{i - 1}"] if i else []), tiles=1) for i in range(8)]
    problem = Problem(machine(4), units)
    level = schedule(problem, "naive", Options(levels_wear=True)).summary
    assert level.most_writes_of_an_array == 2


def test_records_round_trip() -> None:
    problem = network()
    again = Problem.from_dict(json.loads(json.dumps(problem.to_dict())))
    assert again == problem
    found = scheduled(problem, "copies")
    assert Schedule.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(SchedulingError, match="Unit: expected known keys, got 'wndows'"):
        Unit.from_dict({"name": "a", "wndows": 3})


def test_a_problem_that_is_fine_parts_check() -> None:
    check(network())


def test_the_picture_of_the_page() -> None:
    """By hand; scripts/picture_of_schedule.py --write brings docs/schedule.svg up to date."""
    root = Path(__file__).resolve().parents[3]
    spec = importlib.util.spec_from_file_location(
        "picture_of_schedule", root / "scripts" / "picture_of_schedule.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.schedules()
    write = 128 * 85_700  # ps; a tile of 4096 bytes comes in 160 ns
    assert found["naive"].end_ps == (
        5 * 160_000 + write + (64 + 16) * 800_000 + 8 * 160_000 + write + 16 * 800_000
    )
    assert found["overlap"].computes[0].start_ps == 160_000 + write
    assert {part.unit: part.copies for part in found["copies"].parts} == {"a": 8, "b": 2, "c": 1}
    assert module.svg(found) == (root / "docs" / "schedule.svg").read_text()
