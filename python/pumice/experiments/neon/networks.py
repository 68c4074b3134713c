# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks of NEON's Table II, as PyTorch modules that run on the meta device.

Functions that the paper replaces are modules of their own, so that hooks see each call.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = [
    "NETWORKS",
    "Function",
    "Network",
    "Product",
    "Softmax",
    "SquareRoot",
    "Squash",
    "Votes",
    "capsnet",
    "gru",
    "transformer",
    "vgg16",
]  # fmt: skip


class Function(nn.Module):
    """A function of vectors of `size` numbers along the last axis.

    Args:
        sites: axis whose entries are call sites of their own in the paper (heads of an attention,
            types of capsules, classes); None: one site.
        waits: needs all of what comes before, not only one vector of it.
    """

    kind = ""

    def __init__(self, sites: int | None = None, waits: bool = False) -> None:
        super().__init__()
        self.sites = sites
        self.waits = waits


class Softmax(Function):
    """Softmax over the last axis."""

    kind = "softmax"

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., d)."""
        return torch.softmax(x, -1)


class Squash(Function):
    """Squash of capsules: to length |s|^2 / (1 + |s|^2)."""

    kind = "squash"

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., d)."""
        squared = (x * x).sum(-1, keepdim=True)
        return x * (torch.sqrt(squared) / (1 + squared))


class SquareRoot(Function):
    """Square root, and the reciprocal of it: the factor of a norm."""

    kind = "sqrt"

    def forward(self, x: Tensor) -> Tensor:
        """(..., 1) -> (..., 1)."""
        return 1 / torch.sqrt(x + 1e-5)


class Product(nn.Module):
    """A product of two activations; `waits` as of `Function`."""

    def __init__(self, waits: bool = False) -> None:
        super().__init__()
        self.waits = waits

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """(..., m, k), (..., k, n) -> (..., m, n)."""
        return a @ b


def vgg16() -> nn.Module:
    """VGG-16 for 224x224 images with the softmax of its classes: 138,357,544 parameters."""
    from pumice import zoo

    return nn.Sequential(zoo.vgg16(), Softmax())


class GRUCell(nn.Module):
    """One step of a GRU, with PyTorch's equations."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.input = nn.Linear(inputs, 3 * hidden)
        self.state = nn.Linear(hidden, 3 * hidden)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """(N, inputs), (N, hidden) -> (N, hidden)."""
        xr, xz, xn = self.input(x).chunk(3, -1)
        hr, hz, hn = self.state(h).chunk(3, -1)
        reset, update = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        new = torch.tanh(xn + reset * hn)
        return (1 - update) * new + update * h


class GRU(nn.Module):
    """Layers of GRU cells, and a softmax of a linear layer in every step."""

    beside = ("input",)

    def __init__(self, features: int, hidden: int, layers: int, classes: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.cells = nn.ModuleList(
            GRUCell(features if i == 0 else hidden, hidden) for i in range(layers)
        )
        self.head = nn.Linear(hidden, classes)
        self.softmax = Softmax()

    def forward(self, x: Tensor) -> Tensor:
        """(N, steps, features) -> (N, steps, classes)."""
        states = [x.new_zeros(x.shape[0], self.hidden) for _ in self.cells]
        outputs = []
        for step in x.unbind(1):
            value = step
            for i, cell in enumerate(self.cells):
                value = states[i] = cell(value, states[i])
            outputs.append(self.softmax(self.head(value)))
        return torch.stack(outputs, 1)


def gru() -> nn.Module:
    """Six GRU layers of 128: the paper's 594,432 parameters exactly; with a head of 2048."""
    return GRU(128, 128, 6, 2048)


class Votes(nn.Module):
    """What each capsule predicts for each class: a matrix per capsule and class."""

    def __init__(self, capsules: int, inputs: int, classes: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(capsules, classes, outputs, inputs))

    def forward(self, u: Tensor) -> Tensor:
        """(N, capsules, inputs) -> (N, classes, capsules, outputs)."""
        return torch.einsum("ijdk,bik->bjid", self.weight, u)


class CapsNet(nn.Module):
    """Dynamic routing between capsules, with the softmax over the capsules of each class.

    The softmax is over 1152 capsules as in the paper (and in much-used code); Sabour et al. take
    it over the classes.
    """

    def __init__(self, channels: int, iterations: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 256, 9)
        self.primary = nn.Conv2d(256, 32 * 8, 9, stride=2)
        self.primary_squash = Squash(sites=1)
        self.votes = Votes(1152, 8, 10, 16)
        self.softmaxes = nn.ModuleList(Softmax(1, waits=True) for _ in range(iterations))
        self.sums = nn.ModuleList(Product(waits=True) for _ in range(iterations))
        self.squashes = nn.ModuleList(Squash(1, waits=True) for _ in range(iterations))
        self.agreements = nn.ModuleList(Product(waits=True) for _ in range(iterations - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(1, channels, 28, 28) -> (1, 10, 16), the digit capsules."""
        x = self.primary(torch.relu(self.conv(x)))
        u = self.primary_squash(x.view(1, 32, 8, -1).transpose(2, 3)).reshape(1, -1, 8)
        votes = self.votes(u)
        logits = votes.new_zeros(1, 10, 1, votes.shape[2])
        v = votes
        for i, softmax in enumerate(self.softmaxes):
            shares = softmax(logits)
            v = self.squashes[i](self.sums[i](shares, votes))
            if i < len(self.agreements):
                logits = logits + self.agreements[i](v, votes.transpose(2, 3))
        y: Tensor = v.squeeze(2)
        return y


def capsnet() -> nn.Module:
    """CapsNet of Sabour et al. for grey 28x28 images: 6,804,224 parameters (the paper: 6.81 M).

    1152 capsules as in the paper's softmax need 28x28; 32x32 images would make 2048.
    """
    return CapsNet(1, 3)


class Attention(nn.Module):
    """Attention with several heads; `waits`: for the keys, which this input makes."""

    beside = ("key", "value")

    def __init__(self, width: int, heads: int, waits: bool) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.scores, self.softmax, self.mix = Product(waits), Softmax(1), Product()
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """(1, n, width), (1, m, width) -> (1, n, width)."""
        q, k, v = (
            part.view(1, part.shape[1], self.heads, -1).transpose(1, 2)
            for part in (self.query(x), self.key(memory), self.value(memory))
        )
        scores = self.scores(q, k.transpose(2, 3)) / math.sqrt(q.shape[-1])
        mixed = self.mix(self.softmax(scores), v)
        y: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return y


class Norm(nn.Module):
    """Layer norm, with its root as a module."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.root = SquareRoot()

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        centred = x - x.mean(-1, keepdim=True)
        y: Tensor = centred * self.root((centred * centred).mean(-1, keepdim=True))
        return y * self.weight + self.bias


class Block(nn.Module):
    """A post-norm block: self-attention, attention to a memory if there is one, feed-forward."""

    def __init__(self, width: int, heads: int, hidden: int, cross: bool) -> None:
        super().__init__()
        self.attention, self.norm1 = Attention(width, heads, waits=True), Norm(width)
        if cross:
            self.cross, self.norm2 = Attention(width, heads, waits=False), Norm(width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm3 = Norm(width)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """(1, n, width) -> (1, n, width)."""
        x = self.norm1(x + self.attention(x, x))
        if memory is not None:
            x = self.norm2(x + self.cross(x, memory))
        y: Tensor = self.norm3(x + self.down(torch.relu(self.up(x))))
        return y


class Transformer(nn.Module):
    """Transformer (base) of Vaswani et al., on embedded tokens; one matrix for the outputs."""

    def __init__(self, width: int, heads: int, depth: int, hidden: int, vocabulary: int) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(Block(width, heads, hidden, False) for _ in range(depth))
        self.decoder = nn.ModuleList(Block(width, heads, hidden, True) for _ in range(depth))
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(1, n, width), (1, m, width) -> (1, m, vocabulary)."""
        for block in self.encoder:
            source = block(source)
        for block in self.decoder:
            target = block(target, source)
        y: Tensor = self.head(target)
        return y


def transformer() -> nn.Module:
    """Transformer (base) with 37,000 tokens: 63,082,496 parameters (the paper: 60 M)."""
    return Transformer(512, 8, 6, 2048, 37000)


@dataclass(frozen=True)
class Network:
    """A network of the comparison.

    Attributes:
        build: makes it; on the meta device, without weights.
        shapes: of its inputs.
        paper: its bars of the paper's Fig. 10 over DLC: speedup, area, power and energy of NEON
            and of LUT.
    """

    build: Callable[[], nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    paper: dict[str, tuple[float, float]]


#: In the paper's order.
NETWORKS: dict[str, Network] = {
    "vgg16": Network(
        vgg16,
        ((1, 3, 224, 224),),
        {"speedup": (1.06, 1.04), "area": (0.74, 0.75), "power": (0.89, 0.90),
         "energy": (0.89, 0.91)},
    ),
    "gru": Network(
        gru,
        ((1, 128, 128),),
        {"speedup": (1.08, 1.05), "area": (0.76, 0.76), "power": (0.91, 0.91),
         "energy": (1.71, 1.74)},
    ),
    "transformer": Network(
        transformer,
        ((1, 64, 512), (1, 64, 512)),
        {"speedup": (6.08, 3.06), "area": (2.74, 3.40), "power": (3.29, 4.09),
         "energy": (85.93, 170.87)},
    ),
    "capsnet": Network(
        capsnet,
        ((1, 1, 28, 28),),
        {"speedup": (3.85, 2.11), "area": (2.66, 3.87), "power": (6.26, 9.06),
         "energy": (422.06, 788.20)},
    ),
}  # fmt: skip
