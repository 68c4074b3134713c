# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ternary layers on associative processors, bit for bit and count for count as docs/ap.md says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

import ap_oracle
import machine
from array_oracle import Layer
from machine import Window
from pumice import Device, Program, PumiceError, ir

DEVICE = Device("rtm-ap")


def integer_conv(x, w, layer: Layer, window: Window | None) -> np.ndarray:
    """The sums of an integer layer, by NumPy's own products."""
    x = x.astype(np.int64)
    if window is None:
        return (x - layer.input_zero_point) @ w.reshape(len(w), -1).astype(np.int64).T
    rows = ap_oracle.patches(
        x, w.shape[2:], window.strides, window.dilations, window.padding, layer.input_zero_point
    )
    rows = rows - layer.input_zero_point
    outputs = len(w) // window.groups
    sums = np.concatenate(
        [
            np.tensordot(
                part,
                w[g * outputs : (g + 1) * outputs].reshape(outputs, w.shape[1], -1).astype(int),
                axes=((1, 2), (1, 2)),
            )
            for g, part in enumerate(np.split(rows, window.groups, axis=1))
        ],
        axis=1,
    )
    shape = machine.result_shape(x.shape, w.shape, window)
    return sums.reshape(shape[0], *shape[2:], shape[1]).transpose(0, 3, 1, 2)


def codes_of(layer: Layer, rng, shape) -> np.ndarray:
    low = -(2 ** (layer.input_bits - 1)) if layer.input_signed else 0
    return rng.integers(low, low + 2**layer.input_bits, shape)


def ternary(rng, shape, sparsity) -> np.ndarray:
    return rng.choice([-1, 0, 1], shape, p=[(1 - sparsity) / 2, sparsity, (1 - sparsity) / 2])


def layer_of(bits: int, signed: bool, zero_point: int) -> Layer:
    return Layer(input_bits=bits, input_signed=signed, input_zero_point=zero_point, weight_bits=8)


# ------------------------------------------------------------------ sums


@st.composite
def cases(draw, widths=range(1, 9)):
    bits = draw(st.sampled_from(widths))
    signed = draw(st.booleans())
    low = -(2 ** (bits - 1)) if signed else 0
    layer = layer_of(bits, signed, draw(st.integers(low, low + 2**bits - 1)))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels = groups * draw(st.integers(1, 6))
    outputs = groups * draw(st.integers(1, 9))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    window = Window(
        strides=draw(st.tuples(st.integers(1, 3), st.integers(1, 2))),
        dilations=draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        padding=draw(st.tuples(*[st.integers(0, 2)] * 4)),
        groups=groups,
    )
    if draw(st.integers(0, 4)) == 0:
        window, shape, kernel = None, (draw(st.integers(1, 9)), channels), ()
        groups = 1
    else:
        shape = (draw(st.integers(1, 2)), channels, draw(st.integers(5, 9)), 6)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = ternary(
        rng, (outputs, channels // groups, *kernel), draw(st.sampled_from([0, 0.5, 0.9, 1]))
    )
    return codes_of(layer, rng, shape), weights, layer, window


LAYOUTS = ["along", "across"]


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from(["", *LAYOUTS, "cheapest"]))
def test_sums_are_those_of_the_integer_layer(case, layout) -> None:
    x, w, layer, window = case
    program = compiled(x, w, layer, window, options=f"layout={layout}" if layout else "")
    expected = integer_conv(x, w, layer, window)
    for threads in (1, 2):
        np.testing.assert_array_equal(machine.run(program, x, threads), expected)


@settings(max_examples=40, deadline=None)
@given(cases(widths=[8]), st.integers(0, 2**32))
def test_layers_of_linalg(case, seed) -> None:
    """With a scale and a zero point of the weights, as quantizers write them."""
    x, w, layer, window = case
    rng = np.random.default_rng(seed)
    w = w * rng.integers(1, 120, (len(w), *[1] * (w.ndim - 1)))
    zero = int(rng.integers(-8, 8))
    program = machine.program_of_text(
        machine.linalg_text(x.shape, w + zero, replace(layer, weight_zero_point=zero), window),
        DEVICE,
    )
    assert "ap_exec" in program.ir("simulator")
    np.testing.assert_array_equal(machine.run(program, x, 2), integer_conv(x, w, layer, window))


@pytest.mark.parametrize("spread", [1, 2, 5])
@pytest.mark.parametrize(("lanes", "layout"), [(1, "along"), (3, "along"), (1, "across")])
def test_channel_blocks_spread_over_processors(spread: int, lanes: int, layout: str) -> None:
    """Small processors need several channel blocks and several output blocks."""
    rng = np.random.default_rng(spread)
    size = {"columns": 40, "domains": 24} if layout == "along" else {"columns": 90, "domains": 5}
    device = DEVICE.replace(ap={**size, "rows": 7})
    layer = layer_of(4, False, 3)
    x, w = codes_of(layer, rng, (2, 33, 5, 4)), ternary(rng, (60, 33, 3, 3), 0.6)
    window = Window(padding=(1, 1, 1, 1))
    program = compiled(
        x, w, layer, window, device, f"layout={layout} lanes={lanes} spread={spread} threads=2"
    )
    blob = blob_of(program)
    assert blob.across == (layout == "across")
    assert (blob.lanes, blob.spread) == (
        lanes,
        min(spread, len(blob.output_blocks[0].channel_blocks)),
    )
    assert len(blob.output_blocks) > 1
    assert len(blob.output_blocks[0].channel_blocks) > 1
    np.testing.assert_array_equal(machine.run(program, x, 2), integer_conv(x, w, layer, window))


# ------------------------------------------------------------------ counts


def layer_text(shape, w, layer: Layer, window: Window | None) -> str:
    """The layer in the ap dialect."""
    x_type, w_type = machine.tensor(shape, "i8"), machine.tensor(w.shape, "i8")
    y_type = machine.tensor(machine.result_shape(shape, w.shape, window), "i32")
    flags = [f"input_zero_point = {layer.input_zero_point}", f"input_bits = {layer.input_bits}"]
    if not layer.input_signed:
        flags.append("input_unsigned")
    op, geometry = ("conv_2d", machine.window_text(w, window)) if window else ("mvm", "")
    types = f"({x_type}, {w_type}) -> {y_type}"
    data = w.astype(np.int8).tobytes().hex()
    return (
        f"func.func @main(%x: {x_type}) -> {y_type} {{\n"
        f'  %w = arith.constant dense<"0x{data}"> : {w_type}\n'
        f"  %y = ap.{op} %x, %w {geometry}{{{', '.join(flags)}}} : {types}\n"
        f"  return %y : {y_type}\n}}\n"
    )


def compiled(x, w, layer, window, device=DEVICE, options="") -> Program:
    with ir.Context() as context:
        module = ir.Module.parse(layer_text(x.shape, w, layer, window))
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        passes = f"ap-compile-programs{{{options}}},verify-ap-contract"
        PassManager.parse(f"builtin.module({passes})").run(module.operation)
        for pipeline in ("crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
        return Program({"simulator": module}, {})


def blob_of(program: Program) -> ap_oracle.Program:
    """The program of the only layer, read by the oracle."""
    text = program.ir("simulator", elide=False)
    digits = text.split('ap_program: "0x', 1)[1].split('"', 1)[0]
    return ap_oracle.decode(bytes.fromhex(digits)[4:])


@pytest.mark.parametrize(
    ("bits", "signed", "zero_point", "sparsity"),
    [(4, False, 0, 0.8), (8, True, -3, 0.5), (1, False, 1, 0.3), (3, True, 0, 0)],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_count_is_the_oracles(bits, signed, zero_point, sparsity, layout) -> None:
    """Passes, searched columns, written bits and shifts, by a simulation of the blob."""
    rng = np.random.default_rng(bits)
    layer = layer_of(bits, signed, zero_point)
    x, w = codes_of(layer, rng, (1, 5, 8, 9)), ternary(rng, (11, 5, 3, 2), sparsity)
    window = Window(strides=(1, 2), padding=(1, 0, 1, 1))
    device = DEVICE.replace(ap={"search_pj_per_row": 0.003})
    program = compiled(x, w, layer, window, device, f"layout={layout} spread=1")
    blob = blob_of(program)
    assert blob.across == (layout == "across")
    rows = ap_oracle.patches(x, (3, 2), window.strides, (1, 1), window.padding, zero_point)
    sums, counts = ap_oracle.execute(blob, rows, len(rows))
    result = program.run(x.astype(np.int8))
    found = np.asarray(result.outputs)
    np.testing.assert_array_equal(found.transpose(0, 2, 3, 1).reshape(sums.shape), sums)
    np.testing.assert_array_equal(found, integer_conv(x, w, layer, window))

    r = len(rows)
    report = result.report
    assert report.counters["ap_passes"] == counts.passes
    assert report.counters["ap_tagged_writes"] == counts.written
    ap = device.processors["ap"]
    components = report.components
    # Search lines for each column of a key, a match line for each pass, in every row.
    lines = counts.searched * ap["search_pj_per_bit"] + counts.passes * ap["search_pj_per_row"]
    assert components["search"] == pytest.approx(lines * r)
    assert components["tag_write"] == pytest.approx(counts.written * ap["write_pj_per_bit"])

    # Along racetracks: loading, first values and reading take every plane of the inputs or
    # accumulators, there and back. Across columns, they are among the oracle's moves.
    distance = counts.distance
    if not blob.across:
        distance += sum(4 * block.planes * block.columns for block in blob.output_blocks)
    loaded = read = 0
    for block in blob.output_blocks:
        bits_of_block = sum(width for width, _ in block.outputs)
        read += bits_of_block
        loaded += bits_of_block
        for part in block.channel_blocks:
            sets, per_set = -(-part.channels // blob.lanes), blob.lanes * blob.positions
            distance += 0 if blob.across else 2 * sets * per_set * blob.bits
            loaded += part.channels * blob.positions * blob.bits
    assert report.counters["ap_shifts"] == distance * r
    assert components["shift"] == pytest.approx(distance * r * ap["shift_pj_per_bit"])
    assert components["ap_load"] == pytest.approx(loaded * r * ap["write_pj_per_bit"])
    assert components["ap_read"] == pytest.approx(read * r * ap["read_pj_per_bit"])


def test_an_estimate_differs_in_tagged_writes_only() -> None:
    rng = np.random.default_rng(0)
    layer = layer_of(4, False, 0)
    x, w = codes_of(layer, rng, (1, 16, 9, 9)), ternary(rng, (24, 16, 3, 3), 0.8)
    program = compiled(x, w, layer, Window())
    run, estimate = program.run(x.astype(np.int8)).report, program.estimate()
    assert run.latency_ns == estimate.latency_ns
    for name, energy in run.components.items():
        if name != "tag_write":
            assert energy == estimate.components[name]
    ratio = run.components["tag_write"] / estimate.components["tag_write"]
    assert 0.7 < ratio < 1.2
    assert ratio != 1


def test_a_layer_twice_as_high_takes_the_time_of_one_block() -> None:
    """Blocks of rows run at once, unless there are too few processors."""
    layer = layer_of(4, False, 0)
    rng = np.random.default_rng(0)
    w = ternary(rng, (8, 4, 1, 1), 0.5)
    few = DEVICE.replace(levels={"tile": {"holds": 1}, "bank": {"holds": 1}, "chip": {"holds": 1}})

    def latency(height: int, device: Device) -> float:
        x = np.zeros((1, 4, height, 16))
        program = compiled(x, w, layer, Window(), device, "spread=1 lanes=4 output-blocks=1")
        assert len(blob_of(program).output_blocks) == 1
        return sum(
            item["end_ns"] - item["start_ns"]
            for item in program.estimate().instructions
            if item["kind"] == "ap"
        )

    assert latency(32, DEVICE) == pytest.approx(latency(16, DEVICE), rel=0.01)
    assert latency(32, few) == pytest.approx(2 * latency(16, DEVICE), rel=0.01)


@pytest.mark.parametrize("lanes", [1, 6])
def test_ports_across_columns_go_forth_and_back(lanes) -> None:
    """Either inputs pass each level of accumulators, or accumulators pass each channel set."""
    rng = np.random.default_rng(0)
    layer = layer_of(4, False, 0)
    x, w = codes_of(layer, rng, (1, 24, 5, 5)), ternary(rng, (40, 24, 3, 3), 0.8)
    program = compiled(x, w, layer, Window(), options=f"layout=across lanes={lanes} spread=1")
    blob = blob_of(program)
    rows = ap_oracle.patches(x, (3, 3), (1, 1), (1, 1), (0, 0, 0, 0), 0)
    sums, counts = ap_oracle.execute(blob, rows, len(rows))
    np.testing.assert_array_equal(
        np.asarray(program.run(x.astype(np.int8)).outputs)
        .transpose(0, 2, 3, 1)
        .reshape(sums.shape),
        sums,
    )
    moves = 0
    for block in blob.output_blocks:
        inputs, sets = lanes * 9 * 4, 24 // lanes
        # What moves inside moves by one domain for each pair, what moves outside for each of its
        # own domains. Reading goes through all levels.
        inside = min(
            block.slots * sets * inputs + block.slots * block.columns,
            sets * block.slots * block.columns + sets * inputs,
        )
        moves += inside + block.slots * block.columns
    assert counts.distance <= moves
    along = blob_of(compiled(x, w, layer, Window(), options="layout=along spread=1"))
    assert ap_oracle.execute(along, rows, len(rows))[1].distance > 4 * counts.distance


@pytest.mark.parametrize("name", ["rtm-ap", "fefet-ap", "cmos-ap"])
def test_processors_of_one_domain_compute_across_columns(name) -> None:
    """Cells that are no racetracks: nothing shifts."""
    rng = np.random.default_rng(0)
    layer = layer_of(4, True, 2)
    device = Device(name).replace(ap={"domains": 1})
    assert name == "rtm-ap" or device == Device(name)
    x, w = codes_of(layer, rng, (1, 5, 6, 6)), ternary(rng, (30, 5, 3, 3), 0.7)
    program = compiled(x, w, layer, Window(), device)
    assert blob_of(program).across
    result = program.run(x.astype(np.int8))
    np.testing.assert_array_equal(np.asarray(result.outputs), integer_conv(x, w, layer, Window()))
    # What is loaded and read out counts as a move of a domain there and back.
    assert result.report.components["search"] > 0
    if name != "rtm-ap":
        assert result.report.components.get("shift", 0) == 0


def test_an_unknown_layout_is_refused() -> None:
    layer = layer_of(4, False, 0)
    problem = "expected layout 'along', 'across' or 'cheapest', got 'up'"
    with pytest.raises(ir.MLIRError, match=problem):
        compiled(
            np.zeros((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), layer, Window(), options="layout=up"
        )


# ------------------------------------------------------------------ sharing


@pytest.mark.parametrize(
    ("outputs", "sparsity", "least"),
    [(64, 0.5, 0.385), (64, 0.8, 0.15), (64, 0.85, 0.09), (64, 0.9, 0.03), (512, 0.9, 0.148)],
)
def test_shared_sums_save_additions(outputs: int, sparsity: float, least: float) -> None:
    """At least what plain greedy sharing of two-term sums saves: 39, 15, 9, 3 and 15 %."""
    rng = np.random.default_rng(1)
    channels = 64 if outputs == 64 else 4
    layer = layer_of(4, False, 0)
    x, w = np.zeros((1, channels, 3, 3)), ternary(rng, (outputs, channels, 3, 3), sparsity)
    options = "layout=along lanes=1 spread=1 output-blocks=1 threads=2"
    program = compiled(x, w, layer, Window(), options=options)
    blob = blob_of(program)
    additions = sum(
        len(shared_and_terms(bundle))
        for part in blob.output_blocks[0].channel_blocks
        for bundle in part.bundles
    )
    assert additions <= (1 - least) * np.count_nonzero(w)


def shared_and_terms(bundle) -> list:
    """Operations: each adds one term to a sum, or a sum to an accumulator."""
    return [op for op in bundle if op.code in ("add", "sub", "add_new", "sub_new")]


# ------------------------------------------------------------------ the device


def test_a_device_has_arrays_or_processors() -> None:
    with pytest.raises(PumiceError, match="device 'rtm-ap': unknown field 'array', expected one"):
        DEVICE.replace(array=Device("isaac").crossbars["array"])
    with pytest.raises(PumiceError, match="processors.ap: expected fields, got nothing"):
        DEVICE.replace(ap=None)
    assert DEVICE.adc_mode == "lossless"
    assert DEVICE.replace(ap={"rows": 64}).processors["ap"]["rows"] == 64
