# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The limits of scripts/time_of_nets.py, and how it measures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("pumice._mlir_libs._pumice")
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))
import time_of_nets
from time_of_nets import Site

from pumice.experiments.page import Table


def test_functions_of_one_net_are_fitted_once() -> None:
    wide, narrow = Site("exp", (-12.0, 0.0)), Site("exp", (-0.5, 0.0))
    seconds, units = time_of_nets.seconds_of([wide, narrow, Site("rsqrt"), wide])
    assert len(units) == 3
    assert min(units) >= 2
    assert 0 < seconds < time_of_nets.NETWORK


def test_seconds_above_a_limit_are_wrong() -> None:
    columns = ["net", "sites", "units", "seconds"]
    library = Table("", columns[1:], [["`exp`", "4", "0.10"], ["`slow`", "4", "1.01"]])
    rows = [["rsqrt", "30", "8", "1.20"], ["all, as compiled", "66", "3 nets", "1.50"]]
    transformer = Table("", columns, [*rows, ["all, a domain for each head", "146", "", "10.5"]])
    assert time_of_nets.wrong(library, transformer) == [
        "`slow`: 1.01 s > 1 s",
        "rsqrt: 1.20 s > 1 s",
        "all, a domain for each head: 10.5 s > 10 s",
    ]
