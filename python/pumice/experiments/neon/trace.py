# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a network computes: matrices, products and functions, found by running it on no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from pumice.experiments.neon.networks import NETWORKS, Function, Product, Votes

__all__ = ["Step", "trace", "trace_of"]


@dataclass
class Step:
    """All calls of one module.

    Attributes:
        kind: "matrix" (constant weights), "product" (of two activations), or the function's.
        vectors: input vectors per inference.
        rows, columns, groups: of a matrix.
        size: length of a function's vectors.
        sites: call sites of a function that compute at the same time.
        macs: of a matrix or product, per inference.
        waits: needs all of what comes before, not only one vector of it.
        beside: computes at the same time as the step before.
    """

    name: str
    kind: str
    vectors: int
    rows: int = 0
    columns: int = 0
    groups: int = 1
    size: int = 0
    sites: int = 1
    macs: int = 0
    waits: bool = False
    beside: bool = False

    @property
    def is_function(self) -> bool:
        """Whether it is a nonlinear function."""
        return self.kind not in ("matrix", "product")


def trace(name: str) -> list[Step]:
    """The steps of a network of `NETWORKS`, in order."""
    network = NETWORKS[name]
    with torch.device("meta"):
        model = network.build().eval()
        inputs = [torch.empty(shape) for shape in network.shapes]
    return trace_of(model, *inputs)


def trace_of(model: nn.Module, *inputs: torch.Tensor) -> list[Step]:
    """The steps of a model, in the order of their first calls. Inputs are a batch of 1."""
    steps: dict[nn.Module, Step] = {}
    beside = {
        child
        for module in model.modules()
        for name, child in module.named_children()
        if name in getattr(module, "beside", ())
    }

    def note(module: nn.Module, name: str, found: Step) -> None:
        known = steps.get(module)
        if known is None:
            steps[module] = found
            found.name = name
            found.beside = module in beside
        else:
            known.vectors += found.vectors
            known.macs += found.macs

    handles = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d | Votes | Product | Function):

            def hook(module: nn.Module, x: Any, y: Any, name: str = name) -> None:
                note(module, name, _step(module, x, y))

            handles.append(module.register_forward_hook(hook))
    try:
        with torch.no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return list(steps.values())


def _step(module: nn.Module, x: tuple[torch.Tensor, ...], y: torch.Tensor) -> Step:
    if isinstance(module, nn.Linear):
        rows, columns = module.in_features, module.out_features
        vectors = x[0].numel() // rows
        return Step("", "matrix", vectors, rows, columns, macs=vectors * rows * columns)
    if isinstance(module, nn.Conv2d):
        weight, groups = module.weight, module.groups
        rows, columns = weight[0].numel(), weight.shape[0] // groups
        vectors = y[0, 0].numel()
        macs = vectors * rows * columns * groups
        return Step("", "matrix", vectors, rows, columns, groups, macs=macs)
    if isinstance(module, Votes):
        groups, classes, outputs, rows = module.weight.shape
        columns = classes * outputs
        return Step("", "matrix", 1, rows, columns, groups, macs=module.weight.numel())
    if isinstance(module, Product):
        macs = y.numel() * x[0].shape[-1]
        return Step("", "product", y.shape[-2], macs=macs, waits=module.waits)
    assert isinstance(module, Function)
    size = x[0].shape[-1]
    sites = 1 if module.sites is None else x[0].shape[module.sites]
    vectors = x[0].numel() // size
    return Step("", module.kind, vectors, size=size, sites=sites, waits=module.waits)
