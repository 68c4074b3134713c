# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions over time and space, as 2-D ones over the frames under their kernel."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend.decompositions.before_quantization import decompose_ops  # noqa: E402

SHAPES: list[dict[str, Any]] = [
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": 1, "bias": False},
    {"kernel_size": (2, 3, 1), "stride": (2, 1, 2), "padding": (1, 0, 0)},
    {"kernel_size": (3, 2, 2), "dilation": (2, 1, 2), "padding": (2, 1, 0), "groups": 2},
    {"kernel_size": (1, 3, 3), "stride": 2, "groups": 4},
    {"kernel_size": (3, 1, 5), "padding": "same"},
    {"kernel_size": 2, "padding": "valid"},
]


def clip(batch: int = 2) -> Any:
    return torch.randn(batch, 4, 7, 8, 9, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_is_taken_apart_exactly(shape: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = nn.Conv3d(4, 8, **shape).double()
    x = clip().double()
    exported = decompose_ops(torch.export.export(model, (x,)).module())
    targets = {str(node.target) for node in exported.graph.nodes}
    assert "aten.conv2d.default" in targets
    assert not any("conv3d" in target for target in targets)
    torch.testing.assert_close(exported(x), model(x))


def test_even_kernels_that_are_padded_on_one_side_stay() -> None:
    model = nn.Conv3d(4, 2, 2, padding="same")
    exported = decompose_ops(torch.export.export(model, (clip(),)).module())
    assert any("conv3d" in str(node.target) for node in exported.graph.nodes)
    x = clip()
    found = pumice.compile(model, x, device="ideal", quantize=False).run(x).outputs
    torch.testing.assert_close(found, model(x))


def test_network_on_arrays() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv3d(4, 8, 3, padding=1),
        nn.BatchNorm3d(8),
        nn.ReLU(),
        nn.Conv3d(8, 8, (3, 1, 1), padding=(1, 0, 0), groups=8),
        nn.AdaptiveAvgPool3d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    x = clip(4)
    for _ in range(3):
        model(x)  # statistics of the batch norm
    model.eval()
    for batch in (1, 3):
        program = pumice.compile(model, x[:batch], device="ideal", calibration=[x])
        result = program.run(x[:batch])
        assert {layer.name for layer in result.report.layers if layer.arrays} == {"0", "3", "6"}
        wanted = model(x[:batch])
        assert (result.outputs - wanted).norm() < 0.03 * wanted.norm()
    ternary = pumice.ternarize(model, [x]).convert()
    assert pumice.compile(ternary, x, device="rtm-ap").require_ternary() is None
