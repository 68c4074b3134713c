# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops that are taken apart before quantization keep their meaning, places and shapes."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from pumice.frontend.decompositions.before_quantization import decompose_ops  # noqa: E402


class Scaled(nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options

    def forward(self, q, k, v, mask=None):
        return F.scaled_dot_product_attention(q, k, v, mask, **self.options)


def taken_apart(module, args, free_batch=False):
    shapes = tuple({0: torch.export.Dim.AUTO} for _ in args) if free_batch else None
    exported = torch.export.export(module.eval(), args, dynamic_shapes=shapes)
    return decompose_ops(exported.module(check_guards=False))


def heads(*shapes):
    return tuple(torch.randn(shape) for shape in shapes)


def mask_of(kind):
    torch.manual_seed(1)
    if kind == "bool":
        mask = torch.rand(2, 1, 5, 7) > 0.5
        mask[0, 0, 3] = False  # a query that sees nothing gets zeros
        return mask
    mask = torch.randn(2, 4, 5, 7)
    mask[1, 2, 3] = float("-inf")
    mask[0, :, :, 2] = float("-inf")
    return mask


Q, KV = (2, 4, 5, 8), (2, 4, 7, 8)
CASES = {
    "plain": ({}, (Q, KV, KV), None),
    "scale": ({"scale": 0.3}, (Q, KV, KV), None),
    "causal": ({"is_causal": True}, (Q, KV, KV), None),
    "narrow values": ({}, (Q, KV, (2, 4, 7, 3)), None),
    "shared heads": ({"enable_gqa": True}, (Q, (2, 2, 7, 8), (2, 2, 7, 6)), None),
    "no heads": ({}, ((3, 5, 8), (3, 7, 8), (3, 7, 8)), None),
    "bool mask": ({}, (Q, KV, KV), "bool"),
    "float mask": ({}, (Q, KV, KV), "float"),
}


@pytest.mark.parametrize("free_batch", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_attention(name, free_batch) -> None:
    options, shapes, mask = CASES[name]
    torch.manual_seed(0)
    args = heads(*shapes) + ((mask_of(mask),) if mask else ())
    found = taken_apart(Scaled(**options), args, free_batch)
    targets = [str(node.target) for node in found.graph.nodes if node.op == "call_function"]
    assert targets.count("aten.matmul.default") == 2
    assert not any("scaled_dot_product" in target for target in targets)
    expected = Scaled(**options)(*args)
    assert not expected.isnan().any()
    torch.testing.assert_close(found(*args), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("beta", [0, 1, 0.5])
@pytest.mark.parametrize("alpha", [1, 2.5])
def test_added_product(beta, alpha) -> None:
    class Added(nn.Module):
        def forward(self, x, a, b):
            return torch.baddbmm(x, a, b, beta=beta, alpha=alpha)

    args = heads((2, 3, 5), (2, 3, 4), (2, 4, 5))
    if beta == 0:
        args[0].fill_(float("nan"))
    found = taken_apart(Added(), args)
    assert any("bmm" in str(node.target) for node in found.graph.nodes)
    assert not any("baddbmm" in str(node.target) for node in found.graph.nodes)
    torch.testing.assert_close(found(*args), Added()(*args))


def test_places_are_kept() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Scaled()

        def forward(self, q):
            return self.inner(q, q, q)

    found = taken_apart(Net(), heads(Q))
    made = [node for node in found.graph.nodes if node.op == "call_function"]
    for node in made:
        assert "inner" in str(node.meta["nn_module_stack"])
        assert "test_decompositions.py" in node.meta["stack_trace"]
        assert node.meta["val"].shape[0] == 2
    assert made[-1].meta["val"].shape == Q


def test_dropout_stays() -> None:
    """Random numbers are refused later, under the name of the op that draws them."""
    found = taken_apart(Scaled(dropout_p=0.5), heads(Q, KV, KV))
    assert any("scaled_dot_product" in str(node.target) for node in found.graph.nodes)
