# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Licence lines, no traces of a machine, sizes, and documentation in the sources."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from sources import (
    ROOT,
    Definition,
    Flag,
    below,
    definitions,
    files_of_tests,
    name_of,
    passes,
    tracked,
)

SOURCES = tracked(
    ".cpp", ".h", ".td", ".py", ".mlir", ".cmake", "CMakeLists.txt", ".toml", ".sh", ".yml", ".yaml"
)
TEXTS = [
    path for path in tracked("")
    if path.suffix not in (".npz", ".npy", ".png", ".pt2") and not below(path, "test/meta")
]  # fmt: skip
TRACES = re.compile(
    r"(?<![\w.-])/(?:root|work|home/\w+)/\w"  # folders of one machine
    r"|pypi\.org/simple|pythonhosted|index-url|artifactory|nexus\.|ghcr\.io|docker\.io"
    r"|\bCEO\b|\bworktree\b"
)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_first_line_is_the_licence(path: Path) -> None:
    lines = path.read_text().splitlines()[:2]
    first = next((line for line in lines if not line.startswith("#!")), "")
    assert "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" in first


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_trace_of_a_machine(path: Path) -> None:
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        found = TRACES.search(line)
        assert not found, f"{name_of(path)}:{number}: {found and found[0]!r}"


@pytest.mark.parametrize(
    "path", [path for path in tracked(".cpp") if below(path, "tools")], ids=name_of
)
def test_tool_main_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 120


@pytest.mark.parametrize("path", files_of_tests(".mlir"), ids=name_of)
def test_lit_file_is_short(path: Path) -> None:
    if "Inputs" not in path.parts:
        assert len(path.read_text().splitlines()) <= 160


@pytest.mark.parametrize(
    "path", [path for path in tracked(".py") if below(path, "python/pumice")], ids=name_of
)
def test_module_uses_public_names_of_others(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pumice"):
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert set(private) <= {"_pumice"}, f"{node.module}: {private}"


PYTHON_TESTS = [path for path in tracked(".py") if below(path, "test/python")]


@pytest.mark.parametrize("path", PYTHON_TESTS, ids=name_of)
def test_python_test_is_in_a_room(path: Path) -> None:
    """Tests in a folder for what they test, what they share in `helpers` or `oracles`."""
    room = path.relative_to(ROOT / "test" / "python").parts[0]
    if path.name == "conftest.py":
        return
    assert path.parent.parent == ROOT / "test" / "python", f"expected {path.name} in a folder"
    assert not (room == "helpers" and path.name.startswith("test_")), "tests belong elsewhere"


def test_names_of_python_tests_are_unique() -> None:
    """Pytest imports a file by its name alone."""
    counts = Counter(path.name for path in PYTHON_TESTS if path.name != "conftest.py")
    assert not [name for name, count in counts.items() if count > 1]


@pytest.mark.parametrize(
    "path",
    [path for path in PYTHON_TESTS if path.parent.name == "oracles" and "test_" not in path.name],
    ids=name_of,
)
def test_oracle_does_not_call_our_code(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.partition(".")[0] == "pumice"]


@pytest.mark.parametrize("path", tracked("Dialect.td"), ids=name_of)
def test_dialect_has_a_rationale(path: Path) -> None:
    assert (path.parent / "README.md").exists()


@pytest.mark.parametrize(
    "definition", [d for d in definitions() if d.kind == "op"], ids=lambda d: d.name
)
def test_op_is_described_with_an_example(definition: Definition) -> None:
    prose = re.sub(r"```.*?```", "", definition.description, flags=re.S)
    assert len(re.findall(r"[.;:](?:\s|$)", prose)) >= 2 or len(prose.split()) >= 12, (
        f"{definition.name}: a description of two sentences"
    )
    assert definition.examples, f"{definition.name}: an example"


@pytest.mark.parametrize("flag", passes(), ids=lambda f: f.flag)
def test_pass_is_described(flag: Flag) -> None:
    text = (ROOT / flag.file).read_text()
    block = text[text.index(f'"{flag.flag}"') :]
    description = re.match(r".*?let description = \[\{(.*?)\}\]", block, re.S)
    assert description, "no description"
    assert len(description[1].split()) >= 12
