# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keeps the tests' generated code out of the user's cache, and workers on one core each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Each worker of pytest-xdist has a core; with more threads, PyTorch's would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def code_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for generated code, made for this session.

    Processes that it starts share it, and so do the workers of pytest-xdist.
    """
    base = tmp_path_factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "code"
    path.mkdir(mode=0o700, exist_ok=True)
    os.environ["PUMICE_CACHE_DIR"] = str(path)
    return path
