# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VGG (Simonyan and Zisserman 2014): 3x3 convolutions between poolings.

VGG-16 is the ImageNet network, without batch norm; parameter names follow the common ones
(features.0, ..., classifier.6). The networks for 32x32 images have batch norms and small heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pumice.zoo.weights import images, initialize, seeded, settle

__all__ = ["VGG", "vgg9", "vgg11", "vgg16"]

_POOL = 0
_VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
_VGG11 = (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0)
_VGG9 = (64, 64, 0, 128, 128, 0, 256, 256, 0)


class VGG(nn.Module):
    """Convolutions and poolings, then linear layers.

    Args:
        plan: channels of each convolution; 0 is a 2x2 max pooling.
        pooled: side to which feature maps are averaged before the linear layers, or None.
        hidden: widths of the linear layers before the last.
        classes: outputs.
        batch_norm: after each convolution, which then has no bias.
    """

    def __init__(
        self,
        plan: Sequence[int],
        pooled: int | None,
        hidden: Sequence[int],
        classes: int,
        batch_norm: bool,
        side: int,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in plan:
            if width == _POOL:
                layers.append(nn.MaxPool2d(2))
                side //= 2
                continue
            layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.Identity() if pooled is None else nn.AdaptiveAvgPool2d(pooled)
        inputs = channels * (pooled or side) ** 2
        head: list[nn.Module] = []
        for width in hidden:
            head += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout()]
            inputs = width
        self.classifier = nn.Sequential(*head, nn.Linear(inputs, classes))
        self.apply(initialize)
        settle(self, images(16, 3, side * 2 ** list(plan).count(_POOL)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, side, side) -> (N, classes)."""
        logits: Tensor = self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))
        return logits


def vgg16(classes: int = 1000, seed: int = 0, divisor: int = 1) -> VGG:
    """VGG-16 for 224x224 images: 138,357,544 parameters at 1000 classes.

    Args:
        divisor: of every width, for a smaller network of the same shape.
    """
    with seeded(seed):
        plan = [width // divisor for width in _VGG16]
        pooled = 7 if divisor == 1 else 1
        return VGG(plan, pooled, [4096 // divisor] * 2, classes, False, 224 if divisor == 1 else 32)


def vgg11(classes: int = 10, seed: int = 0, divisor: int = 1) -> VGG:
    """VGG-11 for 32x32 images: the eight convolutions of the ImageNet network, one linear layer."""
    with seeded(seed):
        return VGG([width // divisor for width in _VGG11], None, (), classes, True, 32)


def vgg9(classes: int = 10, seed: int = 0, divisor: int = 1) -> VGG:
    """VGG-9 for 32x32 images: six convolutions, then linear layers of 512, 512 and `classes`."""
    with seeded(seed):
        plan = [width // divisor for width in _VGG9]
        return VGG(plan, None, [512 // divisor] * 2, classes, True, 32)
