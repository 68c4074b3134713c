# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks in hardware-aware training, and devices for them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import pumice
from pumice import Device

__all__ = [
    "CELLS", "LAYERS", "LAYER_NAMES", "LOSSLESS", "Every", "isaac", "lossless", "network_of",
    "source_of",
]  # fmt: skip

CELLS: dict[str, Any] = {
    "seed": 3,
    "program_error_absolute": 0.03,
    "program_error_relative": 0.05,
    "on_off_ratio": 10.0,
    "stuck_on": 0.01,
    "stuck_off": 0.02,
    "drift_exponent": 0.02,
    "drift_exponent_sigma": 0.01,
    "drift_time_s": 100.0,
}
LOSSLESS: dict[str, Any] = {"mode": "lossless", "bits": 16}


def isaac(**array: Any) -> Device:
    return Device("isaac").replace(name="study", array=array)


def lossless(**analog: Any) -> Device:
    return isaac(adc=LOSSLESS, analog=analog or None)


class Every(nn.Module):
    """One of each layer: plain, depthwise, grouped, transposed, grouped transposed, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, (3, 1), padding=(1, 0), groups=8)
        self.grouped = nn.Conv2d(8, 12, 3, padding="same", groups=2, dilation=2)
        self.up = nn.ConvTranspose2d(12, 6, 3, stride=2, padding=1, output_padding=1)
        self.spread = nn.ConvTranspose2d(6, 4, (2, 3), stride=(1, 2), groups=2)
        self.head = nn.Linear(4 * 11 * 21, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        x = torch.relu(self.depthwise(x)) + x
        x = torch.relu(self.up(torch.relu(self.grouped(x))))
        x = torch.tanh(self.spread(x))
        return self.head(x.flatten(1))


class Sequence(nn.Module):
    """Inputs of three dimensions: 1-D convolutions, and a linear layer on each step."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 5, stride=2, padding=2)
        self.up = nn.ConvTranspose1d(8, 6, 4, stride=3, dilation=2, padding=1)
        self.mix = nn.Linear(6, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.up(torch.relu(self.conv(x))))
        return self.mix(x.transpose(1, 2))


LAYER_NAMES = ["stem", "depthwise", "grouped", "up", "spread", "head"]
LAYERS = {"Every": (Every, (2, 10, 10)), "Sequence": (Sequence, (3, 11))}


def network_of(kind: str, device: Device, **options: Any) -> tuple[Any, torch.Tensor]:
    torch.manual_seed(0)
    make, shape = LAYERS[kind]
    model = make()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
    x = torch.randn(6, *shape)
    return pumice.hardware_aware(model.eval(), device, [x], **options), x


def source_of(net: Any, layer: Any, argument: int = 1) -> str:
    """A parameter of a layer: its weights, or (2) its bias."""
    for node in net.graph_module.graph.nodes:
        if node.op == "call_module" and net.graph_module.get_submodule(node.target) is layer:
            return str(node.args[argument].target)
    raise AssertionError(layer.name)
