# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets that compute nonlinear functions, and layers that take turns on few arrays, together."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import Device  # noqa: E402


def aras(arrays: int | None) -> Device:
    """The device with so many arrays; None: no limit."""
    levels = {"pe": {"holds": 1}, "chip": {"holds": arrays}}
    return Device("aras").replace(name=f"aras-{arrays}", levels=levels)


@pytest.mark.parametrize("schedule", ["naive", "overlap", "copies"])
def test_nets_on_a_device_whose_arrays_do_not_hold_the_network(schedule) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(150, 100), nn.GELU(), nn.Linear(100, 120), nn.Sigmoid(), nn.Linear(120, 30)
    )
    x = torch.randn(6, 150)
    options = {"net_bits": 8, "net_copies": 2, "max_hidden": 16}
    outputs = []
    for device, how in ((aras(None), None), (aras(24), schedule)):
        program = pumice.compile(
            model, x, device=device, nonlinear="neon", schedule=how, options=options
        )
        result = program.run(x)
        outputs.append(torch.as_tensor(result.outputs[0]))
        assert program.estimate().latency_ns == result.report.latency_ns
        assert {function.method for function in result.report.functions} == {"neon"}
    assert result.report.schedule is not None
    assert result.report.schedule["algorithm"] == schedule
    assert torch.equal(*outputs)
