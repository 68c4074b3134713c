# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small random networks with awkward shapes, the same for the same seed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Odd", "random_net", "shapes_of"]

_PLACES = ((1, 1), (2, 1), (1, 2), (2, 2))


class Odd(nn.Module):
    """A grouped or depthwise, strided, dilated, unevenly padded block with a residual addition."""

    def __init__(self, generator: torch.Generator, channels: int) -> None:
        super().__init__()

        def pick(*choices: Any) -> Any:
            return choices[int(torch.randint(len(choices), (1,), generator=generator))]

        kernel = (pick(1, 2, 3), pick(1, 3, 5))
        dilation = (pick(1, 2), pick(1, 2))
        padding = tuple(pick(0, 1, (k - 1) * d // 2) for k, d in zip(kernel, dilation, strict=True))
        self.first = nn.Conv2d(
            channels,
            channels * pick(1, 2),
            kernel,
            stride=pick(*_PLACES),
            padding=padding,
            dilation=dilation,
            groups=pick(1, channels, channels // 2),
            bias=pick(True, False),
        )
        width = self.first.out_channels
        self.norm = nn.BatchNorm2d(width)
        self.act = pick(nn.ReLU(), nn.ReLU6(), nn.Identity(), nn.Hardtanh(-1.0, 2.0))
        self.second = nn.Conv2d(width, width, pick(1, 3), padding="same", groups=pick(1, width))
        self.pool = pick(nn.Identity(), nn.MaxPool2d(2, padding=1), nn.AvgPool2d(2))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.first(x)))
        out: Tensor = self.pool(self.relu(x + self.second(x)))
        return out


class _Net(nn.Module):
    def __init__(self, seed: int, channels: int, size: tuple[int, int], blocks: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.blocks = nn.ModuleList()
        width, x = channels, torch.zeros(2, channels, *size)
        for _ in range(blocks):
            block = Odd(generator, width).eval()
            x = block(x)
            width = x.shape[1]
            self.blocks.append(block)
        self.head = nn.Linear(x[0].numel(), 7)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.head(x.flatten(1))
        return out


def random_net(
    seed: int, channels: int = 6, size: tuple[int, int] = (19, 23), blocks: int = 2
) -> nn.Module:
    """(N, channels, *size) -> (N, 7), in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = _Net(seed, channels, size, blocks)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.3)
                assert module.running_mean is not None
                assert module.running_var is not None
                nn.init.normal_(module.running_mean, std=0.3)
                nn.init.uniform_(module.running_var, 0.5, 2)
        return net.eval()


def shapes_of(program: Any) -> list[tuple[int, ...]]:
    """Shapes of a program's inputs."""
    return [shape for _, _, shape in program.inputs]
