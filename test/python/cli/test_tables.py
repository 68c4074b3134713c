# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables on terminals of any width: no name or unit is cut."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("rich")

from pumice.layout import SimpleTable
from pumice.tables import plain_text, simple_table

COLUMNS = ["layer", "kinds", "time", "energy", "conversions"]
ROWS = [
    [
        "encoder.layer.0.attention.self.query",
        "transfer digital mvm",
        "51.5 us",
        "68.2 nJ",
        "16,384",
    ],
    ["head", "mvm", "810 ns", "6.49 nJ", ""],
]


def lines(width: int, **options) -> list[str]:
    table = SimpleTable(COLUMNS, ROWS, left=2, **options)
    return [line.plain for line in table.lines(width)]


def test_a_wide_terminal_shows_all_columns() -> None:
    assert lines(200) == [
        "layer                                 kinds                    time   energy  conversions",
        "encoder.layer.0.attention.self.query  transfer digital mvm  51.5 us  68.2 nJ       16,384",
        "head                                  mvm                    810 ns  6.49 nJ",
    ]


def test_optional_columns_leave_in_their_order() -> None:
    for width, gone in ((88, ["conversions"]), (70, ["conversions", "kinds"])):
        found = lines(width, optional=["conversions", "kinds"])
        assert found[0].split() == [c for c in COLUMNS if c not in gone]
        assert all(len(line) <= width for line in found)


def test_rows_become_blocks_when_nothing_else_can_leave() -> None:
    assert lines(40, optional=["conversions"]) == [
        "encoder.layer.0.attention.self.query",
        "  kinds: transfer digital mvm",
        "  time: 51.5 us  energy: 68.2 nJ",
        "  conversions: 16,384",
        "head",
        "  kinds: mvm  time: 810 ns",
        "  energy: 6.49 nJ",
    ]


@pytest.mark.parametrize("width", [1, 10, 20, 35, 60, 61, 80, 95, 110])
def test_no_cell_is_cut_at_any_width(width) -> None:
    text = "\n".join(lines(width, optional=["conversions", "kinds"]))
    for row in ROWS:
        for cell in (row[0], *row[2:4]):
            assert re.search(rf"(?<![\w.]){re.escape(cell)}(?![\w.])", text), (width, cell)


def test_text_wraps_between_words() -> None:
    reason = (
        "its weights are not constant, and a product of two activations needs arrays to rewrite"
    )
    table = SimpleTable(["layer", "reason"], [["conv", reason]], left=2, wrapped=[1])
    found = [line.plain for line in table.lines(40)]
    assert len(found) > 3
    assert " ".join(line[5:].strip() for line in found[1:]).split() == reason.split()
    assert all(len(line) <= 40 for line in found)


def test_text_that_goes_to_no_terminal_is_unbroken(monkeypatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    long = "x" * 500
    assert plain_text(simple_table("title", ["a", "b"], [[long, "1"]])).splitlines() == [
        "title",
        "a" + " " * 501 + "b",
        f"{long}  1",
    ]
    monkeypatch.setenv("COLUMNS", "80")
    assert plain_text(simple_table("title", ["a", "b"], [[long, "1"]])).splitlines() == [
        "title", long, "  b: 1"
    ]  # fmt: skip


def test_blocks_say_what_a_number_is() -> None:
    table = SimpleTable(["ADC bits", "clip", "calibrated, 99.9 %"], [["4", "33.3", "27.8"]])
    assert [line.plain for line in table.lines(20)] == [
        "ADC bits: 4",
        "  clip: 33.3",
        "  calibrated, 99.9 %: 27.8",
    ]


def test_titles_keep_units_beside_their_numbers(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    table = simple_table("net: converters (lossless 33.3 %, 12.5 us each)", ["a"], [["b"]])
    assert plain_text(table).splitlines() == [
        "net: converters (lossless",
        "33.3 %, 12.5 us each)",
        "a",
        "b",
    ]
