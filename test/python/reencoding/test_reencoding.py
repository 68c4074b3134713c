# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Re-encoded tiles: the same products bit for bit, and cells as counted."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

import reencoding_oracle as oracle
from pumice import reencoding
from pumice.reencoding import ReencodingError


def tiles(seed: int, count: int, std: float = 25, shape: tuple[int, int] | None = None):
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(count):
        size = shape or (int(rng.integers(1, 129)), int(rng.integers(1, 33)))
        result.append(np.clip(np.round(rng.normal(0, std, size)), -128, 127).astype(np.int8))
    return result


@pytest.mark.parametrize("minimize", ["changes", "steps"])
@pytest.mark.parametrize(("method", "groups"), [*((m, 1) for m in reencoding.METHODS),
                                                ("bitlines", 5), ("columns", 3)])  # fmt: skip
def test_products_and_cells(method: str, groups: int, minimize: str) -> None:
    """Arrays are written again and again; sums of their columns give the products of each tile."""
    rng = np.random.default_rng(1)
    extreme = np.array([[-128, 127, 0], [127, -128, 0], [0, 0, 0]], np.int8)
    chains = [tiles(0, 4), tiles(1, 9, 60), [], [extreme, *tiles(2, 2, 4)], tiles(3, 1)]
    found = reencoding.encode(chains, method, row_groups=groups, minimize=minimize)
    assert [len(chain) for chain in found] == [4, 9, 0, 3, 1]
    total = np.zeros((4, 4), np.int64)
    for chain, encodings in zip(chains, found, strict=True):
        cells = np.zeros((128, 128), np.int64)
        for repetition in range(3):
            for codes, encoding in zip(chain, encodings, strict=True):
                counts = oracle.write(cells, codes, encoding)
                x = rng.integers(-128, 256, (3, codes.shape[0]))
                np.testing.assert_array_equal(
                    oracle.products(cells, x, encoding), x @ codes.astype(np.int64)
                )
                if repetition:
                    np.testing.assert_array_equal(counts, encoding.counts.transitions)
                if repetition == 2:
                    total += counts
                assert encoding.counts.squared_error == 0
    counted = reencoding.count(chains, method, row_groups=groups, minimize=minimize)
    np.testing.assert_array_equal(counted.transitions, total)


def test_the_first_tile_of_a_chain_that_does_not_repeat() -> None:
    (codes,) = tiles(0, 1)
    ((encoding,),) = reencoding.encode([[codes]], cyclic=False)
    cells = np.zeros((128, 128), np.int64)
    counts = oracle.write(cells, codes, encoding)
    np.testing.assert_array_equal(counts, encoding.counts.transitions)
    assert counts[1:].sum() == 0
    # Repeated for ever, nothing changes.
    ((again,),) = reencoding.encode([[codes]])
    assert again.counts.cells_kept == 1
    assert again.counts.steps == 0
    assert again.counts.cells == codes.size * 4


def test_odd_arrays() -> None:
    chain = tiles(5, 6, shape=(200, 9))
    (found,) = reencoding.encode([chain], rows=201, bitlines=40)
    cells = np.zeros((201, 40), np.int64)
    x = np.random.default_rng(0).integers(0, 256, (2, 200))
    for codes, encoding in zip(chain, found, strict=True):
        oracle.write(cells, codes, encoding)
        np.testing.assert_array_equal(oracle.products(cells, x, encoding), x @ codes.astype(int))


def test_bitlines_are_matched_at_the_least_cost() -> None:
    """Codes of full range have one offset, so that all choices are those of the assignment."""
    from scipy.optimize import linear_sum_assignment

    chain = tiles(7, 6, 60, (128, 32))
    for codes in chain:
        codes[0], codes[1] = -128, 127
    for minimize in ("changes", "steps"):
        (found,) = reencoding.encode([chain], minimize=minimize)
        cells = np.zeros((128, 128), np.int64)
        for _ in range(2):
            for codes, encoding in zip(chain, found, strict=True):
                before = cells.copy()
                counts = oracle.write(cells, codes, encoding)
        stored = codes.astype(int) + 128
        new = np.stack([stored >> 2 * i & 3 for i in range(4)], -1).reshape(128, 128)

        def cost(a: np.ndarray, b: np.ndarray, kind: str = minimize) -> np.ndarray:
            gaps = np.abs(a[:, :, None] - b[:, None, :])
            return (gaps > 0 if kind == "changes" else gaps).sum(0)

        both = np.minimum(cost(new, before), cost(3 - new, before))
        rows, columns = linear_sum_assignment(both)
        old, level = np.indices((4, 4))
        paid = (old != level) if minimize == "changes" else np.abs(old - level)
        assert (counts * paid).sum() == both[rows, columns].sum()


def test_each_method_keeps_more() -> None:
    """As in the study: few cells by chance, more with each freedom."""
    for std in (15, 35):
        chains = [tiles(seed, 12, std, (128, 32)) for seed in range(3)]
        kept = [reencoding.count(chains, method).cells_kept for method in reencoding.METHODS]
        kept.append(reencoding.count(chains, "bitlines", row_groups=8).cells_kept)
        assert kept == sorted(kept)
        assert kept[-1] > kept[0] + 0.08
        steps = reencoding.count(chains, "bitlines", minimize="steps")
        assert steps.steps < reencoding.count(chains, "bitlines").steps
        # Unrelated levels: a quarter is equal, the mean difference is 1.25.
        assert 0.25 < kept[0] < 0.4


def test_clipping_stays_within_its_bound() -> None:
    chains = [tiles(seed, 8, 35, (128, 32)) for seed in range(2)]
    codes = np.concatenate([tile.ravel() for chain in chains for tile in chain]).astype(float)
    exact = reencoding.count(chains, "centre")
    clipped = reencoding.count(chains, "centre", clip_error=0.05)
    assert exact.squared_error == 0
    assert 0 < clipped.squared_error <= 0.05**2 * (codes**2).sum()
    assert clipped.cells_kept > exact.cells_kept
    (found,) = reencoding.encode(chains[:1], "centre", clip_error=0.05)
    for tile, encoding in zip(chains[0], found, strict=True):
        cells = np.zeros((128, 128), np.int64)
        oracle.write(cells, tile, encoding)
        weights = oracle.products(cells, np.eye(128, dtype=int), encoding)
        error = ((weights - tile) ** 2).sum()
        assert error == encoding.counts.squared_error


def test_results_do_not_depend_on_threads() -> None:
    chains = [tiles(seed, 3) for seed in range(7)]
    one = reencoding.encode(chains, threads=1)
    three = reencoding.encode(chains, threads=3)
    for a, b in zip((e for c in one for e in c), (e for c in three for e in c), strict=True):
        np.testing.assert_array_equal(a.bitlines, b.bitlines)
        np.testing.assert_array_equal(a.counts.transitions, b.counts.transitions)


def test_tables_have_a_size() -> None:
    assert reencoding.costs("offset") == (0, 0)
    assert reencoding.costs("centre") == (32 * 9 // 8, 32)
    assert reencoding.costs("columns") == (32 * (9 + 5) // 8, 32)
    assert reencoding.costs("bitlines") == (32 * 9 // 8 + 128 * 8 // 8, 32)
    assert reencoding.costs("bitlines", row_groups=8) == (32 * 65 // 8 + 128, 256)
    assert reencoding.costs("bitlines", columns=1, bitlines=4) == (3, 1)


def test_refusals() -> None:
    (tile,) = tiles(0, 1, shape=(3, 2))
    for text, arguments in {
        "expected a method of offset, centre, fitted, columns, bitlines, got 'gray'": {
            "method": "gray"
        },
        "tile 0 of chain 0: expected 1 to 2 rows and 1 to 32 columns, got 3 x 2": {"rows": 2},
        "tile 0 of chain 0: expected 1 to 128 rows and 1 to 1 columns, got 3 x 2": {"bitlines": 4},
        "expected a multiple of 4 up to 4096 bitlines, got 6": {"bitlines": 6},
        "expected arrays of 1 to 4096 rows, got 0": {"rows": 0},
        "re-encoding: expected 1 to 128 groups of rows, got 0": {"row_groups": 0},
        "expected an error of clipped weights in [0, 1)": {"clip_error": 1.0},
        "expected to minimize changes or steps, got 'cost'": {"minimize": "cost"},
    }.items():
        with pytest.raises(ReencodingError) as raised:
            reencoding.encode([[tile]], **arguments)
        assert text in str(raised.value)
    with pytest.raises(ReencodingError) as raised:
        reencoding.encode([[tile.astype(np.int64)]])
    assert str(raised.value) == "expected tiles of (rows, columns) int8, got (3, 2) int64"
    with pytest.raises(ReencodingError, match="expected a method of re-encoding, got 'gray'"):
        reencoding.costs("gray")
    with pytest.raises(ReencodingError, match="got 0 x 3"):
        reencoding.encode([[np.zeros((0, 3), np.int8)]])
