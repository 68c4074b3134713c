# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The oracle against loops written out by hand, and against PT2E's own emulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import oracle
import oracle_layers as layers
import oracle_ops as ops

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

from pumice import zoo  # noqa: E402
from pumice.frontend import quantize  # noqa: E402

F = nn.functional
F32 = np.float32


def random_codes(rng, shape, low, high, kind):
    return rng.integers(low, high + 1, shape).astype(kind)


def loop_convolution(x, w, x_zero, stride, padding, dilation, groups):
    """sum (x - x_zero) * w over the window, nothing added outside the image."""
    n, _, h, width = x.shape
    o, cg, kh, kw = w.shape
    oh = (h + 2 * padding[0] - (kh - 1) * dilation[0] - 1) // stride[0] + 1
    ow = (width + 2 * padding[1] - (kw - 1) * dilation[1] - 1) // stride[1] + 1
    y = np.zeros((n, o, oh, ow), np.int64)
    for b, f, i, j in itertools.product(range(n), range(o), range(oh), range(ow)):
        group = f // (o // groups)
        for k, p, q in itertools.product(range(cg), range(kh), range(kw)):
            row = i * stride[0] + p * dilation[0] - padding[0]
            column = j * stride[1] + q * dilation[1] - padding[1]
            if 0 <= row < h and 0 <= column < width:
                pixel = int(x[b, group * cg + k, row, column]) - x_zero
                y[b, f, i, j] += pixel * int(w[f, k, p, q])
    return y


CASES = [
    # channels, outputs, kernel, stride, padding, dilation, groups
    (3, 4, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (4, 6, (3, 2), (2, 1), (0, 2), (1, 2), 2),
    (4, 4, (3, 3), (2, 3), (2, 1), (2, 1), 4),
    (5, 3, (1, 1), (2, 2), (0, 0), (1, 1), 1),
    (2, 8, (2, 3), (1, 2), (1, 0), (1, 1), 2),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("spec", [None, oracle.Crossbar(rows=5, adc_mode="lossless")])
def test_convolution_is_the_loop(case, spec) -> None:
    c, o, kernel, stride, padding, dilation, groups = case
    rng = np.random.default_rng(1)
    x = random_codes(rng, (2, c, 7, 6), 0, 255, np.uint8)
    w = random_codes(rng, (o, c // groups, *kernel), -127, 127, np.int8)
    geometry = layers.Geometry(stride, tuple((p, p) for p in padding), dilation, groups)
    found = layers.integer_layer(
        layers.Codes(x, np.asarray(0.1), np.asarray(37)),
        layers.Codes(w, np.ones(o), np.zeros(o, np.int64), 0),
        geometry,
        spec,
    )
    assert np.array_equal(found, loop_convolution(x, w, 37, stride, padding, dilation, groups))


def test_requantization_rounds_after_each_operation() -> None:
    # 2^24 + 1 is not a float32, nor is the product's exact value.
    acc = np.array([[2**24 + 1, 16777219, -7]])
    x = layers.Codes(acc, np.asarray(0.1), np.asarray(0))
    w = layers.Codes(acc, np.asarray([0.3, 0.7, 1e-3]), np.zeros(3), 0)
    bias = np.asarray([1.5, -2.5, 1e-7], F32)
    found = layers.requantizable(acc, x, w, bias, True)
    expected = [
        F32(F32(F32(int(a)) * F32(F32(0.1) * F32(s))) + b)
        for a, s, b in zip(acc[0], (0.3, 0.7, 1e-3), bias, strict=True)
    ]
    assert found.dtype == F32
    assert found[0].tolist() == expected


def test_quantize_divides_and_rounds_half_to_even() -> None:
    x = np.asarray([0.5, 1.5, 2.5, -0.5, 1e9, -1e9], F32)
    assert layers.quantize(x, 1.0, 10, 0, 255).tolist() == [10, 12, 12, 10, 255, 0]
    assert layers.quantize(x, 1.0, 0, -128, 127).tolist() == [0, 2, 2, 0, 127, -128]
    # 0.15 / 0.1 is a tie in float32 and is not one when multiplied by the inverse of a scale.
    values = (np.arange(1, 4000) * F32(0.05)).astype(F32)
    codes = layers.quantize(values, 0.1, 0, 0, 255)
    expected = [min(255, max(0, round(float(F32(v) / F32(0.1))))) for v in values]
    assert codes.tolist() == expected


def test_average_pooling_adds_in_order() -> None:
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((1, 2, 6, 6)) * 10.0 ** rng.integers(-4, 4, (6, 6))).astype(F32)

    def loop(channel, rows, columns, count):
        total = F32(0)
        for i, j in itertools.product(rows, columns):
            if 0 <= i < 6 and 0 <= j < 6:
                total = F32(total + x[0, channel, i, j])
        return F32(total / F32(count))

    pooled = ops._avg_pool2d(x, 3, 2, 1)
    apart = ops._avg_pool2d(x, 3, 2, 1, False, False)
    adaptive = ops._adaptive_avg_pool2d(x, (4, 4))
    for c, i, j in itertools.product(range(2), range(3), range(3)):
        rows, columns = range(2 * i - 1, 2 * i + 2), range(2 * j - 1, 2 * j + 2)
        inside = sum(0 <= r < 6 for r in rows) * sum(0 <= q < 6 for q in columns)
        assert pooled[0, c, i, j] == loop(c, rows, columns, 9)
        assert apart[0, c, i, j] == loop(c, rows, columns, inside)
    for c, i, j in itertools.product(range(2), range(4), range(4)):
        rows = range(i * 6 // 4, -(-(i + 1) * 6 // 4))
        columns = range(j * 6 // 4, -(-(j + 1) * 6 // 4))
        assert adaptive[0, c, i, j] == loop(c, rows, columns, len(rows) * len(columns))
    assert np.array_equal(ops._mean(x, [-1, -2]), ops._adaptive_avg_pool2d(x, 1)[..., 0, 0])


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1)),
        ("max_pool2d ceil", lambda x: F.max_pool2d(x, (2, 3), (3, 2), ceil_mode=True)),
        ("max_pool2d dilated", lambda x: F.max_pool2d(x, 2, 1, 1, 2)),
        ("avg_pool2d", lambda x: F.avg_pool2d(x, (3, 2), (2, 1), 1)),
        ("avg_pool2d apart", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
        ("adaptive", lambda x: F.adaptive_avg_pool2d(x, (3, 5))),
        ("mean", lambda x: x.mean((2, 3), keepdim=True)),
        ("relu6", F.relu6),
        ("hardswish", F.hardswish),
        ("silu", F.silu),
        ("leaky_relu", F.leaky_relu),
        ("clamp", lambda x: x.clamp(-0.5, 0.5)),
        ("add", lambda x: torch.add(x, x.transpose(2, 3), alpha=2)),
        ("sub", lambda x: x - 2 * x),
        ("div", lambda x: x / 3),
        ("pad", lambda x: F.pad(x, (1, 2, 0, 3), value=0.5)),
        ("cat", lambda x: torch.cat([x, x[:, 1:]], 1)),
        ("flatten", lambda x: x.flatten(1).reshape(2, -1, 7).permute(2, 0, 1)),
        ("chunk", lambda x: x.chunk(2, 3)[1]),
        ("select", lambda x: x[:, 0].unsqueeze(1).squeeze(1)),
        ("float convolution", nn.Conv2d(3, 4, 3, 2, "valid")),
        ("same", nn.Conv2d(3, 4, (2, 3), padding="same", dilation=2)),
    ],
)
def test_float_operations_are_torchs(name, function) -> None:
    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    x = torch.randn(2, 3, 7, 7, generator=torch.Generator().manual_seed(0))
    found = oracle.run_oracle(Wrapped(), (x,)).outputs[0]
    with torch.no_grad():
        expected = function(x).numpy()
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)


def test_unknown_operation() -> None:
    class Unknown(nn.Module):
        def forward(self, x):
            return torch.fft.fft(x).real

    with pytest.raises(NotImplementedError, match=r"the oracle does not know aten\.fft"):
        oracle.run_oracle(Unknown(), (torch.randn(4),))


class Odd(nn.Module):
    """Groups, dilation, asymmetric strides, concatenation, several pools, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, (3, 5), (2, 1), (1, 2))
        self.b = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8)
        self.bn = nn.BatchNorm2d(8)
        self.c = nn.Conv2d(16, 6, 1, bias=False)
        self.fc = nn.Linear(6 * 4, 5)

    def forward(self, x):
        x = F.relu6(self.a(x))
        y = F.hardswish(self.bn(self.b(x)))
        x = torch.cat([F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(y, 2, ceil_mode=False)], 1)
        x = F.adaptive_avg_pool2d(torch.relu(self.c(x)), 2)
        return self.fc(x.flatten(1)), x.mean((2, 3))


NETWORKS = {
    "odd": (Odd, (3, 20, 12)),
    "demo": (zoo.demo_cnn, (1, 28, 28)),
    "resnet18": (lambda: zoo.resnet18(classes=10), (3, 32, 32)),
    "resnet50": (lambda: zoo.resnet50(classes=10), (3, 32, 32)),
}


@pytest.mark.parametrize("name", ["odd", "demo", "resnet18", "resnet50"])
def test_layers_agree_with_pt2e(name) -> None:
    factory, shape = NETWORKS[name]
    torch.manual_seed(0)
    model = factory().eval()
    converted = quantize(model, [torch.randn(8, *shape)])
    x = torch.randn(2, *shape)
    found = oracle.run_oracle(converted, (x,))
    count = sum(isinstance(module, (nn.Conv2d, nn.Linear)) for module in model.modules())
    assert len(found.accumulators) == count
    assert set(found.integers) == set(found.codes) | set(found.accumulators)
    agreements = oracle.compare_with_pt2e(converted, (x,), found.codes)
    assert max(each.largest for each in agreements.values()) <= 1
    for node, each in agreements.items():
        assert each.equal >= 0.999 or each.count < 2000, f"{node}: {each}"
    with torch.no_grad():
        expected = converted(x)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for ours, theirs in zip(found.outputs, expected, strict=True):
        assert ours.dtype == F32
        assert np.abs(ours - theirs.numpy()).max() <= 0.05 * np.abs(theirs.numpy()).max()


def test_comparison_sees_a_wrong_code() -> None:
    converted = quantize(zoo.demo_cnn(), [torch.randn(4, 1, 28, 28)])
    x = torch.randn(1, 1, 28, 28)
    codes = oracle.run_oracle(converted, (x,)).codes
    name = list(codes)[3]
    codes[name] = codes[name] ^ np.uint8(128)
    assert oracle.compare_with_pt2e(converted, (x,), codes)[name].largest >= 100


def test_array_changes_results_only_when_it_clips() -> None:
    converted = quantize(zoo.demo_cnn(), [torch.randn(4, 1, 28, 28)])
    x = torch.randn(1, 1, 28, 28)
    exact = oracle.run_oracle(converted, (x,)).integers
    wide = oracle.run_oracle(converted, (x,), array=oracle.Crossbar(adc_mode="lossless")).integers
    narrow = oracle.run_oracle(converted, (x,), array=oracle.Crossbar(adc_bits=3)).integers
    assert all(np.array_equal(exact[name], wide[name]) for name in exact)
    assert not all(np.array_equal(exact[name], narrow[name]) for name in exact)


def test_users_own_codes() -> None:
    """int8 activations, as other quantizers make them."""
    from torchao.quantization.pt2e import MinMaxObserver
    from torchao.quantization.pt2e.quantizer import QuantizationSpec

    from pumice.frontend import PumiceQuantizer

    quantizer = PumiceQuantizer()
    quantizer._activation = QuantizationSpec(
        torch.int8, MinMaxObserver, -128, 127, torch.per_tensor_affine
    )
    converted = quantize(zoo.demo_cnn(), [torch.randn(4, 1, 28, 28)], quantizer=quantizer)
    x = torch.randn(1, 1, 28, 28)
    exact = oracle.run_oracle(converted, (x,))
    assert all(codes.dtype == np.int8 for codes in exact.codes.values())
    wide = oracle.run_oracle(converted, (x,), array=oracle.Crossbar(adc_mode="lossless"))
    for name, value in exact.integers.items():
        assert np.array_equal(value, wide.integers[name]), name
    assert (
        max(
            each.largest for each in oracle.compare_with_pt2e(converted, (x,), exact.codes).values()
        )
        <= 1
    )
