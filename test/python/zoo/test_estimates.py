# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The comparison of estimates sees what differs (test_zoo.py compares the zoo's)."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import zoo_estimates


def differ(found, expected):
    return list(zoo_estimates.differences(found, expected))


def test_differences_are_found() -> None:
    assert differ({"a": 0, "b": {"c": 1.0}}, {"b": {"c": 1.0 + 1e-12}}) == []
    assert differ({"a": 1}, {}) == [".a: expected 0, got 1"]
    assert differ({"a": {"b": 1.0}}, {"a": {"b": 1.001}}) == [".a.b: expected 1.001, got 1.0"]
    assert differ({"error": "x"}, {"error": "y"}) == [".error: expected 'y', got 'x'"]
    assert differ([1, 2], [1, 3]) == ["[1]: expected 3, got 2"]


def test_every_network_is_recorded_on_every_preset() -> None:
    for full in (False, True):
        recorded = zoo_estimates.recorded(full)
        assert set(recorded) == set(zoo_estimates.NETWORKS)
        assert all(set(row) == set(zoo_estimates.DEVICES) for row in recorded.values())


@pytest.mark.nightly
@pytest.mark.parametrize("name", zoo_estimates.NETWORKS)
def test_estimates_at_full_size_are_the_recorded_ones(name: str) -> None:
    zoo_estimates.check(name, zoo_estimates.import_network(name, full=True), full=True)
