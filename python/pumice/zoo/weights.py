# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random weights that a network's activations survive, the same for the same seed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

__all__ = ["images", "initialize", "seeded", "settle"]

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random numbers from this seed; torch's own state is put back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def initialize(module: nn.Module) -> None:
    """Kaiming weights, small biases, and batch norms that are not the identity; for `apply`."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.normal_(module.bias, std=0.05)
    elif isinstance(module, _NORMS):
        nn.init.uniform_(module.weight, 0.5, 1.0)
        # A mean of 1 leaves ReLUs open for most values, as in trained networks. Around 0, random
        # weights are chaotic: each layer amplifies differences, and 8 bits decide over the result.
        nn.init.normal_(module.bias, mean=1.0, std=0.1)


def settle(model: nn.Module, *inputs: Tensor) -> None:
    """Sets the statistics of all batch norms to those of one batch, as training would.

    Without it, the activations of a deep random network vanish or explode in eval mode. Only
    batch norms are put in training mode, so that nothing is dropped.
    """
    norms = [module for module in model.modules() if isinstance(module, _NORMS)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    if not norms or norms[0].weight.is_meta:  # nothing to settle, or no numbers at all
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the average over all batches: of one, its own
        norm.train()
    with torch.no_grad():
        model(*inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def images(batch: int, channels: int, size: int, seed: int = 0) -> Tensor:
    """Smooth random images, about as far from zero as normalized photographs."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(
        batch, channels, max(size // 8, 2), max(size // 8, 2), generator=generator, device="cpu"
    )
    fine = 0.2 * torch.randn(batch, channels, size, size, generator=generator, device="cpu")
    return nn.functional.interpolate(coarse, size=(size, size), mode="bilinear") + fine
