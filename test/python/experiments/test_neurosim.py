# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The crossbar baseline beside runs of DNN+NeuroSim: `pumice reproduce neurosim`."""

from __future__ import annotations

import json

import pytest

from pumice.cli import main
from pumice.errors import PumiceError
from pumice.experiments import neurosim


@pytest.fixture(scope="module")
def results() -> neurosim.Results:
    return neurosim.run(neurosim.Settings())


@pytest.mark.parametrize("i", range(len(neurosim.RUNS)), ids=lambda i: neurosim.RUNS[i].name)
def test_run_is_met(results, i) -> None:
    """Within 10 % in total, and 20 % in each category."""
    check = results.checks[i]
    assert check.run == neurosim.RUNS[i]
    assert check.total == pytest.approx(check.run.total, rel=0.1)
    if not check.run.total_only:
        for name, ratio in check.ratios.items():
            assert ratio == pytest.approx(1, abs=0.2), name
    assert check.is_close


def test_precisions_of_both_networks_are_among_the_runs() -> None:
    found = {(run.network, run.weight_bits, run.input_bits) for run in neurosim.RUNS}
    for network in ("resnet18 (shipped)", "vgg8"):
        assert {(network, 8, 8), (network, 8, 4), (network, 4, 4), (network, 2, 4)} <= found
    assert {("resnet18", 8, 4), ("resnet18", 2, 4)} <= found


def test_high_performance_transistors_leak(results) -> None:
    """4.8 mJ for ResNet-18 at 8/4, nearly all of it leakage."""
    check = next(
        c
        for c in results.checks
        if c.run.device == "neurosim-rram-hp" and (c.run.weight_bits, c.run.input_bits) == (8, 4)
    )
    assert check.total == pytest.approx(4829, rel=0.05)
    assert check.energies[-1] / check.total > 0.95


def test_command_gives_json(capsys) -> None:
    main(["reproduce", "neurosim", "-n", "vgg8", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["all_close"] is True
    assert [check["network"] for check in found["checks"]] == ["vgg8"] * 6
    assert found["checks"][0]["estimate"]["dram"] > 0
    assert found["checks"][0]["estimate"]["digital"] > 0


def test_unknown_networks_are_refused() -> None:
    with pytest.raises(PumiceError, match=r"expected a network of resnet18, .*, got 'lenet'"):
        neurosim.Settings(networks=("lenet",))
    with pytest.raises(PumiceError, match="expected at least one network, got none"):
        neurosim.Settings(networks=())
    with pytest.raises(PumiceError, match="expected at least 1 thread, got 0"):
        neurosim.Settings(threads=0)
