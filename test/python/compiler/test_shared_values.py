# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chains in which each value is read twice compile: the work must not double at each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import pumice  # noqa: E402

STEPS = 32


def roll(x: Any) -> Any:
    return torch.cat([x[:, 1:], x[:, :1]], 1)


def silu(x: Any) -> Any:
    return x * torch.sigmoid(x) + 1


class Chain(torch.nn.Module):
    def __init__(self, step: Callable[[Any], Any]) -> None:
        super().__init__()
        self.step = step
        self.first, self.last = torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        x = self.first(x)
        for _ in range(STEPS):
            x = self.step(x)
        return self.last(x)


@pytest.mark.parametrize("step", [roll, silu])
def test_a_chain_between_layers(step: Callable[[Any], Any]) -> None:
    """Ranges of codes are looked for through the concatenations; the products are fused."""
    torch.manual_seed(0)
    model, x = Chain(step).eval(), torch.randn(4, 8)
    program = pumice.compile(model, (x,), device="isaac")
    found = torch.as_tensor(program.run(x).outputs)
    assert torch.nn.functional.cosine_similarity(found, model(x)).min() > 0.99


def test_a_chain_on_what_a_search_compares() -> None:
    """Too much is computed for each cell to be a search."""
    words = torch.randint(0, 2, (20, 16), generator=torch.Generator().manual_seed(0)) * 2.0 - 1

    class Distances(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            d = x.sign()[:, None] - words[None]
            for _ in range(STEPS):
                d = torch.remainder(d * (d + 1), 5)
            return d.sum(-1).topk(3).values

    x = torch.randn(4, 16)
    program = pumice.compile(Distances(), (x,), device="cam-fefet", quantize=False)
    result = program.run(x)
    reasons = [item.get("reason", "") for item in result.report.instructions]
    assert any("it computes more than 4096 values for each cell" in reason for reason in reasons)
    assert torch.equal(torch.as_tensor(result.outputs), Distances()(x))
