# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One device with processors, arrays and memories: a network whose layers use all of them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import pumice  # noqa: E402
from pumice import Device, demo  # noqa: E402


class Network(torch.nn.Module):
    """A convolution, a layer with ternary weights, and the nearest of stored codes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(1, 4, 5, stride=3)
        self.ternary = torch.nn.Linear(4 * 64, 48)
        weights = torch.randint(-1, 2, self.ternary.weight.shape).float()
        self.ternary.weight = torch.nn.Parameter(weights)
        codes = torch.randint(0, 2, (12, 48)).float() * 2 - 1
        self.register_buffer("codes", codes)

    def forward(self, x):
        x = torch.relu(self.conv(x)).flatten(1)
        x = self.ternary(x)
        return torch.cdist(torch.where(x >= 0, 1.0, -1.0), self.codes, p=1).argmin(1)


def mixed() -> Device:
    """The arrays of isaac, the processors of rtm-ap, the memories of cam-fefet."""
    return Device("cam-fefet").replace(
        name="mixed",
        groups={
            "arrays": Device("isaac").crossbars,
            "processors": Device("rtm-ap").processors,
        },
    )


def test_all_units_in_one_program() -> None:
    images, _ = demo.load_digits()
    x = torch.from_numpy(demo.preprocess(images[:6]))
    network = Network().eval()
    quantized = pumice.quantize(network, [x])
    program = pumice.compile(quantized, x, device=mixed())
    result = program.run(x)
    with torch.no_grad():
        assert torch.equal(result.outputs, quantized(x))
    kinds = {item["kind"] for item in result.report.instructions}
    assert {"mvm", "ap", "cam_search", "digital", "transfer"} <= kinds
    text = str(program.ir("pum"))
    for group in ("arrays", "processors", "cams"):
        assert f'<"{group}"' in text
    # What runs is what is estimated, except for tagged writes of processors.
    estimate = program.estimate()
    assert estimate.latency_ns == result.report.latency_ns
    for name in ("match_line", "sense", "rank", "search_line", "adc"):
        assert estimate.components.get(name) == pytest.approx(result.report.components.get(name))
    # A pattern moves layers between the units of one device.
    options = {"pipelines": {"quantized-to-crossbar": {"targets": "ternary=crossbar"}}}
    other = pumice.compile(quantized, x, device=mixed(), options=options)
    assert torch.equal(other.run(x).outputs, result.outputs)
    assert "ap" not in {item["kind"] for item in other.estimate().instructions}
