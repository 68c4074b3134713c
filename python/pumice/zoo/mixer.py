# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MLP-Mixer (Tolstikhin et al. 2021): linear layers over patches and over channels in turn."""

from __future__ import annotations

from torch import Tensor, nn

from pumice.zoo.weights import seeded

__all__ = ["Mixer", "mixer_b16"]


class _MLP(nn.Sequential):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class _Block(nn.Module):
    def __init__(self, patches: int, width: int, token_hidden: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.tokens = _MLP(patches, token_hidden)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.channels = _MLP(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        out: Tensor = x + self.channels(self.norm2(x))
        return out


class Mixer(nn.Module):
    """Patches of `patch` x `patch`, `depth` mixer blocks, the mean over patches, linear."""

    def __init__(
        self,
        size: int,
        patch: int,
        width: int,
        depth: int,
        token_hidden: int,
        hidden: int,
        classes: int,
    ) -> None:
        super().__init__()
        patches = (size // patch) ** 2
        self.stem = nn.Conv2d(3, width, patch, stride=patch)
        self.blocks = nn.Sequential(
            *(_Block(patches, width, token_hidden, hidden) for _ in range(depth))
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, size, size) -> (N, classes)."""
        x = self.stem(x).flatten(2).transpose(1, 2)
        logits: Tensor = self.head(self.norm(self.blocks(x)).mean(1))
        return logits


def mixer_b16(classes: int = 1000, seed: int = 0, small: bool = False) -> Mixer:
    """Mixer-B/16 for 224x224 images: 59,880,472 parameters at 1000 classes."""
    with seeded(seed):
        if small:
            return Mixer(32, 8, 32, 2, 16, 64, classes).eval()
        return Mixer(224, 16, 768, 12, 384, 3072, classes).eval()
