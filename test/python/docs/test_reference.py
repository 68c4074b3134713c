# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""scripts/reference.py writes a page for everything that has a definition."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pytest.importorskip("griffe")
    folder = tmp_path_factory.mktemp("reference")
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/reference.py"), "--output", str(folder)],
        capture_output=True,
        text=True,
    )
    if done.stderr.startswith("no MLIR"):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return {path.stem: path.read_text() for path in folder.glob("*.md")}


def test_every_op_attribute_and_type_is_there(pages: dict[str, str]) -> None:
    for file in (ROOT / "dialects").glob("*/*.td"):
        dialect = file.parent.name
        page = pages[f"{dialect.lower()}-dialect"] if dialect != "Interfaces" else ""
        ops = re.findall(r'^def \w+Op\s*:\s*\w+<\s*"([\w.]+)"', file.read_text(), re.M)
        for op in ops:
            assert f"### `{dialect.lower()}.{op}`" in page
    assert "### DeviceAttr" in pages["pum-dialect"]
    assert "#### Parameters:" in pages["pum-dialect"]
    assert "### GridType" in pages["crossbar-dialect"]


def test_enumerations_are_on_the_page_of_their_dialect(pages: dict[str, str]) -> None:
    assert "### AdcMode" in pages["crossbar-dialect"]
    assert "### AdcMode" not in pages["pum-dialect"]


def test_every_pass_and_pipeline_is_there(pages: dict[str, str]) -> None:
    for file in (ROOT / "lib").rglob("Passes.td"):
        for flag in re.findall(
            r'^def \w+\s*:\s*(?:Interface)?Pass<"([\w-]+)"', file.read_text(), re.M
        ):
            assert f"### `-{flag}`" in pages["passes"], flag
    assert "- `--linalg-to-simulator`: " in pages["passes"]
    assert "  - `--device=<string>`: " in pages["passes"]


def test_every_public_name_is_there(pages: dict[str, str]) -> None:
    import pumice

    for name in pumice.__all__:
        assert re.search(rf"^### {name}$", pages["python"], re.M), name
    assert "#### Program.run" in pages["python"]
    assert "**Raises**" in pages["python"]
    assert "_execute" not in pages["python"]


def test_every_command_is_there(pages: dict[str, str]) -> None:
    for command in ("pumice", "pumice run", "pumice study noise", "pumice reproduce rtm-ap"):
        assert f"## {command}\n\n```text\nusage: {command} " in pages["command-line"]
    assert "- `--estimate`: " in pages["command-line"].split("## pumice-sim")[1]


def test_the_index_names_all_pages(pages: dict[str, str]) -> None:
    linked = set(re.findall(r"\]\(([\w-]+)\.md\)", pages["README"]))
    assert linked == set(pages) - {"README"}
