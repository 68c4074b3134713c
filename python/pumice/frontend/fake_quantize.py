# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fake quantization for training: values are quantized, gradients are those of the floats.

This is the straight-through estimator (Bengio et al. 2013).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchao.quantization.pt2e import FakeQuantizeBase

__all__ = ["Activations", "EightBitWeights", "TernaryWeights", "Weights"]

# Part of the way to the range of the next batch, and elements of a batch that errors are taken of.
_STEP, _SAMPLE = 0.1, 8192


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, quantized: Tensor) -> Tensor:
        return quantized

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class Weights(FakeQuantizeBase):  # type: ignore[misc]
    """Weights of a layer in training, with one scale per output along `axis`."""

    def __init__(self, axis: int, **spec: Any) -> None:
        super().__init__()
        self.axis = axis
        self.dtype, self.qscheme = spec["dtype"], spec["qscheme"]
        self.quant_min, self.quant_max = spec["quant_min"], spec["quant_max"]

    def forward(self, weight: Tensor) -> Tensor:
        """The quantized weights, as floats."""
        with torch.no_grad():
            quantized = self.quantized(weight)
        result: Tensor = _StraightThrough.apply(weight, quantized)  # type: ignore[no-untyped-call]
        return result

    def quantized(self, weight: Tensor) -> Tensor:
        """The same shape; every output has its own values."""
        rows = weight.movedim(self.axis, 0)
        return self._rows(rows.flatten(1)).reshape(rows.shape).movedim(0, self.axis)

    def _rows(self, rows: Tensor) -> Tensor:
        raise NotImplementedError

    def calculate_qparams(self) -> None:
        """Never called: observers replace these modules before a conversion."""
        raise NotImplementedError


class TernaryWeights(Weights):
    """-a, 0 or a, with an a for each output: the mean magnitude of those weights that stay.

    Without a `sparsity`, magnitudes of at most 0.7 times the output's mean become 0 (ternary weight
    networks, Li and Liu 2016, with numbers of each output instead of each layer). With one, that
    part of each output's weights, rounded, but not all; those of least magnitude.
    """

    def __init__(self, axis: int, sparsity: float | None, **spec: Any) -> None:
        super().__init__(axis, **spec)
        self.sparsity = sparsity

    def _rows(self, rows: Tensor) -> Tensor:
        sizes = rows.abs()
        if self.sparsity is None:
            stays = sizes > 0.7 * sizes.mean(1, keepdim=True)
        else:
            count = max(1, round((1 - self.sparsity) * sizes.shape[1]))
            largest = sizes.topk(count, sorted=False).indices
            stays = torch.zeros_like(sizes, dtype=torch.bool).scatter_(1, largest, True)
            stays &= sizes > 0
        scale = (sizes * stays).sum(1, keepdim=True) / stays.sum(1, keepdim=True).clamp(min=1)
        return rows.sign() * stays * scale


class EightBitWeights(Weights):
    """Quantized values of -127 to 127, symmetric, with a scale for each output."""

    def _rows(self, rows: Tensor) -> Tensor:
        scale: Tensor = rows.abs().amax(1, keepdim=True).clamp(min=2.0**-30) / self.quant_max
        return (rows / scale).round() * scale


class Activations(FakeQuantizeBase):  # type: ignore[misc]
    """Quantized activations, in a range that follows the values seen in training.

    For each batch, tries ranges of 1/16 to 16/16 of the range from its smallest to its largest
    value (and 0), and chooses the one with the smallest squared error. With few bits, this cuts off
    rare large values. `step` adds the batch to a moving average; before the first step, values pass
    unchanged. Values out of range have no gradient.
    """

    low: Tensor
    high: Tensor
    scale: Tensor
    zero_point: Tensor

    def __init__(self, eps: float, **spec: Any) -> None:
        super().__init__()
        self.dtype, self.qscheme = spec["dtype"], spec["qscheme"]
        self.quant_min, self.quant_max = spec["quant_min"], spec["quant_max"]
        self.eps = eps
        self.register_buffer("low", torch.zeros(1))
        self.register_buffer("high", torch.zeros(1))
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("zero_point", torch.zeros(1, dtype=torch.int32))
        self.disable_fake_quant()
        self._seen: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor, coded: bool = False) -> Tensor:
        """The quantized values of x as floats; `coded`: x already consists of such values."""
        if self.observer_enabled[0] == 1 and not coded and x.numel():
            low, high = self._range(x.detach().float())
            if self._seen is not None:  # what shares codes gets them from one range
                low, high = low.minimum(self._seen[0]), high.maximum(self._seen[1])
            self._seen = low, high
        if self.fake_quant_enabled[0] == 0:
            return x
        return torch.fake_quantize_per_tensor_affine(
            x, self.scale, self.zero_point, self.quant_min, self.quant_max
        )

    def step(self) -> None:
        """Moves the range towards the values seen since the last step."""
        if self._seen is None:
            return
        part = _STEP if self.fake_quant_enabled[0] == 1 else 1
        for bound, seen in zip((self.low, self.high), self._seen, strict=True):
            bound += part * (seen - bound)
        scale, zero_point = self._codes(self.low, self.high)
        self.scale.copy_(scale)
        self.zero_point.copy_(zero_point)
        self._seen = None
        self.enable_fake_quant()

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:
        """Scale and zero point."""
        return self.scale, self.zero_point

    def _codes(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        scale = ((high - low) / (self.quant_max - self.quant_min)).clamp(min=self.eps)
        return scale, (self.quant_min - low / scale).round()

    def _range(self, x: Tensor) -> tuple[Tensor, Tensor]:
        low, high = torch.aminmax(x)
        parts = torch.arange(1, 17, device=x.device)[:, None] / 16
        lows, highs = low.clamp(max=0) * parts, high.clamp(min=0) * parts
        sample = x.flatten()[:: -(-x.numel() // _SAMPLE)]
        scale, zero = self._codes(lows, highs)
        codes = (sample / scale + zero).round().clamp(self.quant_min, self.quant_max)
        best = ((codes - zero) * scale - sample).square().sum(1).argmin()
        return lows[best], highs[best]
