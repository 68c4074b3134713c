# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The machine against the oracle: quantized networks, bit for bit, exact and clipped."""

from __future__ import annotations

import numpy as np
import pytest

import oracle

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import demo, zoo  # noqa: E402
from pumice.frontend import import_model, quantize  # noqa: E402
from test_oracle import Odd  # noqa: E402


def digits(count: int) -> torch.Tensor:
    images, _ = demo.load_digits()
    return torch.from_numpy(demo.preprocess(images[:count]))


@pytest.fixture(scope="module")
def quantized_demo():
    return quantize(demo.load_model(), digits(64))


def assert_same(converted, x, device="ideal", array=None) -> None:
    result = pumice.compile(converted, (x,), device=device).run(x, keep=True)
    expected = oracle.run_oracle(converted, (x,), array=array)
    outputs = result.outputs if isinstance(result.outputs, tuple) else (result.outputs,)
    assert len(outputs) == len(expected.outputs)
    for ours, theirs in zip(outputs, expected.outputs, strict=True):
        assert ours.dtype is torch.float32
        assert np.array_equal(ours.numpy(), theirs)
    # Sums on the way: a layer fused with what follows has no tensor of its own.
    sums = 0
    for name, theirs in expected.accumulators.items():
        ours = result.tensors.get(name)
        if ours is not None and ours.shape == theirs.shape and ours.dtype.kind == "i":
            assert np.array_equal(ours, theirs), name
            sums += 1
    assert sums >= len(expected.accumulators) // 2


def test_demo_is_exact(quantized_demo) -> None:
    assert_same(quantized_demo, digits(5))


def test_odd_geometry_is_exact() -> None:
    torch.manual_seed(0)
    converted = quantize(Odd(), [torch.randn(8, 3, 20, 12)])
    assert_same(converted, torch.randn(2, 3, 20, 12))


@pytest.mark.parametrize("factory", [zoo.resnet18, zoo.resnet50])
def test_resnet_is_exact(factory) -> None:
    torch.manual_seed(0)
    converted = quantize(factory(classes=10), [torch.randn(2, 3, 64, 64)])
    assert_same(converted, torch.randn(1, 3, 64, 64))


@pytest.mark.parametrize(
    ("bits", "mode", "encoding", "rows_per_read"),
    [
        (6, "clip", "offset", None),
        (4, "clip", "offset_flip", 50),
        (3, "full_scale", "differential", 9),
        (5, "full_scale", "offset", None),
    ],
)
def test_conversions_are_the_oracles(quantized_demo, bits, mode, encoding, rows_per_read) -> None:
    """Converters of few bits change the result, and just as they do in the oracle."""
    fields = {"adc": {"bits": bits, "mode": mode}, "encoding": encoding}
    device = pumice.Device("isaac").replace(array={**fields, "rows_per_read": rows_per_read})
    array = oracle.Crossbar.of(device.fields["array"])
    x = digits(2)
    assert_same(quantized_demo, x, device, array)
    exact, converted = (
        oracle.run_oracle(quantized_demo, (x,), array=each).outputs[0] for each in (None, array)
    )
    assert not np.array_equal(exact, converted)


def test_float_model_runs_without_quantization() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))
    x = torch.randn(2, 1, 8, 8)
    result = pumice.compile(model, (x,), quantize=False).run(x)
    with torch.no_grad():
        np.testing.assert_allclose(result.outputs.numpy(), model(x).numpy(), rtol=1e-4, atol=1e-5)


def test_import_keeps_the_weights_alive_and_in_place() -> None:
    class Offset(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            storage = torch.arange(64.0)
            self.w = nn.Parameter(storage[3:35])  # memory that is not aligned to 64 bytes

        def forward(self, x):
            return x + self.w

    model = Offset()
    imported = import_model(model, torch.zeros(32))
    assert {"parse", "attach"} <= set(imported.timings)
    del model
    text = str(imported.module)
    assert "dense_resource<w>" in text
    program = pumice.compile(Offset(), torch.zeros(32), quantize=False)
    assert program.run(torch.zeros(32)).outputs.tolist() == list(range(3, 35))
