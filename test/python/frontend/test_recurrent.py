# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent layers and products with constant matrices are layers on arrays when quantized."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import oracle

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import Tensor, nn  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend import quantize  # noqa: E402
from pumice.frontend.decompositions.before_quantization import decompose_ops  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*_flat_weights.*:UserWarning")

STEPS = 3


def taken_apart(model: nn.Module, args: Any, free_batch: bool = False) -> Any:
    shapes = tuple({0: torch.export.Dim.AUTO} for _ in args) if free_batch else None
    exported = torch.export.export(model.eval(), args, dynamic_shapes=shapes)
    return decompose_ops(exported.module(check_guards=False))


def targets(module: Any) -> list[str]:
    return [str(node.target) for node in module.graph.nodes if node.op == "call_function"]


FORMS: dict[str, tuple[type[nn.RNNBase], dict[str, Any]]] = {
    f"{kind.__name__} {options}": (kind, options)
    for kind, options in [
        *itertools.product(
            (nn.LSTM, nn.GRU, nn.RNN),
            ({}, {"bias": False}, {"num_layers": 2, "bidirectional": True, "dropout": 0.5}),
        ),
        (nn.RNN, {"nonlinearity": "relu"}),
        (nn.LSTM, {"proj_size": 3, "bidirectional": True}),
        (nn.LSTM, {"proj_size": 3, "bias": False}),
    ]
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("given", ["batch first", "steps first"])
def test_forms(name: str, given: str) -> None:
    """Outputs and last states are torch's own; the matrices are parameters of linear layers."""
    kind, options = FORMS[name]
    torch.manual_seed(0)
    model = kind(4, 5, batch_first=given == "batch first", **options)
    x = torch.randn(2, STEPS, 4)
    steps = 2 if given == "steps first" else STEPS
    found = taken_apart(model, (x,), free_batch=given == "batch first")
    matrices = [parameter for parameter in model.parameters() if parameter.dim() == 2]
    assert "aten.linear.default" in targets(found)
    assert not any(word in target for target in targets(found) for word in ("lstm", "gru", "rnn"))
    weights = {n.args[1] for n in found.graph.nodes if n.target is torch.ops.aten.linear.default}
    assert all(weight.op == "get_attr" for weight in weights)
    assert len(weights) == len(matrices)
    per_cell = 1 + steps * (2 if "proj_size" in options else 1)
    cells = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    assert targets(found).count("aten.linear.default") == cells * per_cell
    expected = tree_leaves(model(x))
    for ours, theirs in zip(tree_leaves(found(x)), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_one_sequence(kind: type[nn.RNNBase]) -> None:
    torch.manual_seed(0)
    model, x = kind(4, 5), torch.randn(STEPS, 4)
    found = taken_apart(model, (x,))
    assert targets(found).count("aten.linear.default") == 1 + STEPS
    for ours, theirs in zip(tree_leaves(found(x)), tree_leaves(model(x)), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


class Continued(nn.Module):
    """Starts from given states."""

    def __init__(self, kind: type[nn.RNNBase], **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rnn = kind(4, 5, **options)

    def forward(self, x: Tensor, *states: Tensor) -> Any:
        return self.rnn(x, states if isinstance(self.rnn, nn.LSTM) else states[0])


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_given_states(kind: type[nn.RNNBase]) -> None:
    model = Continued(kind, num_layers=2, bidirectional=True)
    args = tuple(torch.randn(s) for s in [(3, 2, 4)] + [(4, 2, 5)] * (1 + (kind is nn.LSTM)))
    found = taken_apart(model, args)
    for ours, theirs in zip(tree_leaves(found(*args)), tree_leaves(model(*args)), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_places_are_kept() -> None:
    found = taken_apart(Labels(nn.GRU), (torch.randn(2, STEPS, 4),))
    linear = [n for n in found.graph.nodes if n.target is torch.ops.aten.linear.default]
    assert ["rnn" in str(n.meta["nn_module_stack"]) for n in linear] == [True] * 4 + [False]


class Multiplied(nn.Module):
    """Products with constant matrices, as models write them."""

    def __init__(self, form: str, twice: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.form, self.twice = form, twice
        shape = (7, 6) if form in ("T", "transpose", "addmm t") else (6, 7)
        self.weight, self.bias = nn.Parameter(torch.randn(shape)), nn.Parameter(torch.randn(7))
        self.head = nn.Linear(7, 6)

    def once(self, x: Tensor) -> Tensor:
        weight, bias = self.weight, self.bias
        return {
            "addmm": lambda: torch.addmm(bias, x, weight),
            "addmm t": lambda: torch.addmm(bias, x, weight.t()),
            "addmm scaled": lambda: torch.addmm(bias, x, weight, beta=0.5, alpha=2),
            "addmm computed": lambda: torch.addmm(x[:, :1].relu(), x, weight),
            "mm": lambda: torch.mm(x, weight),
            "matmul": lambda: x[:, None] @ weight,
            "T": lambda: x @ weight.T,
            "transpose": lambda: x @ weight.transpose(-1, 0),
        }[self.form]()

    def forward(self, x: Tensor) -> Tensor:
        y = self.head(self.once(x).relu())
        return self.once(y.flatten(1).relu()) if self.twice else y


PRODUCTS = ["addmm", "addmm t", "addmm scaled", "addmm computed", "mm", "matmul", "T", "transpose"]


@pytest.mark.parametrize("form", PRODUCTS)
def test_products_with_constant_matrices(form: str) -> None:
    model, x = Multiplied(form, twice=True), torch.randn(2, 6)
    found = taken_apart(model, (x,))
    assert targets(found).count("aten.linear.default") == 3
    assert not any(f"aten.{op}" in t for t in targets(found) for op in ("addmm", "mm", "matmul"))
    linear = [n for n in found.graph.nodes if n.target is torch.ops.aten.linear.default]
    assert len({n.args[1].target for n in linear}) == 2  # used twice, held once
    torch.testing.assert_close(found(x), model(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("write", [lambda x, w: x @ (w * 2), lambda x, w: x @ w[0]])
def test_other_products_stay(write: Any) -> None:
    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(6, 6))

        def forward(self, x: Tensor) -> Tensor:
            return write(x, self.weight)

    found = taken_apart(Other(), (torch.randn(6, 6),))
    assert any("matmul" in target for target in targets(found))
    assert "aten.linear.default" not in targets(found)


class Labels(nn.Module):
    """A linear layer on the last state of a recurrent net."""

    def __init__(self, kind: type[nn.RNNBase], **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rnn = kind(4, 5, **{"batch_first": True, **options})
        width = (options.get("proj_size") or 5) * (2 if options.get("bidirectional") else 1)
        self.head = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        outputs = self.rnn(x)[0]
        return self.head(outputs[:, -1] if self.rnn.batch_first else outputs[-1])


def exact(model: nn.Module, x: Tensor) -> Any:
    """Quantizes, runs on `ideal` and compares the outputs with the oracle's, bit for bit."""
    converted = quantize(model.eval(), [torch.randn_like(x) for _ in range(4)])
    program = pumice.compile(converted, (x,))
    expected = oracle.run_oracle(converted, (x,)).outputs[0]
    np.testing.assert_array_equal(program.run(x).outputs.numpy(), expected)
    return program


ON_ARRAYS: dict[str, tuple[type[nn.RNNBase], dict[str, Any], int]] = {
    "LSTM": (nn.LSTM, {}, 1),
    "GRU": (nn.GRU, {}, 1),
    "RNN": (nn.RNN, {"bias": False, "nonlinearity": "relu"}, 1),
    "tanh": (nn.RNN, {}, 1),
    "deep": (nn.RNN, {"num_layers": 2, "bidirectional": True}, 4),
    "projected": (nn.LSTM, {"proj_size": 3}, 1),
    "steps first": (nn.LSTM, {"batch_first": False}, 1),
}


@pytest.mark.parametrize("name", ON_ARRAYS)
def test_on_arrays(name: str) -> None:
    """Every matrix is programmed once, whatever the number of steps.

    The product with the first state, zeros, is none: it is known when compiling.
    """
    kind, options, cells = ON_ARRAYS[name]
    model, x = Labels(kind, **options), torch.randn(2, STEPS, 4)
    steps = x.shape[1 if model.rnn.batch_first else 0]
    program = exact(model, x)
    text = str(program.ir("crossbar"))
    projected = "proj_size" in options
    assert text.count("crossbar.program ") == cells * (2 + projected) + 1
    assert text.count("crossbar.mvm ") == cells * steps * (1 + projected) + 1


def test_sums_are_pytorchs() -> None:
    """From a given state there is a product per step; each is the emulation's, exactly."""
    model, args = Continued(nn.GRU).eval(), (torch.randn(STEPS, 2, 4), torch.randn(1, 2, 5))
    program = pumice.compile(model, args)
    assert str(program.ir("crossbar")).count("crossbar.program ") == 2
    assert str(program.ir("crossbar")).count("crossbar.mvm ") == 1 + STEPS
    found = program.compare(*args)
    sums = [tensor for tensor in found.tensors if tensor.kind == "sums"]
    assert len(sums) == 1 + STEPS
    assert all(tensor.own.equal == 1 and tensor.own.max_abs == 0 for tensor in sums)


@pytest.mark.parametrize("form", PRODUCTS)
def test_constant_matrices_are_on_arrays(form: str) -> None:
    model, x = Multiplied(form), torch.randn(2, 6)
    program = exact(model, x)
    assert str(program.ir("crossbar")).count("crossbar.mvm ") == 2


def test_random_dropout_is_refused_by_name() -> None:
    model = nn.GRU(4, 5, num_layers=2, dropout=0.5).train()
    exported = torch.export.export(model, (torch.randn(STEPS, 2, 4),))
    found = decompose_ops(exported.module(check_guards=False))
    assert "aten.gru.input" in targets(found)
