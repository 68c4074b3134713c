# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets in PyTorch modules: the machine's values forwards, the original's gradients backwards."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pumice._mlir_libs._pumice")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import pumice  # noqa: E402
from pumice import neon  # noqa: E402
from pumice.neon.substitution import KINDS  # noqa: E402

X = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (6, 8))).float()

#: Calls, with the kind that they are.
CALLS = {
    "softmax": lambda x: torch.softmax(x, -1),
    "softmax method": lambda x: x.softmax(0),
    "softmax F": lambda x: F.softmax(x, dim=1, dtype=torch.float64).float(),
    "softmax module": nn.Softmax(-1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
    "layer_norm": lambda x: F.layer_norm(x, (8,), torch.arange(8.0), torch.ones(8)),
    "layer_norm module": nn.LayerNorm((6, 8)),
    "rms_norm": nn.RMSNorm(8),
    "group_norm": nn.GroupNorm(2, 8),
    "normalize": lambda x: F.normalize(x, dim=0),
    "gelu": F.gelu,
    "gelu tanh": nn.GELU("tanh"),
    "silu": F.silu,
    "mish": nn.Mish(),
    "softplus": nn.Softplus(),
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
    "tanh": nn.Tanh(),
    "exp": lambda x: torch.exp(x - 9),
    "log": lambda x: (x.abs() + 0.1).log(),
    "sqrt": lambda x: torch.sqrt(x.abs() + 0.1),
    "rsqrt": lambda x: torch.rsqrt(x.abs() + 0.1),
    "reciprocal": lambda x: torch.reciprocal(x.abs() + 0.1),
    "erf": torch.erf,
    "division": lambda x: x / (x.abs() + 0.1),
    "division number": lambda x: 2 / (x.abs() + 0.1),
    "softmax attention": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
}


def test_all_kinds_are_tested() -> None:
    assert {name.split()[0] for name in CALLS} == set(KINDS)


@pytest.mark.parametrize("name", CALLS)
def test_close_forwards_and_the_original_backwards(name: str) -> None:
    call, kind = CALLS[name], name.split()[0]
    x, original = X.clone().requires_grad_(), X.clone().requires_grad_()
    with neon.Substitution([kind]) as nets:
        y = call(x)
    right = call(original)
    assert nets.calls[kind] == 1
    assert torch.allclose(y, right, atol=2e-3, rtol=1e-3)
    assert not torch.equal(y, right)  # it is not the original
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    (y * weights).sum().backward()
    (right * weights).sum().backward()
    assert torch.allclose(x.grad, original.grad, atol=2e-3, rtol=1e-3)
    if name in ("softmax", "gelu", "silu", "erf", "tanh"):  # nothing else is in the graph
        assert torch.equal(x.grad, original.grad)


def test_forwards_are_the_bits_of_the_nets() -> None:
    with neon.Substitution() as nets:
        assert torch.equal(F.gelu(X), torch.from_numpy(neon.function("gelu")(X)).float())
        found = neon.compose("softmax", X.double())
        assert torch.equal(X.softmax(-1), torch.from_numpy(found).float())
        half = F.gelu(X.to(torch.float64))
    assert half.dtype == torch.float64
    assert nets.calls == {"gelu": 2, "softmax": 1}


def test_gradients_inside_of_the_context_are_the_same() -> None:
    x = X.clone().requires_grad_()
    with neon.Substitution() as nets:
        F.gelu(x).sum().backward()
        calls = dict(nets.calls)
    y = X.clone().requires_grad_()
    F.gelu(y).sum().backward()
    assert torch.equal(x.grad, y.grad)
    assert calls == {"gelu": 1}


def test_masks_are_exact_zeros() -> None:
    scores = X.masked_fill(torch.eye(6, 8).bool(), -math.inf)
    with neon.Substitution():
        shares = scores.softmax(-1)
    assert (shares.diagonal() == 0).all()
    assert torch.allclose(shares, scores.softmax(-1), atol=1e-4)


def test_what_is_not_in_the_library_stays() -> None:
    manhattan = X / X.abs().sum(1, keepdim=True)
    with neon.Substitution() as nets:
        assert torch.equal(F.elu(X, 2.0), F.elu(X, alpha=2.0))
        assert torch.equal(F.softplus(X, beta=2), nn.Softplus(beta=2)(X))
        assert torch.equal(F.normalize(X, p=1.0), manhattan)
        assert torch.equal(X / 3, torch.div(X, 3.0))
        torch.div(X, X.exp2(), rounding_mode="floor")
        torch.relu(X)
    assert sum(nets.calls.values()) == 0


def test_clamped_inputs_are_counted() -> None:
    with neon.Substitution(["exp"]) as nets:
        torch.exp(torch.tensor([1.0, -1.0, -13.0]))
    assert nets.clamped == {"exp": 2}


def test_bad_requests() -> None:
    with pytest.raises(pumice.PumiceError, match="expected a kind of softmax, .*, got 'relu'"):
        neon.Substitution(["relu"])
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    with pytest.raises(pumice.PumiceError, match="a model with a replaced function beside a layer"):
        neon.unfreeze_neighbours(model, neon.Substitution(), X)
    with (
        neon.Substitution(),
        pytest.raises(pumice.PumiceError, match="expected numbers, got NaN"),
    ):
        torch.softmax(X * math.nan, -1)


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 16), nn.ReLU(),
        nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 5), nn.LogSoftmax(-1),
    )  # fmt: skip


def test_neighbours_of_nets_are_trained_and_nothing_else() -> None:
    """As the paper: one layer before, one after; the loss through nets of 6 bits falls."""
    model = small_network()
    nets = neon.Substitution(["gelu", "log_softmax"], bits=6)
    assert neon.unfreeze_neighbours(model, nets, X) == ["2", "4", "8"]
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {f"{i}.{part}" for i in (2, 4, 8) for part in ("weight", "bias")}
    before = {name: p.clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=0.02)
    labels = torch.arange(6) % 5
    losses = []
    for _ in range(30):
        with nets:
            loss = F.nll_loss(model(X), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name]) == (name not in trained)


def test_a_transformer_layer() -> None:
    torch.manual_seed(0)
    model = nn.TransformerEncoderLayer(16, 2, 32, 0.0, F.gelu, batch_first=True)
    x = torch.randn(2, 5, 16)
    right = model(x)
    with neon.Substitution() as nets:
        y = model(x)
    assert torch.allclose(y, right, atol=2e-3)
    assert nets.calls == {"gelu": 1, "layer_norm": 2, "softmax": 1}


@pytest.mark.parametrize("evaluated", [False, True])
@pytest.mark.parametrize("need_weights", [False, True])
def test_attention_modules_are_taken_apart(evaluated: bool, need_weights: bool) -> None:
    """PyTorch hands nn.MultiheadAttention's function to a mode as one call."""
    torch.manual_seed(0)
    model = nn.MultiheadAttention(16, 2, batch_first=True).train(not evaluated)
    x = torch.randn(2, 5, 16)
    right, _ = model(x, x, x, need_weights=need_weights)
    with neon.Substitution(bits=8) as nets:
        y, shares = model(x, x, x, need_weights=need_weights)
        with torch.no_grad():
            model(x, x, x, need_weights=need_weights)
    assert nets.calls == {"softmax": 2}
    assert not torch.equal(y, right)
    assert torch.allclose(y, right, atol=0.02)
    assert (shares is not None) == need_weights
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    # Not wanted: PyTorch's own.
    with neon.Substitution(["gelu"]) as nets:
        assert torch.equal(model(x, x, x, need_weights=need_weights)[0], right)
    assert not nets.calls
