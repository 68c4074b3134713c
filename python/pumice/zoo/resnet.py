# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ResNet (He et al. 2015) with the usual ImageNet stem; the stride of a bottleneck is in its 3x3.

Weights are random but the same for the same seed; parameter names follow the common ones
(conv1, bn1, layer1.0.conv1, ..., fc), so that published checkpoints load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["BasicBlock", "Bottleneck", "ResNet", "resnet18", "resnet34", "resnet50"]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a residual addition."""

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(in_channels, channels * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, channels, H / stride, W / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(out + shortcut)


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up to four times the channels, and a residual addition."""

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)
        self.relu = nn.ReLU()
        self.downsample = _shortcut(in_channels, channels * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, 4 * channels, H / stride, W / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(out + shortcut)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


class ResNet(nn.Module):
    """Stem, four stages of blocks, global average pooling, one linear layer.

    Args:
        block: BasicBlock or Bottleneck.
        depths: blocks per stage.
        classes: outputs.
        seed: of the random weights and batch-norm statistics; torch's own state is not touched.
        divisor: of every width, for a smaller network of the same shape.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: tuple[int, int, int, int],
        classes: int = 1000,
        seed: int = 0,
        divisor: int = 1,
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            channels = 64 // divisor
            self.conv1 = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.relu = nn.ReLU()
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            stages = []
            for stage, depth in enumerate(depths):
                width = (64 << stage) // divisor
                blocks = []
                for index in range(depth):
                    stride = 2 if stage and not index else 1
                    blocks.append(block(channels, width, stride))
                    channels = width * block.expansion
                stages.append(nn.Sequential(*blocks))
            self.layer1, self.layer2, self.layer3, self.layer4 = stages
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(channels, classes)
            self.apply(_initialize)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, classes)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        logits: Tensor = self.fc(torch.flatten(self.avgpool(x), 1))
        return logits


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.BatchNorm2d):
        # Statistics as training leaves them, not the identity, so that folding is exercised.
        nn.init.uniform_(module.weight, 0.5, 1.0)
        nn.init.normal_(module.bias, std=0.1)
        assert module.running_mean is not None
        assert module.running_var is not None
        nn.init.normal_(module.running_mean, std=0.1)
        nn.init.uniform_(module.running_var, 0.5, 1.5)


def resnet18(classes: int = 1000, seed: int = 0, small: bool = False) -> ResNet:
    """ResNet-18: 11,689,512 parameters at 1000 classes."""
    if small:
        return ResNet(BasicBlock, (1, 1, 1, 1), classes, seed, 8).eval()
    return ResNet(BasicBlock, (2, 2, 2, 2), classes, seed).eval()


def resnet34(classes: int = 1000, seed: int = 0, small: bool = False) -> ResNet:
    """ResNet-34: 21,797,672 parameters at 1000 classes."""
    if small:
        return ResNet(BasicBlock, (2, 1, 1, 1), classes, seed, 8).eval()
    return ResNet(BasicBlock, (3, 4, 6, 3), classes, seed).eval()


def resnet50(classes: int = 1000, seed: int = 0, small: bool = False) -> ResNet:
    """ResNet-50: 25,557,032 parameters at 1000 classes."""
    if small:
        return ResNet(Bottleneck, (1, 1, 1, 1), classes, seed, 8).eval()
    return ResNet(Bottleneck, (3, 4, 6, 3), classes, seed).eval()
