# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models with symbolic dimensions run at every size within their bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import Tensor, nn  # noqa: E402
from torch.export import Dim  # noqa: E402

import oracle  # noqa: E402
import pumice  # noqa: E402
from pumice.frontend import FrontendError, quantize  # noqa: E402


class Encoder(nn.Module):
    """Attention over rows, with a mask; a batch and a length."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(8, 24)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
        query, key, value = self.project(x).chunk(3, -1)
        scores = query @ key.transpose(1, 2) / 8**0.5
        weights = scores.masked_fill(mask[:, None], -1e9).softmax(-1)
        return {"rows": weights @ value, "class": self.head(x.mean(1))}


BATCH, LENGTH = Dim("batch", min=1, max=6), Dim("length", min=2, max=9)
SHAPES = {"x": {0: BATCH, 1: LENGTH}, "mask": {0: BATCH, 1: LENGTH}}


def encoder_inputs(batch: int, length: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(batch * 100 + length)
    return torch.randn(batch, length, 8), torch.rand(batch, length) < 0.3


@pytest.fixture(scope="module")
def encoder() -> Any:
    torch.manual_seed(0)
    return Encoder().eval()


@pytest.fixture(scope="module")
def dynamic(encoder: Any) -> Any:
    return pumice.compile_dynamic(
        encoder, encoder_inputs(2, 4), dynamic_shapes=SHAPES, quantize=False, device="isaac"
    )


def test_batch_and_length(encoder: Any, dynamic: Any) -> None:
    for sizes in ((3, 5), (1, 2), (6, 9), (3, 5)):
        inputs = encoder_inputs(*sizes)
        found = dynamic.run(*inputs).outputs
        with torch.no_grad():
            expected = encoder(*inputs)
        assert found.keys() == expected.keys()
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-5)
    assert list(dynamic.programs) == [(3, 5), (1, 2), (6, 9)]
    sizes = [(size.input, size.dim, size.least, size.most) for size in dynamic.sizes]
    assert sizes == [("x", 0, 1, 6), ("x", 1, 2, 9)]
    # Each is an ordinary program.
    assert dynamic.program(*encoder_inputs(3, 5)) is dynamic.programs[3, 5]
    small, large = (dynamic.estimate(*encoder_inputs(*s)).energy_pj for s in ((1, 2), (6, 9)))
    assert small < large
    # NumPy arrays too.
    x, mask = (value.numpy() for value in encoder_inputs(3, 5))
    assert isinstance(dynamic.run(x, mask).outputs["rows"], np.ndarray)


def test_weights_are_those_of_the_model(encoder: Any, dynamic: Any) -> None:
    dynamic.program(*encoder_inputs(2, 2))
    shared = dict(dynamic._module.named_parameters())
    for name, value in encoder.named_parameters():
        assert shared[name].data_ptr() == value.data_ptr()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (encoder_inputs(7, 5), "input 'x': dimension 0 is 7, expected at least 1 and at most 6"),
        (encoder_inputs(2, 10), "input 'x': dimension 1 is 10, expected at least 2 and at most 9"),
        (
            (encoder_inputs(2, 5)[0], encoder_inputs(3, 5)[1]),
            "input 'mask': dimension 0 is 3, expected 2 as dimension 0 of 'x'",
        ),
        (
            (torch.zeros(2, 5, 9), torch.zeros(2, 5, dtype=torch.bool)),
            "input 'x': dimension 2 is 9, expected 8",
        ),
        (
            (torch.zeros(2, 5), torch.zeros(2, 5, dtype=torch.bool)),
            r"input 'x': expected float32 of 3 dimensions, got float32\[2, 5\]",
        ),
        (
            (torch.zeros(2, 5, 8), torch.zeros(2, 5)),
            "input 'mask': expected bool of 2 dimensions, got float32",
        ),
        ((torch.zeros(2, 5, 8),), "expected 2 positional inputs"),
    ],
)
def test_other_sizes(dynamic: Any, inputs: Any, words: str) -> None:
    before = list(dynamic.programs)
    with pytest.raises(FrontendError, match=words):
        dynamic.run(*inputs)
    assert list(dynamic.programs) == before


def test_derived_sizes() -> None:
    """A dimension that is twice another one."""

    class Pairs(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return x.repeat(2, 1) + y

    rows = Dim("rows", min=2, max=8)
    program = pumice.compile_dynamic(
        Pairs(),
        (torch.ones(3, 2), torch.ones(6, 2)),
        dynamic_shapes=({0: rows}, {0: 2 * rows}),
        quantize=False,
    )
    x, y = torch.rand(4, 2), torch.rand(8, 2)
    torch.testing.assert_close(program.run(x, y).outputs, x.repeat(2, 1) + y)
    with pytest.raises(FrontendError, match="input 'y': dimension 0 is 7, expected 8"):
        program.run(x, torch.rand(7, 2))


def convolutions() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(24, 4),
    ).eval()  # fmt: skip


def test_quantized_batches_are_exact() -> None:
    """Integer layers of every batch size equal the oracle, bit for bit."""
    model, x = convolutions(), torch.randn(4, 3, 6, 6)
    converted = quantize(model, [x])
    batch = Dim("batch", min=1, max=5)
    program = pumice.compile_dynamic(converted, x, dynamic_shapes=({0: batch},), device="isaac")
    for size in (1, 5):
        given = torch.randn(size, 3, 6, 6)
        expected = oracle.run_oracle(converted, (given,)).outputs[0]
        np.testing.assert_array_equal(program.run(given).outputs.numpy(), expected)
    with pytest.raises(FrontendError, match="dimension 0 is 6, expected at least 1 and at most 5"):
        program.run(torch.randn(6, 3, 6, 6))


def test_quantizes_float_models() -> None:
    model, x = convolutions(), torch.randn(4, 3, 6, 6)
    batch = Dim("batch", max=8)
    program = pumice.compile_dynamic(
        model, x, dynamic_shapes=({0: batch},), calibration=[torch.randn(8, 3, 6, 6)]
    )
    given = torch.randn(2, 3, 6, 6)
    with torch.no_grad():
        expected = model(given)
    error = (program.run(given).outputs - expected).abs().max() / expected.abs().max()
    assert error < 0.15
    assert "simulator.mvm" in program.program(given).ir()


def test_exported_programs() -> None:
    """They bring their symbolic dimensions; one without a bound takes any size."""
    batch = Dim("batch")
    exported = torch.export.export(
        nn.Linear(3, 2), (torch.ones(4, 3),), dynamic_shapes=({0: batch},)
    )
    program = pumice.compile_dynamic(exported)
    assert program.sizes[0].most is None
    assert program.run(torch.ones(17, 3)).outputs.shape == (17, 2)
    with pytest.raises(pumice.CompileError, match="expected dynamic_shapes for a torch.nn.Module"):
        pumice.compile_dynamic(exported, dynamic_shapes=({0: batch},))


class Fixed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(4, 3) + 1


def test_static_models() -> None:
    words = "expected a model with symbolic dimensions, got one whose inputs have one size"
    with pytest.raises(FrontendError, match=words):
        pumice.compile_dynamic(nn.Linear(3, 2), torch.ones(4, 3), quantize=False)
    shapes = ({0: Dim("n")},)
    with pytest.raises(FrontendError, match="cannot export Fixed"):
        pumice.compile_dynamic(Fixed(), torch.ones(4, 3), dynamic_shapes=shapes, quantize=False)
    with pytest.raises(pumice.CompileError, match="all by position or all by name to quantize"):
        pumice.compile_dynamic(
            nn.Linear(3, 2), torch.ones(4, 3), example_kwargs={"a": torch.ones(1)}
        )
