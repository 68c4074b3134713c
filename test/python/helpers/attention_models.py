# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small attention modules of every kind, with their inputs."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class Heads(nn.Module):
    """Projections to heads: queries of `heads`, keys and values of `groups` heads."""

    def __init__(self, width: int, heads: int, groups: int) -> None:
        super().__init__()
        self.size = width // heads
        self.query = nn.Linear(width, heads * self.size)
        self.key = nn.Linear(width, groups * self.size)
        self.value = nn.Linear(width, groups * self.size)
        self.out = nn.Linear(heads * self.size, width)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:2], -1, self.size).transpose(1, 2)

    def join(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(x.transpose(1, 2).flatten(2))


class Attention(Heads):
    """By scaled_dot_product_attention."""

    def __init__(self, width: int = 24, heads: int = 4, groups: int = 4, **options: Any) -> None:
        super().__init__(width, heads, groups)
        self.options = options

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        q, k, v = (self.split(f(x)) for f in (self.query, self.key, self.value))
        return self.join(F.scaled_dot_product_attention(q, k, v, mask, **self.options))


class Cross(Heads):
    """Queries of one sequence, keys and values of another; written out."""

    def __init__(self) -> None:
        super().__init__(18, 3, 3)

    def forward(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        q, k, v = self.split(self.query(x)), self.split(self.key(memory)), self.value(memory)
        weights = (q @ k.transpose(-1, -2) / self.size**0.5).softmax(-1)
        return self.join(weights @ self.split(v))


class Cached(Heads):
    """One new token; keys and values of the tokens before are inputs."""

    def __init__(self) -> None:
        super().__init__(16, 2, 2)

    def forward(self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> Any:
        k = torch.cat([keys, self.split(self.key(x))], 2)
        v = torch.cat([values, self.split(self.value(x))], 2)
        y = F.scaled_dot_product_attention(self.split(self.query(x)), k, v)
        return self.join(y), k, v


class Packed(nn.Module):
    """torch's own layer, with packed projections and bmm."""

    def __init__(self, weights: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(20, 2, batch_first=True)
        self.weights = weights

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=self.weights)[0]


def _mask(batch: int, size: int) -> torch.Tensor:
    """Keeps some keys from some queries, and all from one query."""
    mask = torch.rand(batch, 1, size, size) > 0.4
    mask[:, :, 3] = False
    return mask


def cases() -> dict[str, tuple[nn.Module, tuple[torch.Tensor, ...]]]:
    """Modules and inputs by name."""
    torch.manual_seed(0)
    long = torch.randn(1, 37, 24)
    additive = torch.randn(2, 1, 7, 7)
    additive[0, 0, 2] = float("-inf")
    return {
        "batch": (Attention(scale=0.3), (torch.randn(3, 7, 24),)),
        "causal": (Attention(is_causal=True), (torch.randn(2, 7, 24),)),
        "grouped": (Attention(groups=2, enable_gqa=True), (torch.randn(2, 5, 24),)),
        "bool mask": (Attention(), (torch.randn(2, 7, 24), _mask(2, 7))),
        "float mask": (Attention(), (torch.randn(2, 7, 24), additive)),
        "cross": (Cross(), (torch.randn(2, 5, 18), torch.randn(2, 11, 18))),
        "cached": (Cached(), tuple(torch.randn(s) for s in [(1, 1, 16)] + 2 * [(1, 2, 6, 8)])),
        "packed": (Packed(True), (torch.randn(2, 6, 20),)),
        "packed sdpa": (Packed(False), (torch.randn(2, 6, 20),)),
        "several arrays": (Attention(heads=1, groups=1), (long,)),
    }
