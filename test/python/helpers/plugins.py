# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the plugin of examples/cpp_pass."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["LAYERS", "build_plugin", "mlir_folders", "of_build_tree"]

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "cpp_pass"
LAYERS = EXAMPLE / "layers.mlir"


def _cached(tree: Path, name: str) -> str | None:
    """An entry of a build's cache."""
    found = re.search(rf"^{name}:\w+=(.+)$", (tree / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found and found[1]


def of_build_tree(tree: Path) -> list[str]:
    """Settings for a plugin of a build tree's pumice-opt."""
    exports = _cached(tree, "PUMICE_LINKER_EXPORTS")
    if _cached(tree, "PUMICE_SHARED_TOOLS") == "OFF" and not exports:
        pytest.skip("the linker of the build tree cannot export chosen symbols")
    return [f"-DPumice_DIR={tree}"]


def mlir_folders() -> list[str]:
    """Settings for MLIR: from its wheels, or from where pip built the package."""
    if importlib.util.find_spec("mlir") and importlib.util.find_spec("llvm"):
        return [f"-DPython_EXECUTABLE={sys.executable}"]
    trees = [*(ROOT / "build").glob("*/toolchain"), *(ROOT / "build").glob("*/*/*/*/toolchain")]
    for tree in sorted(trees):
        folders = {name: _cached(tree.parent, f"{name}_DIR") for name in ("MLIR", "LLVM")}
        if all(folder and Path(folder).exists() for folder in folders.values()):
            return [f"-D{name}_DIR={folder}" for name, folder in folders.items()]
    pytest.skip("no MLIR to build with")


def build_plugin(folder: Path, settings: list[str]) -> Path:
    """The plugin, built in a folder."""
    if not shutil.which("cmake"):
        pytest.skip("no cmake")
    if not any(map(shutil.which, (os.environ.get("CXX", "c++"), "c++", "g++", "clang++"))):
        pytest.skip("no C++ compiler")
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    for command in (
        ["cmake", *generator, "-S", EXAMPLE, "-B", folder, *settings],
        ["cmake", "--build", folder],
    ):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "CountArrays.so"
