# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables that keep every word and number whole, however narrow the terminal is."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

__all__ = ["SimpleTable", "Title"]

_GAP = "  "
#: Columns of text are not wrapped below this width.
_NARROWEST = 24
#: The space between a number and its unit.
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|[^\W\d_]{1,3}\d?)(?!\w))")


def _wrap(text: str, width: int) -> list[str]:
    """Lines of whole words, with units beside their numbers."""
    glued = _BEFORE_UNIT.sub("\0", text)
    lines = textwrap.wrap(glued, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines] or [""]


class Title:
    """A line above a table."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in _wrap(self._text, options.max_width):
            yield Text(line, style="bold", no_wrap=True, overflow="ignore")


class SimpleTable:
    """A table without a frame.

    If it does not fit, columns of text wrap between words, then the optional columns are left out,
    the first of them first. If it still does not fit, each row becomes a block: the first cell on a
    line, and the others below it, each behind the title of its column, as is the first if it is a
    number. Cells are never cut.

    Args:
        columns: titles; all empty for a table without a header.
        rows: cells, a text for each column.
        left: number of columns of words, which come first; the others are numbers and go right.
        optional: titles of columns that may be left out, if the table has them.
        wrapped: numbers of the columns whose text may wrap between words.
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        left: int = 1,
        optional: Sequence[str] = (),
        wrapped: Sequence[int] = (),
    ) -> None:
        self._columns = list(columns)
        self._rows = [list(row) for row in rows]
        self._left = left
        self._optional = list(optional)
        self._wrapped = set(wrapped)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self.lines(options.max_width):
            line.no_wrap = True
            line.overflow = "ignore"
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        natural = self._total([self._width(i) for i in range(len(self._columns))])
        return Measurement(min(natural, options.max_width), min(natural, options.max_width))

    def lines(self, width: int) -> list[Text]:
        """The lines of the table for a terminal of `width` columns."""
        shown = list(range(len(self._columns)))
        leaving = [self._columns.index(t) for t in self._optional if t in self._columns]
        while True:
            widths = self._fitted(shown, width)
            if widths is not None:
                return list(self._table(shown, widths))
            if not leaving:
                return list(self._blocks(width))
            shown.remove(leaving.pop(0))

    def _cells(self, column: int) -> list[str]:
        return [self._columns[column], *(row[column] for row in self._rows)]

    def _width(self, column: int) -> int:
        return max(len(cell) for cell in self._cells(column))

    def _least(self, column: int) -> int:
        """The least width of a column, which is less than the natural one if its text wraps."""
        if column not in self._wrapped:
            return self._width(column)
        words = [len(word) for cell in self._cells(column) for word in cell.split()]
        return min(self._width(column), max([_NARROWEST, *words]))

    @staticmethod
    def _total(widths: Sequence[int]) -> int:
        return sum(widths) + len(_GAP) * max(len(widths) - 1, 0)

    def _fitted(self, shown: Sequence[int], width: int) -> list[int] | None:
        """A width for each column that is shown, or None if they do not fit."""
        widths = [self._width(i) for i in shown]
        for place, column in enumerate(shown):
            excess = self._total(widths) - width
            if excess > 0:
                widths[place] = max(self._least(column), widths[place] - excess)
        return widths if self._total(widths) <= width else None

    def _table(self, shown: Sequence[int], widths: Sequence[int]) -> Iterator[Text]:
        if any(self._columns):
            yield Text(self._line(shown, widths, self._columns), style="dim")
        for row in self._rows:
            parts = [
                _wrap(row[i], width) if len(row[i]) > width else [row[i]]
                for i, width in zip(shown, widths, strict=True)
            ]
            for number in range(max(map(len, parts), default=0)):
                cells = [""] * len(self._columns)
                for column, part in zip(shown, parts, strict=True):
                    cells[column] = part[number] if number < len(part) else ""
                yield Text(self._line(shown, widths, cells))

    def _line(self, shown: Sequence[int], widths: Sequence[int], cells: Sequence[str]) -> str:
        padded = [
            cells[i].ljust(width) if i < self._left else cells[i].rjust(width)
            for i, width in zip(shown, widths, strict=True)
        ]
        return _GAP.join(padded).rstrip()

    def _blocks(self, width: int) -> Iterator[Text]:
        for row in self._rows:
            # A number says nothing without its title, a name does.
            is_name = not self._columns[0] or any(char.isalpha() for char in row[0])
            yield Text(row[0] if is_name else f"{self._columns[0]}: {row[0]}")
            line = ""
            for title, cell in zip(self._columns[1:], row[1:], strict=True):
                if not cell:
                    continue
                part = f"{title}: {cell}" if title else cell
                joined = f"{line}{_GAP}{part}" if line else f"  {part}"
                if line and len(joined) > width:
                    yield Text(line)
                    joined = f"  {part}"
                line = joined
            if line:
                yield Text(line)
