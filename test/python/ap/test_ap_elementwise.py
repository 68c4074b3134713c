# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What follows a layer on associative processors: codes instead of sums, bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager
from test_ap import DEVICE, blob_of
from test_ap_passes import program_of

import ap_oracle
from ap_blobs import encode, one_output_block, operation
from ap_oracle import Value
from pumice import Device, Program, PumiceError, ir

SMALL = DEVICE.replace(ap={"columns": 64, "domains": 32, "rows": 64})


def layer_text(x, w, thresholds, codes, attributes: str) -> str:
    def dense(name: str, array, width: int) -> str:
        shape = "x".join(map(str, array.shape))
        return f"{name}dense<{array.tolist()}> : tensor<{shape}xi{width}>"

    shapes = [f"tensor<{m}x{n}xi8>" for m, n in (x.shape, w.shape, (len(x), len(w)))]
    given = f"{dense('thresholds = ', thresholds, 64)}, {dense('codes = ', codes, 8)}"
    return (
        f"func.func @main(%x: {shapes[0]}) -> {shapes[2]} {{\n"
        f"  %w = arith.constant {dense('', w, 8)}\n"
        f"  %y = ap.mvm %x, %w {{{attributes}, {given}}}"
        f" : ({shapes[0]}, {shapes[1]}) -> {shapes[2]}\n"
        f"  return %y : {shapes[2]}\n}}\n"
    )


def compiled(text: str, device: Device = SMALL, options: str = "") -> Program:
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        for passes in (
            f"ap-compile-programs{{{options}}},verify-ap-contract",
            "crossbar-to-pum",
            "pum-to-simulator",
        ):
            PassManager.parse(f"builtin.module({passes})").run(module.operation)
        return Program({"simulator": module}, {})


def codes_by_hand(x, w, zero_point, thresholds, codes) -> np.ndarray:
    sums = (x.astype(np.int64) - zero_point) @ w.T.astype(np.int64)
    reached = (sums[:, :, None] >= thresholds[None]).sum(axis=2)
    return np.take_along_axis(codes[None], reached[:, :, None], 2)[:, :, 0]


def random_layer(rng, bits, signed, zero_point, steps, low, high, outputs=9):
    """Codes, weights, and a function for each output, anything but monotone."""
    first = -(2 ** (bits - 1)) if signed else 0
    x = rng.integers(first, first + 2**bits, (150, 12))
    w = rng.integers(-1, 2, (outputs, 12))
    w[0] = 0  # a sum without inputs
    spread = 12 * 2**bits // 2
    thresholds = np.sort(rng.integers(-spread, spread, (outputs, steps)), axis=1)
    thresholds[1, :] = 2**62  # never reached
    codes = rng.integers(low, high + 1, (outputs, steps + 1))
    return x, w, thresholds, codes


@st.composite
def cases(draw):
    bits, signed = draw(st.integers(1, 6)), draw(st.booleans())
    first = -(2 ** (bits - 1)) if signed else 0
    zero_point = draw(st.integers(first, first + 2**bits - 1))
    width, negative = draw(st.integers(1, 8)), draw(st.booleans())
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if negative else (0, 2**width - 1)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps = draw(st.integers(1, 20))
    layer = random_layer(rng, bits, signed, zero_point, steps, low, min(high, 127))
    attributes = f"input_bits = {bits}, input_zero_point = {zero_point}"
    return layer, zero_point, attributes if signed else f"{attributes}, input_unsigned"


@settings(max_examples=30, deadline=None)
@given(cases(), st.sampled_from(["along", "across", "cheapest"]))
def test_codes_are_those_of_the_function(case, layout) -> None:
    (x, w, thresholds, codes), zero_point, attributes = case
    text = layer_text(x, w, thresholds, codes, attributes)
    program = compiled(text, SMALL.replace(ap={"columns": 128}), f"layout={layout}")
    found = np.asarray(program.run(x.astype(np.int8), threads=2).outputs)
    np.testing.assert_array_equal(found, codes_by_hand(x, w, zero_point, thresholds, codes))


@pytest.mark.parametrize("layout", ["along", "across"])
@pytest.mark.parametrize("spread", [1, 3])
def test_spread_channel_blocks_make_codes_of_their_sum(spread: int, layout: str) -> None:
    rng = np.random.default_rng(5)
    x, w = rng.integers(0, 16, (70, 64)), rng.integers(-1, 2, (30, 64))
    thresholds = np.sort(rng.integers(-150, 150, (30, 15)), axis=1)
    codes = np.tile(np.arange(16), (30, 1))
    text = layer_text(x, w, thresholds, codes, "input_bits = 4, input_unsigned")
    device = SMALL if layout == "along" else SMALL.replace(ap={"columns": 96, "domains": 8})
    options = f"layout={layout} lanes=2 spread={spread} threads=2"
    program = compiled(text, device, options)
    blob = blob_of(program)
    assert blob.spread == spread
    assert (blob.code_bits, blob.code_signed) == (4, False)
    found = np.asarray(program.run(x.astype(np.int8)).outputs)
    np.testing.assert_array_equal(found, codes_by_hand(x, w, 0, thresholds, codes))


@pytest.mark.parametrize("layout", ["along", "across"])
def test_every_count_is_the_oracles(layout: str) -> None:
    """Passes, searches, written bits, shifts and wear of a program with an epilogue."""
    rng = np.random.default_rng(1)
    x, w, thresholds, codes = random_layer(rng, 3, True, -1, 7, -4, 3, outputs=20)
    x = x[:50]
    attributes = "input_bits = 3, input_zero_point = -1"
    device = SMALL.replace(ap={"columns": 40, "domains": 24})
    options = f"layout={layout} spread=1"
    program = compiled(layer_text(x, w, thresholds, codes, attributes), device, options)
    blob = blob_of(program)
    assert blob.across == (layout == "across")
    processors: list[ap_oracle.Processor] = []
    found, counts = ap_oracle.execute(blob, x[:, :, None], len(x), processors)
    result = program.run(x.astype(np.int8))
    np.testing.assert_array_equal(np.asarray(result.outputs), found)
    np.testing.assert_array_equal(found, codes_by_hand(x, w, -1, thresholds, codes))

    r, ap, report = len(x), device.processors["ap"], result.report
    assert report.counters["ap_passes"] == counts.passes
    assert report.counters["ap_tagged_writes"] == counts.written
    searched = counts.searched * r * ap["search_pj_per_bit"]
    assert report.components["search"] == pytest.approx(searched)
    distance, read = counts.distance, 0
    for block in blob.output_blocks:
        read += len(block.outputs) * blob.code_bits
        if blob.across:  # all moves are the oracle's
            continue
        span = block.planes - block.slot + blob.code_bits
        distance += 2 * (block.planes + span) * block.columns
        for part in block.channel_blocks:
            taken = -(-part.channels // blob.lanes) * blob.bits
            distance += 2 * taken * blob.lanes
    assert report.counters["ap_shifts"] == distance * r
    assert report.components["ap_read"] == pytest.approx(read * r * ap["read_pj_per_bit"])
    assert report.wear.max_writes_per_cell == max(p.most.max() for p in processors)
    written = sum(int(p.writes.sum()) for p in processors)
    cells = report.wear.arrays_written * 40 * 64
    assert report.wear.mean_writes_per_cell * cells == pytest.approx(written)


def test_columns_for_flags_are_kept_free() -> None:
    """8 thresholds that sums meet take 9 columns, besides those of accumulators."""
    rng = np.random.default_rng(2)
    x, w = rng.integers(0, 4, (9, 3)), np.ones((5, 3), np.int8)
    thresholds = np.tile(np.arange(-9, 9), (5, 1))
    codes = np.tile(np.arange(19), (5, 1))
    text = layer_text(x, w, thresholds, codes, "input_bits = 2, input_unsigned")
    fits = SMALL.replace(ap={"columns": 10})
    found = np.asarray(compiled(text, fits).run(x.astype(np.int8)).outputs)
    np.testing.assert_array_equal(found, codes_by_hand(x, w, 0, thresholds, codes))
    with pytest.raises(ir.MLIRError, match="needs at least 10 columns and 5 domains"):
        compiled(text, SMALL.replace(ap={"columns": 9}))


# ------------------------------------------------------------------ programs by hand


def epilogue_of(bundles, **fields) -> bytes:
    program = one_output_block(2, False, 1, [(5, 0)], [])
    program.output_blocks[0].epilogue = bundles
    program.code_bits = 3
    for name, value in fields.items():
        setattr(program, name, value)
    return encode(program)


SUM = Value(1, 0, 5, True, False)


@pytest.mark.parametrize(
    ("blob", "text"),
    [
        (epilogue_of([[operation("less", 4, c=3, a=SUM, k=1)]]), "compares 4 bits of 5"),
        (
            epilogue_of([[operation("less", 5, c=3, a=SUM, k=16)]]),
            "epilogue, bundle 0, operation 0 .*compares with 16, expected -16 to 15",
        ),
        (epilogue_of([[operation("set", 6, c=3, d=SUM)]]), "has 6 steps for a destination of 5"),
        (epilogue_of([], code_bits=6), "results have 6 bits in a slot of 5"),
        (epilogue_of([], code_bits=9), "the number of result bits is 9, expected at most 8"),
        (
            epilogue_of([]).replace(bytes([3, 0, 1]), bytes([0, 0, 1])),
            "expected at least 1 result bit, got 0",
        ),
        (epilogue_of([])[:-3] + bytes([1, 0, 0]), "the epilogue has 2 bytes, expected 1"),
    ],
)
def test_epilogues_that_are_refused(blob: bytes, text: str) -> None:
    with pytest.raises(ir.MLIRError, match=text):
        program_of(blob, 3, 1, 1)


def test_results_of_another_type_are_refused() -> None:
    sums = "tensor<3x1xi8>) -> tensor<3x1xi32>"
    numbers = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in epilogue_of([]))
    text = (
        "func.func @main(%x: tensor<3x1xi8>) -> tensor<3x1xi32> {\n"
        f"  %y = ap.run %x program dense<[{numbers}]> : tensor<{len(epilogue_of([]))}xi8>"
        f" : {sums.replace(') ', ' ')}\n  return %y : tensor<3x1xi32>\n}}\n"
    )
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = DEVICE.to_attribute(context)
        passes = PassManager.parse("builtin.module(verify-ap-contract)")
        with pytest.raises(
            ir.MLIRError,
            match="has a result of 'i32', but its microprogram computes quantized values",
        ):
            passes.run(module.operation)
        for pipeline in ("crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
        program = Program({"simulator": module}, {})
        with pytest.raises(PumiceError, match="results are i32, expected i8"):
            program.run(np.zeros((3, 1), np.int8))


def test_a_relu_by_hand() -> None:
    """y = min(max(x0 - x1, 0), 3), of the sum's thresholds 1, 2 and 3."""
    x0, x1 = (Value(c, 0, 3, False, False) for c in (0, 1))
    total = Value(2, 0, 4, True, False)
    low, high = (Value(2, i, 1, False, False) for i in (0, 1))
    flag = [None, *(Value(4 + t, 0, 1, False, True) for t in (1, 2, 3))]
    program = one_output_block(
        3, False, 2, [(4, 0)], [[operation("sub_new", 4, c=3, d=total, b=x0, a=x1)]]
    )
    program.code_bits = 2
    program.output_blocks[0].epilogue = [
        [operation("less", 4, c=4 + t, a=total, k=t) for t in (1, 2, 3)],
        [
            operation("copy", 1, True, d=low, a=flag[3]),
            operation("between", 1, c=4 + 2, d=low, a=flag[1]),
        ],
        [operation("copy", 1, True, d=high, a=flag[2])],
    ]
    x = np.array(list(itertools.product(range(8), repeat=2)), np.int8)
    y = np.asarray(program_of(encode(program), len(x), 2, 1).run(x).outputs)
    np.testing.assert_array_equal(y[:, 0], np.clip(x[:, 0].astype(int) - x[:, 1], 0, 3))
