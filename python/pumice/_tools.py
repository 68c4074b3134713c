# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Console scripts of the C++ tools, which are installed next to the library that they call."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

__all__ = ["lsp_server", "opt", "sim"]


def _run(name: str) -> NoReturn:
    tool = os.path.join(os.path.dirname(__file__), "_mlir_libs", name)
    os.execv(tool, [tool, *sys.argv[1:]])


def opt() -> NoReturn:
    """`pumice-opt`: runs passes on IR."""
    _run("pumice-opt")


def sim() -> NoReturn:
    """`pumice-sim`: runs a machine program."""
    _run("pumice-sim")


def lsp_server() -> NoReturn:
    """`pumice-lsp-server`: the language server for editors."""
    _run("pumice-lsp-server")
