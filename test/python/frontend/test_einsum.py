# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""einsum, and products with a constant matrix on the left, become what PT2E can quantize."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend.decompositions.before_quantization import decompose_ops  # noqa: E402

SIZES = {"b": 2, "h": 3, "i": 4, "j": 5, "k": 6, "d": 7}


def values(labels: str, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn([SIZES[label] for label in labels], generator=generator).double()


class Einsum(nn.Module):
    """Of an input and a parameter, or of two inputs."""

    def __init__(self, equation: str, parameter: int | None = None) -> None:
        super().__init__()
        self.equation, self.place = equation, parameter
        self.names = equation.replace(" ", "").partition("->")[0].split(",")
        if parameter is not None:
            self.matrix = nn.Parameter(values(self.names[parameter], seed=1))

    def inputs(self) -> tuple[Any, ...]:
        return tuple(values(n, i) for i, n in enumerate(self.names) if i != self.place)

    def forward(self, *inputs: Any) -> Any:
        operands = list(inputs)
        if self.place is not None:
            operands.insert(self.place, self.matrix)
        return torch.einsum(self.equation, *operands)


def taken_apart(model: nn.Module, inputs: tuple[Any, ...], free: bool = False) -> Any:
    shapes = (tuple({0: torch.export.Dim.AUTO} for _ in inputs),) if free else None
    exported = torch.export.export(model, inputs, dynamic_shapes=shapes)
    return decompose_ops(exported.module(check_guards=False))


def targets(model: Any) -> set[str]:
    return {str(node.target) for node in model.graph.nodes if node.op == "call_function"}


CASES = [
    ("bij,jk->bik", 1, "linear"),
    ("bij,kj->bik", 1, "linear"),
    ("kj,bij->bki", 0, "linear"),
    ("bid,hdk->bhik", 1, "linear"),
    ("bhik,hkd->bid", 1, "linear"),
    ("ij,jk->ki", 1, "linear"),
    ("bj,j->b", 1, "linear"),
    ("bid,bjd->bij", None, "matmul"),
    ("bhij,bjhd->bihd", None, "matmul"),
    ("bihd, bjhd -> bhij", None, "matmul"),
    ("bij,bij->b", None, "matmul"),
    ("bhi,hij->bhj", 1, "matmul"),  # a matrix for each h
    ("bi,jk,bj->bk", None, "einsum"),
    ("bii,ij->bj", None, "einsum"),
    ("bi,bj->bij", None, "einsum"),  # nothing is summed
    ("bij,bk->bk", None, "einsum"),
    ("...i,ij->...j", 1, "einsum"),
]


#: Those whose inputs all begin with a batch, which may be of any size.
FREE = [case for case in CASES if case[0] not in ("ij,jk->ki", "bii,ij->bj")]


@pytest.mark.parametrize(
    ("equation", "parameter", "becomes", "free"),
    [(*case, False) for case in CASES] + [(*case, True) for case in FREE],
)
def test_meaning_is_kept(equation: str, parameter: int | None, becomes: str, free: bool) -> None:
    if "." in equation:
        model, inputs = Einsum("bi,ij->bj", parameter), (values("bi"),)
        model.equation = equation
    elif "ii" in equation:
        model, inputs = Einsum("bij,ij->bj"), (values("bii"), values("ij"))
        model.equation = equation
    else:
        model = Einsum(equation, parameter)
        inputs = model.inputs()
    found = taken_apart(model, inputs, free)
    assert (f"aten.{becomes}.default" in targets(found)) is True
    assert ("aten.einsum.default" in targets(found)) is (becomes == "einsum")
    torch.testing.assert_close(found(*inputs), model(*inputs))


class Left(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(6, 5, generator=torch.Generator().manual_seed(2)))

    def forward(self, x: Any) -> Any:
        return self.matrix @ x


@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 3), (2, 4, 5, 3)])
def test_matrix_on_the_left(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    found = taken_apart(Left(), (x,))
    assert "aten.linear.default" in targets(found)
    torch.testing.assert_close(found(x), Left()(x))


def test_on_arrays() -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            generator = torch.Generator().manual_seed(4)
            self.into = nn.Parameter(torch.randn(3, 8, 2, 4, generator=generator))
            self.out = nn.Parameter(torch.randn(2, 4, 8, generator=generator))

        def forward(self, x: Any) -> Any:
            q, k, v = (torch.einsum("bid,dhk->bhik", x, matrix) for matrix in self.into)
            weights = torch.einsum("bhik,bhjk->bhij", q, k).softmax(-1)
            return torch.einsum(
                "bhik,hkd->bid", torch.einsum("bhij,bhjk->bhik", weights, v), self.out
            )

    x = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(5))
    result = pumice.compile(Attention(), x, device="ideal").run(x)
    layers = [layer for layer in result.report.layers if layer.arrays]
    assert len(layers) == 4
    wanted = Attention()(x)
    assert (result.outputs - wanted).norm() < 0.05 * wanted.norm()
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(6))
    result = pumice.compile(Left(), x, device="ideal").run(x)
    assert sum(layer.arrays > 0 for layer in result.report.layers) == 1
    assert (result.outputs - Left()(x)).norm() < 0.03 * Left()(x).norm()
