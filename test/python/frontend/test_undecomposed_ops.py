# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ops without a linalg form of torch-mlir's, on the machine against PyTorch, by value."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

import pumice  # noqa: E402
from modules import Call  # noqa: E402
from pumice.frontend.decompositions.undecomposed_ops import MOST_COMPARED  # noqa: E402

NAN, INF = float("nan"), float("inf")


def both(function, *inputs):
    """Results of the machine and of PyTorch, as lists."""
    program = pumice.compile(Call(function), inputs, device="ideal", quantize=False)
    found, wanted = program.run(*inputs).outputs, function(*inputs)
    if isinstance(wanted, torch.Tensor):
        found, wanted = [found], [wanted]
    return list(found), list(wanted)


def check(function, *inputs, exact: bool = True) -> None:
    """Integers and what is chosen, equal; sums of floats, if not `exact`, close."""
    for found, wanted in zip(*both(function, *inputs), strict=True):
        assert found.dtype == wanted.dtype
        close = wanted.is_floating_point() and not exact
        tolerance = {"rtol": 1e-5, "atol": 1e-6} if close else {"rtol": 0, "atol": 0}
        torch.testing.assert_close(found, wanted, equal_nan=True, **tolerance)


def values(*shape: int, seed: int = 0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def codes(*shape: int, high: int = 5):
    return torch.randint(-high, high, shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [1, 7, 8])
def test_cumsum(size) -> None:
    def sums(x, codes):
        floats = [x.cumsum(0), x.cumsum(-1), codes.cumsum(1, dtype=torch.float32)]
        return *floats, codes.cumsum(0), codes.cumsum(1), (codes > 0).cumsum(-1)

    check(sums, values(size, 2, size), codes(2, size), exact=False)


ODD = torch.tensor([[3.0, NAN, -INF, 2.0, 3.0, INF, 2.0, NAN], [0.0, -0.0, 1, 1, 1, -1, -1, 0]])


@pytest.mark.parametrize("descending", [False, True])
def test_sort(descending) -> None:
    def sorts(odd, codes, x):
        order = {"descending": descending, "stable": True}
        pairs = [torch.sort(odd, dim=dim, **order) for dim in (0, 1)]
        pairs += [torch.sort(codes, dim=dim, **order) for dim in (0, -1)]
        orders = [torch.argsort(codes, dim=1, **order), torch.sort(x, 1, descending).values]
        return *[part for pair in pairs for part in pair], *orders

    check(sorts, ODD, codes(6, 9), values(4, 5, 6))


@pytest.mark.parametrize("largest", [False, True])
def test_topk(largest) -> None:
    def first(x):
        return *x.topk(3, 1, largest), *x.topk(2, largest=largest), *x.topk(1, 0, largest)

    check(first, values(4, 7, 2))


@pytest.mark.parametrize("largest", [False, True])
def test_first_of_many(largest) -> None:
    """In blocks: ties, infinities and NaN as in a stable sort, also where blocks are filled up."""
    x = codes(2, MOST_COMPARED + 5, high=30).float()
    x[0, 7], x[0, 4000:4003], x[1, :] = NAN, INF, -INF if largest else NAN
    x[1, 11] = 3.0

    def first(x):
        values, order = torch.sort(x, dim=1, descending=largest, stable=True)
        return values[:, :9], order[:, :9], order[:, 2], x.topk(3, 1, largest).values

    check(first, x)


def test_medians_and_modes() -> None:
    def found(odd, x, codes):
        median, mode = odd.median(1), codes.mode(1)
        kept = x.kthvalue(2, 0, keepdim=True)
        return *median, *mode, *kept, codes.mode(0, True).values, torch.dist(x, 2 * x, 1)

    check(found, ODD, values(4, 5), codes(6, 9, high=2))


def test_too_much_to_compare() -> None:
    x = torch.zeros(MOST_COMPARED + 1)
    with pytest.raises(
        pumice.PumiceError,
        match="'aten.sort.default'.*has no linalg form: it ranks 4097 of 4097 elements, expected"
        " at most the first 2048 of so many",
    ):
        both(lambda x: torch.sort(x).values, x)
    with pytest.raises(pumice.PumiceError, match="it ranks 2049 of 4097 elements"):
        both(lambda x: x.topk(2049).values, x)


def test_cdist() -> None:
    def distances(a, b):
        return tuple(torch.cdist(a, b, p) for p in (0.0, 1.0, 2.0, 3.0, INF))

    check(distances, values(2, 5, 3), values(2, 4, 3, seed=1), exact=False)


def test_scatter() -> None:
    index = torch.tensor([[3, 0, 2, 5], [1, 4, 0, 3]])

    def scatters(x, index, given):
        columns = x.t().scatter(0, index.t(), given.t())
        return x.scatter(1, index, given), x.scatter(-1, index, 0.5), columns

    check(scatters, values(2, 6), index, values(2, 4, seed=2))


@pytest.mark.parametrize("places", [[4], [3, 0, 2], [1, 1, 5, 1]])
def test_index_copy(places) -> None:
    """Along the middle, also counted from the end; the last one of several wins."""
    count = len(places)

    def copies(x, index, given):
        return x.index_copy(1, index, given), x.mT.index_copy(-1, index, given.mT)

    check(copies, values(2, 6, 3), torch.tensor(places), values(2, count, 3, seed=2))


def test_scatter_add() -> None:
    index = torch.tensor([[3, 3, 3, 5], [1, 0, 0, 1]])

    def sums(x, codes, index, given, more):
        return x.scatter_add(1, index, given), codes.scatter_add(1, index, more)

    check(sums, values(2, 6), codes(2, 6), index, values(2, 4), codes(2, 4), exact=False)


@pytest.mark.parametrize(
    ("kernel", "more"),
    [
        (2, {"stride": 2}),
        (3, {"padding": 1}),
        ((2, 3), {"stride": (2, 1), "dilation": (2, 1)}),
        (3, {"stride": 2, "padding": 1}),
    ],
)
def test_fold(kernel, more) -> None:
    columns = F.unfold(values(2, 3, 8, 9), kernel, **more)
    check(lambda x: F.fold(x, (8, 9), kernel, **more), columns, exact=False)
    check(lambda x: F.fold(x, (8, 9), kernel, **more), columns[0], exact=False)


def arrays_of(model, x) -> int:
    """Layers on arrays; the quantized model must compute what the float model does, nearly."""
    program = pumice.compile(model.eval(), x, device="ideal")
    result = program.run(x)
    wanted = model(x)
    assert (result.outputs - wanted).norm() < 0.03 * wanted.norm()
    return sum(layer.arrays > 0 for layer in result.report.layers)


def test_rows_that_are_not_contiguous_meet_one_matrix() -> None:
    class Columns(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(6, 8), nn.Linear(8, 5, bias=False)

        def forward(self, x):
            return self.second(self.first(x.transpose(1, 2)).transpose(0, 1))

    torch.manual_seed(0)
    assert arrays_of(Columns(), values(2, 6, 7)) == 2


def test_weights_of_weight_norm_are_weights() -> None:
    norm = nn.utils.parametrizations.weight_norm
    torch.manual_seed(0)
    model = nn.Sequential(norm(nn.Conv1d(4, 8, 3)), nn.ReLU(), norm(nn.Conv1d(8, 4, 3)))
    assert arrays_of(model, values(2, 4, 20)) == 2


def test_spectral_norm_and_shared_scales() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix, self.scale = nn.Parameter(values(6, 5)), nn.Parameter(values(6, 1))

        def forward(self, x):
            return F.linear(x, self.matrix * self.scale) + F.linear(x, self.scale * self.matrix)

    torch.manual_seed(0)
    spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(8, 5))
    assert arrays_of(nn.Sequential(spectral, Scaled()), values(3, 8)) == 3
