# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keeps the tests' generated code out of the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--nightly`."""
    parser.addoption("--nightly", action="store_true", help="run the large tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked `nightly`, unless it is asked for."""
    if not config.getoption("--nightly"):
        for item in items:
            if item.get_closest_marker("nightly"):
                item.add_marker(pytest.mark.skip(reason="nightly"))


@pytest.fixture(scope="session", autouse=True)
def code_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for generated code, made for this session; processes that it starts share it."""
    path = tmp_path_factory.mktemp("code")
    os.environ["PUMICE_CACHE_DIR"] = str(path)
    return path
