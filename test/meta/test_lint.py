# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The checks of scripts/lint.py find what they are there for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sources import ROOT

LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"


def lint(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/lint.py"), *arguments], capture_output=True, text=True
    )
    return done.returncode, done.stderr


def problems_of(message: str, folder: Path) -> str:
    file = folder / "MESSAGE"
    file.write_text(message)
    code, said = lint("title", str(file))
    assert code == bool(said)
    return said


@pytest.mark.parametrize(
    "message",
    [
        "[Analysis] Find ranges by dataflow\n\nThe recursion was exponential.\n# a comment",
        "[Transforms/AP] Pass threads on\n\nThey were ignored.",
        "Merge branch 'main' into topic",
        'Revert "[Docs] Explain levels"',
    ],
)
def test_good_messages_pass(message: str, tmp_path: Path) -> None:
    assert problems_of(message, tmp_path) == ""


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("What runs on arrays\n\nWhy.", "expected a title '[Area] Imperative verb ...'"),
        ("[Docs] Explain levels.\n\nWhy.", "expected a title '[Area] Imperative verb ...'"),
        ("[Docs] Explains levels\n\nWhy.", "expected an imperative verb, got 'Explains'"),
        ("[Docs] Fixed the map\n\nWhy.", "expected an imperative verb, got 'Fixed'"),
        (f"[Docs] Explain {'levels ' * 10}now\n\nWhy.", "at most 72 characters, got 88"),
        ("[Docs] Explain levels\n", "expected a body that says why"),
        ("", "expected a title '[Area] Imperative verb ...', got ''"),
    ],
)
def test_bad_messages_are_named(message: str, said: str, tmp_path: Path) -> None:
    assert said in problems_of(message, tmp_path)


def test_sources_without_a_licence_are_named(tmp_path: Path) -> None:
    good, script, bad = tmp_path / "a.cpp", tmp_path / "b.py", tmp_path / "c.py"
    good.write_text(f"// {LICENCE}\n")
    script.write_text(f"#!/usr/bin/env python\n# {LICENCE}\n")
    bad.write_text(f"import os\n# {LICENCE}\n")
    code, said = lint("spdx", str(good), str(script), str(bad))
    assert code == 1
    assert said.count("expected a line") == 1
    assert str(bad) in said
