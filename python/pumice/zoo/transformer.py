# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Transformers that no wheel has as a whole: encoder-decoder, decoder step with a cache."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pumice.zoo.weights import seeded

__all__ = ["CachedDecoder", "Translator", "cached_decoder", "transformer_base"]


def _positions(length: int, width: int) -> Tensor:
    """Sine and cosine positions, (length, width)."""
    place = torch.arange(length).unsqueeze(1)
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    return torch.stack([torch.sin(place * rate), torch.cos(place * rate)], 2).flatten(1)


class Translator(nn.Module):
    """Encoder-decoder of "Attention is all you need" (Vaswani et al. 2017) on nn.Transformer.

    One embedding serves both inputs and, transposed, the output, as in the paper. Masks are causal
    in the decoder.

    Args:
        vocabulary: tokens of the shared vocabulary.
        width, heads, depth, hidden: of nn.Transformer; `depth` for either side.
        length: of the longest sequence.
    """

    positions: Tensor

    def __init__(
        self, vocabulary: int, width: int, heads: int, depth: int, hidden: int, length: int
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.register_buffer("positions", _positions(length, width), persistent=False)
        self.transformer = nn.Transformer(width, heads, depth, depth, hidden, batch_first=True)

    def _embed(self, tokens: Tensor) -> Tensor:
        scale = math.sqrt(self.embedding.embedding_dim)
        embedded: Tensor = self.embedding(tokens) * scale
        return embedded + self.positions[: tokens.shape[1]]

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(N, S), (N, T) tokens -> (N, T, vocabulary) logits."""
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        out = self.transformer(self._embed(source), self._embed(target), tgt_mask=mask)
        return nn.functional.linear(out, self.embedding.weight)


def transformer_base(seed: int = 0, small: bool = False) -> Translator:
    """Transformer (base): "65 M" parameters; 63,084,544 here with 37,000 tokens.

    nn.Transformer's biases and its final norms are counted (the paper's count is rounded).
    """
    with seeded(seed):
        if small:
            return Translator(64, 32, 4, 2, 64, 16).eval()
        return Translator(37000, 512, 8, 6, 2048, 512).eval()


class CachedDecoder(nn.Module):
    """One pre-norm decoder block: causal self-attention over cached and new tokens, then an MLP.

    Args:
        width, heads, hidden: of the block.
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """New tokens after cached ones.

        Args:
            x: (N, T, width).
            keys, values: of the P tokens before, (N, heads, P, width / heads).

        Returns:
            (N, T, width), and keys and values of all P + T tokens.
        """
        batch, steps, width = x.shape
        query, key, value = (
            part.view(batch, steps, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
        # The new token t sees the cached ones and the new ones up to itself.
        causal = torch.ones(steps, keys.shape[2], dtype=torch.bool).tril(keys.shape[2] - steps)
        mixed = nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=causal)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, steps, width))
        return x + self.mlp(self.norm2(x)), keys, values


def cached_decoder(width: int = 768, heads: int = 12, seed: int = 0) -> CachedDecoder:
    """A decoder block of GPT-2's size, 7,087,872 parameters at width 768."""
    with seeded(seed):
        return CachedDecoder(width, heads, 4 * width).eval()
