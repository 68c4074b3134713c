# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every .mlir test, as one pytest item each, run by lit in one go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = sorted(
    str(path.relative_to(HERE))
    for path in HERE.rglob("*.mlir")
    if not {"Inputs", "Output"} & set(path.relative_to(HERE).parts)
)


@pytest.fixture(scope="session")
def lit_results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, str]]:
    """File of a test -> (lit's verdict, its output), for the items of this session."""
    files = [item.callspec.params["file"] for item in request.session.items
             if getattr(item, "originalname", "") == "test_lit"]  # fmt: skip
    folder = tmp_path_factory.mktemp("lit")
    results = folder / "results.json"
    command = [
        sys.executable,
        "-c",
        "from lit.main import main; main()",
        "-q",
        f"-j{os.cpu_count() or 1}",
    ]
    command += ["--output", str(results), "--param", f"exec_root={folder}"]
    done = subprocess.run(
        [*command, *(str(HERE / file) for file in files)], capture_output=True, text=True
    )
    if not results.exists():
        pytest.fail(f"lit did not run:\n{done.stdout}{done.stderr}", pytrace=False)
    tests = json.loads(results.read_text())["tests"]
    return {test["name"].split(" :: ", 1)[1]: (test["code"], test["output"]) for test in tests}


@pytest.mark.parametrize("file", FILES)
def test_lit(file: str, lit_results: dict[str, tuple[str, str]]) -> None:
    code, output = lit_results[file]
    if code == "UNSUPPORTED":
        pytest.skip(output)
    assert code in ("PASS", "XFAIL"), output
