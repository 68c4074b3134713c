# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From the first integer layer to the last, networks stay in integers, and every kind of layer
that arrays can hold computes what the oracle computes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import oracle

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend import quantize  # noqa: E402


class Net(nn.Module):
    """`function(x, *layers)` as a module."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.layers)


def conv(inputs: int, outputs: int, kernel: Any = 3, **more: Any) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=more.pop("padding", "same"), **more)


def bn_conv(inputs: int, outputs: int, kernel: Any = 3, **more: Any) -> nn.Sequential:
    norm = nn.BatchNorm2d(outputs)
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.normal_(norm.bias, std=0.3)
    return nn.Sequential(conv(inputs, outputs, kernel, bias=False, **more), norm, nn.ReLU6())


def floats_between_layers(program: Any, least: int = 16) -> list[str]:
    """Float tensors of at least this size that the mapped ops behind the first quantize make.

    Not counted: constants, tensors without data, and what the results are views of.
    """
    text = program.ir("crossbar")
    body = r"(?:[^\n]*\{\n(?:      [^\n]*\n|    \^[^\n]*\n)+    \} ->|[^\n]*(?:->|to|into|:))"
    made = re.findall(rf"^    (%\w+) = ([\w.]+){body} tensor<([\dx]*)x(\w+)>$", text, re.M)
    views = dict(re.findall(r"^    (%\w+) = tensor.(?:expand|collapse)_shape (%\w+)", text, re.M))
    (returned,) = re.findall(r"^    return (.*) :", text, re.M)
    results = set(returned.split(", "))
    for name in list(results):
        while name in views:
            results.add(name := views[name])
    first = next(
        i for i, (_, op, _, kind) in enumerate(made) if (op, kind) == ("linalg.generic", "i8")
    )
    return [
        f"{op}: {shape}x{kind}"
        for name, op, shape, kind in made[first:]
        if kind.startswith("f")
        and math.prod(map(int, shape.split("x"))) >= least
        and op not in ("arith.constant", "tensor.empty")
        and name not in results
    ]


def exact(converted: Any, x: Tensor) -> Any:
    """Runs on `ideal` and compares outputs with the oracle's, bit for bit."""
    program = pumice.compile(converted, (x,))
    expected = oracle.run_oracle(converted, (x,)).outputs[0]
    np.testing.assert_array_equal(program.run(x).outputs.numpy(), expected)
    return program


# Scaled-down networks, layer by layer as the large ones.


def resnet() -> nn.Module:
    def forward(x, stem, a, b, short, head):  # type: ignore[no-untyped-def]
        x = F.max_pool2d(stem(x), 3, 2, 1)
        x = F.relu(b(a(x)) + short(x))
        return head(F.adaptive_avg_pool2d(x, 1).flatten(1))

    return Net(
        forward, bn_conv(3, 8), bn_conv(8, 16), conv(16, 16), conv(8, 16, 1), nn.Linear(16, 5)
    )


def mobilenet() -> nn.Module:
    def forward(x, stem, wide, deep, narrow, head):  # type: ignore[no-untyped-def]
        x = stem(x)
        x = x + narrow(deep(wide(x)))
        return head(x.mean((2, 3)))

    deep = bn_conv(24, 24, groups=24)
    return Net(forward, bn_conv(3, 8), bn_conv(8, 24, 1), deep, conv(24, 8, 1), nn.Linear(8, 5))


def densenet() -> nn.Module:
    def forward(x, stem, n1, c1, n2, c2, n3, head):  # type: ignore[no-untyped-def]
        parts = [stem(x)]
        parts.append(c1(F.relu(n1(parts[0]))))
        parts.append(c2(F.relu(n2(torch.cat(parts, 1)))))
        x = F.avg_pool2d(F.relu(n3(torch.cat(parts, 1))), 2)
        return head(x.flatten(1))

    return Net(
        forward,
        bn_conv(3, 8),
        nn.BatchNorm2d(8),
        conv(8, 4),
        nn.BatchNorm2d(12),
        conv(12, 4),
        nn.BatchNorm2d(16),
        nn.Linear(16 * 36, 5),
    )


def inception() -> nn.Module:
    def forward(x, stem, a, b1, b2, c, head):  # type: ignore[no-untyped-def]
        x = stem(x)
        pooled = c(F.avg_pool2d(x, 3, 1, 1))
        x = torch.cat([a(x), b2(b1(x)), pooled, F.max_pool2d(x, 3, 1, 1)], 1)
        return head(F.adaptive_avg_pool2d(x, 1).flatten(1))

    return Net(
        forward,
        bn_conv(3, 8),
        bn_conv(8, 4, 1),
        bn_conv(8, 4, (1, 7)),
        bn_conv(4, 4, (7, 1)),
        bn_conv(8, 4, 1),
        nn.Linear(20, 5),
    )


def unet() -> nn.Module:
    def forward(x, down1, down2, up, join, up2, out):  # type: ignore[no-untyped-def]
        a = down1(x)
        b = down2(F.max_pool2d(a, 2))
        x = join(torch.cat([F.relu(up(b)), a], 1))
        return out(torch.cat([up2(F.interpolate(x, scale_factor=2)), x.repeat(1, 1, 2, 2)], 1))

    return Net(
        forward,
        bn_conv(3, 8),
        bn_conv(8, 16),
        nn.ConvTranspose2d(16, 8, 2, stride=2),
        bn_conv(16, 8),
        conv(8, 8),
        conv(16, 2, 1),
    )


def vgg() -> nn.Module:
    def forward(x, a, b, c, d, e):  # type: ignore[no-untyped-def]
        x = F.max_pool2d(F.relu(b(F.relu(a(x)))), 2)
        x = F.max_pool2d(F.relu(c(x)), 2).flatten(1)
        return e(F.dropout(F.relu(d(x)), training=False))

    return Net(forward, conv(3, 8), conv(8, 8), conv(8, 8), nn.Linear(8 * 9, 16), nn.Linear(16, 5))


def squeeze_excite() -> nn.Module:
    def forward(x, a, b, c, d):  # type: ignore[no-untyped-def]
        x = F.hardswish(a(x))
        scale = F.hardsigmoid(c(F.relu(b(F.adaptive_avg_pool2d(x, 1)))))
        first, second = (x * scale).chunk(2, 1)
        return d(F.pixel_shuffle(first, 2)) + d(F.channel_shuffle(F.pixel_shuffle(second, 2), 2))

    return Net(forward, conv(3, 16), nn.Conv2d(16, 8, 1), nn.Conv2d(8, 16, 1), conv(2, 4))


@pytest.mark.parametrize(
    "make", [resnet, mobilenet, densenet, inception, unet, vgg, squeeze_excite]
)
def test_no_float_tensor_between_layers(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    model, x = make().eval(), torch.randn(2, 3, 12, 12)
    converted = quantize(model, [torch.randn(4, 3, 12, 12)])
    program = pumice.compile(converted, (x,))
    assert floats_between_layers(program) == []
    layers = sum(isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)) for m in model.modules())
    assert str(program.ir("simulator")).count("simulator.mvm") >= layers
    # Against PT2E's emulation: rounding of a code may differ, by one.
    with torch.no_grad():
        expected = converted(x)
    error = (program.run(x).outputs - expected).abs().max() / expected.abs().max()
    assert error < 0.03


def test_the_count_sees_floats() -> None:
    """Without quantization between two layers, the count is not empty."""
    from pumice.frontend.quantizer import PumiceQuantizer

    class Partly(PumiceQuantizer):
        def annotate(self, model: Any) -> Any:
            super().annotate(model)
            layers = [node for node in model.graph.nodes if "conv2d" in str(node.target)]
            layers[0].meta["quantization_annotation"].output_qspec = None
            layers[1].meta.pop("quantization_annotation")
            return model

    torch.manual_seed(0)
    model, x = (
        Net(lambda x, a, b, c: c(b(a(x))), conv(3, 4), conv(4, 4), conv(4, 4)),
        torch.randn(1, 3, 8, 8),
    )
    converted = quantize(model.eval(), [x], quantizer=Partly())
    assert floats_between_layers(pumice.compile(converted, (x,)))


LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "conv1d": (
        lambda: Net(
            lambda x, a, b: b(F.relu(a(x))),
            nn.Conv1d(4, 6, 3, padding=1),
            nn.Conv1d(6, 5, 4, stride=2, dilation=2, bias=False),
        ),
        (2, 4, 19),
    ),
    "grouped conv1d": (
        lambda: Net(
            lambda x, a, b: b(F.relu(a(x))),
            nn.Conv1d(4, 8, 3, padding="same", groups=4),
            nn.Conv1d(8, 4, 3, padding=2, groups=2),
        ),
        (2, 4, 9),
    ),
    "uneven same padding": (
        lambda: Net(
            lambda x, a, b: b(F.relu(a(x))), conv(3, 4, (4, 2)), conv(4, 4, (2, 3), dilation=(3, 2))
        ),
        (2, 3, 11, 9),
    ),
    "transposed conv1d": (
        lambda: Net(
            lambda x, a, b: b(F.relu(a(x))),
            nn.ConvTranspose1d(4, 6, 4, stride=3, padding=1, output_padding=2),
            nn.ConvTranspose1d(6, 2, 3, dilation=2, bias=False),
        ),
        (2, 4, 7),
    ),
    "transposed conv2d": (
        lambda: Net(
            lambda x, a, b: b(F.relu(a(x))),
            nn.ConvTranspose2d(4, 6, (3, 2), stride=2, padding=1, output_padding=(1, 0)),
            nn.ConvTranspose2d(6, 3, 3, stride=(1, 3), dilation=(2, 1), bias=False),
        ),
        (2, 4, 5, 6),
    ),
    "grouped transposed conv2d": (
        lambda: Net(
            lambda x, a, b: b(F.relu(a(x))),
            nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2),
            nn.ConvTranspose2d(6, 4, 2, stride=2, groups=2),
        ),
        (2, 4, 4, 5),
    ),
    "linear of four dimensions": (
        lambda: Net(lambda x, a, b: b(F.relu(a(x))), nn.Linear(6, 7), nn.Linear(7, 3)),
        (2, 3, 4, 6),
    ),
    "averages": (
        lambda: Net(
            lambda x, a, b, c: c(F.adaptive_avg_pool2d(b(F.avg_pool2d(a(x), 3, 2, 1)), (2, 3))),
            conv(3, 4),
            conv(4, 4),
            conv(4, 4),
        ),
        (2, 3, 9, 14),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_the_oracles(name: str) -> None:
    make, shape = LAYERS[name]
    torch.manual_seed(0)
    model, x = make().eval(), torch.randn(shape)
    program = exact(quantize(model, [torch.randn(shape)]), x)
    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.modules.conv._ConvNd))]
    assert str(program.ir("simulator")).count("simulator.mvm") == len(layers)
    assert floats_between_layers(program) == []
