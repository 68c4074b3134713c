# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pumice.frontend.quantize: what PT2E makes of models under Pumice's quantizer."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

from pumice import demo, zoo  # noqa: E402
from pumice.frontend import (  # noqa: E402
    FrontendError,
    PumiceQuantizer,
    is_quantized,
    lower_to_text,
    quantize,
)

F = nn.functional
LAYERS = ("aten.conv2d.default", "aten.conv1d.default", "aten.linear.default")


def calls(graph_module, *names):
    return [
        node
        for node in graph_module.graph.nodes
        if node.op == "call_function" and any(name in str(node.target) for name in names)
    ]


def kind(node) -> str:
    return str(node.target)


def value_of(module, node):
    for part in node.target.split("."):
        module = getattr(module, part)
    return module


def assert_layer_is_integer(node) -> None:
    x, weight = node.args[:2]
    assert "dequantize_per_tensor" in kind(x), f"{node}: input {x}"
    assert "dequantize_per_channel" in kind(weight), f"{node}: weight {weight}"


def codes_after(node):
    """The quantize node that takes a layer's result, through float elementwise ops only."""
    while True:
        users = list(node.users)
        if len(users) != 1:
            return None
        node = users[0]
        if "quantize_per_tensor" in kind(node):
            return node
        if not any(name in kind(node) for name in ("relu", "add", "hardtanh")):
            return None


def test_resnet18_layers_take_and_make_codes() -> None:
    model = zoo.resnet18(classes=10)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    converted = quantize(model, [torch.randn(2, 3, 64, 64)])
    layers = calls(converted, *LAYERS)
    assert len(layers) == 21
    for layer in layers:
        assert_layer_is_integer(layer)
    head = layers[-1]
    assert [user.op for user in head.users] == ["output"]  # logits stay float
    assert all(codes_after(layer) is not None for layer in layers[:-1])
    # Residual additions are between codes, and no batch norm is left.
    additions = calls(converted, "aten.add")
    assert len(additions) == 8
    for addition in additions:
        assert all("dequantize" in kind(argument) for argument in addition.args)
        assert codes_after(addition) is not None
    assert not calls(converted, "batch_norm")
    # The float model is untouched.
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_weights_are_symmetric_per_channel() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 5))
    with torch.no_grad():
        model[0].weight[0] *= 1e-4  # a channel far below the others
    converted = quantize(model, [torch.randn(4, 3, 8, 8)])
    for layer, source in zip(calls(converted, *LAYERS), (model[0], model[3]), strict=True):
        dequantize = layer.args[1]
        codes, scale, zero = (value_of(converted, node) for node in dequantize.args[:3])
        assert codes.dtype is torch.int8
        assert codes.min() >= -127
        assert not zero.any()
        largest = source.weight.detach().flatten(1).abs().amax(1)
        assert torch.allclose(scale.float(), largest / 127)
        assert (codes.flatten(1).abs().amax(1) == 127).all()


def test_activations_are_uint8_per_tensor() -> None:
    converted = quantize(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 2, 1)), [torch.randn(4, 3, 8, 8)]
    )
    found = calls(converted, "quantized_decomposed.quantize_per_tensor")
    assert len(found) == 2
    assert all(node.args[3:] == (0, 255, torch.uint8) for node in found)


class Mixed(nn.Module):
    """Pooling, concatenation, a reshape and an activation between layers."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(2, 4, 1)
        self.c = nn.Conv2d(8, 4, 3, groups=2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y = torch.cat([F.relu6(self.a(x)), self.b(x)], 1)
        y = F.relu(self.c(F.max_pool2d(y, 2)))
        y = F.adaptive_avg_pool2d(y, 1).flatten(1)
        return self.fc(y), y


def test_codes_are_shared_where_values_are_only_moved() -> None:
    converted = quantize(Mixed(), [torch.randn(4, 2, 8, 8)])
    for layer in calls(converted, *LAYERS):
        assert_layer_is_integer(layer)

    def parameters(node):
        return node.args[1:3]

    (cat,) = calls(converted, "aten.cat")
    (after_cat,) = cat.users
    (pool,) = calls(converted, "aten.max_pool2d")
    (after_pool,) = pool.users
    inputs = {parameters(node) for node in cat.args[0]}
    assert inputs == {parameters(after_cat)} == {parameters(after_pool)}
    (flat,) = calls(converted, "aten.flatten")
    assert "dequantize" in kind(flat.args[0])
    assert parameters(flat.args[0]) == parameters(next(iter(flat.users)))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.out = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        scores = torch.softmax(self.q(x) @ self.k(x).transpose(1, 2), -1)
        return F.layer_norm(x + self.out(scores @ x), [8])


def test_factors_of_products_are_codes() -> None:
    converted = quantize(Attention(), [torch.randn(2, 4, 8)])
    products = calls(converted, "aten.matmul")
    assert len(products) == 2
    for product in products:
        for factor in product.args:
            assert "dequantize_per_tensor" in str(factor.target)
            assert factor.args[5] is torch.uint8
    softmax = calls(converted, "aten.softmax")[0]
    (codes,) = softmax.users
    scale, zero_point = codes.args[1:3]
    assert 0 < scale <= 1 / 255
    assert zero_point == 0


def test_what_only_float_ops_use_stays_float() -> None:
    quantizer = PumiceQuantizer(attention=False)
    converted = quantize(Attention(), [torch.randn(2, 4, 8)], quantizer=quantizer)
    layers = calls(converted, *LAYERS)
    assert len(layers) == 3
    for layer in layers:
        assert_layer_is_integer(layer)
    # The input, and the attention's result, are quantized to enter layers; nothing else is.
    assert len(calls(converted, "quantized_decomposed.quantize_per_tensor")) == 2


def test_computed_weights_stay_float() -> None:
    class Dynamic(nn.Module):
        def forward(self, x, w):
            return F.linear(x, w)

    converted = quantize(Dynamic(), [(torch.randn(2, 4), torch.randn(3, 4))])
    assert not is_quantized(converted)


class Uses(nn.Module):
    """A batch norm behind a result that others use too, and behind a layer that is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.line = nn.Linear(6, 6)
        self.norms = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(4), nn.BatchNorm1d(4)])
        for norm in self.norms:
            nn.init.uniform_(norm.weight, 1, 3)
            nn.init.normal_(norm.running_mean)

    def forward(self, x):
        x = self.first(x)
        x = x + self.second(F.relu(self.norms[0](x)))
        x = self.norms[1](self.second(x)).mean(2)
        return self.norms[2](self.line(x))


@pytest.mark.parametrize("groups", [1, 2])
def test_batch_norms_of_which_not_all_can_be_folded(groups) -> None:
    torch.manual_seed(0)
    up = nn.Sequential(nn.ConvTranspose2d(4, 4, 2, groups=groups), nn.BatchNorm2d(4))
    model = nn.Sequential(Uses(), nn.Unflatten(1, (4, 1)), up).eval()
    nn.init.uniform_(up[1].weight, 1, 3)
    x = torch.randn(8, 4, 6, 6)
    converted = quantize(model, [x])
    with torch.no_grad():
        expected = model(x)
        assert (converted(x) - expected).abs().max() < 0.03 * expected.abs().max()
    assert len(calls(converted, "batch_norm")) == 2 + groups


# ------------------------------------------------------------------------- calibration inputs


BATCHES = [torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(i)) for i in range(3)]


def scales(converted) -> list:
    found = calls(converted, "quantized_decomposed.quantize_per_tensor")
    return [node.args[1:3] for node in found]


@pytest.mark.parametrize(
    "inputs",
    [
        BATCHES,
        [(batch,) for batch in BATCHES],
        [[batch, torch.zeros(4)] for batch in BATCHES],
        ({"x": batch} for batch in BATCHES),
        torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.cat(BATCHES), torch.zeros(12)), batch_size=4
        ),
    ],
    ids=["tensors", "tuples", "with labels", "keywords", "loader"],
)
def test_forms_of_calibration_inputs(inputs) -> None:
    model = zoo.mnist_cnn()
    assert scales(quantize(model, inputs)) == scales(quantize(model, list(BATCHES)))


def test_one_tensor_is_one_batch() -> None:
    model = zoo.mnist_cnn()
    assert scales(quantize(model, BATCHES[0])) == scales(quantize(model, [BATCHES[0]]))


def test_last_batch_may_be_smaller_and_any_batch_runs() -> None:
    converted = quantize(zoo.mnist_cnn(), [torch.randn(4, 1, 28, 28), torch.randn(1, 1, 28, 28)])
    with torch.no_grad():
        for size in (1, 2, 7):
            assert converted(torch.zeros(size, 1, 28, 28)).shape == (size, 10)
    lowered = lower_to_text(converted, torch.zeros(1, 1, 28, 28))
    assert "-> tensor<1x10xf32>" in lowered.text


def test_first_batch_of_one() -> None:
    converted = quantize(zoo.mnist_cnn(), [torch.randn(1, 1, 28, 28)] * 2)
    assert converted(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


def test_model_that_needs_its_batch_size() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(x.reshape(2, 3, 4)) + torch.zeros(2, 3, 4)

    converted = quantize(Fixed(), [torch.randn(2, 12)])
    assert is_quantized(converted)
    with pytest.raises(FrontendError, match="calibration input 1 does not fit the model"):
        quantize(Fixed(), [torch.randn(2, 12), torch.randn(3, 12)])


def test_several_inputs() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(3, 4), nn.Linear(5, 4)

        def forward(self, x, y):
            return torch.relu(self.a(x) + self.b(y))

    pairs = [(torch.randn(2, 3), torch.randn(2, 5)) for _ in range(2)]
    assert len(calls(quantize(Two(), pairs), "aten.linear")) == 2
    assert scales(quantize(Two(), pairs[0])) == scales(quantize(Two(), pairs[:1]))


def test_observers() -> None:
    model, outlier = zoo.mnist_cnn(), [torch.cat([BATCHES[0], 50 * BATCHES[1][:1]])]
    histogram = scales(quantize(model, outlier, quantizer=PumiceQuantizer("histogram")))
    whole = scales(quantize(model, outlier))
    assert histogram[0][0] < whole[0][0]
    with pytest.raises(ValueError, match="expected an observer of"):
        PumiceQuantizer("best")


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        (3, BATCHES, "expected a torch.nn.Module, got int"),
        (zoo.mnist_cnn(), [], "expected at least one calibration input, got none"),
        (zoo.mnist_cnn(), 3, "expected an iterable of calibration inputs, got int"),
        (zoo.mnist_cnn(), [torch.zeros(2, 3, 28, 28)], "cannot export _MnistCNN"),
    ],
)
def test_wrong_calibration(model, inputs, message) -> None:
    with pytest.raises(FrontendError, match=message):
        quantize(model, inputs)


# ------------------------------------------------------------------------- recognition


def test_is_quantized() -> None:
    model = zoo.mnist_cnn()
    converted = quantize(model, BATCHES)
    program = torch.export.export(converted, (BATCHES[0],))
    assert is_quantized(converted)
    assert is_quantized(program)
    assert not is_quantized(model)
    assert not is_quantized(torch.export.export(model, (BATCHES[0],)))
    with pytest.raises(FrontendError, match="got one that is quantized already"):
        quantize(converted, BATCHES)


def test_users_own_quantizer() -> None:
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config())
    converted = quantize(zoo.mnist_cnn(), BATCHES, quantizer=quantizer)
    assert is_quantized(converted)
    assert "linalg.conv_2d_nchw_fchw" in lower_to_text(converted, BATCHES[0]).text


# ------------------------------------------------------------------------- accuracy


def test_demo_keeps_its_accuracy() -> None:
    images, labels = demo.load_digits()
    assert images.shape == (300, 28, 28)
    assert images.dtype == np.uint8
    assert np.bincount(labels, minlength=10).min() > 15
    x, y = torch.from_numpy(demo.preprocess(images)), torch.from_numpy(labels)
    model = demo.load_model()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert parameters < 40_000
    converted = quantize(model, x[:64])
    with torch.no_grad():
        exact = int((model(x).argmax(1) == y).sum())
        coded = int((converted(x).argmax(1) == y).sum())
    assert exact >= 290
    assert abs(exact - coded) <= 3
