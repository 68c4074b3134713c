# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Batches of several items: each item's result is that of the item alone."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import pumice  # noqa: E402


class Encoder(torch.nn.Module):
    """One transformer layer over words, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(20, 16)
        self.layer = torch.nn.TransformerEncoderLayer(16, 2, 32, 0.0, batch_first=True)
        self.head = torch.nn.Linear(16, 3)

    def forward(self, ids):
        return self.head(self.layer(self.words(ids)).mean(1))


class Convolutions(torch.nn.Module):
    """Plain, strided, grouped and depthwise, batch norm, both pools, a residual sum."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Sequential(
            torch.nn.Conv2d(2, 8, 3, padding=1), torch.nn.BatchNorm2d(8), torch.nn.ReLU()
        )
        self.depthwise = torch.nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
        self.grouped = torch.nn.Conv2d(8, 8, 1, groups=2)
        self.head = torch.nn.Linear(8, 3)

    def forward(self, x):
        x = torch.relu(self.depthwise(torch.max_pool2d(self.first(x), 2)))
        return self.head((x + self.grouped(x)).mean((2, 3)))


def example(kind, batch):
    torch.manual_seed(1)
    return torch.randint(20, (batch, 5)) if kind is Encoder else torch.randn(batch, 2, 9, 9)


@pytest.mark.parametrize("kind", [Encoder, Convolutions])
@pytest.mark.parametrize("quantized", [True, False])
def test_items_do_not_depend_on_their_batch(kind, quantized) -> None:
    torch.manual_seed(0)
    model = kind().eval()
    x = example(kind, 8)
    if quantized:
        model = pumice.quantize(model, [x], example_inputs=(x[:2],))
    program = pumice.compile(model, x[:1], quantize=False, device="isaac")
    alone = np.concatenate([program.run(x[i : i + 1]).outputs.numpy() for i in range(8)])
    for batch in (3, 8):
        program = pumice.compile(model, x[:batch], quantize=False, device="isaac")
        found = program.run(x[:batch]).outputs.numpy()
        if quantized:
            np.testing.assert_allclose(found, alone[:batch], atol=1e-6)
            assert program.estimate().arrays > 0
        else:
            np.testing.assert_allclose(found, alone[:batch], atol=1e-5)
    with torch.no_grad():
        np.testing.assert_allclose(found, model(x).numpy(), atol=0.05)
