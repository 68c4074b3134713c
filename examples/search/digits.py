# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Digits by nearest neighbour and by hyperdimensional vectors, on content-addressable memories."""

import torch
from torch import nn

import pumice
from pumice import demo

images, labels = demo.load_digits()
pixels = (torch.from_numpy(images).flatten(1) > 127).float()
known, wanted = pixels[::2], pixels[1::2]
known_labels = torch.from_numpy(labels).long()[::2]
wanted_labels = torch.from_numpy(labels).long()[1::2]


class NearestNeighbour(nn.Module):
    """The label of the stored image that differs in the fewest pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("entries", known)
        self.register_buffer("labels", known_labels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        distances = torch.cdist((x > 0.5).float(), self.entries, p=1)
        return self.labels[distances.argmin(1)]


class Hyperdimensional(nn.Module):
    """Images as vectors of 1024 signs; a class is the majority of its images."""

    def __init__(self, dimensions: int = 1024) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        signs = torch.randint(0, 2, (dimensions, known.shape[1]), generator=generator) * 2 - 1
        self.projection = nn.Linear(known.shape[1], dimensions, bias=False)
        self.projection.weight = nn.Parameter(signs.float(), requires_grad=False)
        vectors = self.encode(known)
        classes = [vectors[known_labels == digit].sum(0) for digit in range(10)]
        self.register_buffer("classes", torch.where(torch.stack(classes) >= 0, 1.0, -1.0))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(self.projection(x * 2 - 1) >= 0, 1.0, -1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.encode(x) @ self.classes.T).argmax(1)


for name, model in [("1-NN", NearestNeighbour()), ("HDC", Hyperdimensional())]:
    program = pumice.compile(model.eval(), wanted, device="cam-fefet", quantize=False)
    result = program.run(wanted)
    right = int((result.outputs == wanted_labels).sum())
    print(f"{name}: same answers as PyTorch: {torch.equal(result.outputs, model(wanted))}")
    print(f"{name}: {right} of {len(wanted)} digits right")
    searched = sum(
        item["end_ns"] - item["start_ns"]
        for item in result.report.instructions
        if item["kind"] == "cam_search"
    )
    parts = ("search_line", "match_line", "sense", "merge", "rank")
    energy = sum(result.report.components.get(part, 0) for part in parts)
    print(f"{name}: {searched / len(wanted):.1f} ns and {energy / len(wanted):.0f} pJ per search")
