# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Documentation is plain English, wrapped at 100 columns, with the terms of docs/glossary.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import below, name_of, tracked

PAGES = tracked(".md")
SOURCES = [path for path in tracked(".cpp", ".h", ".td", ".py") if not below(path, "test")]
WIDTH = 100

# Turns of phrase that read as translated, and words for which the glossary has a better term.
BANNED = {
    r"(?<!there )(?:is|are) no (?!longer\b|more\b)\w": "'is not a ...', or what it is instead",
    r"(?:is|are) none of": "'is not one of'",
    r"(?:is|are|was|were) not to be (?:had|found|taken)": "'is unavailable'",
    r"besides? what": "'compared with', 'in addition to'",
    r"beside (?:it|them|this|that|each)": "'next to', 'compared with'",
    r"has (?:its|their) say|none of (?:its|their) business": "say what it does",
    r"to what is|of what is|what is no\b|with what is": "a noun",
    r"(?:the )?books of|keeps? books": "accounting",
    r"front doors?": "importing models",
    r"formless": "undecomposed ops",
    r"staircases?": "thresholds, step function",
    r"narrow codes": "infer bit widths",
    r"widened products?": "integer matmul",
}


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The page's numbered lines without code, tables and parts that a program writes."""
    end = ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        text = line.strip()
        if end:
            if text.startswith(end):
                end = ""
        elif text.startswith("```"):
            end = "```"
        elif re.match(r"<!-- .*(?:writes from here|results of)", text):
            end = "<!--"
        elif text and not text.startswith(("|", "<!--", "![")) and not line.startswith("    "):
            yield number, line


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_is_wrapped(page: Path) -> None:
    long = [
        f"{name_of(page)}:{number}: {len(line)} columns"
        for number, line in prose(page)
        if len(line) > WIDTH and " " in line.strip().lstrip("-*0123456789. ")
    ]
    assert not long, "\n".join(long)


def banned(path: Path, text: str) -> list[str]:
    """Each banned phrase in `text`, which may be wrapped, with its line."""
    text = re.sub(r"\n[ \t]*(?://+<?|#:?)?[ \t]*", "\n", text)
    found = []
    for phrase, better in BANNED.items():
        pattern = rf"\b(?:{phrase})".replace(" ", r"\s")
        for match in re.finditer(pattern, text, re.I):
            line = text.count("\n", 0, match.start()) + 1
            said = " ".join(match[0].split())
            found.append(f"{name_of(path)}:{line}: {said!r}: {better}")
    return found


@pytest.mark.parametrize(
    "page", [page for page in PAGES if not below(page, "docs/glossary.md")], ids=name_of
)
def test_page_is_plain_english(page: Path) -> None:
    found = banned(page, page.read_text())
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_source_is_plain_english(path: Path) -> None:
    found = banned(path, path.read_text())
    assert not found, "\n".join(found)


def test_phrases_are_found() -> None:
    text = "writes to what\n  is no buffer; there is no limit and it is no longer used"
    (found,) = [line for line in banned(PAGES[0], text) if "is not a" in line]
    assert ":2: 'is no b'" in found
