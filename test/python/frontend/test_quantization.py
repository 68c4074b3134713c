# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What quantization must not lose: scales of concatenations, optional inputs, names in errors."""

from __future__ import annotations

import pytest

import pumice
from pumice.frontend import FrontendError

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")
nn = torch.nn


def decibels(expected, found) -> float:
    noise = (found - expected).pow(2).sum()
    return float(10 * torch.log10(expected.pow(2).sum() / noise))


class Skip(nn.Module):
    """A concatenation of a layer's result, `factor` times as large, and of its input."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.layer, self.last = nn.Linear(8, 8), nn.Linear(16, 4)
        self.factor = factor

    def forward(self, x, again=None):
        skipped = x if again is None else again
        return self.last(torch.cat([self.layer(x) * self.factor, skipped], 1))


@pytest.mark.parametrize("factor", [1, 10, 100])
def test_parts_of_a_concatenation_that_are_read_elsewhere(factor) -> None:
    torch.manual_seed(0)
    model, x = Skip(factor).eval(), torch.randn(64, 8)
    with torch.no_grad():
        expected = model(x)
    quantized = pumice.quantize(model, [x])
    # The same, where the skipped tensor is another one, whose scale is that of the concatenation.
    apart = pumice.quantize(model, [(x, x.clone())])
    assert decibels(expected, quantized(x)) > decibels(expected, apart(x, x)) - 1
    assert decibels(expected, quantized(x)) > 35
    program = pumice.compile(quantized, x, device="isaac")
    result = program.run(x)
    torch.testing.assert_close(result.outputs, quantized(x), atol=1e-3 * factor, rtol=1e-3)
    on_arrays = {layer.name for layer in result.report.layers if layer.conversions}
    assert on_arrays == {"layer", "last"}


class Masked(nn.Module):
    """An optional input."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x, mask=None):
        y = self.layer(x)
        return y if mask is None else y.masked_fill(mask, -9.0)


def test_optional_inputs_are_taken() -> None:
    torch.manual_seed(0)
    model, x, mask = Masked().eval(), torch.randn(1, 3), torch.tensor([[True, False]])
    quantized = pumice.quantize(model, [(x, mask)])
    found = pumice.compile(quantized, (x, mask)).run(x, mask).outputs
    assert found[0, 0] == -9
    torch.testing.assert_close(found, model(x, mask), atol=0.02, rtol=0)
    # Without one, and with a label that forward does not take.
    torch.testing.assert_close(pumice.quantize(model, [x])(x), model(x), atol=0.02, rtol=0)
    plain = nn.Sequential(nn.Linear(3, 2)).eval()
    assert pumice.quantize(plain, [(x, torch.tensor([1]))])(x).shape == (1, 2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_calibration_that_is_not_finite(bad) -> None:
    model, x = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)).eval(), torch.randn(4, 3)
    wrong = x.clone()
    wrong[1, 2] = bad
    words = "calibration input 1: expected finite numbers, got NaN or infinity in input 'input_1'"
    with pytest.raises(FrontendError, match=words):
        pumice.quantize(model, [x, wrong])
    pumice.quantize(model, [x])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("name", "words"), [("weight", "'_2_weight'"), ("bias", "parameter '2.bias'")]
)
def test_parameters_that_are_not_finite(bad: float, name: str, words: str) -> None:
    model, x = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)).eval(), torch.randn(4, 3)
    with torch.no_grad():
        getattr(model[2], name).view(-1)[1] = bad
    with pytest.raises(FrontendError, match=f"got NaN or infinity in {words}"):
        pumice.quantize(model, [x])


def test_inputs_that_do_not_fit() -> None:
    model, x = Masked().eval(), torch.randn(2, 3)
    words = "the inputs do not fit forward of Masked: missing a required argument: 'x'"
    with pytest.raises(FrontendError, match=words):
        pumice.quantize(model, [{"z": x}])
    with pytest.raises(FrontendError, match=words):
        pumice.compile(model, {"z": x})
    words = "calibration input 1: expected tensors that are not empty, got an empty one"
    with pytest.raises(FrontendError, match=words):
        pumice.quantize(model, [x, x[:0]])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_models_of_other_precisions(dtype) -> None:
    """They run in their precision, and are quantized as in float32."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
            self.last = nn.Linear(4, 3)

        def forward(self, x):
            x = torch.relu(self.norm(self.layer(x)))
            return self.last(x.mean((2, 3))).softmax(-1)

    torch.manual_seed(0)
    model, x = Net().eval(), torch.randn(2, 2, 5, 5)
    expected = model(x)
    model, x = model.to(dtype), x.to(dtype)
    plain = pumice.compile(model, x, quantize=False).run(x)
    assert plain.outputs.dtype == dtype
    close = {torch.float64: 1e-6, torch.float16: 4e-3, torch.bfloat16: 2e-2}[dtype]
    torch.testing.assert_close(plain.outputs, model(x), atol=close, rtol=0)
    result = pumice.compile(model, x, device="isaac").run(x)
    assert result.outputs.dtype == dtype
    torch.testing.assert_close(result.outputs.float(), expected, atol=0.03, rtol=0)
    on_arrays = {layer.name for layer in result.report.layers if layer.conversions}
    assert on_arrays == {"layer", "last"}
    assert model.layer.weight.dtype == dtype


def test_calibration_that_makes_nan_inside() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 1, batch_first=True)

        def forward(self, x, mask):
            return self.attention(x, x, x, key_padding_mask=mask)[0]

    batch = (torch.randn(1, 2, 4), torch.tensor([[True, True]]))
    words = "got NaN or infinity in 'softmax' of module 'attention'"
    with pytest.raises(FrontendError, match=words):
        pumice.quantize(Attention().eval(), [batch])


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_loops_of_cells_run_on_arrays(cell) -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.last = cell(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            state = None
            for step in range(x.shape[1]):
                state = self.cell(x[:, step], state)
            return self.last(state[0] if isinstance(state, tuple) else state)

    torch.manual_seed(0)
    model, x = Loop().eval(), torch.randn(2, 3, 3)
    quantized = pumice.quantize(model, [x])
    result = pumice.compile(quantized, x, device="isaac").run(x)
    torch.testing.assert_close(result.outputs, model(x), atol=0.05, rtol=0)
    on_arrays = {layer.name for layer in result.report.layers if layer.conversions}
    assert on_arrays == {"cell", "last"}


@pytest.mark.parametrize("channels", [2, 3, 4, 6])
@pytest.mark.parametrize("layer", [nn.ConvTranspose1d, nn.ConvTranspose2d])
@pytest.mark.parametrize("quantize", [True, False])
def test_depthwise_transposed_convolutions(channels, layer, quantize) -> None:
    torch.manual_seed(channels)
    model = layer(channels, channels, 3, stride=2, padding=1, groups=channels).eval()
    x = torch.randn(2, channels, 5, *([4] if layer is nn.ConvTranspose2d else []))
    program = pumice.compile(model, x, device="isaac", quantize=quantize)
    result = program.run(x)
    tolerance = 0.02 if quantize else 1e-5
    torch.testing.assert_close(result.outputs, model(x), atol=tolerance, rtol=0)
    assert any(layer.conversions for layer in result.report.layers) == quantize


def test_comparing_grouped_layers_and_scalars() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return self.layer(x).mean()

    torch.manual_seed(0)
    layers = [nn.ConvTranspose1d(2, 4, 2, groups=2), nn.ConvTranspose2d(4, 4, 2, groups=4), Mean()]
    inputs = [torch.randn(1, 2, 3), torch.randn(1, 4, 3, 3), torch.randn(1, 3)]
    for layer, x in zip(layers, inputs, strict=True):
        comparison = pumice.compile(layer.eval(), x, calibration=[x]).compare(x)
        assert comparison.tensors
        assert comparison.first is None
