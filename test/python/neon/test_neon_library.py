# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The library of nets: bits against a NumPy oracle, proven errors, tails, reductions."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import neon_oracle
import pumice
from pumice import neon
from pumice._mlir_libs import _pumice

special = pytest.importorskip("scipy.special")


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softplus(x):
    return np.logaddexp(0, x)


#: Written anew, and where they are tested outside of the domain of the net: up to there.
FUNCTIONS = {
    "exp": (np.exp, None),
    "exp_wide": (np.exp, (-20, 20)),
    "reciprocal": (lambda x: 1 / x, (1e-6, 1e6)),
    "sqrt": (np.sqrt, (1e-6, 1e6)),
    "rsqrt": (lambda x: x**-0.5, (1e-6, 1e6)),
    "log": (np.log, (1e-6, 1e6)),
    "erf": (special.erf, (-50, 50)),
    "gelu": (lambda x: x * special.ndtr(x), (-50, 50)),
    "gelu_tanh": (gelu_tanh, (-50, 50)),
    "silu": (lambda x: x * special.expit(x), (-50, 50)),
    "mish": (lambda x: x * np.tanh(softplus(x)), (-50, 50)),
    "softplus": (softplus, (-50, 50)),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), (-50, 50)),
    "tanh": (np.tanh, (-50, 50)),
    "sigmoid": (special.expit, (-50, 50)),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.1 * x), (-50, 50)),
    "sqrt_clamped": (lambda x: np.sqrt(np.maximum(x, 0)), None),
    "hard_sigmoid": (lambda x: np.clip(x / 6 + 0.5, 0, 1), (-50, 50)),
    "hard_tanh": (lambda x: np.clip(x, -1, 1), (-50, 50)),
    "hard_swish": (lambda x: x * np.clip(x / 6 + 0.5, 0, 1), (-50, 50)),
}
LIBRARY = {item.name: item for item in neon.functions()}


def test_all_functions_are_tested() -> None:
    assert set(LIBRARY) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_proven_over_every_input(name: str) -> None:
    """The table of the oracle, against the function: no more than the bound and than stated."""
    function, _ = FUNCTIONS[name]
    found, item = neon.function(name), LIBRARY[name]
    table = neon_oracle.table(found.net.data)
    assert np.array_equal(found.net.table, table)
    x = np.linspace(item.low, item.high, 1 << 16)
    out = found.net.data["output"]
    y = out["low"] + table * ((out["high"] - out["low"]) / 65535)
    error = np.abs(y - function(x))
    assert found.net.errors.points == 1 << 16
    assert error.max() == pytest.approx(found.net.errors.max_abs, rel=1e-6)
    assert error.max() <= item.max_abs
    # A constant is far from it.
    assert found.net.errors.nmse <= 1e-3
    # One cell each: slopes are in the scales of the columns.
    assert {unit["input_weight"] for unit in found.net.data["units"]} <= {1, -1}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"exp", "sqrt_clamped"}))
def test_outside_of_the_domain(name: str) -> None:
    function, (low, high) = FUNCTIONS[name]
    net, item = neon.function(name), LIBRARY[name]
    x = np.linspace(low, high, 4001)
    if item.reduction != "none" and item.reduction != "exponential":
        x = np.geomspace(low, high, 4001)
    y, clamped = net.evaluate(x)
    assert np.array_equal(y, neon_oracle.scalar(net.data, x))
    relative = item.reduction not in ("none", "logarithm")
    scale = np.abs(function(x)) if relative else 1
    assert (np.abs(y - function(x)) <= 2 * item.max_abs * scale).all()
    # Functions that saturate count what they clamp; the others have a line or a reduction.
    saturating = name in ("tanh", "sigmoid")
    assert (clamped > 0) == saturating


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("name", ["exp", "reciprocal", "rsqrt", "gelu"])
def test_fewer_bits(name: str, bits: int) -> None:
    function, _ = FUNCTIONS[name]
    net, item = neon.function(name, bits), LIBRARY[name]
    x = np.linspace(item.low, item.high, 1 << bits)
    error = np.abs(neon_oracle.lookup(net.net.data, x) - function(x)).max()
    out = net.net.data["output"]
    assert error <= max(item.max_abs, 2 * (out["high"] - out["low"]) / ((1 << bits) - 1)) * 1.0001


def test_edges_of_reductions() -> None:
    assert neon.function("reciprocal")([-2.0, 4.0]).tolist() == pytest.approx([-0.5, 0.25], 1e-4)
    values, clamped = neon.function("rsqrt").evaluate([0.0, -1.0, 1e-45])
    assert clamped == 3
    assert (values > 1e18).all()
    assert neon.function("sqrt")([0.0, -4.0]).tolist() == [0.0, 0.0]
    assert neon.function("log")(1.0) == pytest.approx(0, abs=1e-4)
    assert neon.function("exp")(-1000.0) == neon.function("exp")(-12.0)
    assert neon.function("exp_wide")(-1000.0) == 0
    assert neon.function("gelu")([]).shape == (0,)


def test_the_native_unit_is_used_as_it_is() -> None:
    for name in ("tanh", "sigmoid"):
        assert neon.function(name).net.hidden == 1


def test_bad_requests() -> None:
    with pytest.raises(pumice.PumiceError, match="expected a function of exp, exp_wide, .* 'sin'"):
        neon.function("sin")
    with pytest.raises(pumice.PumiceError, match="an input of 2 to 16 bits, got 20"):
        neon.function("exp", 20)
    text = "expected a net of 'gelu' within its bound and 1 hidden units, got a largest error of"
    with pytest.raises(pumice.PumiceError, match=text):
        neon.function("gelu", max_hidden=1)
    with pytest.raises(pumice.PumiceError, match="expected numbers, got NaN"):
        neon.function("exp")([0.0, np.nan])
    for request, text in [
        ("3", "expected an object"),
        ("{", "Expected object key"),
        ("{}", "expected a net and its reduction"),
        ('{"net": 3, "reduction": "none"}', "expected object"),
    ]:
        with pytest.raises(ValueError, match=re.escape(text)):
            _pumice.evaluate_net(request, np.zeros(1))
    data = {**neon.function("exp").data, "reduction": "odd"}
    with pytest.raises(ValueError, match="expected a known reduction, got 'odd'"):
        _pumice.evaluate_net(json.dumps(data), np.zeros(1))


def test_a_net_of_the_library_takes_less_than_a_second() -> None:
    import time

    for name in ("exp", "reciprocal", "gelu"):
        neon.function.cache_clear()
        start = time.process_time()
        neon.function(name)
        assert time.process_time() - start < 4  # 1 s in a release build of an idle core
