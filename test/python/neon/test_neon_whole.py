# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets of whole vectors: what they reach, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import pumice
from pumice import neon


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_wide_softmax_is_refused_and_says_why() -> None:
    x = np.random.default_rng(0).normal(0, 2, (1000, 400))
    with pytest.raises(pumice.PumiceError) as error:
        neon.fit_whole(x, softmax(x), hidden=(64,))
    assert "expected a net that explains 99 % of its target's variance, got" in str(error.value)
    assert " % (no net with 64 hidden units explains more than" in str(error.value)
    forced = neon.fit_whole(x, softmax(x), hidden=(64,), force=True)
    assert forced.nmse > 0.5
    assert 0.01 < forced.bound <= forced.nmse
    # The bound by a singular value decomposition of the rows that the fit does not see.
    held = softmax(x)[-200:]
    values = np.linalg.svd(held - held.mean(0), compute_uv=False) ** 2
    assert forced.bound == pytest.approx(values[64:].sum() / values.sum(), rel=1e-6)


def test_a_function_that_it_can_fit() -> None:
    x = np.random.default_rng(1).normal(0, 0.3, (2000, 6))
    y = x @ np.random.default_rng(2).normal(0, 1, (6, 6)) + 0.3 * np.sin(x)
    found = neon.fit_whole(x, y)
    assert found.nmse < 0.01
    assert found.mse < found.constant_mse
    assert found.argmax_kept > 0.9
    assert neon.fit_whole(x, y) == found
    assert neon.fit_whole(x, y, seed=1) != found
    assert neon.fit_whole(x, y, bits=3, force=True).mse > found.mse
    deep = neon.fit_whole(x, y, hidden=(64, 32), force=True)
    assert deep.nmse < 0.5


def test_a_constant_target() -> None:
    x = np.random.default_rng(1).normal(0, 1, (50, 3))
    assert neon.fit_whole(x, np.ones((50, 2))).mse == pytest.approx(0, abs=1e-20)


def test_bad_requests() -> None:
    x = np.zeros((20, 3))
    for arguments, options, text in [
        ((x, x[:5]), {}, "expected equal numbers of rows, got"),
        ((x[:5], x[:5]), {}, "expected at least 10 whole rows, got 5"),
        ((x, x), {"hidden": ()}, "expected a hidden layer, got none"),
        ((x, x), {"hidden": (0,)}, "expected hidden layers of 1 to 4096 units, got 0"),
        ((x, x), {"bits": 1}, "expected widths of 2 to 16 bits, got 1"),
        ((x + np.inf, x), {}, "expected finite input values, got inf"),
        ((x, x + np.nan), {}, "expected finite target values, got"),
    ]:
        with pytest.raises(pumice.PumiceError, match=text):
            neon.fit_whole(*arguments, **options)
