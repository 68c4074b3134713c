# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The six networks: their sizes, their schedules, and how fast they are made."""

from __future__ import annotations

import dataclasses
import json
import sys

import pytest

from pumice.scheduling import Options, Problem, SchedulingError, Unit, networks, schedule
from pumice.scheduling import __main__ as command

# Layers, arrays of one copy, largest layer, MB, GMAC, sum of windows; by hand from the papers.
SIZES = {
    "vgg16": (16, 33804, 25088, 138.3, 15.47, 137791),
    "resnet50": (54, 6260, 576, 25.5, 4.09, 61398),
    "inception-v3": (95, 5925, 512, 23.8, 5.71, 118539),
    "densenet161": (161, 7815, 576, 28.5, 7.73, 89573),
    "bert-base": (73, 20880, 576, 85.5, 10.87, 9217),
    "bert-large": (145, 73984, 1024, 303.0, 38.66, 18433),
}


@pytest.mark.parametrize("network", networks.NETWORKS)
def test_sizes(network: str) -> None:
    found = networks.statistics(network)
    layers, arrays, largest, megabytes, gmacs, windows = SIZES[network]
    assert (found.layers, found.arrays, found.largest, found.windows) == (
        layers,
        arrays,
        largest,
        windows,
    )
    assert found.megabytes == pytest.approx(megabytes, abs=0.05)
    assert found.gmacs == pytest.approx(gmacs, abs=0.005)


def test_none_of_them_fits() -> None:
    constants = networks.Constants()
    arrays = constants.elements * constants.arrays_per_element
    sizes = [networks.statistics(network).arrays for network in networks.NETWORKS]
    assert arrays < min(sizes) < 2 * arrays


@pytest.mark.parametrize("network", ["resnet50", "bert-base"])
def test_levels(network: str) -> None:
    problem = networks.problem(network)
    levels = {
        name: schedule(problem, name, Options(moves=50), detail=False).summary
        for name in ("naive", "strong", "overlap", "copies")
    }
    times = {name: summary.time_ps for name, summary in levels.items()}
    assert times["copies"] < times["strong"] < times["naive"]
    assert times["copies"] < times["overlap"] < times["naive"]
    assert all(summary.gap >= 0 for summary in levels.values())
    # One copy of each unit is written, and the bytes are those of the network.
    assert levels["overlap"].tiles_written == networks.statistics(network).arrays
    assert levels["overlap"].dram_bytes == sum(unit.bytes for unit in problem.units)


def test_steady_state_saves_writes() -> None:
    problem = networks.problem("resnet50")
    once = schedule(problem, "copies", Options(moves=50, time_share=0.05), detail=False).summary
    often = schedule(problem, "steady", Options(moves=50, time_share=0.05), detail=False).summary
    assert often.pinned
    assert often.dram_bytes < once.dram_bytes
    assert often.time_ps <= once.time_ps * 1.05


def test_a_resident_network_is_a_pipeline() -> None:
    # Whole tensors pass from stage to stage: many of them live at once.
    constants = networks.Constants(elements=256, banks_bytes=(2**26,))
    problem = networks.problem("resnet50", constants)
    result = schedule(problem, "pipeline", detail=False).summary
    assert result.period_ps is not None
    assert result.period_ps < result.time_ps / 10
    with pytest.raises(SchedulingError, match="bytes of buffer for all tensors that live at once"):
        schedule(networks.problem("resnet50", networks.Constants(elements=256)), "pipeline")
    # All units are in one group: no pipeline is faster.
    assert result.period_ps == result.bounds.period_ps
    assert result.period_ps <= 1.15 * sum(
        unit.row_tiles * unit.col_tiles * unit.windows * unit.mvm_ps for unit in problem.units
    ) / (256 * 96)


def repeated(problem: Problem, times: int) -> Problem:
    """A network that follows itself."""
    units: list[Unit] = []
    last: list[str] = []
    for i in range(times):
        for unit in problem.units:
            own = [f"{i}.{name}" for name in unit.dependencies] or last
            size = 0 if i else unit.input_bytes
            units.append(dataclasses.replace(
                unit, name=f"{i}.{unit.name}", dependencies=own, input_bytes=size
            ))  # fmt: skip
        last = [units[-1].name]
    return Problem(problem.machine, units, problem.name)


def test_the_scheduler_is_fast() -> None:
    """BERT-Large with all levels; ten times as large takes about ten times as long."""
    problem = networks.problem("bert-large")
    seconds = 0.0
    for name in ("naive", "strong", "overlap", "copies", "steady"):
        seconds += schedule(problem, name, detail=False).seconds
    # 5 s on an idle core; machines that run tests are busy.
    assert seconds < 20
    short = repeated(networks.problem("bert-base"), 1)
    long = repeated(networks.problem("bert-base"), 10)
    few = Options(moves=20)
    one = min(schedule(short, "copies", few, detail=False).seconds for _ in range(3))
    ten = schedule(long, "copies", few, detail=False).seconds
    assert ten < 30 * one


def test_the_command(capsys, monkeypatch, tmp_path) -> None:
    path = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["x", "-n", "bert-base", "-e", "16", "--json", str(path)])
    command.main()
    text = capsys.readouterr().out
    assert "16 elements, all writers per element" in text
    assert "over strong: geomean" in text
    (setting,) = json.loads(path.read_text())
    (figures,) = setting["networks"]
    assert figures["over_naive"] > figures["over_strong"] > 1
    monkeypatch.setattr(sys, "argv", ["x", "-n", "alexnet"])
    with pytest.raises(SystemExit):
        command.main()
