# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decoder transformers as problems."""

from __future__ import annotations

import sys

import pytest

from pumice.scheduling import Options, SchedulingError, check, decoders, networks, schedule
from pumice.scheduling import __main__ as command
from pumice.scheduling.decoders import LLAMA_1B, LLAMA_8B, Configuration, Run

SMALL = Configuration("small", 2, 256, 8, 2, 512, 1000)


def test_weights() -> None:
    # 1.236 and 8.030 G parameters as published; the 8B model has its embedding apart.
    assert LLAMA_1B.weights == pytest.approx(1.236e9, rel=1e-3)
    assert LLAMA_8B.weights + 128256 * 4096 == pytest.approx(8.030e9, rel=1e-3)
    for configuration in (SMALL, LLAMA_1B, LLAMA_8B):
        problem = decoders.problem(configuration)
        assert sum(unit.bytes for unit in problem.units) == configuration.weights


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("cache", decoders.CACHES)
def test_products_and_bytes(phase: str, cache: str) -> None:
    run = Run(phase, batch=3, context=40, cache=cache)
    problem = decoders.problem(SMALL, run)
    check(problem)
    c = networks.Constants()
    # Scores and mixed values of all heads, of each query with 40 keys.
    macs = 2 * run.tokens * 40 * SMALL.width
    cached = 2 * 3 * 40 * SMALL.kv_heads * SMALL.head
    attention = [unit for unit in problem.units if "attention" in unit.name]
    if phase == "prefill" or cache == "digital":
        assert len(attention) == 2
        assert attention[0].digital_pj == pytest.approx(macs * c.digital_mac_pj)
        assert attention[0].input_bytes == (cached if phase == "decode" else 0)
    else:
        # Keys and values are written from DRAM.
        assert len(attention) == 4
        assert sum(unit.bytes for unit in attention) == 2 * cached
        assert sum(unit.compute_pj for unit in attention) == pytest.approx(2 * macs * c.mac_pj)
        assert [unit.row_tiles * unit.col_tiles for unit in attention[:2]] == [6 * 2, 6 * 1]
    (head,) = [unit for unit in problem.units if unit.name == "head"]
    assert head.windows == 3


def test_figures() -> None:
    run = Run("decode", batch=2, context=64)
    constants = networks.Constants(elements=1)
    problem = decoders.problem(SMALL, run, constants)
    summary = schedule(problem, "steady", Options(time_share=0.05, moves=20), detail=False).summary
    figures = decoders.Figures.of(problem, run, summary)
    assert figures.tokens_per_second == pytest.approx(2e12 / summary.time_ps)
    total = (summary.energy.dynamic_pj + summary.energy.static_pj) / 1e12
    assert figures.joules_per_token == pytest.approx(total / 2)
    pinned = sum(unit.bytes for unit in problem.units if unit.name in summary.pinned)
    assert figures.pinned_share == pytest.approx(pinned / SMALL.weights)
    # All weights that are not pinned, and the cache, come from DRAM for each step.
    cached = 2 * 2 * 2 * 64 * SMALL.kv_heads * SMALL.head
    assert summary.dram_bytes >= SMALL.weights - pinned
    assert summary.dram_bytes <= SMALL.weights - pinned + cached + 10**5


def test_a_large_model_is_scheduled_in_seconds() -> None:
    run = Run("decode", batch=1, context=128)
    problem = decoders.problem(LLAMA_1B, run)
    result = schedule(problem, "copies", Options(moves=3), detail=False)
    # All of it is DRAM.
    assert result.summary.gap < 0.05
    assert result.seconds < 60


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"phase": "train"}, "expected a phase of prefill, decode, got 'train'"),
        ({"cache": "disk"}, "expected a cache of digital, arrays, got 'disk'"),
        ({"batch": 0}, "expected a batch and a context of at least 1, got 0, 2048"),
    ],
)
def test_refusals(keys, text: str) -> None:
    with pytest.raises(SchedulingError, match=text):
        Run(**keys)


def test_the_command(capsys, monkeypatch) -> None:
    monkeypatch.setitem(decoders.CONFIGURATIONS, "small", SMALL)
    argv = ["x", "--decoders", "small", "--batch", "1", "--context", "16"]
    monkeypatch.setattr(sys, "argv", argv)
    command.main()
    text = capsys.readouterr().out
    assert "tokens/s" in text
    assert text.count("small") == 3
