# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far schedules are from the optimum of an exact solver (OR-tools CP-SAT).

The instances have one group of one element. Weights of a unit are written atomically, either by one
writer or one transfer after the other. The solver chooses copies, an order and all times; our
copies and times are its hint.
"""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import Any

from pumice.errors import PumiceError
from pumice.experiments.aras.results import Gaps
from pumice.scheduling import Group, Machine, Options, Problem, Schedule, Unit, bounds, schedule

__all__ = ["OPTIONS", "Gap", "gap", "gaps", "optimum", "small_problem", "useful_copies"]

OPTIONS = Options(writes_atomically=True)
#: Units of the instances.
SIZES = (5, 7, 8)


def _solver() -> Any:
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        raise PumiceError(
            "expected the wheel 'ortools' to be installed to find the optimum, it is not"
        ) from None
    return cp_model


def small_problem(seed: int, count: int) -> Problem:
    """A problem that an exact solver finishes.

    It has up to 8 units that fit, one element, and either one writer or transfers that take as long
    as writes. All are to be written atomically.
    """
    rng = random.Random(seed)
    one_writer = rng.random() < 0.5
    arrays = rng.randint(24, 96)
    units: list[Unit] = []
    is_chain = rng.random() < 0.5
    for i in range(count):
        if is_chain or i == 0:
            dependencies = units[-1:]
        else:
            dependencies = [unit for unit in units[-3:] if rng.random() < 0.5] or [
                rng.choice(units)
            ]
        tiles = rng.randint(1, max(1, arrays // 3))
        units.append(
            Unit(
                name=f"u{i}",
                dependencies=[d.name for d in dependencies],
                row_tiles=1,
                col_tiles=tiles,
                windows=rng.choice([1, 4, 16, 49, 196, 400]),
                mvm_ps=rng.choice([20, 80]),
                bytes=0 if one_writer else tiles * rng.randint(50, 400),
                max_copies=400,
            )
        )
    group = Group(
        name="g",
        arrays_per_element=arrays,
        writers_per_element=1 if one_writer else 0,
        rows=4,
        row_write_ps=rng.choice([25, 100]),
    )
    machine = Machine(groups=[group], dram_bytes_per_us=10**6)
    return Problem(machine, units, f"small-{seed}")


@dataclass
class Gap:
    """One instance."""

    seed: int
    units: int
    ours_ps: int
    optimum_ps: int
    bound_ps: int
    is_proven: bool

    @property
    def share(self) -> float:
        """By how much ours is longer than the optimum, or than the best that the solver found."""
        return self.ours_ps / self.optimum_ps - 1


def useful_copies(windows: int, most: int) -> list[int]:
    """Numbers of copies up to `most` that are the least for their time."""
    return [r for r in range(1, most + 1) if r == 1 or -(-windows // r) < -(-windows // (r - 1))]


def optimum(problem: Problem, hint: Schedule, seconds: float, workers: int) -> tuple[int, bool]:
    """The least time found, and whether it is proven."""
    cp_model = _solver()
    (group,) = problem.machine.groups
    arrays = group.arrays_per_element
    write = group.rows * group.row_write_ps
    model = cp_model.CpModel()
    horizon = hint.end_ps
    starts, ends, holds, demands, transfers, writes = {}, {}, [], [], [], []
    parts = {p.unit: (index, p) for index, p in enumerate(hint.parts)}
    moved = {t.part: t for t in hint.transfers}
    computed = {c.part: c for c in hint.computes}
    for unit in problem.units:
        tiles = unit.row_tiles * unit.col_tiles
        most = min(unit.max_copies, unit.windows, arrays // tiles)
        choices = useful_copies(unit.windows, most)
        chosen = [model.new_bool_var(f"{unit.name}x{r}") for r in choices]
        model.add_exactly_one(chosen)
        time_of = {r: -(-unit.windows // r) * unit.mvm_ps for r in choices}
        compute = sum(b * time_of[r] for b, r in zip(chosen, choices, strict=True))
        demand = model.new_int_var(tiles, tiles * most, f"{unit.name} arrays")
        model.add(demand == sum(b * (tiles * r) for b, r in zip(chosen, choices, strict=True)))
        moving = -(-unit.bytes * 10**6 // problem.machine.dram_bytes_per_us)
        begin = model.new_int_var(0, horizon, f"{unit.name} transfer")
        write_start = model.new_int_var(0, horizon, f"{unit.name} write")
        write_end = model.new_int_var(0, horizon, f"{unit.name} written")
        start = model.new_int_var(0, horizon, f"{unit.name} start")
        end = model.new_int_var(0, horizon, f"{unit.name} end")
        duration = demand * write if group.writers_per_element else write
        model.add(write_start >= begin + moving)
        model.add(start >= write_end)
        model.add(end == start + compute)
        transfers.append(model.new_fixed_size_interval_var(begin, moving, f"{unit.name} moves"))
        model.add(write_end == write_start + duration)
        size = model.new_int_var(0, horizon, f"{unit.name} write time")
        model.add(size == duration)
        writes.append(model.new_interval_var(write_start, size, write_end, f"{unit.name} writes"))
        held = model.new_int_var(0, horizon, f"{unit.name} held time")
        holds.append(model.new_interval_var(begin, held, end, f"{unit.name} holds"))
        demands.append(demand)
        starts[unit.name], ends[unit.name] = start, end
        index, own = parts[unit.name]
        least = max(r for r in choices if r <= own.copies)
        for b, r in zip(chosen, choices, strict=True):
            model.add_hint(b, r == least)
        model.add_hint(begin, moved[index].start_ps)
        model.add_hint(start, computed[index].start_ps)
        model.add_hint(end, computed[index].end_ps)
    model.add_cumulative(holds, demands, arrays)
    model.add_no_overlap(transfers)
    if group.writers_per_element:
        model.add_no_overlap(writes)
    for unit in problem.units:
        for needed in unit.dependencies:
            model.add(starts[unit.name] >= ends[needed])
    makespan = model.new_int_var(0, horizon, "end")
    model.add_max_equality(makespan, list(ends.values()))
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return horizon, False
    return round(solver.objective_value), status == cp_model.OPTIMAL


def gap(seed: int, units: int, seconds: float = 20, workers: int = 2) -> Gap:
    """The gap of one instance."""
    problem = small_problem(seed, units)
    ours = schedule(problem, "copies", OPTIONS).schedule
    assert ours is not None
    best, proven = optimum(problem, ours, seconds, workers)
    return Gap(seed, units, ours.end_ps, best, bounds(problem).best_ps, proven)


def gaps(count: int, *, seconds: float = 20, workers: int = 2) -> Gaps:
    """Gaps of `count` instances of each size.

    Raises:
        PumiceError: OR-tools is not installed.
    """
    found = [gap(seed, units, seconds, workers) for units in SIZES for seed in range(count)]
    shares = [own.share for own in found]
    return Gaps(
        len(found), sum(own.is_proven for own in found), statistics.mean(shares), max(shares)
    )
