# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The oracle of arrays by itself: against exact sums, exact fractions and numbers by hand."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import array_oracle
from array_oracle import Crossbar, Layer

WIDTHS = range(1, 17)


def codes(rng: np.random.Generator, shape: tuple[int, ...], bits: int, signed: bool) -> np.ndarray:
    """Random codes, the extremes among them."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    values = rng.integers(low, high + 1, shape)
    values.flat[0], values.flat[-1] = low, high
    return values


@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
@pytest.mark.parametrize("signed", [False, True])
def test_lossless_arrays_deliver_exact_sums(encoding, signed) -> None:
    rng = np.random.default_rng(0)
    pairs = [(bits, 17 - bits) for bits in WIDTHS] + [(bits, bits) for bits in WIDTHS]
    for input_bits, weight_bits in pairs:
        x = codes(rng, (2, 11), input_bits, signed)
        w = codes(rng, (3, 11), weight_bits, True)
        zeros = int(x[0, 1]), int(w[0, 1])
        layer = Layer(input_bits, signed, weight_bits, *zeros)
        cell_bits, dac_bits = rng.integers(1, 9, 2).tolist()
        array = Crossbar(4, cell_bits, dac_bits, 1, "lossless", encoding, 3)
        expected = (x - zeros[0]) @ (w - zeros[1]).T
        assert np.array_equal(array_oracle.linear(x, w, layer, array), expected)


def one_by_one(x, w, layer: Layer, array: Crossbar) -> list[list[int]]:
    """Offset-encoded products once more, number by number, in fractions."""
    top, high = 2**array.cell_bits - 1, 2**array.adc_bits - 1
    whole = array.read * top * (2**array.dac_bits - 1)
    whole = layer.adc_range if array.adc_mode == "calibrated" else whole
    steps = Fraction(high, whole) if whole > high and array.adc_mode != "clip" else Fraction(1)
    offset = 2 ** (layer.weight_bits - 1)
    result = []
    for inputs, weights in itertools.product(x.tolist(), w.T.tolist()):
        total = 0
        for tile in range(0, len(inputs), array.rows):
            stop = min(tile + array.rows, len(inputs))
            for start in range(tile, stop, array.read):
                rows = range(start, min(start + array.read, stop))
                for bit in range(0, layer.input_bits, array.dac_bits):
                    for cell in range(0, layer.weight_bits, array.cell_bits):
                        v = sum(
                            (inputs[k] >> bit)
                            % 2**array.dac_bits
                            * ((weights[k] + offset >> cell) & top)
                            for k in rows
                        )
                        total += 2 ** (bit + cell) * min(max(round(v * steps), 0), high)
        result.append(round(total / steps) - offset * sum(inputs))
    return np.reshape(result, (len(x), -1)).tolist()


@pytest.mark.parametrize("mode", ["clip", "full_scale", "calibrated"])
@pytest.mark.parametrize("adc_bits", [1, 3, 5, 9])
def test_conversions_are_those_of_fractions(mode, adc_bits) -> None:
    rng = np.random.default_rng(adc_bits)
    for dac_bits, cell_bits, rows_per_read in itertools.product((1, 3), (1, 4), (None, 2, 5)):
        array = Crossbar(5, cell_bits, dac_bits, adc_bits, mode, "offset", rows_per_read)
        layer = Layer(6, False, 8, adc_range=int(rng.integers(1, 60)))
        x, w = codes(rng, (3, 13), 6, False), codes(rng, (13, 4), 8, True)
        assert array_oracle.product(x, w, layer, array).tolist() == one_by_one(x, w, layer, array)


def test_rounding_is_half_to_even() -> None:
    for denominator in (1, 2, 3, 4, 7, 10):
        for numerator in range(-50, 50):
            expected = round(Fraction(numerator, denominator))
            assert array_oracle.round_half_even(numerator, denominator) == expected
    halves = np.array([-5, -3, -1, 1, 3, 5])
    assert array_oracle.round_half_even(halves, 2).tolist() == [-2, -2, 0, 0, 2, 2]


def test_digits_by_hand() -> None:
    # 0b110101 in digits of 4 bits: 0101, and the 2 bits that are left.
    x = np.array([53])
    array = Crossbar(dac_bits=4)
    found = [(weight, int(digit[0])) for weight, digit in array_oracle.digits(x, Layer(6), array)]
    assert found == [(1, 5), (16, 3)]
    # -11 is 0b10101 in 5 bits: 101 of its four, 0 left, and the sign.
    signed = Layer(5, True)
    digits = array_oracle.digits(np.array([-11]), signed, Crossbar(dac_bits=3))
    assert [(weight, int(digit[0])) for weight, digit in digits] == [(1, 5), (8, 0), (-16, 1)]
    # A signed bit is a sign.
    digits = array_oracle.digits(np.array([-1, 0]), Layer(1, True), Crossbar())
    assert [(weight, digit.tolist()) for weight, digit in digits] == [(-1, [1, 0])]


def test_flip_by_hand() -> None:
    # Cells of 2 bits in 2 rows hold up to 6. Levels that add up to 3 stay, to 4 are inverted.
    w = np.array([[1, 1], [-2, -1]])  # stored 3 3 over 0 1
    found = list(array_oracle.columns(w, Layer(weight_bits=2), Crossbar(encoding="offset_flip")))
    assert len(found) == 1
    assert found[0].levels.tolist() == [[3, 0], [0, 2]]
    assert found[0].signs.tolist() == [1, -1]
    assert found[0].exact.tolist() == [0, 3]
    # A converter of 1 bit reads 3 as 1, and of the inverted column 0: 6 less nothing, 2 (3 + 0).
    array = Crossbar(cell_bits=2, adc_bits=1, encoding="offset_flip")
    x = np.array([[1, 0]])
    delivered = array_oracle.product(x, w, Layer(1, False, 2), array)
    assert delivered.tolist() == [[1 - 2, 3 - 0 - 2]]


def test_full_scale_by_hand() -> None:
    # r = 4 rows x 3 levels = 12, n = 7: sums of 3 and 9 give the codes 1.75 -> 2 and 5.25 -> 5,
    # which stand for 2 x 12 / 7 = 3.43 -> 3 and 8.57 -> 9. Rows that no weight uses count in r.
    array = Crossbar(4, 2, 1, 3, "full_scale", "differential")
    x = np.ones((1, 3), np.int64)
    w = np.array([[3, 3], [0, 3], [0, 3]])
    layer = Layer(1, False, 4)
    assert array_oracle.full_range(layer, array) == 12
    assert array_oracle.product(x, w, layer, array).tolist() == [[3, 9]]


def test_a_range_that_is_resolved_is_clip() -> None:
    layer = Layer(adc_range=7)
    assert array_oracle.full_range(layer, Crossbar(adc_bits=3, adc_mode="calibrated")) is None
    layer = Layer(adc_range=8)
    assert array_oracle.full_range(layer, Crossbar(adc_bits=3, adc_mode="calibrated")) == 8


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_convolution_is_pytorchs(groups) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(groups)
    x, w = codes(rng, (2, 6, 7, 9), 8, False), codes(rng, (12, 6 // groups, 2, 3), 8, True)
    padding = top, left, bottom, right = 3, 1, 0, 2
    window = {"strides": (2, 1), "dilations": (1, 3), "padding": padding, "groups": groups}
    layer = Layer(8, False, 8, 77, -3)
    found = array_oracle.conv_2d(x, w, layer, Crossbar(adc_mode="lossless"), **window)
    padded = np.pad(x - 77, ((0, 0), (0, 0), (top, bottom), (left, right)))
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(padded.astype(float)), torch.from_numpy((w + 3).astype(float)), None,
        (2, 1), 0, (1, 3), groups,
    )  # fmt: skip
    assert np.array_equal(found, expected.numpy())
