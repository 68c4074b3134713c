# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inception-V3 (Szegedy et al. 2015), without the auxiliary classifier that only training uses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from pumice.zoo.weights import images, initialize, seeded, settle

__all__ = ["InceptionV3", "inception_v3"]

Pair = int | tuple[int, int]


class _Conv(nn.Sequential):
    def __init__(self, inputs: int, outputs: int, kernel: Pair, stride: int = 1, padding: Pair = 0):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(outputs, eps=0.001),
            nn.ReLU(),
        )


def _chain(inputs: int, *layers: tuple[int, Pair]) -> nn.Sequential:
    """Padded convolutions one after another: (outputs, kernel) each."""
    convs = []
    for outputs, kernel in layers:
        padding = kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
        convs.append(_Conv(inputs, outputs, kernel, 1, padding))
        inputs = outputs
    return nn.Sequential(*convs)


class _Parallel(nn.Module):
    """Branches over one input, then 1x1 on its 3x3 average if `pooled`, all joined."""

    def __init__(self, inputs: int, branches: list[nn.Module], pooled: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.pool = _Conv(inputs, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        average = self.pool(avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([*(branch(x) for branch in self.branches), average], 1)


class _Reduction(nn.Module):
    """Strided branches and a strided max pooling, joined."""

    def __init__(self, branches: list[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([*(branch(x) for branch in self.branches), max_pool2d(x, 3, stride=2)], 1)


class _Split(nn.Module):
    """A trunk, then 1x3 and 3x1 convolutions side by side."""

    def __init__(self, trunk: nn.Module, inputs: int, outputs: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.row = _Conv(inputs, outputs, (1, 3), 1, (0, 1))
        self.column = _Conv(inputs, outputs, (3, 1), 1, (1, 0))

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        return torch.cat([self.row(x), self.column(x)], 1)


class InceptionV3(nn.Module):
    """Stem, 3 + 4 + 2 inception blocks with two reductions between them, pooling, linear.

    Args:
        classes: outputs.
        divisor: of every width.
        shallow: a single block between reductions.
    """

    def __init__(self, classes: int, divisor: int = 1, shallow: bool = False) -> None:
        super().__init__()

        def w(width: int) -> int:
            return width // divisor

        self.stem = nn.Sequential(
            _Conv(3, w(32), 3, 2),
            _Conv(w(32), w(32), 3),
            _Conv(w(32), w(64), 3, 1, 1),
            nn.MaxPool2d(3, 2),
            _Conv(w(64), w(80), 1),
            _Conv(w(80), w(192), 3),
            nn.MaxPool2d(3, 2),
        )
        blocks: list[nn.Module] = []
        channels = 192
        for pooled in (32, 64, 64)[: 1 if shallow else 3]:
            n = w(channels)
            branches: list[nn.Module] = [
                _chain(n, (w(64), 1)),
                _chain(n, (w(48), 1), (w(64), 5)),
                _chain(n, (w(64), 1), (w(96), 3), (w(96), 3)),
            ]
            blocks.append(_Parallel(n, branches, w(pooled)))
            channels = 224 + pooled
        n, channels = w(channels), 480 + channels
        narrow = nn.Sequential(_chain(n, (w(64), 1), (w(96), 3)), _Conv(w(96), w(96), 3, 2))
        blocks.append(_Reduction([_Conv(n, w(384), 3, 2), narrow]))
        n = w(channels)
        for width in (128, 160, 160, 192)[: 1 if shallow else 4]:
            m, row, column = w(width), (1, 7), (7, 1)
            branches = [
                _chain(n, (w(192), 1)),
                _chain(n, (m, 1), (m, row), (w(192), column)),
                _chain(n, (m, 1), (m, column), (m, row), (m, column), (w(192), row)),
            ]
            blocks.append(_Parallel(n, branches, w(192)))
            n = w(768)
        wide = _chain(n, (w(192), 1), (w(192), (1, 7)), (w(192), (7, 1)))
        blocks.append(
            _Reduction(
                [
                    nn.Sequential(_Conv(n, w(192), 1), _Conv(w(192), w(320), 3, 2)),
                    nn.Sequential(wide, _Conv(w(192), w(192), 3, 2)),
                ]
            )
        )
        for inputs in (1280, 2048)[: 1 if shallow else 2]:
            n = w(inputs)
            branches = [
                _chain(n, (w(320), 1)),
                _Split(_chain(n, (w(384), 1)), w(384), w(384)),
                _Split(_chain(n, (w(448), 1), (w(384), 3)), w(384), w(384)),
            ]
            blocks.append(_Parallel(n, branches, w(192)))
        self.blocks = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout()
        self.fc = nn.Linear(w(2048), classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W), at least 75 x 75 -> (N, classes)."""
        x = self.avgpool(self.blocks(self.stem(x)))
        logits: Tensor = self.fc(torch.flatten(self.dropout(x), 1))
        return logits


def inception_v3(classes: int = 1000, seed: int = 0, small: bool = False) -> InceptionV3:
    """Inception-V3 for 299x299 images: 23,834,568 parameters at 1000 classes.

    Args:
        small: a sixteenth of the widths and one block of each kind, for 75x75 images.
    """
    with seeded(seed):
        model = InceptionV3(classes, 16 if small else 1, small)
        model.apply(initialize)
        settle(model, images(16 if small else 2, 3, 75 if small else 299))
        return model
