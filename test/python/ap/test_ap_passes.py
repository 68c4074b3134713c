# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes of every operation on every state of its bits; programs by hand."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from pumice.passmanager import PassManager

from ap_blobs import encode, encode_body, one_output_block, operation, run_text
from ap_oracle import Operation, Value
from pumice import Device, Program, PumiceError, ir

DEVICE = Device("rtm-ap")
PASS = re.compile(
    r"ap\.(move|search|write) \[([\d, ]*)\] (?:key \[([\w, ]*)\]|by (-?\d+))",
)


def passes_of(bundle: list[Operation]) -> list[tuple[str, list[int], list[int]]]:
    """What ap-disassemble lists: ("move" | "search" | "write", columns, key or distance)."""
    program = one_output_block(2, False, 1, [(1, 0)], [bundle])
    with ir.Context():
        module = ir.Module.parse(run_text(encode(program), 1, 1, 1))
        PassManager.parse("builtin.module(ap-disassemble{passes=true})").run(module.operation)
        text = str(module)
    found = []
    for kind, columns, key, distance in PASS.findall(text):
        bits = [int(bit == "true") for bit in key.split(", ")] if key else [int(distance)]
        found.append((kind, [int(c) for c in columns.split(", ")], bits))
    return found


def run_passes(bundle: list[Operation], cells: list[tuple[int, int]]) -> np.ndarray:
    """Runs the listed passes on rows that hold every combination of bits of `cells`.

    Also checks that no row is tagged by two passes of a step, those that clear apart.
    """
    rows = np.array(list(itertools.product((0, 1), repeat=len(cells))), np.int8)
    state = {cell: rows[:, i].copy() for i, cell in enumerate(cells)}
    ports: dict[int, int] = {}
    tags = np.zeros(len(rows), bool)
    tagged_before = np.zeros(len(rows), bool)
    last_keys: list[int] = []
    for kind, columns, key in passes_of(bundle):
        if kind == "move":
            ports[columns[0]] = ports.get(columns[0], 0) + key[0]
            tagged_before[:] = False
            continue
        under = [(column, ports.get(column, 0)) for column in columns]
        if kind == "search":
            last_keys = key
            tags = np.all(
                [state[cell] == bit for cell, bit in zip(under, key, strict=True)], axis=0
            )
        else:
            clears = len(columns) == 1 and key == [0] and len(last_keys) == 1
            if not clears:
                assert not (tags & tagged_before).any()
                tagged_before |= tags
            for cell, bit in zip(under, key, strict=True):
                state[cell][tags] = bit
    return np.array([state[cell] for cell in cells])


def number(bits: np.ndarray, signed: bool) -> np.ndarray:
    """Rows of bits, least significant first, as numbers."""
    weights = [1 << i for i in range(len(bits))]
    if signed:
        weights[-1] = -weights[-1]
    return np.tensordot(weights, bits.astype(np.int64), 1)


A, B, D, C = 0, 1, 2, 3  # columns


def cells_of(column: int, width: int) -> list[tuple[int, int]]:
    return [(column, i) for i in range(width)]


def value(column: int, width: int, signed: bool) -> Value:
    return Value(column, 0, width, signed, False)


@pytest.mark.parametrize("code", ["add", "sub"])
@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("kind", ["unsigned", "signed", "biased"])
def test_in_place(code: str, width: int, kind: str) -> None:
    """4-bit D with A of every width: full steps, ripples, sign extension, inverted top bits."""
    op = operation(
        code, 4, kind == "biased", c=C, d=value(D, 4, True), a=value(A, width, kind != "unsigned")
    )
    cells = cells_of(D, 4) + cells_of(A, width) + cells_of(C, 1)
    before = np.array(list(itertools.product((0, 1), repeat=len(cells)))).T
    after = run_passes([op], cells)
    d, a = number(before[:4], False), number(before[4 : 4 + width], kind != "unsigned")
    if kind == "biased":
        a = a + 2 ** (width - 1)
    expected = (d + a if code == "add" else d - a) % 16
    np.testing.assert_array_equal(number(after[:4], False), expected)
    np.testing.assert_array_equal(after[4 : 4 + width], before[4 : 4 + width])


@pytest.mark.parametrize("code", ["add_new", "sub_new"])
@pytest.mark.parametrize("widths", [(1, 1), (2, 2), (1, 3), (3, 1)])
@pytest.mark.parametrize("signed", [(False, False), (True, False), (False, True), (True, True)])
def test_out_of_place(code: str, widths: tuple[int, int], signed: tuple[bool, bool]) -> None:
    """Whatever was in D before, with operands of any widths and signs."""
    b, a = value(B, widths[0], signed[0]), value(A, widths[1], signed[1])
    op = operation(code, 4, c=C, d=value(D, 4, True), b=b, a=a)
    cells = cells_of(D, 4) + cells_of(B, b.width) + cells_of(A, a.width) + cells_of(C, 1)
    before = np.array(list(itertools.product((0, 1), repeat=len(cells)))).T
    after = run_passes([op], cells)
    x = number(before[4 : 4 + b.width], b.signed)
    y = number(before[4 + b.width : 4 + b.width + a.width], a.signed)
    expected = (x + y if code == "add_new" else x - y) % 16
    np.testing.assert_array_equal(number(after[:4], False), expected)
    np.testing.assert_array_equal(after[4:-1], before[4:-1])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [1, 3])
def test_compare_select(signed: bool, width: int) -> None:
    """Less than, and then the maximum."""
    d, a = value(D, 3, signed), value(A, width, signed)
    cells = cells_of(D, 3) + cells_of(A, width) + cells_of(C, 1)
    before = np.array(list(itertools.product((0, 1), repeat=len(cells)))).T
    after = run_passes([operation("compare", 3, c=C, d=d, a=a)], cells)
    x, y = number(before[:3], signed), number(before[3 : 3 + width], signed)
    np.testing.assert_array_equal(after[-1], x < y)
    np.testing.assert_array_equal(after[:-1], before[:-1])
    chosen = run_passes([operation("select", 3, c=C, d=d, a=a)], cells)
    np.testing.assert_array_equal(number(chosen[:3], signed), np.where(before[-1], y, x))


def test_copy_clear_mask_top() -> None:
    d, a = value(D, 3, True), value(A, 2, True)
    cells = cells_of(D, 3) + cells_of(A, 2) + cells_of(C, 1)
    before = np.array(list(itertools.product((0, 1), repeat=len(cells)))).T
    copied = run_passes([operation("copy", 3, d=d, a=a)], cells)
    np.testing.assert_array_equal(number(copied[:3], True), number(before[3:5], True))
    assert not run_passes([operation("clear", 3, d=d)], cells)[:3].any()
    masked = run_passes([operation("mask", 3, c=C, d=d)], cells)
    np.testing.assert_array_equal(masked[:3], np.where(before[-1], 0, before[:3]))
    np.testing.assert_array_equal(run_passes([operation("top", 1, c=C, a=a)], cells)[-1], before[4])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_less_than_every_constant(signed: bool, width: int) -> None:
    a = value(A, width, signed)
    cells = cells_of(A, width) + cells_of(C, 1)
    before = np.array(list(itertools.product((0, 1), repeat=len(cells)))).T
    x = number(before[:width], signed)
    for constant in range(-(2 ** (width - 1)), 2 ** (width - 1)):
        k = constant if signed else constant + 2 ** (width - 1)
        op = operation("less", width, c=C, a=a, k=k)
        after = run_passes([op], cells)
        np.testing.assert_array_equal(after[-1], x < k)
        np.testing.assert_array_equal(after[:-1], before[:-1])
        # One pass for each bit from the constant's lowest 1 on, and that which clears.
        passes = sum(kind == "search" for kind, _, _ in passes_of([op]))
        lowest = (k & -k).bit_length() - 1 if k else width
        # A sign bit of 1 is no more than a 0 that clears what is 0.
        assert passes == 1 + width - lowest - (signed and lowest == width - 1) + (signed and not k)


def test_set_between_and_complement() -> None:
    d, a = value(D, 2, False), value(A, 2, False)
    cells = cells_of(D, 2) + cells_of(A, 2) + cells_of(C, 1)
    before = np.array(list(itertools.product((0, 1), repeat=len(cells)))).T
    x, y, c = before[:2], before[2:4], before[4]
    after = run_passes([operation("set", 2, c=C, d=d)], cells)
    np.testing.assert_array_equal(after[:2], x | c)
    after = run_passes([operation("between", 2, c=C, d=d, a=a)], cells)
    np.testing.assert_array_equal(after[:2], x | (c & (1 - y)))
    np.testing.assert_array_equal(after[2:], before[2:])
    after = run_passes([operation("copy", 1, True, d=d, a=value(A, 1, False))], cells)
    np.testing.assert_array_equal(after[0], 1 - y[0])


# ------------------------------------------------------------------ the papers' tables


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("add", "011->C1D0 001->D1 100->C0D1 110->D0"),
        ("sub", "001->C1D1 011->D0 110->C0D0 100->D1"),
        ("add_new", "001->D1 010->D1 100->C0D1 111->D1 011->C1"),
        ("sub_new", "001->C1D1 010->D1 100->D1 110->C0 111->D1"),
    ],
)
def test_the_tables_of_full_steps(code: str, expected: str) -> None:
    """docs/ap.md, "Passes": in the order in which they run."""
    has = {"b": value(B, 2, False)} if code.endswith("new") else {}
    op = operation(code, 2, c=C, d=value(D, 2, True), a=value(A, 2, False), **has)
    listed = passes_of([op])
    second = max(i for i, (kind, _, _) in enumerate(listed) if kind == "move") + 1
    found = []
    names = {C: "C", D: "D"}
    steps = listed[second:]
    for (_, searched, key), (_, written, bits) in zip(steps[::2], steps[1::2], strict=True):
        if len(searched) == 3:
            parts = [f"{names[c]}{bit}" for c, bit in zip(written, bits, strict=True)]
            found.append("".join(map(str, key)) + "->" + "".join(parts))
    order = [C, B if has else D, A]
    assert all(s == order for _, s, k in steps[::2] if len(k) == 3)
    assert " ".join(found) == expected


# ------------------------------------------------------------------ programs by hand


def program_of(blob: bytes, rows: int, channels: int, outputs: int) -> Program:
    with ir.Context() as context:
        module = ir.Module.parse(run_text(blob, rows, channels, outputs))
        module.operation.attributes["pum.device"] = DEVICE.to_attribute(context)
        for pipeline in ("verify-ap-contract", "crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
        return Program({"simulator": module}, {})


def test_maximum_and_relu_of_signed_numbers() -> None:
    """y0 = max(x0, x1), y1 = max(x0 - x1, 0), in two's complement of 4 bits."""
    x0, x1 = Value(0, 0, 4, True, False), Value(1, 0, 4, True, False)
    y0, y1 = Value(2, 0, 5, True, False), Value(3, 0, 5, True, False)
    bundles = [
        [operation("copy", 5, d=y0, a=x0)],
        [operation("compare", 5, c=4, d=y0, a=x1)],
        [operation("select", 5, c=4, d=y0, a=x1)],
        [operation("sub_new", 5, c=5, d=y1, b=x0, a=x1)],
        [operation("top", 1, c=6, a=y1)],
        [operation("mask", 5, c=6, d=y1)],
    ]
    x = np.array(list(itertools.product(range(-8, 8), repeat=2)), np.int8)
    program = program_of(
        encode(one_output_block(4, True, 2, [(5, 7), (5, -3)], bundles)), len(x), 2, 2
    )
    y = np.asarray(program.run(x).outputs)
    np.testing.assert_array_equal(y[:, 0], x.max(axis=1))
    np.testing.assert_array_equal(y[:, 1], np.maximum(x[:, 0].astype(int) - x[:, 1], 0))


def good() -> list[list[Operation]]:
    d, a = Value(1, 0, 4, True, False), Value(0, 0, 2, False, False)
    return [[operation("add", 4, c=2, d=d, a=a)]]


def blob_with(**changes: object) -> bytes:
    bundle = good()
    op = Operation(**{**vars(bundle[0][0]), **changes})  # type: ignore[arg-type]
    return encode(one_output_block(2, False, 1, [(4, 0)], [[op]]))


def changed(**fields: int) -> bytes:
    return encode(dataclasses.replace(one_output_block(2, False, 1, [(4, 0)], good()), **fields))


def across(slot: int = 4, columns: int = 4, **value: object) -> bytes:
    """Two bits and an accumulator of four bits, across columns."""
    fields = {"column": 0, "domain": 0, "width": 2, "signed": False, "cell": False, "across": True}
    a = Value(**{**fields, **value})  # type: ignore[arg-type]
    d = Value(2, 0, 4, True, False, True)
    program = one_output_block(2, False, 1, [(4, 0)], [[operation("add", 4, c=6, d=d, a=a)]])
    block = dataclasses.replace(
        program.output_blocks[0], column=2, columns=columns, slot=slot, across=True
    )
    return encode(dataclasses.replace(program, across=True, output_blocks=[block]))


def test_a_program_across_columns() -> None:
    """y = -5 + x, with x in columns 0 and 1 and y in columns 2 to 5."""
    x = np.arange(4, dtype=np.int8)[:, None]
    block = dataclasses.replace(
        one_output_block(2, False, 1, [(4, -5)], []).output_blocks[0],
        column=2, columns=4, slot=4, across=True,
    )  # fmt: skip
    a, d = Value(0, 0, 2, False, False, True), Value(2, 0, 4, True, False, True)
    block.channel_blocks[0].bundles = [[operation("add", 4, c=6, d=d, a=a)]]
    program = one_output_block(2, False, 1, [(4, -5)], [])
    blob = encode(dataclasses.replace(program, across=True, output_blocks=[block]))
    y = np.asarray(program_of(blob, 4, 1, 1).run(x).outputs)
    np.testing.assert_array_equal(y[:, 0], x[:, 0] - 5)


BLOB = encode(one_output_block(2, False, 1, [(4, 0)], good()))
BODY = encode_body(good())


@pytest.mark.parametrize(
    ("blob", "text"),
    [
        (b"PAPER", "byte 3: expected 'PAP' and version 1 to 3, got 69"),
        (BLOB[:-1], "byte"),
        (BLOB + b"\0", "expected the end of the microprogram"),
        (BLOB.replace(bytes([0, 4, 2]), bytes([15, 4, 2])), "unknown opcode 15"),
        (BLOB[:20], "end of the microprogram|expected at most"),
        (blob_with(c=40), "a carry column is 40, expected at most 15"),
        (blob_with(c=0), "uses column 0 for two things"),
        (blob_with(a=Value(0, 15, 2, False, False)), "reaches domain 16, but there are 16"),
        (blob_with(steps=5), "has 5 steps for a destination of 4 bits"),
        (blob_with(biased=True), "is biased, which only copies, and additions"),
        (blob_with(a=Value(0, 0, 0, False, False)), "has a value of 0 bits, expected 1 to 64"),
        (blob_with(code="compare"), "compares a signed with an unsigned value"),
        (
            blob_with(code="compare", d=Value(1, 0, 4, False, False), steps=3),
            "compares 3 bits of 4",
        ),
        (blob_with(code="top", d=None, steps=2), "has 2 steps, expected 1"),
        (
            encode(one_output_block(2, False, 1, [(4, 0)], [good()[0] * 2])),
            "shares its carry with another operation",
        ),
        (
            encode(
                one_output_block(
                    2,
                    False,
                    1,
                    [(4, 0)],
                    [good()[0] + [operation("clear", 3, d=Value(0, 1, 3, False, False))]],
                )
            ),
            "needs column 0 at another domain than an operation",
        ),
        (
            encode(one_output_block(2, False, 17, [(4, 0)], [])),
            "inputs take 17 x 1 columns, but there are",
        ),
        (changed(columns=0), "expected columns and domains, got 0 and 16"),
        (changed(columns=300), "has a microprogram for 300 columns of 16 domains, but device"),
        (changed(bits=0), "expected input bits from 1 to 32 and positive kernel positions"),
        (changed(bits=17), "inputs take 17 domains, but there are 16"),
        (changed(outputs=0), "has outputs 0 to 1 of 0"),
        (changed(channels=0), "has channels 0 to 1 of 0"),
        (
            BLOB[: -len(BODY) - 1] + bytes([len(BODY) - 1]) + BODY,
            "the channel block has .* bytes, expected",
        ),
        (
            encode(one_output_block(2, False, 1, [(0, 0)], [])),
            "accumulator 0 has 0 bits in a slot of 0",
        ),
        (
            encode(one_output_block(2, False, 1, [(17, 0)], [])),
            "accumulators take 17 domains, but there are",
        ),
        (across(slot=5), "accumulators take 5 columns each, but there are 4"),
        (across(cell=True), "has a cell across columns"),
        (across(column=1), "uses column 2 for two things"),
        (across(column=15), "names column 16, but there are 16"),
        (
            encode(one_output_block(2, False, 15, [(4, 0), (4, 0)], [])),
            "has accumulators in columns 15 to 17 of 16",
        ),
    ],
)
def test_blobs_that_are_refused(blob: bytes, text: str) -> None:
    with ir.Context() as context:
        module = ir.Module.parse(run_text(blob, 1, 1, 1))
        module.operation.attributes["pum.device"] = DEVICE.to_attribute(context)
        with pytest.raises(ir.MLIRError) as error:
            PassManager.parse("builtin.module(verify-ap-contract)").run(module.operation)
        assert re.search(text, str(error.value.error_diagnostics[0].message))


def test_inputs_that_are_no_codes() -> None:
    program = program_of(BLOB, 3, 1, 1)
    with pytest.raises(PumiceError, match="input 4 is not an unsigned integer of 2 bits"):
        program.run(np.array([[0], [3], [4]], np.int8))


def loaded(text: str) -> str:
    """Why a machine program cannot be loaded, or run on zeros."""
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = DEVICE.to_attribute(context)
        try:
            program = Program({"simulator": module}, {})
            program.run(np.zeros((2, 1), program.inputs[0][1]))
        except PumiceError as error:
            return str(error)
        return ""


@pytest.mark.parametrize(
    ("blob", "x", "y", "text"),
    [
        (changed(columns=300), "i8", "2x1xi32", "has a microprogram for 300 columns of 16 domains"),
        (b"PAPER", "i8", "2x1xi32", "expected 'PAP' and version 1 to 3"),
        (BLOB, "f32", "2x1xi32", "inputs are f32, expected i8, i16 or i32"),
        (BLOB, "i8", "2x1xf32", "accumulators are f32, expected i32 or i64"),
        (BLOB, "i8", "2x2xi32", "expected 2 inputs and 2 accumulators, got 2 and 4"),
    ],
)
def test_machine_programs_that_are_refused(blob: bytes, x: str, y: str, text: str) -> None:
    numbers = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in blob)
    x_type = f"memref<2x1x{x}, #simulator.memory<host>>"
    y_type = f"memref<{y}, #simulator.memory<host>>"
    module = (
        f"func.func @main(%x: {x_type}) -> {y_type} {{\n"
        f"  %y = simulator.buffer : {y_type}\n"
        f'  %t = simulator.ap_exec %x, %y on <"processors", 0, 1>'
        f" program dense<[{numbers}]> : tensor<{len(blob)}xi8> : {x_type}, {y_type}\n"
        f"  return %y : {y_type}\n}}\n"
    )
    assert text in loaded(module)
