# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nonlinear functions in training: the values of the program's nets, the functions' gradients."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import pumice  # noqa: E402
from pumice import PumiceError  # noqa: E402
from pumice.training.functions import _COMPOSED, function_modules  # noqa: E402

FLOAT: dict[str, Any] = {"mode": "float"}

#: Functions, and the kinds of nets that compute each.
CALLS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "softmax": (lambda x: torch.softmax(x, -1), ("exp", "reciprocal")),
    "softmax of columns": (lambda x: F.softmax(x, dim=1), ("exp", "reciprocal")),
    "masked softmax": (
        lambda x: x.masked_fill(torch.eye(6, 8, dtype=torch.bool), float("-inf")).softmax(-1),
        ("exp", "reciprocal"),
    ),
    "log_softmax": (lambda x: F.log_softmax(x, -1), ("exp", "log")),
    "layer_norm": (nn.LayerNorm((6, 8)), ("rsqrt",)),
    "rms_norm": (nn.RMSNorm(8), ("rsqrt",)),
    "group_norm": (nn.GroupNorm(2, 6), ("rsqrt",)),
    "normalize": (lambda x: F.normalize(x, dim=2), ("power", "reciprocal", "sqrt")),
    "norm": (lambda x: torch.linalg.vector_norm(x, dim=-1), ("sqrt",)),
    "gelu": (F.gelu, ("gelu",)),
    "gelu_tanh": (nn.GELU("tanh"), ("gelu_tanh",)),
    "silu": (F.silu, ("silu",)),
    "mish": (F.mish, ("mish",)),
    "softplus": (F.softplus, ("softplus",)),
    "elu": (F.elu, ("elu",)),
    "exp": (lambda x: torch.exp(x - 9), ("exp",)),
    "log": (lambda x: torch.log(x.abs() + 0.1), ("log",)),
    "sqrt": (lambda x: torch.sqrt(x.abs() + 0.1), ("sqrt",)),
    "rsqrt": (lambda x: torch.rsqrt(x.abs() + 0.1), ("rsqrt",)),
    "reciprocal": (lambda x: torch.reciprocal(x.abs() + 0.1), ("reciprocal",)),
    "erf": (torch.erf, ("erf",)),
    "division": (lambda x: x / (x.abs() + 0.1), ("reciprocal",)),
    # Of the digital unit, with any method.
    "sigmoid": (torch.sigmoid, ()),
    "tanh": (torch.tanh, ()),
    "division by a number": (lambda x: x / 3, ()),
}


X = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (len(CALLS), 4, 6, 8))).float()


class All(nn.Module):
    """The results of all functions, and that of a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = [call for call, _ in CALLS.values()]
        self.modules_of_calls = nn.ModuleList(c for c in self.calls if isinstance(c, nn.Module))
        self.layer = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """x: an input for each, or functions of the same input would share their parts."""
        return [*(call(x[i]) for i, call in enumerate(self.calls)), self.layer(x[-1])]


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(0)
    model = All().eval()
    for name in ("layer_norm", "rms_norm", "group_norm"):
        nn.init.uniform_(CALLS[name][0].weight, 0.5, 2)
    net = pumice.hardware_aware(model, "neon", [X], nonlinear="neon", options=FLOAT)
    return net, model


def test_values_are_those_of_the_program_bit_for_bit(network: Any) -> None:
    net, model = network
    assert net.layers == {"layer": "float"}
    found = net.train()(X)
    program = net.program().run(X).outputs
    exact = model(X)
    for i, (name, (_, kinds)) in enumerate(CALLS.items()):
        if kinds:
            assert torch.equal(found[i], program[i]), name
            assert not torch.equal(found[i], exact[i]), name
        assert torch.allclose(found[i], exact[i], atol=2e-3, rtol=1e-3), name


def test_gradients_are_those_of_the_functions(network: Any) -> None:
    net, model = network
    x, original = X.clone().requires_grad_(), X.clone().requires_grad_()
    found, exact = net.train()(x), model(original)
    for i, name in enumerate(CALLS):
        weights = torch.linspace(-1, 1, exact[i].numel()).view(exact[i].shape)
        for inputs, results in ((x, found), (original, exact)):
            inputs.grad = None
            (results[i] * weights).sum().backward(retain_graph=True)
        assert torch.allclose(x.grad, original.grad, atol=2e-3, rtol=2e-3), name
        if name in ("gelu", "silu", "erf", "softmax", "layer_norm"):  # nothing else is before them
            assert torch.equal(x.grad[i], original.grad[i]), name


def test_functions_are_listed_with_their_nets(network: Any) -> None:
    found = sorted(tuple(sorted(kinds)) for kinds in network[0].functions.values())
    # The norm of a normalization and its division are two functions of the graph.
    wanted = [kinds for name, (_, kinds) in CALLS.items() if kinds and name != "normalize"]
    assert found == sorted([*wanted, ("power", "sqrt"), ("reciprocal",)])
    ops = {function.op for function in function_modules(network[0].graph_module).values()}
    assert set(_COMPOSED) <= ops


class Encoder(nn.Module):
    """An encoder layer, attention included, with a head and a squash."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, 0.0, F.gelu, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.head(self.layer(x))
        squared = (y * y).sum(-1, keepdim=True)
        return y * (torch.sqrt(squared) / (1 + squared))


def encoder(**options: Any) -> tuple[Any, nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    model, x = Encoder().eval(), torch.randn(3, 5, 16)
    return pumice.hardware_aware(model, "neon", [x], **options), model, x


def test_layers_and_functions_at_once_are_the_program_bit_for_bit() -> None:
    net, _, x = encoder(nonlinear="neon")
    assert net.layers == {
        "layer.self_attn": "arrays", "layer.linear1": "arrays", "layer.linear2": "arrays",
        "head": "arrays",
    }  # fmt: skip
    assert {name.split(".")[-1] for name in net.functions} >= {"gelu", "layer_norm", "sqrt", "div"}
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-2)
    for _ in range(2):
        loss = net(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    trained = net(x).detach()
    with torch.no_grad():
        exact = net.eval()(x)
    for program in (pumice.compile(net, nonlinear="neon"), pumice.compile(net)):
        result = program.run(x)
        assert torch.equal(result.outputs, exact)
        assert {use.kind for use in result.report.functions} >= {"exp", "gelu", "rsqrt"}
    # Another method is another program, and arguments count before what the network keeps.
    digital = pumice.compile(net, nonlinear="digital").run(x)
    assert not digital.report.functions
    assert not torch.equal(digital.outputs, exact)
    assert (trained - exact).abs().max() < 0.05 * exact.abs().max()
    net.evaluation = "quantized"
    with torch.no_grad():
        assert (net(x) - exact).abs().max() < 0.05 * exact.abs().max()


def test_tables_methods_by_kind_and_copies() -> None:
    net, _, x = encoder(
        nonlinear={"gelu": "lut", "softmax": "neon", "*": "digital"},
        compile_options={"net_bits": 6, "net_copies": 4},
        options=FLOAT,
    )
    kinds = sorted(kind for found in net.functions.values() for kind in found)
    assert kinds == ["exp", "gelu", "reciprocal"]
    twin = copy.deepcopy(net)
    assert torch.equal(net(x), twin(x))
    table = next(
        f.nets["gelu"] for f in function_modules(net.graph_module).values() if "gelu" in f.nets
    )
    read = pickle.loads(pickle.dumps(table))
    assert torch.equal(read(x), table(x))
    assert len(table(torch.linspace(-0.3, 0.3, 10000)).unique()) <= 64
    assert table(x.double()).dtype == torch.float64


def test_without_nets_nothing_is_replaced() -> None:
    net, model, x = encoder(options=FLOAT)
    assert net.functions == {}
    assert torch.allclose(net(x), model(x), atol=1e-5)
    with pytest.raises(PumiceError, match="a layer beside a nonlinear function that nets compute"):
        net.unfreeze_neighbours()


def test_neighbours_of_nets_are_trained_and_nothing_else() -> None:
    """As the paper: one layer before, one after; the loss through nets of 6 bits falls."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 16), nn.ReLU(),
        nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 5), nn.LogSoftmax(-1),
    )  # fmt: skip
    x, labels = X[0, 0], torch.arange(6) % 5
    net = pumice.hardware_aware(
        model, "neon", [x], nonlinear="neon", options=FLOAT, compile_options={"net_bits": 6}
    )
    assert net.unfreeze_neighbours() == ["2", "4", "8"]
    trained = {name for name, p in net.named_parameters() if p.requires_grad}
    assert {name.removeprefix("graph_module.") for name in trained} == {
        f"{i}.{part}" for i in (2, 4, 8) for part in ("weight", "bias")
    }
    before = {name: p.clone() for name, p in net.named_parameters()}
    optimizer = torch.optim.Adam((p for p in net.parameters() if p.requires_grad), lr=0.02)
    losses = []
    for _ in range(30):
        loss = F.nll_loss(net(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    for name, p in net.named_parameters():
        assert torch.equal(p, before[name]) == (name not in trained)


def test_nets_of_a_program_refuse_bad_calls() -> None:
    from pumice import ir
    from pumice._mlir_libs import _pumice

    module = ir.Module.parse("module {}", ir.Context())
    with pytest.raises(ValueError, match="expected a net or table of the program, got 'other'"):
        _pumice.Function(module, "other")
    net, _, _ = encoder(nonlinear={"gelu": "neon"}, options=FLOAT)
    (function,) = [f for f in function_modules(net.graph_module).values() if f.nets]
    x = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="expected a result for each number"):
        function.nets["gelu"]._function.apply(x, np.zeros(2, np.float32), 1)
