# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules random problems with every algorithm, and checks each schedule.

    python test/python/helpers/scheduling_fuzz.py 10000

Every schedule must verify, agree with the oracle, and take no less than each lower bound.
"""

from __future__ import annotations

import argparse

from pumice.scheduling import ALGORITHMS, Options, Problem, SchedulingError, check, schedule, verify
from scheduling_instances import random_problem
from scheduling_oracle import violations

PIPELINES = ("pipeline", "stream")


def problems_of(problem: Problem, options: Options) -> list[str]:
    """What is wrong with the schedules of one problem."""
    wrong: list[str] = []
    times: dict[str, int] = {}
    for algorithm in ALGORITHMS:
        try:
            result = schedule(problem, algorithm, options)
        except SchedulingError as error:
            # Only pipelines may refuse what passes check().
            refusals = ("a pipeline needs", "a stream needs")
            if algorithm not in PIPELINES or not str(error).startswith(refusals):
                wrong.append(f"{algorithm}: {error}")
            continue
        summary, found = result.summary, result.schedule
        assert found is not None
        wrong += [f"{algorithm}: {text}" for text in violations(problem.to_dict(), found.to_dict())]
        if verify(problem, found).time_ps != summary.time_ps:
            wrong.append(f"{algorithm}: another time when verified")
        times[algorithm] = summary.time_ps
        for name, bound in summary.bounds.to_dict().items():
            time = summary.period_ps if name == "period_ps" else summary.time_ps
            if algorithm in PIPELINES or name != "period_ps":
                if time is not None and time < bound:
                    wrong.append(f"{algorithm}: {time} ps is below the bound {name} of {bound}")
    if not options.time_share and times.get("copies", 0) > times.get("overlap", 0):
        wrong.append("copies takes longer than overlap")
    return wrong


def options_of(seed: int) -> Options:
    """Options for one instance: few moves, and each flag both ways."""
    return Options(
        seed=seed,
        moves=60,
        time_share=[0.0, 0.05, 0.5][seed % 3],
        writes_atomically=seed % 5 == 4,
        gates_banks=seed % 2 == 0,
        levels_wear=seed % 7 != 0,
    )


def run(first: int, count: int) -> tuple[int, list[str]]:
    """How many problems were scheduled, and what was wrong."""
    scheduled, wrong = 0, []
    for seed in range(first, first + count):
        problem = random_problem(seed)
        try:
            check(problem)
        except SchedulingError:
            continue
        scheduled += 1
        wrong += [f"seed {seed}: {text}" for text in problems_of(problem, options_of(seed))]
    return scheduled, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    done = 0
    wrong: list[str] = []
    seed = args.first
    while done < args.count:
        scheduled, found = run(seed, 100)
        done, seed = done + scheduled, seed + 100
        wrong += found
        for text in found:
            print(text, flush=True)
        print(f"{done} problems, {len(wrong)} violations", flush=True)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
