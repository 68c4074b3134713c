# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Capsule network with dynamic routing (Sabour et al. 2017) for 28x28 grey images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pumice.zoo.weights import initialize, seeded

__all__ = ["CapsNet", "capsnet", "squash"]


def squash(s: Tensor, dim: int = -1) -> Tensor:
    """Scales vectors along `dim` to length |s|^2 / (1 + |s|^2)."""
    squared = (s * s).sum(dim, keepdim=True)
    return s * (squared / (1 + squared) / torch.sqrt(squared + 1e-8))


class CapsNet(nn.Module):
    """Convolution, primary capsules, digit capsules by routing; lengths are the scores.

    Args:
        width: channels of both convolutions.
        capsules: primary capsule types of 8 channels each.
        size: side of the images.
        classes: digit capsules, of 16 values each.
        iterations: of the routing.
    """

    def __init__(
        self, width: int, capsules: int, size: int, classes: int = 10, iterations: int = 3
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, width, 9)
        self.primary = nn.Conv2d(width, capsules * 8, 9, stride=2)
        side = (size - 8 - 9) // 2 + 1
        self.capsules = capsules * side * side
        self.iterations = iterations
        # u_hat[j | i] = weight[i, j] u[i]; large enough for lengths that are not close to 0.
        scale = (12 / self.capsules) ** 0.5
        self.weight = nn.Parameter(scale * torch.randn(self.capsules, classes, 16, 8))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, size, size) -> (N, classes), lengths of the digit capsules."""
        x = self.primary(torch.relu(self.conv(x)))
        batch = x.shape[0]
        u = squash(
            x.view(batch, -1, 8, x.shape[2] * x.shape[3]).transpose(2, 3).reshape(batch, -1, 8)
        )
        votes = torch.einsum("ijdk,bik->bijd", self.weight, u)
        logits = torch.zeros(batch, self.capsules, self.weight.shape[1], 1)
        v = votes.new_zeros(())
        for step in range(self.iterations):
            shares = torch.softmax(logits, 2)
            v = squash((shares * votes).sum(1, keepdim=True))
            if step + 1 < self.iterations:
                logits = logits + (votes * v).sum(-1, keepdim=True)
        return torch.sqrt((v * v).sum(-1)).squeeze(1)


def capsnet(seed: int = 0, small: bool = False) -> CapsNet:
    """CapsNet for MNIST: 6,804,224 parameters ("6.8M without the reconstruction subnetwork")."""
    with seeded(seed):
        model = CapsNet(16, 2, 20) if small else CapsNet(256, 32, 28)
        model.apply(initialize)
        return model.eval()
