# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""U-Net (Ronneberger et al. 2015) with padded convolutions: the output has the input's size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pumice.zoo.weights import initialize, seeded

__all__ = ["UNet", "unet"]


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """Four times down by max pooling, four times up by 2x2 transposed convolutions and a concat.

    Args:
        channels: of the images.
        classes: channels of the result.
        width: of the first level; every level down has twice as many.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        widths = [width << level for level in range(5)]
        self.down = nn.ModuleList(
            _twice(inputs, outputs)
            for inputs, outputs in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in widths[-2::-1])
        self.merge = nn.ModuleList(_twice(2 * w, w) for w in widths[-2::-1])
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), multiples of 16 -> (N, classes, H, W)."""
        skipped = []
        for level, block in enumerate(self.down):
            x = block(self.pool(x) if level else x)
            skipped.append(x)
        for up, merge, skip in zip(self.up, self.merge, skipped[-2::-1], strict=True):
            x = merge(torch.cat([skip, up(x)], 1))
        logits: Tensor = self.head(x)
        return logits


def unet(classes: int = 2, seed: int = 0, width: int = 64) -> UNet:
    """U-Net for grey images: 31,030,658 parameters at 2 classes."""
    with seeded(seed):
        model = UNet(1, classes, width)
        model.apply(initialize)
        return model.eval()
