# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Metrics of programs and PyTorch models on a data set, resumable and with a progress bar."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any

from pumice.errors import PumiceError
from pumice.evaluation.batches import Runner, items_of, pair_of
from pumice.evaluation.metrics import Metric, accuracy, cosine, metric_of
from pumice.evaluation.state import State, chained, key_of, read, write
from pumice.report import Report

__all__ = ["Evaluation", "Metric", "accuracy", "cosine", "evaluate"]


@dataclass
class Evaluation:
    """The result of an evaluation.

    Attributes:
        values: by name, the mean over all items.
        items, batches: number of evaluated items and batches, including resumed ones.
        seconds: of this call.
        report: of the last run of a `Program`: the cost of one batch of the program's size.
    """

    values: dict[str, float]
    items: int
    batches: int
    seconds: float
    report: Report | None = None


def evaluate(
    program: Any,
    data: Iterable[Any],
    metric: str | Metric = "accuracy",
    *,
    resume: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    threads: int | None = None,
    progress: bool = True,
) -> Evaluation:
    """Runs batches and averages a metric over their items.

    Args:
        program: a `Program`, a torch.nn.Module (run in eval mode without gradients) or any
            callable. A program gets batches of its own size: larger batches are split, and the last
            part is padded with copies of its last item, whose results are dropped.
        data: batches, such as a DataLoader: (inputs, ..., targets), where the only input may be
            a dict of keyword arguments. The same batches in the same order each time.
        metric: "accuracy", "cosine" (see `accuracy`, `cosine`) or a `Metric`.
        resume: a file that is written after each batch; if it exists, its batches are not run
            again.
        limit: number of batches after which to stop.
        threads: for `Program.run`.
        progress: show a progress bar on a terminal.

    Raises:
        PumiceError: no batches; batches that are not tuples; inputs that do not fit; a file of
            another program, metric or data, or that cannot be written.
    """
    score = metric_of(metric)
    if limit is not None and limit < 1:
        raise PumiceError(f"expected a limit of at least 1 batch, got {limit}")
    state = State(key_of(program, score) if resume is not None else "")
    known = read(resume, state) if resume is not None else State()
    run = Runner(program, threads)
    start = time.perf_counter()
    total = len(data) if isinstance(data, Sized) else None
    if limit is not None:
        total = limit if total is None else min(total, limit)
    with run, _bar(total, known.batches, progress) as advance:
        for batch in data:
            if limit is not None and state.batches == limit:
                break
            inputs, targets = pair_of(batch, state.batches)
            count = items_of(inputs)
            if resume is not None:
                state.data = chained(state.data, inputs, targets)
            state.batches += 1
            state.items += count
            if state.batches <= known.batches:
                if state.batches == known.batches:
                    if (state.data, state.items) != (known.data, known.items):
                        raise PumiceError(
                            f"expected the {known.batches} batches that '{resume}' was made with,"
                            " got others (does the data come shuffled?)"
                        )
                    state.sums = known.sums
                continue
            scores = score(run(inputs), targets)
            if not isinstance(scores, Mapping):
                raise PumiceError(
                    f"expected the metric to return named sums, got {type(scores).__name__}"
                )
            found = {name: float(value) for name, value in scores.items()}
            if state.sums and found.keys() != state.sums.keys():
                raise PumiceError(
                    f"expected the metric to give {sorted(state.sums)} for each batch, got"
                    f" {sorted(found)}"
                )
            state.sums = {name: state.sums.get(name, 0.0) + found[name] for name in found}
            if resume is not None:
                write(resume, state)
            advance(_means(state))
    if not state.batches:
        raise PumiceError("expected at least one batch, got none")
    if state.batches < known.batches:
        raise PumiceError(
            f"expected at least the {known.batches} batches that '{resume}' holds, got"
            f" {state.batches}"
        )
    seconds = time.perf_counter() - start
    return Evaluation(_means(state), state.items, state.batches, seconds, run.report)


def _means(state: State) -> dict[str, float]:
    return {name: value / state.items for name, value in state.sums.items()}


@contextlib.contextmanager
def _bar(
    total: int | None, done: int, show: bool
) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """A progress bar with the remaining time and the means so far."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = [
        TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.description}"),
    ]  # fmt: skip
    off = not show or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=off) as bar:
        task = bar.add_task("", total=total, completed=done)

        def advance(means: Mapping[str, float]) -> None:
            text = ", ".join(f"{name} {value:.4g}" for name, value in means.items())
            bar.update(task, advance=1, description=text)

        yield advance
