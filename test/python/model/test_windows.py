# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Windows that end before their input does: what lies behind the last window is not read."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from torch import nn  # noqa: E402

import pumice  # noqa: E402


@pytest.mark.parametrize("quantized", [False, True])
@pytest.mark.parametrize("size", [(3, 4), (3, 3), (2, 5), (4, 3)])
@pytest.mark.parametrize("pool", [nn.AvgPool2d(2), nn.MaxPool2d(2)], ids=["average", "max"])
def test_one_window_in_a_dimension(pool: Any, size: tuple[int, int], quantized: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, *size)
    model: Any = nn.Sequential(nn.Conv2d(3, 4, 1), pool, nn.Conv2d(4, 2, 1)).eval()
    if quantized:
        model = pumice.quantize(model, [x])
    found = pumice.compile(model, x, quantize=False).run(x).outputs
    with torch.no_grad():
        expected = model(x)
    # A code may round the other way; a foreign element would be far off.
    assert (found - expected).abs().max() < (0.05 if quantized else 1e-5)


@pytest.mark.parametrize("places", [6, 40])
def test_bits_that_are_reduced_side_by_side(places: int) -> None:
    """Loops of a reduction become vectors of bits; memory has bytes."""

    class Hits(nn.Module):
        def forward(self, index: Any, places: Any) -> Any:
            hits = index.unsqueeze(-2) == places.unsqueeze(-1)
            return hits.any(-1), hits.all(-1)

    index = torch.tensor([[3, 0, 2, 5], [1, 4, 0, 3]])
    inputs = index, torch.arange(places)
    program = pumice.compile(Hits(), inputs, quantize=False)
    for found, expected in zip(program.run(*inputs).outputs, Hits()(*inputs), strict=True):
        assert torch.equal(found, expected)
