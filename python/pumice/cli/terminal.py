# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes to the terminal: results to stdout, progress and remarks to stderr."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pumice.tables import plain_text

__all__ = ["counting", "progress", "say", "show", "working"]

T = TypeVar("T")

_errors = Console(stderr=True)


def show(renderable: Any) -> None:
    """Prints a result: with style on a terminal, as plain text elsewhere."""
    console = Console()
    if console.is_terminal:
        console.print(renderable, crop=False)
    else:
        print(plain_text(renderable))


def say(text: str) -> None:
    """A remark."""
    _errors.print(text, style="dim", markup=False, highlight=False)


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Shows that something without known length goes on, on a terminal."""
    if not _errors.is_terminal:
        yield
        return
    with _errors.status(text):
        yield


def progress(items: Iterable[T], text: str, total: int) -> Iterator[T]:
    """Passes items on behind a progress bar, which is gone at the end."""
    columns = [TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(
        *columns, console=_errors, transient=True, disable=not _errors.is_terminal
    ) as bar:
        yield from bar.track(items, total=total)


class _Rate(ProgressColumn):
    """Items per second, when some are done."""

    def render(self, task: Task) -> Text:
        """A few digits."""
        return Text(f"{task.speed:.3g}/s" if task.speed else "")


@contextlib.contextmanager
def counting(total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar for work that says what it does next: the first call begins it."""
    columns = [
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeRemainingColumn(),
    ]  # fmt: skip
    with Progress(
        *columns, console=_errors, transient=True, disable=not _errors.is_terminal
    ) as bar:
        task = bar.add_task("", total=total, completed=-1)

        def advance(doing: str) -> None:
            bar.update(task, advance=1, description=doing)

        yield advance
