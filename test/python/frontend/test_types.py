# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every elementwise op, comparison, reduction and cast of PyTorch on every type."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import torch_ops as ops  # noqa: E402

#: What is refused, by type: 64 bits without a sign beyond what those with one have in common,
#: shifts of conditions, which torch.export does not take, and extremes of conditions.
REFUSED = {
    "bool": {
        "shift_left", "shift_right", "shift_right_by", "cummax", "cummin", "scatter_amax",
    },
}  # fmt: skip


def check(kind: str, size: int, seed: int = 0, which: Any = ops.OPS) -> tuple[int, int]:
    """Compares ops on a type; returns how many are equal and how many are refused."""
    a, b = ops.values(ops.TYPES[kind], size, seed)
    known = REFUSED.get(kind, set())
    expected = ops.expected_of(list(which), a, b)
    # Each refusal costs another export: those that are expected have a small one of their own.
    found, refused = ops.outcome([name for name in expected if name not in known], a, b)
    if known:
        also_found, also_refused = ops.outcome([name for name in expected if name in known], a, b)
        found, refused = found | also_found, refused | also_refused
    wrong = {name: text for name in found if (text := ops.difference(found[name], expected[name]))}
    assert not wrong
    assert found.keys() | refused.keys() == expected.keys()
    if kind == "u64":
        assert all("uint64" in text for text in refused.values()), refused
    else:
        assert refused.keys() <= known, refused
    print(f"{kind}[{size}]: {len(found)} ops equal, {len(refused)} refused")
    return len(found), len(refused)


#: Each refusal costs an export: most of those of u64 are left to the nightly run.
KINDS = [pytest.param(k, marks=pytest.mark.nightly if k == "u64" else []) for k in ops.TYPES]


#: Vectors with a rest, and single elements; the nightly run has all lengths of all types.
SIZES = {"u8": 33, "f16": 33, "f32": 1, "i16": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_all_ops(kind) -> None:
    equal, _ = check(kind, SIZES.get(kind, 7), which=ops.FIRST)
    assert equal >= {"u16": 60, "u32": 60, "u64": 20, "bool": 115}.get(kind, 145)


#: The nightly run has the others.
MORE_KINDS = ["u8", "bool", "f32"]


@pytest.mark.parametrize("kind", MORE_KINDS)
def test_more_ops(kind) -> None:
    equal, _ = check(kind, 7, which=ops.MORE)
    assert equal >= {"bool": 55}.get(kind, 70)


@pytest.mark.nightly
@pytest.mark.parametrize("size", [1, 2, 3, 5, 9, 15, 17, 31, 33, 63, 65, 129])
@pytest.mark.parametrize("kind", ops.TYPES)
def test_all_lengths(kind, size) -> None:
    check(kind, size, seed=100 + size)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_results_without_elements_are_saved(tmp_path, dtype) -> None:
    class Nothing(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2, x[:0].reshape(0, 2)

    import pumice

    x = torch.ones(3, 2, dtype=dtype)
    program = pumice.compile(Nothing(), x, quantize=False)
    program.save(tmp_path / "p.mlirbc")
    for each in (program, pumice.load(tmp_path / "p.mlirbc")):
        found, nothing = each.run(x).outputs
        assert torch.equal(found, x * 2)
        assert nothing.shape == (0, 2)
        assert nothing.dtype is dtype


def test_update_of_what_is_computed_is_none_of_its_operands() -> None:
    """An op in place on a result is no write to the constants that it was computed from."""
    import pumice

    class Local(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factors = [torch.tensor([2.0, 3.0])]

        def forward(self, x: Any) -> Any:
            return (self.factors[0] * x).add_(torch.tensor([1.0])).relu_()

    program = pumice.compile(Local(), torch.ones(2), quantize=False)
    assert not program.state
    assert program.run(torch.tensor([1.0, -1.0])).outputs.tolist() == [3, 0]
