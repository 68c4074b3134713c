# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keeps the tests' generated code out of the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def code_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for generated code, made for this session; processes that it starts share it."""
    path = tmp_path_factory.mktemp("code")
    os.environ["PUMICE_CACHE_DIR"] = str(path)
    return path
