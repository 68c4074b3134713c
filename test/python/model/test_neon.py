# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets and their fitter: bits against a NumPy oracle, errors, properties, bad input."""

from __future__ import annotations

import json
import re
import time

import numpy as np
import pytest

import pumice
from neon_oracle import table as oracle
from pumice import neon
from pumice._mlir_libs import _pumice
from pumice.neon import FitOptions, Linear, fit


def gelu(x):
    from scipy.special import erf

    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


FUNCTIONS = {
    "exp": (np.exp, -12, 0),
    "reciprocal": (lambda x: 1 / x, 1, 2),
    "rsqrt": (lambda x: x**-0.5, 1, 4),
    "log": (np.log, 1, 2),
    "gelu": (gelu, -8, 8),
}


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_table_is_the_oracle_s_and_errors_are_those_of_the_table(name: str, bits: int) -> None:
    function, low, high = FUNCTIONS[name]
    options = FitOptions(weight_bits=bits, hidden_bits=bits, output_bits=bits, max_hidden=8)
    net = fit(function, low, high, bits=bits, options=options)
    table = oracle(net.data)
    assert np.array_equal(net.table, table)
    x = np.linspace(low, high, 1 << bits)
    out = net.data["output"]
    step = (out["high"] - out["low"]) / ((1 << bits) - 1)
    error = np.abs(out["low"] + table * step - function(x))
    assert net.errors.points == 1 << bits
    assert net.errors.max_abs == pytest.approx(error.max(), rel=1e-9)
    assert net.errors.mse == pytest.approx((error**2).mean(), rel=1e-9)
    assert net.errors.nmse == pytest.approx((error**2).mean() / function(x).var(), rel=1e-9)
    assert net.errors.max_lsb == pytest.approx(error.max() / step, rel=1e-9)
    # Bounds that a constant, or a wrong net, is far from.
    assert net.errors.nmse <= 1e-4
    assert net.errors.max_lsb <= {16: 15, 12: 5, 8: 2.5}[bits]


def test_functions_of_the_paper_s_table_need_no_more_than_16_units() -> None:
    """Square root and LeakyReLU with their domains and errors (MSE) in the paper's Table III."""
    root = fit(
        lambda x: np.sqrt(np.maximum(x, 0)), -3.2, 4.5, options=FitOptions(max_hidden=16, mse=1e-4)
    )
    assert root.meets_goal
    assert root.errors.mse <= 1.4e-4
    leaky = fit(
        lambda x: np.where(x > 0, x, 0.1 * x),
        -7.8,
        8.9,
        options=FitOptions(max_hidden=16, mse=5.5e-7),
    )
    assert leaky.meets_goal
    assert leaky.hidden <= 16


def test_error_never_grows_with_the_width() -> None:
    for name in ("exp", "gelu"):
        function, low, high = FUNCTIONS[name]
        errors = [
            fit(function, low, high, bits=12, options=FitOptions(max_hidden=h)).errors.mse
            for h in (2, 4, 8, 16)
        ]
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < errors[0] / 10


def test_width_is_the_least_of_the_sequence_that_meets_the_bound() -> None:
    function, low, high = FUNCTIONS["gelu"]
    wide = fit(function, low, high, bits=12, options=FitOptions(max_abs=5e-3))
    assert wide.meets_goal
    assert wide.errors.max_abs <= 5e-3
    assert wide.hidden < 64
    narrow = fit(
        function, low, high, bits=12, options=FitOptions(max_abs=5e-3, max_hidden=wide.hidden // 2)
    )
    assert not narrow.meets_goal
    assert narrow.errors.max_abs > 5e-3


def test_minimax_trades_the_mean_error_for_the_largest() -> None:
    function, low, high = FUNCTIONS["gelu"]
    mean = fit(function, low, high, bits=12, options=FitOptions(max_hidden=4))
    largest = fit(function, low, high, bits=12, options=FitOptions(max_hidden=4, minimax=True))
    assert largest.errors.max_abs <= mean.errors.max_abs


def test_weights_say_where_errors_count() -> None:
    x = np.linspace(-8, 8, 256)
    near = np.exp(-(x**2))
    options = FitOptions(max_hidden=2, output_bits=12, hidden_bits=12, weight_bits=12)
    plain = fit(gelu, -8, 8, bits=8, options=options)
    weighted = fit(gelu, -8, 8, bits=8, weights=near, options=options)

    def error(net):
        return float(np.average((net(x) - gelu(x)) ** 2, weights=near))

    assert error(weighted) < error(plain)


def test_same_net_every_time_and_equal_nets_have_equal_names() -> None:
    function, low, high = FUNCTIONS["exp"]
    one, two = (fit(function, low, high, bits=10) for _ in range(2))
    assert one.data == two.data
    assert one.name == two.name
    other = fit(function, low, high, bits=11)
    assert other.name != one.name


def test_outside_of_the_domain() -> None:
    net = fit(gelu, -8, 8, bits=12, above=Linear(1.0))
    assert net(100.0) == 100.0
    assert net(-100.0) == net(-8.0)
    assert abs(float(net(0.5)) - gelu(0.5)) < 1e-2
    clamped = fit(gelu, -8, 8, bits=12)
    assert clamped(100.0) == clamped(8.0)


def test_a_constant_is_fitted_exactly() -> None:
    net = fit(lambda x: np.full_like(x, 3.0), 0, 1, bits=8)
    assert np.all(net(np.linspace(0, 1, 9)) == 3.0)
    assert net.errors.nmse == 0


def test_a_scalar_net_takes_about_a_second() -> None:
    function, low, high = FUNCTIONS["gelu"]
    start = time.process_time()
    fit(function, low, high, options=FitOptions(max_hidden=16))
    assert time.process_time() - start < 4  # 0.6 s in a release build of an idle core


def test_lossless_rows() -> None:
    assert neon.lossless_rows(8, 2, 1) == 85
    assert neon.lossless_rows(8, 1, 1) == 255
    assert neon.lossless_rows(4, 2, 2) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"low": 1, "high": 1}, "expected a domain from a finite number to a greater one"),
        ({"low": 0, "high": float("inf")}, "expected a finite domain, got [0, inf]"),
        ({"bits": 17}, "expected an input of 2 to 16 bits, got 17"),
        (
            {"function": lambda x: np.where(x > 0, x, -np.inf)},
            "expected finite values, got -inf at 0",
        ),
        ({"function": lambda x: 1.0}, "expected a function that gives (256,), got (1,)"),
        ({"weights": np.ones(5)}, "expected a weight for each value"),
        ({"weights": -np.ones(256)}, "expected weights of at least 0, got -1"),
        ({"weights": np.zeros(256)}, "expected weights with a positive sum, got 0"),
        ({"options": FitOptions(weight_bits=1)}, "expected weights of 2 to 16 bits, got 1"),
        ({"options": FitOptions(hidden_bits=17)}, "expected hidden values of 2 to 16 bits"),
        ({"options": FitOptions(output_bits=0)}, "expected an output of 2 to 16 bits, got 0"),
        (
            {"options": FitOptions(max_hidden=1)},
            "expected 1 <= min_hidden <= max_hidden <= 256, got 2 and 1",
        ),
    ],
)
def test_bad_targets_and_options_are_refused(arguments, text) -> None:
    given = {"function": np.exp, "low": 0, "high": 1, "bits": 8, **arguments}
    with pytest.raises(pumice.PumiceError) as error:
        fit(given.pop("function"), given.pop("low"), given.pop("high"), **given)
    assert text in str(error.value)


def test_options_are_read_strictly() -> None:
    values = np.zeros(256)
    for options, text in [
        ("{", "Expected object key"),
        ("[]", "expected an object of options"),
        ('{"witdh": 3}', "expected an option of low, high"),
        ('{"low": "a"}', "expected a value of another type at 'low'"),
        ('{"input_bits": 9, "high": 1}', "values, one for each input of 9 bits, got 256"),
        ('{"input_bits": 99, "high": 1}', "expected an input of 2 to 16 bits, got 99"),
    ]:
        with pytest.raises(ValueError, match=re.escape(text)):
            _pumice.fit_net(values, None, options)


def test_nets_are_read_strictly() -> None:
    good = fit(np.exp, 0, 1, bits=8).data

    def changed(**fields):
        return {**good, **fields}

    unit = good["units"][0]
    for data, text in [
        ([], "expected object"),
        ({k: v for k, v in good.items() if k != "input"}, "missing value"),
        (changed(units=3), "expected array"),
        (changed(units=[]), "expected 1 to 65535 hidden units, got 0"),
        (changed(weight_bits=17), "expected weights of 2 to 16 bits, got 17"),
        (changed(tanh_range=0), "expected a tanh range above 0, got 0"),
        (changed(units=[{**unit, "output_weight": 40000}]), "expected weights of 16 bits"),
        (changed(units=[{**unit, "bias": 1e300}]), "expected a finite scale and bias at unit 0"),
        (changed(output_scale=1e300), "expected a finite output scale and bias"),
        (changed(output={"bits": 8, "low": 1, "high": 0}), "an output from a finite number to a"),
        (changed(input={"bits": 40, "low": 0, "high": 1}), "an input of 2 to 16 bits, got 40"),
    ]:
        with pytest.raises(ValueError, match=re.escape(text)):
            _pumice.net_table(json.dumps(data))
