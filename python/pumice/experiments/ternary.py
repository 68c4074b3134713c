# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random ternary weights, for networks whose trained ones nobody has published."""

from __future__ import annotations

import torch
from torch import nn

from pumice.errors import PumiceError

__all__ = ["make_ternary"]


def make_ternary(model: nn.Module, sparsity: float, seed: int = 0) -> nn.Module:
    """Gives every convolution and linear layer random weights of -a, 0 and a, in place.

    `a` is such that sums of `fan_in` products keep the variance of their inputs under ReLU.

    Args:
        model: is changed and put into evaluation mode.
        sparsity: probability of a 0, at least 0 and below 1.
        seed: of the weights.

    Returns:
        The model.

    Raises:
        PumiceError: the sparsity is out of range.
    """
    if not 0 <= sparsity < 1:
        raise PumiceError(f"expected a sparsity of at least 0 and below 1, got {sparsity:g}")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                shape = module.weight.shape
                sign = torch.randint(0, 2, shape, generator=generator) * 2 - 1
                kept = torch.rand(shape, generator=generator) >= sparsity
                fan_in = shape[1:].numel() * (1 - sparsity)
                module.weight.copy_(sign * kept * (2 / fan_in) ** 0.5)
    return model.eval()
