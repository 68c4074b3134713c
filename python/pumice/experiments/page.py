# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables for a terminal and for a page of Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pumice.errors import PumiceError
from pumice.files import write_text
from pumice.tables import markdown, simple_table

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Table", "replaced", "write_page"]

#: Between these lines of a page are the tables of an experiment.
BEGIN = "<!-- pumice {} {} writes from here -->"
END = "<!-- to here -->"


@dataclass(frozen=True)
class Table:
    """Rows of text under a title; the first `left` columns are words, the others numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1

    def __rich__(self) -> Group:
        return simple_table(self.title, self.columns, self.rows, self.left)

    def markdown(self) -> str:
        """The same for a page."""
        return f"**{self.title}**\n\n{markdown(self.columns, self.rows, left=self.left)}"


def replaced(page: str, begin: str, end: str, text: str) -> str:
    """A page with other text between two of its lines.

    Args:
        page: text of the page.
        begin, end: the lines, which stay; the first `end` after `begin` counts.
        text: what to put between them.

    Raises:
        PumiceError: the page has no such lines.
    """
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise PumiceError(f"expected the lines '{begin}' and '{end}', got none")
    return f"{before}{begin}\n{text}\n{end}{after}"


def write_page(
    path: str | os.PathLike[str],
    name: str,
    sentences: Iterable[str],
    tables: Iterable[Table],
    *,
    command: str = "reproduce",
) -> None:
    """Puts a list of sentences and tables into a page, between the lines for the experiment.

    Args:
        path: of the page.
        name: of the experiment.
        sentences, tables: what to write.
        command: of which the experiment is a subcommand.

    Raises:
        PumiceError: the file cannot be read or written, or has no such lines.
    """
    begin = BEGIN.format(command, name)
    try:
        page = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise PumiceError(f"cannot read '{path}': {reason}") from None
    parts = ["\n".join(f"- {line}" for line in sentences)]
    parts += [table.markdown() for table in tables]
    try:
        text = replaced(page, begin, END, "\n\n".join(parts))
    except PumiceError as error:
        raise PumiceError(f"{error} (in '{path}')") from None
    write_text(path, text)
