# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Images as bytes, channels last: normalization becomes part of the first layer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import Tensor, nn  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend import quantize  # noqa: E402
from pumice.frontend.constants import fold_weights  # noqa: E402
from pumice.frontend.image_inputs import fold_normalization  # noqa: E402
from pumice.frontend.pt2e import export_any_batch  # noqa: E402

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Normalized(nn.Module):
    """`normalize(x, mean, std)`, then a layer; the constants have `shape`."""

    def __init__(
        self,
        normalize: Callable[[Tensor, Tensor, Tensor], Tensor],
        first: nn.Module,
        shape: tuple[int, ...] = (3, 1, 1),
    ) -> None:
        super().__init__()
        self.normalize, self.first = normalize, first
        self.register_buffer("mean", torch.tensor(MEAN).reshape(shape))
        self.register_buffer("std", torch.tensor(STD).reshape(shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.first(self.normalize(x, self.mean, self.std))


def first_channels(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (x.permute(0, 3, 1, 2).float() / 255 - mean) / std


def last_channels(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return ((x / 255 - mean) / std).permute(0, 3, 1, 2)


def in_place(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    x = x.permute(0, 3, 1, 2).to(torch.float32)
    x.div_(255)
    return x.sub_(mean).mul_(1 / std)


def to_symmetric(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2).contiguous() * (1 / 127.5) - 1.0


FORMS = [
    pytest.param(first_channels, (3, 1, 1), id="first_channels"),
    pytest.param(last_channels, (3,), id="last_channels"),
    pytest.param(in_place, (1, 3, 1, 1), id="in_place"),
    pytest.param(to_symmetric, (3, 1, 1), id="to_symmetric"),
]
LAYERS = [
    pytest.param(lambda: nn.Conv2d(3, 4, 3), id="no_padding"),
    pytest.param(lambda: nn.Conv2d(3, 4, 3, padding=1), id="padding"),
    pytest.param(lambda: nn.Conv2d(3, 4, (3, 2), 2, (1, 0), bias=False), id="stride"),
    pytest.param(lambda: nn.Conv2d(3, 4, 3, padding="same", dilation=2), id="same"),
    pytest.param(lambda: nn.Conv2d(3, 6, 3, padding=1, groups=3), id="depthwise"),
]


def images(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape or (2, 7, 9, 3), dtype=torch.uint8)


def targets(model: Any) -> list[str]:
    return [str(n.target) for n in model.graph.nodes if n.op == "call_function"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("form", "shape"), FORMS)
def test_fold_is_exact(form: Any, shape: tuple[int, ...], layer: Callable[[], nn.Module]) -> None:
    """Up to the rounding of float32: the same function of the bytes, border included."""
    torch.manual_seed(0)
    model, x = Normalized(form, layer(), shape).eval(), images()
    exported = fold_weights(export_any_batch(model, ((x,), {})))
    fold_normalization(exported)
    left = " ".join(targets(exported))
    assert not any(name in left for name in ("div", "sub", "mul"))
    with torch.no_grad():
        expected, found = model(x), exported(x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-5)


def test_fold_into_linear() -> None:
    torch.manual_seed(0)
    model = Normalized(lambda x, m, s: (x / 255 - m) / s, nn.Linear(3, 4), (3,)).eval()
    x = images(5, 3)
    exported = export_any_batch(model, ((x,), {}))
    fold_normalization(exported)
    assert not any("div" in target for target in targets(exported))
    with torch.no_grad():
        torch.testing.assert_close(exported(x), model(x), rtol=1e-5, atol=1e-5)


def per_pixel(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return first_channels(x, mean, std) * torch.linspace(0.5, 1, 9)


def wraps_around(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return first_channels(x + 5, mean, std)


def by_input(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    y = first_channels(x, mean, std)
    return y / y.abs().max()


@pytest.mark.parametrize("form", [per_pixel, wraps_around, by_input])
def test_other_functions_stay(form: Any) -> None:
    torch.manual_seed(0)
    model, x = Normalized(form, nn.Conv2d(3, 4, 3, padding=1)).eval(), images()
    exported = export_any_batch(model, ((x,), {}))
    fold_normalization(exported)
    with torch.no_grad():
        torch.testing.assert_close(exported(x), model(x), rtol=1e-5, atol=1e-5)


def test_constants_that_the_model_updates_stay() -> None:
    class Running(Normalized):
        def forward(self, x: Tensor) -> Tensor:
            self.mean.add_(0.125)
            return super().forward(x)

    torch.manual_seed(0)
    model, x = Running(first_channels, nn.Conv2d(3, 4, 3)).eval(), images()
    exported = export_any_batch(copy.deepcopy(model), ((x,), {}))
    fold_normalization(exported)
    with torch.no_grad():
        expected = [model(x), model(x)]
        found = [exported(x), exported(x)]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def small_network() -> nn.Module:
    head = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4 * 7 * 9, 5))
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), *head)


def test_bytes_are_the_inputs_of_the_first_layer() -> None:
    torch.manual_seed(0)
    model, x = Normalized(first_channels, small_network()).eval(), images()
    converted = quantize(model, [images(8, 7, 9, 3)])
    program = pumice.compile(converted, x, device="isaac")
    (name, dtype, shape) = program.inputs[0]
    assert (dtype, shape) == ("int8", (2, 7, 9, 3)), name
    result = program.run(x, keep=True)
    sums = next(v for k, v in result.tensors.items() if v.dtype == np.int32 and v.ndim == 4)

    # The sums are those of the bytes and the quantized weights, bit for bit.
    scaled = (
        model.first[0].weight.detach().double() / (255 * torch.tensor(STD).double())[:, None, None]
    )
    scaled = scaled * 256
    scale = (scaled.float().abs().amax((1, 2, 3)) / 127).clamp_min(2.0**-30)
    weights = (scaled.float() / scale[:, None, None, None]).round().clamp(-127, 127).double()
    zero_point = round(sum(MEAN) / 3 * 255)
    offset = x.permute(0, 3, 1, 2).double() - zero_point
    padded = nn.functional.pad(offset, (1, 1, 1, 1))
    expected = nn.functional.conv2d(padded, weights)
    np.testing.assert_array_equal(sums, expected.numpy())

    # Nothing is computed in front of the first layer.
    first = next(line for line in program.ir("crossbar").splitlines() if "crossbar.conv_2d" in line)
    before = program.ir("crossbar").split(first)[0]
    assert "arith.divf" not in before
    assert "linalg.generic" not in before
    with torch.no_grad():
        exact = model(x)
    assert float((result.outputs - exact).abs().max() / exact.abs().max()) < 0.02


def test_normalized_floats_are_less_exact() -> None:
    """What it is for: no rounding of the image. Against the float model, over some seeds."""

    def error(model: nn.Module, x: Tensor) -> float:
        with torch.no_grad():
            expected = model(x)
            return float((quantize(model, [x])(x) - expected).pow(2).mean() / expected.var())

    whole = rounded = 0.0
    for seed in range(4):
        torch.manual_seed(seed)
        first, x = nn.Conv2d(3, 4, 3, padding=1), images(2, 12, 12, 3)
        model = Normalized(first_channels, first).eval()
        whole += error(model, x)
        with torch.no_grad():
            rounded += error(first.eval(), first_channels(x, model.mean, model.std))
    assert whole < rounded


def test_updated_buffers_are_no_constants() -> None:
    """What is computed from them is not evaluated before quantization."""

    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            result = x + self.count * 2
            self.count[:2].add_(1)
            return result

    exported = fold_weights(export_any_batch(Counts().eval(), ((torch.ones(2, 4),), {})))
    with torch.no_grad():
        found = [exported(torch.ones(2, 4))[0].tolist() for _ in range(2)]
    assert found == [[1, 1, 1, 1], [3, 3, 1, 1]]
