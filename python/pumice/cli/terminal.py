# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes to the terminal: results to stdout, progress and remarks to stderr.

Progress is a bar or a spinner on a terminal. Elsewhere, work that takes longer than a moment is a
line per phase, so that logs show where the time goes.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pumice.tables import plain_text

__all__ = ["counting", "progress", "rate_text", "say", "show", "working"]

T = TypeVar("T")

#: Seconds after which work that is not on a terminal is worth a line, and between such lines.
QUIET_S = 2.0

_errors = Console(stderr=True)


def show(renderable: Any) -> None:
    """Prints a result: with style on a terminal, as plain text elsewhere."""
    console = Console()
    if console.is_terminal:
        console.print(renderable, crop=False)
    else:
        print(plain_text(renderable))


def say(text: str) -> None:
    """A remark: wrapped on a terminal, one line elsewhere."""
    wraps = _errors.is_terminal
    _errors.print(text, style="dim", markup=False, highlight=False, soft_wrap=not wraps)


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Shows that a phase without known length goes on: with the elapsed time on a terminal.

    Elsewhere, a phase that takes long is a line when that is known, and one at its end.
    """
    if _errors.is_terminal:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
        with Progress(*columns, console=_errors, transient=True) as bar:
            bar.add_task(text, total=None)
            yield
        return
    start = time.perf_counter()
    timer = threading.Timer(QUIET_S, lambda: _line(f"{text} ..."))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        seconds = time.perf_counter() - start
        if seconds >= QUIET_S:
            _line(f"{text}: {seconds:.1f} s")


def progress(items: Iterable[T], text: str, total: int) -> Iterator[T]:
    """Passes items on behind a progress bar, which is gone at the end."""
    with counting(total, text) as advance:
        advance("")
        for item in items:
            yield item
            advance("")


@contextlib.contextmanager
def counting(total: int, text: str = "") -> Iterator[Callable[[str], None]]:
    """A progress bar with rate and time left for work that says what it does next.

    The first call begins the work. Elsewhere than on a terminal, it is a line from time to time.

    Args:
        total: pieces of work.
        text: what they are.
    """
    if not _errors.is_terminal:
        yield _Lines(total, text)
        return
    columns = [
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeRemainingColumn(),
    ]  # fmt: skip
    with Progress(*columns, console=_errors, transient=True) as bar:
        task = bar.add_task(text, total=total, completed=-1)

        def advance(doing: str) -> None:
            bar.update(task, advance=1, description=": ".join(filter(None, (text, doing))))

        yield advance


def rate_text(per_second: float) -> str:
    """A rate, per second or, if slow, per minute or hour."""
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        if per_second * seconds >= 1 or unit == "h":
            return f"{per_second * seconds:.3g}/{unit}"
    raise AssertionError


class _Rate(ProgressColumn):
    """Pieces of work per second, when some are done."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(rate_text(speed) if speed else "", style="progress.data.speed")


class _Lines:
    """Progress for logs."""

    def __init__(self, total: int, text: str) -> None:
        self.total, self.text = total, text
        self.done = -1
        self.start = self.last = time.perf_counter()

    def __call__(self, doing: str) -> None:
        self.done += 1
        now = time.perf_counter()
        if self.done == 0:
            self.start = now
        if now - self.last < QUIET_S or self.done >= self.total:
            return
        self.last = now
        parts = [f"{self.done}/{self.total}"]
        if self.done and now > self.start:
            rate = self.done / (now - self.start)
            left = (self.total - self.done) / rate
            parts += [rate_text(rate), f"{left:.0f} s left"]
        _line(": ".join(filter(None, (self.text, ", ".join(parts), doing))))


def _line(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
