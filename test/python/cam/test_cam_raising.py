# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nearest neighbours and associative memories in PyTorch as searches: equal index by index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import pumice  # noqa: E402

Form = Callable[[Any, Any, Any], Any]


class Memory(torch.nn.Module):
    """Entries as a buffer, and a mask of those that count."""

    def __init__(self, entries: Any, form: Form, mask: Any = None) -> None:
        super().__init__()
        self.register_buffer("entries", entries)
        self.register_buffer("mask", mask if mask is not None else torch.ones(()))
        self.form = form

    def forward(self, x: Any) -> Any:
        return self.form(x, self.entries, self.mask)


def sign(x: Any) -> Any:
    """-1 or 1, as hyperdimensional vectors have them."""
    return torch.where(x >= 0, 1.0, -1.0)


def bipolar(rows: int, bits: int, seed: int = 0) -> Any:
    """Rows of -1 and 1, half of them repeated: ties."""
    generator = torch.Generator().manual_seed(seed)
    rows_ = torch.randint(0, 2, (rows, bits), generator=generator).float() * 2 - 1
    rows_[rows // 2 :] = rows_[: rows - rows // 2].clone()
    return rows_


def ternary(rows: int, bits: int) -> Any:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(-1, 2, (rows, bits), generator=generator).float()


def queries(count: int, bits: int) -> Any:
    return torch.randn(count, bits, generator=torch.Generator().manual_seed(2))


def checked(
    model: Any, x: Any, kind: str | None, *, device: Any = "cam-fefet", options: Any = None
) -> Any:
    """Compiles, compares with PyTorch index by index, and looks for the search."""
    model = model.eval()
    program = pumice.compile(model, x, device=device, quantize=False, options=options)
    text = " ".join(str(program.ir("crossbar")).split())
    if kind is None:
        assert "ap.cam_search" not in text
    else:
        assert text.count("ap.cam_search") == 1
        assert f"for {kind}" in text
    found = program.run(x).outputs
    with torch.no_grad():
        wanted = model(x)
    for a, b in zip(
        found if isinstance(found, (tuple, list)) else [found],
        wanted if isinstance(wanted, (tuple, list)) else [wanted],
        strict=True,
    ):
        assert a.dtype == b.dtype
        assert torch.equal(a, b), (a, b)
    return program


def stable(x: Any, count: int, largest: bool) -> Any:
    """The stable ranking, of which topk is one choice."""
    return torch.sort(x, dim=-1, descending=largest, stable=True).indices[..., :count]


BEST: dict[str, Form] = {
    "cdist p=1": lambda x, e, m: torch.cdist(sign(x), e, p=1).argmin(1),
    "cdist p=2": lambda x, e, m: torch.cdist(sign(x), e).argmin(-1),
    "cdist p=0": lambda x, e, m: torch.cdist(sign(x), e, p=0).argmin(1),
    "cdist of torch.sign": lambda x, e, m: torch.cdist(torch.sign(x), e, p=1).argmin(1),
    "minimum and index": lambda x, e, m: torch.cdist(sign(x), e, p=1).min(1),
    "not equal": lambda x, e, m: ((x > 0)[:, None] != (e > 0)[None]).sum(-1).argmin(-1),
    "dot product": lambda x, e, m: (sign(x) @ e.T).argmax(1),
    "dot product, value too": lambda x, e, m: (sign(x) @ e.T).max(1),
    "linear": lambda x, e, m: torch.nn.functional.linear(sign(x), e).argmax(1),
    "zero and one": lambda x, e, m: ((x > 0).float() @ e.T).argmax(1),
    "squared differences": lambda x, e, m: ((sign(x)[:, None] - e) ** 2).sum(-1).min(1),
    "mean": lambda x, e, m: (sign(x)[:, None] != e).float().mean(-1).argmin(1),
    "negated": lambda x, e, m: (-torch.cdist(sign(x), e, p=1)).argmax(1),
    "similarity": lambda x, e, m: (1 - (sign(x)[:, None] != e).sum(-1) / 64).max(1),
    "cosine": lambda x, e, m: torch.nn.functional.cosine_similarity(
        sign(x)[:, None], e[None], dim=-1
    ).argmax(1),
    "product over norms": lambda x, e, m: (
        (sign(x) @ e.T) / (sign(x).norm(dim=1, keepdim=True) * e.norm(dim=1))
    ).argmax(1),
    "words first": lambda x, e, m: (e @ sign(x).T).argmax(0),
    "distances to words first": lambda x, e, m: torch.cdist(e, sign(x), p=1).min(0),
    "ranks down a column": lambda x, e, m: torch.cdist(e, sign(x), p=1).topk(1, 0, False)[0],
    "in batches": lambda x, e, m: torch.cdist(sign(x).reshape(2, 3, -1), e, p=1).argmin(-1),
    "words of each batch": lambda x, e, m: torch.cdist(
        sign(x).reshape(2, 3, -1), e[None].expand(2, *e.shape), p=1
    ).argmin(-1),
    "a layer in batches": lambda x, e, m: torch.nn.functional.linear(
        sign(x).reshape(2, 3, -1), e
    ).max(-1),
    "einsum": lambda x, e, m: torch.einsum("qb,rb->qr", sign(x), e).argmax(1),
    "one query": lambda x, e, m: (sign(x)[0] != e).sum(-1).sort(stable=True).indices[:4],
    "squares of distances": lambda x, e, m: (torch.cdist(sign(x), e) ** 2).argmin(1),
    "normalized": lambda x, e, m: (
        torch.nn.functional.normalize(sign(x)) @ torch.nn.functional.normalize(e).T
    ).argmax(1),
    "k-th value": lambda x, e, m: torch.cdist(sign(x), e, p=1).kthvalue(3, 1).values,
    "median": lambda x, e, m: torch.cdist(sign(x), e, p=1).median(1).values,
    "the smallest one": lambda x, e, m: torch.cdist(sign(x), e, p=1).topk(1, largest=False)[0],
    "several values": lambda x, e, m: torch.sort(torch.cdist(sign(x), e, p=1), dim=1)[0][:, :3],
    "kNN": lambda x, e, m: stable(torch.cdist(sign(x), e, p=1), 5, False),
    "kNN by similarity": lambda x, e, m: stable(sign(x) @ e.T, 5, True),
}


@pytest.mark.parametrize("name", BEST)
def test_best_match(name: str) -> None:
    checked(Memory(bipolar(21, 64), BEST[name]), queries(6, 64), "best")


@pytest.mark.parametrize("name", ["cdist p=1", "dot product"])
@pytest.mark.parametrize(("rows", "bits"), [(2, 7), (300, 65), (40, 1000)])
def test_odd_shapes(name: str, rows: int, bits: int) -> None:
    checked(Memory(bipolar(rows, bits), BEST[name]), queries(3, bits), "best")


def test_unusual_sizes() -> None:
    """A single column, no query, a query without a batch, and words of bool."""
    nearest = BEST["cdist p=1"]
    checked(Memory(bipolar(6, 1), nearest), queries(5, 1), "best")
    assert pumice.compile(
        Memory(bipolar(7, 20), nearest), torch.zeros(0, 20), device="cam-fefet", quantize=False
    ).run(torch.zeros(0, 20)).outputs.shape == (0,)
    single = Memory(bipolar(7, 20), lambda x, e, m: (e @ sign(x)).argmax())
    checked(single, queries(1, 20)[0], "best")
    differ = Memory(bipolar(7, 20) > 0, lambda x, e, m: (x[:, None] ^ e).sum(-1).argmin(1))
    checked(differ, queries(4, 20) > 0, "best")


def test_nans() -> None:
    """Of a query, the sign is -1. A word with one is the nearest and farthest, as in PyTorch."""
    x = queries(4, 20)
    x[1, 3], x[2], x[3] = torch.nan, torch.inf, -torch.inf
    checked(Memory(bipolar(7, 20), BEST["cdist p=1"]), x, "best")
    entries = bipolar(7, 20)
    entries[3, 2] = entries[5, 0] = torch.nan
    checked(Memory(entries, BEST["cdist p=1"]), x, None)
    checked(
        Memory(entries, lambda x, e, m: (x.argmin(1), x.argmax(1), x.min(0)[1], x.max(0)[1])),
        torch.tensor([[1.0, torch.nan, torch.nan], [torch.inf, -0.0, 0.0]]),
        None,
    )


def test_topk_is_a_stable_ranking() -> None:
    """Values are those of torch.topk; of equal distances, the first rows."""
    entries, x = bipolar(30, 32), queries(5, 32)
    model = Memory(entries, lambda x, e, m: torch.cdist(sign(x), e, p=1).topk(4, largest=False))
    program = pumice.compile(model, x, device="cam-fefet", quantize=False)
    assert "for best" in " ".join(str(program.ir("crossbar")).split())
    values, indices = program.run(x).outputs
    found = torch.cdist(sign(x), entries, p=1)
    assert torch.equal(values, found.topk(4, largest=False).values)
    assert torch.equal(indices, stable(found, 4, False))


@pytest.mark.parametrize("rows", [4097, 5000])
def test_first_of_many_words(rows: int) -> None:
    """Rankings of more words than are compared with each other, ties in the order of rows."""
    entries, x = bipolar(rows, 64), queries(3, 64)
    wanted = torch.cdist(sign(x), entries, p=1)
    model = Memory(entries, lambda x, e, m: torch.cdist(sign(x), e, p=1).topk(6, largest=False))
    program = pumice.compile(model, x, device="cam-fefet", quantize=False)
    assert "for best" in " ".join(str(program.ir("crossbar")).split())
    values, indices = program.run(x).outputs
    assert torch.equal(values, wanted.topk(6, largest=False).values)
    assert torch.equal(indices, stable(wanted, 6, False))


def test_first_of_many_words_in_other_forms() -> None:
    x = queries(3, 64)
    forms: list[Form] = [
        lambda x, e, m: stable(sign(x) @ e.T, 6, True),
        lambda x, e, m: (e @ sign(x).T).topk(6, 0).values,
    ]
    for form in forms:
        checked(Memory(bipolar(4100, 64), form), x, "best")


def test_more_of_many_words_than_the_device_ranks() -> None:
    """The digital unit ranks the distances of a search."""
    model = Memory(
        bipolar(4100, 64), lambda x, e, m: stable(torch.cdist(sign(x), e, p=1), 65, False)
    )
    program = checked(model, queries(2, 64), "distances")
    assert program is not None


def test_votes_of_neighbours() -> None:
    labels = torch.arange(21) % 3

    def nearest(x: Any, e: Any) -> Any:
        return labels[stable(torch.cdist(sign(x), e, p=1), 5, False)]

    one_hot = torch.nn.functional.one_hot
    forms: list[Form] = [
        lambda x, e, m: nearest(x, e).mode(1).values,
        lambda x, e, m: one_hot(nearest(x, e), 3).sum(1).argmax(1),
        lambda x, e, m: (nearest(x, e)[..., None] == torch.arange(3)).sum(1).argmax(1),
        lambda x, e, m: torch.zeros(6, 3).scatter_add(1, nearest(x, e), torch.ones(6, 5)).argmax(1),
    ]
    for form in forms:
        checked(Memory(bipolar(21, 64), form), queries(6, 64), "best")


def test_bundles_of_bound_vectors() -> None:
    """Encoders of hyperdimensional computing: which values their bundles have is inferred."""
    generator = torch.Generator().manual_seed(5)
    level = torch.randint(0, 2, (4, 64), generator=generator).float() * 2 - 1
    place = torch.randint(0, 2, (9, 64), generator=generator).float() * 2 - 1
    x = torch.randint(0, 4, (6, 9), generator=generator).float()

    def bundle(x: Any) -> Any:
        return (level[x.long()] * place).sum(1)

    forms: list[Form] = [
        lambda x, e, m: torch.cdist(sign(bundle(x)), e, p=1).argmin(1),
        lambda x, e, m: (sign(bundle(x)) @ e.T).argmax(1),
        lambda x, e, m: (
            ((((level > 0)[x.long()] ^ (place > 0)).sum(1) > 4)[:, None] != (e > 0))
            .sum(-1)
            .argmin(1)
        ),
        lambda x, e, m: torch.cdist(bundle(x), 9 * e, p=1).argmin(1),
    ]
    for form in forms:
        checked(Memory(bipolar(21, 64), form), x, "best")


def test_thresholds() -> None:
    entries, x = bipolar(21, 64), queries(6, 64)
    x[0] = entries[3]
    forms: list[Form] = [
        lambda x, e, m: torch.cdist(sign(x), e, p=1) < 60,
        lambda x, e, m: (sign(x) @ e.T) >= 10,
        lambda x, e, m: ((x > 0)[:, None] == (e > 0)[None]).sum(-1) > 40,
        lambda x, e, m: (sign(x)[:, None] != e).sum(-1) == 0,
        lambda x, e, m: ((x > 0)[:, None] == (e > 0)).all(-1),
        lambda x, e, m: ((x > 0)[:, None] != (e > 0)).any(-1),
        lambda x, e, m: ((x > 0)[:, None] == (e > 0)).all(-1).any(-1),
        lambda x, e, m: torch.cdist(e, sign(x), p=1) <= 60,
    ]
    for form in forms:
        checked(Memory(entries, form), x, "within")


def test_distances_for_other_uses() -> None:
    entries, x = bipolar(21, 64), queries(6, 64)
    forms: list[Form] = [
        lambda x, e, m: torch.cdist(sign(x), e, p=1),
        lambda x, e, m: ((x > 0)[:, None] != (e > 0)[None]).sum(-1) * 3 + 1,
        lambda x, e, m: torch.cdist(sign(x), e, p=1).sum(1),
    ]
    for form in forms:
        checked(Memory(entries, form), x, "distances")


def test_ternary_entries() -> None:
    """Entries of 0 next to -1 and 1, and masks: "don't care"."""
    x, entries = queries(6, 50), ternary(21, 50)
    checked(Memory(entries, BEST["dot product"]), x, "best")
    checked(Memory(entries, BEST["cdist p=1"]), x, "best")
    checked(Memory(entries, lambda x, e, m: (torch.sign(x) @ e.T).argmax(1)), x, "best")
    mask = torch.rand(21, 50, generator=torch.Generator().manual_seed(3)) < 0.6
    masked: Form = lambda x, e, m: (((x > 0)[:, None] != (e > 0)) & m).sum(-1).argmin(1)  # noqa: E731
    program = checked(Memory(bipolar(21, 50), masked, mask), x, "best")
    assert "tensor<21x50xi8>" in str(program.ir("crossbar"))
    exact: Form = lambda x, e, m: (((x > 0)[:, None] != (e > 0)) & m).sum(-1) == 0  # noqa: E731
    checked(Memory(bipolar(21, 50), exact, mask), x, "within")


def test_integers_of_several_bits() -> None:
    """L1 distances of small integers take thermometer codes, p=0 takes one-hot codes."""
    generator = torch.Generator().manual_seed(4)
    entries = torch.randint(0, 4, (17, 30), generator=generator).float()
    x = queries(6, 30)
    levels: Form = lambda x, e, m: torch.cdist(  # noqa: E731
        (x > -1).float() + (x > 0).float() + (x > 1).float(), e, p=1
    ).argmin(1)
    program = checked(Memory(entries, levels), x, "best")
    assert "tensor<17x90xi8>" in str(program.ir("crossbar"))
    other: Form = lambda x, e, m: torch.cdist(  # noqa: E731
        (x > -1).float() + (x > 0).float() + (x > 1).float(), e, p=0
    ).argmin(1)
    checked(Memory(entries, other), x, "best")


@pytest.mark.parametrize("goal", ["latency", "power", "density"])
def test_goals_do_not_change_results(goal: str) -> None:
    program = checked(
        Memory(bipolar(21, 1000), BEST["cdist p=1"]),
        queries(6, 1000),
        "best",
        options={"cam_goal": goal},
    )
    text = str(program.ir("crossbar"))
    assert ("serial = true" in text) == (goal == "power")
    assert ("stacked = 4" in text) == (goal == "density")


def test_what_is_not_a_search_stays_digital(capfd) -> None:
    """Real values, sums that are not exact, products that nothing searches; with the reason."""
    entries, x = bipolar(21, 60), queries(6, 60)
    program = checked(Memory(entries, lambda x, e, m: torch.cdist(x, e, p=1).argmin(1)), x, None)
    reasons = [item.get("reason", "") for item in program.run(x).report.instructions]
    assert any("not known to hold a few values" in reason for reason in reasons)
    # 1 / sqrt(60) is not exact, so that ties depend on the order of additions.
    model = Memory(entries, BEST["cosine"]).eval()
    program = pumice.compile(model, x, device="cam-fefet", quantize=False)
    assert "ap.cam_search" not in str(program.ir("crossbar"))
    reasons = [item.get("reason", "") for item in program.run(x).report.instructions]
    assert any("sums are not exact" in reason for reason in reasons)
    checked(Memory(entries, lambda x, e, m: sign(x) @ e.T), x, None)

    def own(x: Any, e: Any, m: Any) -> Any:
        words = torch.stack([e[:10], -e[:10]])
        return torch.cdist(sign(x).reshape(2, 3, 60), words, p=1).argmin(-1)

    program = checked(Memory(entries, own), x, None)
    reasons = [item.get("reason", "") for item in program.estimate().instructions]
    assert any("each query has words of its own" in reason for reason in reasons)
    # Real entries.
    checked(Memory(torch.randn(21, 60), BEST["cdist p=1"]), x, None)


def test_more_matches_than_the_device_ranks() -> None:
    device = pumice.Device("cam-fefet").replace(groups={"cams": {"cam": {"best_matches": 4}}})
    model = Memory(bipolar(21, 64), BEST["kNN"])
    checked(model, queries(6, 64), "distances", device=device)


def test_words_that_the_device_cannot_merge() -> None:
    device = pumice.Device("cam-fefet").replace(groups={"cams": {"cam": {"merge_parts": 3}}})
    model = Memory(bipolar(21, 1000), BEST["cdist p=1"])
    program = checked(model, queries(6, 1000), None, device=device)
    reasons = [item.get("reason", "") for item in program.estimate().instructions]
    wanted = "it cuts words of 1000 cells into 4 parts of 256, but the periphery merges at most 3"
    assert any(wanted in reason for reason in reasons)
    device = pumice.Device("cam-fefet").replace(groups={"cams": {"cam": {"ternary": False}}})
    mask = torch.rand(21, 50) < 0.6
    masked: Form = lambda x, e, m: (((x > 0)[:, None] != (e > 0)) & m).sum(-1).argmin(1)  # noqa: E731
    program = checked(Memory(bipolar(21, 50), masked, mask), queries(6, 50), None, device=device)
    reasons = [item.get("reason", "") for item in program.estimate().instructions]
    assert any("but cells are binary" in reason for reason in reasons)


def test_targets_keep_a_search_digital() -> None:
    options = {"pipelines": {"quantized-to-crossbar": {"targets": "*=digital"}}}
    checked(Memory(bipolar(21, 64), BEST["cdist p=1"]), queries(6, 64), None, options=options)


def test_unknown_goal() -> None:
    with pytest.raises(pumice.CompileError, match="expected a cam_goal of latency, power, density"):
        pumice.CompileOptions(cam_goal="speed")


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize("queried", [2, 30])
def test_distances_of_many_rows(rows: int, queried: int) -> None:
    """PyTorch's product of [-2 x, |x|^2, 1] and [w, 1, |w|^2] is the search of the differences."""
    entries = bipolar(rows, 48)
    for form in (
        lambda x, e, m: torch.cdist(sign(x), e).argmin(1),
        lambda x, e, m: torch.cdist(sign(x), e).square().round().topk(1, largest=False).values,
    ):
        checked(Memory(entries, form), queries(queried, 48), "best")


def test_distances_of_many_words_of_other_norms() -> None:
    """What is added to each word is a constant: the sum is exact, but no distance of cells."""
    entries = ternary(40, 48)
    checked(
        Memory(entries, lambda x, e, m: torch.cdist(sign(x), e).argmin(1)),
        queries(30, 48),
        None,
    )
