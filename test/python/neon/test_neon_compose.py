# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Softmax, norms and squash from nets: bits against a NumPy oracle, errors, edges."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neon_oracle
import pumice
from pumice import neon
from pumice._mlir_libs import _pumice


def data_of(name: str, bits: int = 16) -> dict:
    nets = {item.name: item.nets for item in neon.compositions()}[name]
    return {key: neon.function(key, bits).data for key in nets}


def exact_softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.fixture
def rows():
    return np.random.default_rng(3).normal(0, 3, (20, 12))


@pytest.mark.parametrize("bits", [10, 16])
def test_softmax_is_the_oracle_s(rows, bits) -> None:
    nets = data_of("softmax", bits)
    found = neon.compose("softmax", rows, bits=bits)
    assert np.array_equal(found, [neon_oracle.softmax(nets, row) for row in rows])
    assert np.abs(found - exact_softmax(rows)).max() < (1e-4 if bits == 16 else 2e-2)
    logs = neon.compose("log_softmax", rows, bits=bits)
    nets = data_of("log_softmax", bits)
    assert np.array_equal(logs, [neon_oracle.softmax(nets, row, log=True) for row in rows])
    assert np.abs(logs - np.log(exact_softmax(rows))).max() < (1e-3 if bits == 16 else 2e-2)


def test_masked_keys_contribute_exactly_nothing(rows) -> None:
    mask = np.random.default_rng(4).random(rows.shape) < 0.5
    mask[0] = False
    mask[1] = True
    nets = data_of("softmax")
    found = neon.compose("softmax", rows, mask=mask)
    oracle = [neon_oracle.softmax(nets, *pair) for pair in zip(rows, mask, strict=True)]
    assert np.array_equal(found, oracle)
    assert (found[~mask] == 0).all()
    assert (found[0] == 0).all()
    for row, taking, y in zip(rows[1:], mask[1:], found[1:], strict=True):
        assert np.array_equal(y[taking], neon.compose("softmax", row[taking]))
    logs = neon.compose("log_softmax", rows, mask=mask)
    assert (logs[~mask] == -np.inf).all()
    assert np.isfinite(logs[mask]).all()
    # What is masked may be anything, infinity included.
    wild = np.where(mask, rows, np.inf)
    assert np.array_equal(neon.compose("softmax", wild, mask=mask), found)


def test_properties_of_softmax(rows) -> None:
    found = neon.compose("softmax", rows)
    assert np.abs(found.sum(-1) - 1).max() < 1e-3
    assert np.array_equal(found.argmax(-1), rows.argmax(-1))
    shifted = neon.compose("softmax", rows + 8)  # exact in binary
    assert np.abs(shifted - found).max() < 1e-4
    assert np.array_equal(neon.compose("softmax", rows.T, axis=0), found.T)
    equal = neon.compose("softmax", np.full((1, 7), 3.0))
    assert len(set(equal[0])) == 1
    assert equal[0, 0] == pytest.approx(1 / 7, abs=1e-4)
    assert neon.compose("softmax", [[5.0]])[0, 0] == pytest.approx(1, abs=1e-4)
    one_hot = neon.compose("softmax", [[100.0, -100.0, -100.0]])
    assert one_hot[0] == pytest.approx([1, 0, 0], abs=1e-4)
    assert neon.compose("softmax", np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("size", [64, 1000, 1152, 2048])
def test_softmax_of_the_sizes_of_the_paper(size: int) -> None:
    x = np.clip(np.random.default_rng(size).normal(1, 2, (50, size)), -4, 8)
    y = exact_softmax(x)
    mse = ((neon.compose("softmax", x) - y) ** 2).mean()
    assert mse <= 1e-9
    assert mse / y.var() <= 1e-5  # not by 1/d being small: a constant has 1
    constant = ((y.mean(0) - y) ** 2).mean()
    assert constant > 1e-7


def test_norms_and_squash_are_the_oracle_s(rows) -> None:
    rsqrt = data_of("layer_norm")
    wide = rows * np.geomspace(1e-3, 1e3, len(rows))[:, None]
    found = neon.compose("layer_norm", wide, epsilon=1e-5)
    assert np.array_equal(found, [neon_oracle.layer_norm(rsqrt, row, 1e-5) for row in wide])
    exact = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-5)
    assert np.abs(found - exact).max() < 2e-4
    found = neon.compose("rms_norm", wide, epsilon=1e-6)
    assert np.array_equal(found, [neon_oracle.rms_norm(rsqrt, row, 1e-6) for row in wide])
    found = neon.compose("group_norm", wide, groups=3, epsilon=1e-5)
    groups = wide.reshape(-1, 4)
    oracle = np.array([neon_oracle.layer_norm(rsqrt, row, 1e-5) for row in groups])
    assert np.array_equal(found, oracle.reshape(wide.shape))
    found = neon.compose("l2_norm", wide, epsilon=1e-12)
    assert np.array_equal(found, [neon_oracle.l2_norm(rsqrt, row, 1e-12) for row in wide])
    assert np.linalg.norm(found, axis=-1) == pytest.approx(1, abs=1e-4)
    found = neon.compose("squash", wide)
    nets = data_of("squash")
    assert np.array_equal(found, [neon_oracle.squash(nets, row) for row in wide])
    s = (wide**2).sum(-1, keepdims=True)
    assert ((found - wide * np.sqrt(s) / (1 + s)) ** 2).mean() <= 1e-8
    assert np.linalg.norm(found, axis=-1).max() < 1.0001


def test_zeros() -> None:
    zeros = np.zeros((2, 4))
    for name in ("layer_norm", "rms_norm", "l2_norm", "squash"):
        assert (neon.compose(name, zeros) == 0).all()


def test_bad_requests(rows) -> None:
    for name, options, text in [
        ("sin", {}, "expected a composition of softmax, .*, got 'sin'"),
        ("group_norm", {"groups": 5}, "expected groups that divide a row of 12, got 5"),
        ("squash", {"mask": rows > 0}, "expected a mask of a softmax, one value per number"),
    ]:
        with pytest.raises(pumice.PumiceError, match=text):
            neon.compose(name, rows, **options)
    with pytest.raises(pumice.PumiceError, match="expected numbers, got NaN"):
        neon.compose("softmax", [[np.nan]])
    for request, length, text in [
        ("[]", 1, "expected an object"),
        ('{"name": "sin"}', 1, "expected a composition of softmax, "),
        ('{"name": "squash"}', 1, "expected a net of 'sqrt' for 'squash', got none"),
        ('{"name": "squash", "nets": {"sqrt": 3}}', 1, "expected a net and its reduction"),
        (json.dumps({"name": "squash", "nets": data_of("squash")}), 3, "expected rows of 3 numb"),
    ]:
        with pytest.raises(ValueError, match=text):
            _pumice.compose_nets(request, np.zeros(4), length, None)
    with pytest.raises(ValueError, match="expected a mask value for each value"):
        _pumice.compose_nets("{}", np.zeros(4), 4, np.zeros(3, np.uint8))
