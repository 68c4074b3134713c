# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""DenseNet-BC (Huang et al. 2016): every layer of a block reads all layers before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pumice.zoo.weights import images, initialize, seeded, settle

__all__ = ["DenseNet", "densenet161"]


class _Layer(nn.Module):
    """Norm, ReLU, 1x1, norm, ReLU, 3x3; its output is joined to its input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(torch.relu(self.norm1(x)))
        out = self.conv2(torch.relu(self.norm2(out)))
        return torch.cat([x, out], 1)


class DenseNet(nn.Module):
    """Stem, dense blocks with halving transitions between them, global pooling, linear.

    Args:
        depths: layers per block.
        growth: channels that a layer adds.
        stem: channels of the first convolution.
        classes: outputs.
    """

    def __init__(self, depths: Sequence[int], growth: int, stem: int, classes: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, stem, 7, stride=2, padding=3, bias=False)
        self.norm0 = nn.BatchNorm2d(stem)
        self.pool0 = nn.MaxPool2d(3, stride=2, padding=1)
        stages: list[nn.Module] = []
        channels = stem
        for index, depth in enumerate(depths):
            for _ in range(depth):
                stages.append(_Layer(channels, growth))
                channels += growth
            if index + 1 < len(depths):
                stages += [
                    nn.BatchNorm2d(channels),
                    nn.ReLU(),
                    nn.Conv2d(channels, channels // 2, 1, bias=False),
                    nn.AvgPool2d(2),
                ]
                channels //= 2
        self.stages = nn.Sequential(*stages)
        self.norm = nn.BatchNorm2d(channels)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, classes)."""
        x = self.pool0(torch.relu(self.norm0(self.conv0(x))))
        x = torch.relu(self.norm(self.stages(x)))
        logits: Tensor = self.classifier(torch.flatten(self.avgpool(x), 1))
        return logits


def densenet161(classes: int = 1000, seed: int = 0, small: bool = False) -> DenseNet:
    """DenseNet-161: 28,681,000 parameters at 1000 classes.

    Args:
        small: one or two narrow layers per block, for 32x32 images.
    """
    with seeded(seed):
        depths, growth, stem, size = (
            ((2, 2, 1, 1), 8, 16, 64) if small else ((6, 12, 36, 24), 48, 96, 224)
        )
        model = DenseNet(depths, growth, stem, classes)
        model.apply(initialize)
        settle(model, images(16 if small else 2, 3, size))
        return model
