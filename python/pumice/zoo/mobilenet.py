# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MobileNetV2 (Sandler et al. 2018): inverted residuals around depthwise convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pumice.zoo.weights import images, initialize, seeded, settle

__all__ = ["MobileNetV2", "mobilenet_v2"]

#: Expansion, channels, blocks, stride of the first block (table 2 of the paper).
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class _InvertedResidual(nn.Module):
    """1x1 up, depthwise 3x3, 1x1 down without activation; a residual where shapes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else [_conv(inputs, hidden, 1)]
        layers.append(_conv(hidden, hidden, 3, stride, groups=hidden))
        self.conv = nn.Sequential(
            *layers, nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return x + out if self.residual else out


class MobileNetV2(nn.Module):
    """Stem, inverted residuals, 1x1 convolution, global pooling, linear.

    Args:
        classes: outputs.
        divisor: of every width.
        stages: how many of the seven.
        blocks: at most so many blocks per stage.
    """

    def __init__(self, classes: int, divisor: int, stages: int, blocks: int) -> None:
        super().__init__()
        channels = 32 // divisor
        layers: list[nn.Module] = [_conv(3, channels, 3, 2)]
        for expansion, width, depth, stride in _STAGES[:stages]:
            for index in range(min(depth, blocks)):
                step = 1 if index else stride
                layers.append(_InvertedResidual(channels, width // divisor, step, expansion))
                channels = width // divisor
        layers.append(_conv(channels, 1280 // divisor, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280 // divisor, classes))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, classes)."""
        x = nn.functional.adaptive_avg_pool2d(self.features(x), 1)
        logits: Tensor = self.classifier(torch.flatten(x, 1))
        return logits


def mobilenet_v2(classes: int = 1000, seed: int = 0, small: bool = False) -> MobileNetV2:
    """MobileNetV2 at width 1.0: 3,504,872 parameters at 1000 classes.

    Args:
        small: a quarter of the widths, four stages of at most two blocks, for 32x32 images.
    """
    with seeded(seed):
        model = MobileNetV2(classes, 4, 4, 2) if small else MobileNetV2(classes, 1, 7, 4)
        model.apply(initialize)
        settle(model, images(16 if small else 2, 3, 64 if small else 224))
        return model
