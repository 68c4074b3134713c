# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of PyTorch as matrices on arrays: filters, input vectors and windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from pumice.frontend.quantizer import TRANSPOSED

__all__ = ["Geometry", "geometry_of"]

_aten = torch.ops.aten
#: Images that input vectors of convolutions are taken from.
_IMAGES = 16


@dataclass(frozen=True)
class Geometry:
    """How a layer multiplies a matrix.

    Attributes:
        kind: "linear", "conv" or "transposed".
        groups: of channels.
        kernel, strides, dilations: height and width; those of 1-D layers have height 1.
        padding: top, bottom, left, right; of transposed layers, of the image with zeros inserted.
        upsample: distance of the inputs of a transposed layer.
        extra: rows and columns that a transposed layer has at the end (output_padding).
    """

    kind: str
    groups: int = 1
    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    upsample: tuple[int, int] = (1, 1)
    extra: tuple[int, int] = (0, 0)

    def filters(self, weight: Tensor) -> Tensor:
        """The weights as filters: (outputs, inputs of a group)."""
        if self.kind != "transposed":
            return weight.flatten(1)
        inputs, outputs = weight.shape[0] // self.groups, weight.shape[1]
        parts = weight.reshape(self.groups, inputs, outputs, -1).flip(3)
        return parts.transpose(1, 2).reshape(self.groups * outputs, -1)

    def weights(self, filters: Tensor, shape: torch.Size) -> Tensor:
        """The inverse of `filters`: weights of a shape."""
        if self.kind != "transposed":
            return filters.reshape(shape)
        inputs, outputs = shape[0] // self.groups, shape[1]
        parts = filters.reshape(self.groups, outputs, inputs, -1).transpose(1, 2)
        return parts.flip(3).reshape(shape)

    def image(self, x: Tensor, fill: float) -> Tensor:
        """The input as NCHW that the window reads without padding; `fill` where there is none."""
        if self.kind == "linear":
            return x.reshape(-1, x.shape[-1], 1, 1)
        if x.dim() == 3:
            x = x.unsqueeze(2)
        if self.upsample != (1, 1):
            height, width = (
                (size - 1) * step + 1 for size, step in zip(x.shape[2:], self.upsample, strict=True)
            )
            spread = x.new_full((*x.shape[:2], height, width), fill)
            spread[:, :, :: self.upsample[0], :: self.upsample[1]] = x
            x = spread
        top, bottom, left, right = self.padding
        pads = [left, right + self.extra[1], top, bottom + self.extra[0]]
        return F.pad(x, pads, value=fill) if any(pads) else x

    def result(self, image: Tensor) -> tuple[int, int]:
        """Height and width of the result for an image of `image`."""
        height, width = (
            (size - (kernel - 1) * dilation - 1) // stride + 1
            for size, kernel, dilation, stride in zip(
                image.shape[2:], self.kernel, self.dilations, self.strides, strict=True
            )
        )
        return height, width

    def window(self, image: Tensor) -> list[int]:
        """The window of `_pumice.Grid.compute` over such an image."""
        return [*self.kernel, *self.strides, *self.dilations, 0, 0, *self.result(image)]

    def patches(self, image: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Up to `count` random input vectors of some of the images: (vectors, channels * kernel).

        Vectors of a group follow one another.
        """
        height, width = self.result(image)
        images = count if height * width == 1 else _IMAGES
        chosen = torch.randperm(len(image), generator=generator)[:images]
        part = image[chosen.to(image.device)]
        columns = F.unfold(part, self.kernel, self.dilations, 0, self.strides)
        vectors = columns.transpose(1, 2).reshape(-1, columns.shape[1])
        keep = torch.randperm(len(vectors), generator=generator)[:count]
        return vectors[keep.to(vectors.device)]


def geometry_of(target: Any, weight: torch.Size, rest: tuple[Any, ...]) -> Geometry:
    """The geometry of a layer of an exported graph.

    Args:
        target: its op, one of `pumice.frontend.quantizer.LAYERS`.
        weight: shape of its weights.
        rest: its arguments after the bias.
    """
    if target is _aten.linear.default:
        return Geometry("linear")
    dims = len(weight) - 2
    kernel = _pair(list(weight[2:]), 1)
    names: tuple[str, ...]
    if target in TRANSPOSED:
        names = ("stride", "padding", "output_padding", "groups", "dilation")
    elif target is _aten.convolution.default:
        names = ("stride", "padding", "dilation", "transposed", "output_padding", "groups")
    else:
        names = ("stride", "padding", "dilation", "groups")
    given = dict(zip(names, rest, strict=False))
    strides = _pair(given.get("stride", 1), 1, dims)
    dilations = _pair(given.get("dilation", 1), 1, dims)
    reach = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
    padding = given.get("padding", 0)
    if padding == "valid":
        padding = 0
    if padding == "same":  # the larger part at the end, as PyTorch pads
        sides = [(total // 2, total - total // 2) for total in reach]
    else:
        sides = [(size, size) for size in _pair(padding, 0, dims)]
    groups = int(given.get("groups", 1))
    if target in TRANSPOSED:
        sides = [(r - a, r - b) for r, (a, b) in zip(reach, sides, strict=True)]
        edges = (*sides[0], *sides[1])
        extra = _pair(given.get("output_padding", 0), 0, dims)
        return Geometry("transposed", groups, kernel, (1, 1), dilations, edges, strides, extra)
    return Geometry("conv", groups, kernel, strides, dilations, (*sides[0], *sides[1]))


def _pair(value: Any, fill: int, dims: int = 0) -> tuple[int, int]:
    """Height and width; `fill` is the height of 1-D layers."""
    sizes = [int(value)] * dims if isinstance(value, int) else [int(size) for size in value]
    if len(sizes) == 1 and dims == 2:
        sizes *= 2
    return (fill, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1])
