# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets by cost: each layer on the units of a mixed device that compute it the cheapest."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import CompileError, CompileOptions, Device, Program  # noqa: E402

#: The units that can compute each layer: only the weights of one are ternary.
UNITS = {
    "wide": ("arrays", "digital"),
    "ternary": ("arrays", "processors", "digital"),
    "head": ("arrays", "digital"),
}


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.wide = nn.Conv2d(3, 32, 3, padding=1)
        self.ternary = nn.Conv2d(32, 16, 3, padding=1)
        weights = torch.randint(-1, 2, self.ternary.weight.shape).float()
        self.ternary.weight = nn.Parameter(weights)
        self.head = nn.Linear(16 * 64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.ternary(torch.relu(self.wide(x)))).flatten(1))


def mixed() -> Device:
    """The arrays of isaac and the processors of rtm-ap."""
    device = Device("isaac")
    return device.replace(
        name="mixed",
        groups={"arrays": device.crossbars, "processors": Device("rtm-ap").processors},
    )


@pytest.fixture(scope="module")
def network():
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return pumice.quantize(Network().eval(), [x]), x


def compiled(network, targets, **options) -> Program:
    return pumice.compile(*network, device=mixed(), options={"targets": targets, **options})


def costs(program: Program) -> tuple[float, float]:
    """Dynamic energy in pJ and time in ns of all instructions, one after the other."""
    report = program.estimate()
    time = sum(item["end_ns"] - item["start_ns"] for item in report.instructions)
    return report.dynamic_energy_pj, time


@pytest.fixture(scope="module")
def assignments(network) -> dict[tuple[str, ...], tuple[float, float]]:
    return {
        units: costs(compiled(network, dict(zip(UNITS, units, strict=True))))
        for units in itertools.product(*UNITS.values())
    }


@pytest.mark.parametrize(("objective", "index"), [("energy", 0), ("latency", 1)])
def test_the_program_has_the_least_cost_of_all_assignments(
    network, assignments, objective, index
) -> None:
    program = compiled(network, {"*": "auto"}, objective=objective)
    found = costs(program)[index]
    others = [cost[index] for cost in assignments.values()]
    assert found == pytest.approx(min(others), rel=1e-9), assignments
    assert max(others) > 1.5 * found
    x = network[1]
    assert torch.equal(program.run(x).outputs, compiled(network, {}).run(x).outputs)


def test_entries_before_auto_count(network) -> None:
    program = compiled(network, {"head": "digital", "ternary": "processors", "*": "auto"})
    kinds = {(item["layer"], item["kind"]) for item in program.estimate().instructions}
    assert ("head", "mvm") not in kinds
    assert ("ternary", "ap") in kinds


def test_what_is_refused(network) -> None:
    with pytest.raises(CompileError, match="'nowhere=auto' does not name an integer layer"):
        compiled(network, {"nowhere": "auto"})
    with pytest.raises(CompileError, match="objective"):
        CompileOptions(targets={"*": "auto"}, objective="area")
