# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers on arrays with ideal cells, bit for bit what the numerics' page says, through the API."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pumice._mlir_libs._pumice")

import array_oracle
import machine
from array_oracle import Crossbar, Layer
from machine import Window
from pumice import PumiceError

MODES = ["lossless", "clip", "full_scale", "calibrated"]
ENCODINGS = ["offset", "offset_flip", "differential"]


# ------------------------------------------------------------------ what is compared


def check(x, w, layer: Layer, array: Crossbar, window: Window | None = None) -> np.ndarray:
    """The machine's sums are the oracle's, with one thread and with two."""
    accumulator = "i32" if largest_sum(w[0].size, layer, array) < 2**31 else "i64"
    device = machine.device_of(array)
    program = machine.program_of(x.shape, w, layer, device, window, accumulator)
    if window is None:
        expected = array_oracle.linear(x, w, layer, array)
    else:
        expected = array_oracle.conv_2d(x, w, layer, array, **dataclasses.asdict(window))
    for threads in (1, 2):
        np.testing.assert_array_equal(machine.run(program, x, threads), expected)
    return expected


def largest_sum(rows: int, layer: Layer, array: Crossbar) -> int:
    """At least what conversions add up to, each anywhere in its range, corrections included."""
    reads = sum(len(list(array_oracle.segments(t, array))) for t in array_oracle.tiles(rows, array))
    whole = array.read * array.top_level * (2**array.dac_bits - 1)
    if array.adc_mode == "calibrated":
        whole = max(whole, layer.adc_range)
    zero = np.zeros(1, np.int64)
    steps = sum(abs(weight) for weight, _ in array_oracle.digits(zero, layer, array))
    slices = sum(weight for weight, _ in array_oracle.slices(zero, layer, array))
    return reads * whole * steps * slices + rows * 2 ** (layer.input_bits + layer.weight_bits + 2)


def bounds(bits: int, signed: bool) -> tuple[int, int]:
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


# ------------------------------------------------------------------ what is drawn


@st.composite
def arrays(draw) -> Crossbar:
    rows = draw(st.sampled_from([1, 2, 7, 16, 64, 128]))
    return Crossbar(
        rows=rows,
        cell_bits=draw(st.integers(1, 8)),
        dac_bits=draw(st.integers(1, 8)),
        adc_bits=draw(st.integers(1, 14)),
        adc_mode=draw(st.sampled_from(MODES)),
        encoding=draw(st.sampled_from(ENCODINGS)),
        rows_per_read=draw(st.none() | st.integers(1, rows)),
    )


@st.composite
def layers(draw, array: Crossbar) -> Layer:
    input_bits = draw(st.integers(1, 16))
    weight_bits = draw(st.integers(1, machine.widest_weight(array)))
    signed = draw(st.booleans())
    return Layer(
        input_bits=input_bits,
        input_signed=signed,
        weight_bits=weight_bits,
        input_zero_point=draw(st.just(0) | st.integers(*bounds(input_bits, signed))),
        weight_zero_point=draw(st.just(0) | st.integers(*bounds(weight_bits, True))),
        adc_range=draw(st.integers(1, 300) | st.integers(1, 5000) | st.integers(1, 10**7)),
    )


@st.composite
def codes(draw, shape: tuple[int, ...], bits: int, signed: bool) -> np.ndarray:
    """Codes of one of several kinds: all over the range, its ends, few values, one value."""
    low, high = bounds(bits, signed)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["any", "ends", "few", "low", "high"]))
    if kind == "any":
        return rng.integers(low, high + 1, shape)
    values = {"ends": [low, high], "low": [low], "high": [high]}
    return rng.choice(values.get(kind, [max(low, -1), 0, 0, 0, min(1, high)]), shape)


PROPERTY = settings(
    derandomize=True, deadline=None, database=None, max_examples=250, print_blob=False
)


@PROPERTY
@given(data=st.data(), array=arrays())
def test_linear_layers(data, array) -> None:
    layer = data.draw(layers(array), "layer")
    count = data.draw(st.integers(1, 3), "inputs")
    rows = data.draw(
        st.integers(1, 3 * array.rows + 2)
        | st.sampled_from([array.rows - 1, array.rows, array.rows + 1]).filter(bool),
        "rows",
    )
    outputs = data.draw(st.integers(1, 40), "outputs")
    x = data.draw(codes((count, rows), layer.input_bits, layer.input_signed), "codes")
    w = data.draw(codes((outputs, rows), layer.weight_bits, True), "weights")
    check(x, w, layer, array)


@PROPERTY
@given(data=st.data(), array=arrays())
def test_convolutions(data, array) -> None:
    draw = data.draw
    layer = draw(layers(array), "layer")
    groups = draw(st.sampled_from([1, 1, 2, 3, 8]), "groups")
    depth, filters = draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (5, 3)]), "of a group")
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 4)), "kernel")
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)), "strides")
    dilations = draw(st.tuples(st.integers(1, 2), st.integers(1, 3)), "dilations")
    padding = draw(st.tuples(*[st.integers(0, 3)] * 4), "padding")
    size = [
        max(1, (k - 1) * d + 1 - before - after) + draw(st.integers(0, 4), "more")
        for k, d, before, after in zip(kernel, dilations, padding[:2], padding[2:], strict=True)
    ]
    batch = draw(st.integers(1, 2), "batch")
    shape = (batch, groups * depth, *size)
    x = draw(codes(shape, layer.input_bits, layer.input_signed), "codes")
    w = draw(codes((groups * filters, depth, *kernel), layer.weight_bits, True), "weights")
    check(x, w, layer, array, Window(strides, dilations, padding, groups))


# ------------------------------------------------------------------ edges, one by one


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def every_array(**fields) -> list[Crossbar]:
    return [
        Crossbar(adc_mode=mode, encoding=encoding, **fields)
        for mode in MODES for encoding in ENCODINGS
    ]  # fmt: skip


@pytest.mark.parametrize("array", every_array(rows=64, adc_bits=5), ids=str)
@pytest.mark.parametrize("rows", [1, 63, 64, 65, 129])
def test_rows_around_those_of_an_array(array, rows, rng) -> None:
    x, w = rng.integers(0, 256, (2, rows)), rng.integers(-128, 128, (3, rows))
    check(x, w, Layer(input_zero_point=7, adc_range=100), array)


@pytest.mark.parametrize("array", every_array(rows=10, adc_bits=4, rows_per_read=4), ids=str)
def test_rows_of_a_read_that_do_not_divide_rows(array, rng) -> None:
    x, w = rng.integers(-128, 128, (2, 27)), rng.integers(-128, 128, (3, 27))
    check(x, w, Layer(input_signed=True, input_zero_point=-9, adc_range=31), array)


@pytest.mark.parametrize("array", every_array(rows=16, adc_bits=4, cell_bits=8), ids=str)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("weight", [-(2**15), 2**15 - 1, -1, 0])
def test_extreme_codes_and_weights(array, signed, weight) -> None:
    high = bounds(16, signed)[1]
    for code in {bounds(16, signed)[0], high, -1 if signed else high}:
        x, w = np.full((1, 35), code), np.full((2, 35), weight)
        check(x, w, Layer(16, signed, 16, adc_range=4000), array)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("dac_bits", range(1, 9))
@pytest.mark.parametrize("signed", [False, True])
def test_digits_that_do_not_divide_codes(encoding, dac_bits, signed, rng) -> None:
    x, w = rng.integers(*bounds(16, signed), (2, 20)), rng.integers(-128, 128, (3, 20))
    array = Crossbar(16, 4, dac_bits, 6, "full_scale", encoding)
    check(x, w, Layer(16, signed, 8), array)


@pytest.mark.parametrize("mode", ["full_scale", "calibrated"])
@pytest.mark.parametrize("rows", [5, 6])
def test_converter_that_just_covers_its_range(mode, rows, rng) -> None:
    """r == n counts levels, r == n + 1 does not: 5 rows of 3 levels are 15, 16 are one more."""
    array = Crossbar(5, 2, 1, 4, mode, "offset")
    x, w = rng.integers(0, 256, (4, 30)), rng.integers(-128, 128, (8, 30))
    adc_range = 15 if rows == 5 else 16
    if mode == "full_scale" and rows == 6:
        array = Crossbar(16, 1, 1, 4, mode, "offset")
    layer = Layer(adc_range=adc_range)
    assert (array_oracle.full_range(layer, array) is None) == (rows == 5)
    check(x, w, layer, array)


@pytest.mark.parametrize(
    ("adc_bits", "adc_range", "tie", "even"),
    [(1, 6, 3, 0), (2, 6, 1, 0), (2, 6, 3, 2), (2, 6, 5, 2), (3, 14, 1, 0), (3, 14, 3, 2),
     (3, 10, 5, 4), (6, 126, 125, 62)],
)  # fmt: skip
def test_ties_go_to_the_even_code(adc_bits, adc_range, tie, even, rng) -> None:
    """Every sum from 0 to 128, `tie` among them: its code is just between two. `C r / n` never
    is, as n is odd."""
    array = Crossbar(128, 1, 1, adc_bits, "calibrated", "differential")
    layer = Layer(adc_range=adc_range)
    steps = 2**adc_bits - 1
    assert 2 * tie * steps % (2 * adc_range) == adc_range
    assert array_oracle.convert(np.array([tie]), layer, array) == even
    found = check(np.tri(129, 128, -1, np.int64), np.ones((1, 128), np.int64), layer, array)
    assert found[tie, 0] == round(even * adc_range / steps)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("mode", MODES)
def test_depthwise_layers_share_arrays(mode, encoding, rng) -> None:
    x, w = rng.integers(0, 256, (1, 40, 6, 5)), rng.integers(-128, 128, (40, 1, 3, 3))
    array = Crossbar(128, 2, 1, 3, mode, encoding, 4)
    check(
        x,
        w,
        Layer(input_zero_point=30, adc_range=20),
        array,
        Window((1, 2), (1, 1), (1, 0, 2, 1), 40),
    )


@pytest.mark.parametrize(("mode", "encoding"), [("clip", "offset"), ("full_scale", "differential")])
def test_large_arrays(mode, encoding, rng) -> None:
    x, w = rng.integers(0, 256, (2, 1024)), rng.integers(-128, 128, (1024, 1024))
    check(x, w, Layer(input_zero_point=100), Crossbar(1024, 2, 1, 9, mode, encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("weight", [-128, 127])
def test_sums_that_just_fit(encoding, weight) -> None:
    """255 * 128 * 65793 is 128 less than 2^31; what the offset adds on the way is more."""
    x, w = np.full((1, 65793), 255), np.full((1, 65793), weight)
    array = Crossbar(1024, 2, 1, 8, "lossless", encoding)
    program = machine.program_of(x.shape, w, Layer(), machine.device_of(array), None, "i32")
    assert machine.run(program, x).tolist() == [[255 * 65793 * weight]]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_largest_column_sums(encoding, rng) -> None:
    """65536 rows of 8-bit digits and cells: sums of 32 bits."""
    x, w = rng.integers(60000, 65536, (2, 66000)), rng.integers(-(2**15), 2**15, (2, 66000))
    w[0] = 2**15 - 1
    check(x, w, Layer(16, False, 16), Crossbar(65536, 8, 8, 20, "full_scale", encoding))


@pytest.mark.parametrize(
    ("code", "weight", "signed", "text"),
    [
        (16, 7, False, r"expected inputs in \[0, 15\], got 16 at element 1"),
        (8, 7, True, r"expected inputs in \[-8, 7\], got 8 at element 1"),
        (-9, 7, True, r"expected inputs in \[-8, 7\], got -9 at element 1"),
        (0, 8, False, r"expected weights in \[-8, 7\], got 8 at element 1"),
        (0, -9, True, r"expected weights in \[-8, 7\], got -9 at element 1"),
    ],
)
@pytest.mark.parametrize("mode", ["lossless", "clip", "full_scale"])
def test_codes_and_weights_beyond_their_bits(code, weight, signed, text, mode) -> None:
    device = machine.device_of(Crossbar(adc_mode=mode))
    x, w = np.array([[0, code, 0]]), np.array([[0, weight, 0]])
    program = machine.program_of(x.shape, w, Layer(4, signed, 4), device)
    with pytest.raises(PumiceError, match=text):
        machine.run(program, x)


def test_a_range_that_sums_do_not_hold(rng) -> None:
    """Conversions of the layer, each up to its range, need more than 32 bits."""
    device = machine.device_of(Crossbar(128, 2, 1, 8, "calibrated"))
    layer, w = Layer(adc_range=2**31 - 1), rng.integers(-128, 128, (2, 200))
    with pytest.raises(PumiceError, match="expected accumulators of at least .* bits"):
        machine.run(machine.program_of((1, 200), w, layer, device, None, "i32"), w[:1])


def test_a_calibrated_converter_without_a_range(rng) -> None:
    device = machine.device_of(Crossbar(adc_mode="calibrated"))
    w = rng.integers(-128, 128, (2, 20))
    program = machine.program_of((1, 20), w, Layer(), device)
    assert program.estimate().latency_ns > 0
    with pytest.raises(PumiceError, match="adc_range"):
        machine.run(program, w[:1])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("mode", MODES)
def test_estimate_is_the_reports(mode, encoding, rng) -> None:
    layer, w = Layer(adc_range=50), rng.integers(-128, 128, (5, 300))
    device = machine.device_of(Crossbar(128, 2, 2, 6, mode, encoding, 48))
    program = machine.program_of((2, 300), w, layer, device)
    estimate = program.estimate().to_dict()
    report = program.run(rng.integers(0, 256, (2, 300)).astype(np.int8)).report.to_dict()
    estimate.pop("timings_s", None), report.pop("timings_s", None)
    assert estimate == report
