# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Maximum poolings and weighted sums of codes on associative processors, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pumice._mlir_libs._pumice")

from test_ap import LAYOUTS, blob_of
from test_ap_elementwise import SMALL, compiled
from test_ap_passes import good, loaded

import ap_oracle
from ap_blobs import encode, one_output_block
from machine import Window, result_shape
from pumice import PumiceError, ir


def codes_of(rng, bits: int, signed: bool, shape) -> np.ndarray:
    low = -(2 ** (bits - 1)) if signed else 0
    return rng.integers(low, low + 2**bits, shape)


def type_of(shape) -> str:
    return f"tensor<{'x'.join(map(str, shape))}xi8>"


def pool_text(shape, kernel, window: Window, result, attributes: str) -> str:
    lists = ("kernel", kernel), ("strides", window.strides), ("dilations", window.dilations)
    given = ", ".join(
        f"{name} = {list(values)}" for name, values in (*lists, ("padding", window.padding))
    )
    x, y = type_of(shape), type_of(result)
    return (
        f"func.func @main(%x: {x}) -> {y} {{\n"
        f"  %y = ap.max_pool_2d %x window <{given}> {{{attributes}}} : {x} -> {y}\n"
        f"  return %y : {y}\n}}\n"
    )


@st.composite
def poolings(draw):
    bits, signed = draw(st.integers(1, 6)), draw(st.booleans())
    low = -(2 ** (bits - 1)) if signed else 0
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 40)), draw(st.integers(4, 9)), 7)
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    window = Window(
        strides=draw(st.tuples(st.integers(1, 3), st.integers(1, 2))),
        padding=draw(st.tuples(*[st.integers(0, 2)] * 4)),
    )
    pad = draw(st.integers(low, low + 2**bits - 1))
    x = codes_of(np.random.default_rng(draw(st.integers(0, 2**32))), bits, signed, shape)
    attributes = f"input_bits = {bits}, padding_code = {pad}" + (
        "" if signed else ", input_unsigned"
    )
    return x, kernel, window, pad, attributes


def pooled(x, kernel, window: Window, pad: int) -> np.ndarray:
    rows = ap_oracle.patches(x, kernel, window.strides, (1, 1), window.padding, pad).max(axis=2)
    shape = result_shape(x.shape, (x.shape[1], 1, *kernel), window)
    return rows.reshape(shape[0], *shape[2:], shape[1]).transpose(0, 3, 1, 2)


@settings(max_examples=25, deadline=None)
@given(poolings(), st.sampled_from(LAYOUTS))
def test_maximum_poolings(case, layout) -> None:
    x, kernel, window, pad, attributes = case
    expected = pooled(x, kernel, window, pad)
    text = pool_text(x.shape, kernel, window, expected.shape, attributes)
    program = compiled(text, options=f"layout={layout}")
    found = np.asarray(program.run(x.astype(np.int8), threads=2).outputs)
    np.testing.assert_array_equal(found, expected)


def sum_text(shape, factors, thresholds, codes, attributes: str) -> str:
    def dense(array, width: int) -> str:
        return f"dense<{array.tolist()}> : tensor<{array.shape[0]}x{array.shape[1]}xi{width}>"

    given = f"thresholds = {dense(thresholds, 64)}, codes = {dense(codes, 8)}"
    x = type_of(shape)
    return (
        f"func.func @main(%a: {x}, %b: {x}) -> {x} {{\n"
        f"  %y = ap.weighted_sum %a, %b by {list(factors)} {{{attributes}, {given}}} : {x}\n"
        f"  return %y : {x}\n}}\n"
    )


def sums_by_hand(a, b, factors, thresholds, codes) -> np.ndarray:
    sums = factors[0] * a + factors[1] * b
    reached = (sums[..., None] >= thresholds[:, None, None, :]).sum(axis=-1)
    return np.stack([codes[c][reached[:, c]] for c in range(a.shape[1])], axis=1)


def sum_case(rng, bits, signed, factors, channels=20, steps=11):
    shape = (2, channels, 5, 9)
    a, b = (codes_of(rng, bits, signed, shape) for _ in range(2))
    most = 2**bits * (abs(factors[0]) + abs(factors[1]))
    thresholds = np.sort(rng.integers(-most, most + 1, (channels, steps)), axis=1)
    return a, b, thresholds, rng.integers(-8, 8, (channels, steps + 1))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 6),
    st.booleans(),
    st.tuples(st.integers(-30, 30), st.integers(-30, 30)),
    st.sampled_from(LAYOUTS),
    st.integers(0, 2**32),
)
def test_weighted_sums(bits: int, signed: bool, factors, layout: str, seed: int) -> None:
    a, b, thresholds, codes = sum_case(np.random.default_rng(seed), bits, signed, factors)
    attributes = f"input_bits = {bits}" + ("" if signed else ", input_unsigned")
    text = sum_text(a.shape, factors, thresholds, codes, attributes)
    program = compiled(text, options=f"layout={layout}")
    found = np.asarray(program.run(a.astype(np.int8), b.astype(np.int8)).outputs)
    np.testing.assert_array_equal(found, sums_by_hand(a, b, factors, thresholds, codes))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_count_is_the_oracles(layout: str) -> None:
    """Passes, tagged writes, shifts and moved bytes of a sum; its inputs are 2 x 20 channels."""
    factors = (7, -10)
    a, b, thresholds, codes = sum_case(np.random.default_rng(0), 3, True, factors)
    a, b = a[:1], b[:1]
    text = sum_text(a.shape, factors, thresholds, codes, "input_bits = 3")
    program = compiled(text, options=f"layout={layout}")
    blob = blob_of(program)
    assert (blob.channels, blob.across) == (40, layout == "across")
    rows = np.concatenate([a, b], axis=1).transpose(0, 2, 3, 1).reshape(-1, 40, 1)
    found, counts = ap_oracle.execute(blob, rows, len(rows))
    result = program.run(a.astype(np.int8), b.astype(np.int8))
    outputs = np.asarray(result.outputs).transpose(0, 2, 3, 1).reshape(found.shape)
    np.testing.assert_array_equal(outputs, found)
    report = result.report
    assert report.counters["ap_passes"] == counts.passes
    assert report.counters["ap_tagged_writes"] == counts.written
    distance = counts.distance
    for block in blob.output_blocks if layout == "along" else []:
        span = block.planes - block.slot + blob.code_bits
        distance += 2 * (block.planes + span) * block.columns
        distance += 2 * len(block.channel_blocks) * blob.bits * blob.lanes
    assert report.counters["ap_shifts"] == distance * len(rows)
    assert (distance == 0) == (layout == "across")
    # Both inputs from DRAM to the buffer, and from there to the processors.
    runs = [item for item in report.instructions if item["kind"] == "ap"]
    assert [item["counters"]["buffer_bytes_read"] for item in runs] == [a.size + b.size]
    assert report.wear.arrays_written == len(blob.output_blocks)


def test_processors_that_are_too_small() -> None:
    text = pool_text((1, 1, 4, 4), (2, 2), Window(), (1, 1, 3, 3), "input_bits = 4")
    with pytest.raises(ir.MLIRError, match="needs at least 6 columns and 4 domains"):
        compiled(text, SMALL.replace(ap={"columns": 5}))
    thresholds, codes = np.arange(9)[None], np.arange(10)[None]
    text = sum_text((1, 1, 4, 4), (3, 2), thresholds, codes, "input_bits = 4")
    with pytest.raises(ir.MLIRError, match="needs at least 11 columns and 7 domains"):
        compiled(text, SMALL.replace(ap={"columns": 10}))


def test_inputs_of_another_size() -> None:
    """Two inputs of a machine program that are no codes, or for another program."""
    blob = encode(one_output_block(2, False, 1, [(4, 0)], good()))
    numbers = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in blob)
    x, y = (f"memref<2x1x{t}, #simulator.memory<host>>" for t in ("i8", "i32"))
    text = (
        f"func.func @main(%x: {x}) -> {y} {{\n"
        f"  %y = simulator.buffer : {y}\n"
        f'  %t = simulator.ap_exec %x with %x, %y on <"processors", 0, 1>'
        f" program dense<[{numbers}]> : tensor<{len(blob)}xi8> : {x} with {x}, {y}\n"
        f"  return %y : {y}\n}}\n"
    )
    assert "expected a window of 0 inputs per group (rows of the matrix), got 1" in loaded(text)
    rng = np.random.default_rng(0)
    a, b, thresholds, codes = sum_case(rng, 3, False, (1, 1))
    attributes = "input_bits = 3, input_unsigned"
    program = compiled(sum_text(a.shape, (1, 1), thresholds, codes, attributes))
    with pytest.raises(PumiceError, match="input 8 is not an unsigned integer of 3 bits"):
        program.run(a.astype(np.int8), (b - b + 8).astype(np.int8))
