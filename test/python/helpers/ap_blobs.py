# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of associative processors by hand: oracle structures to blobs, as docs/ap.md says."""

from __future__ import annotations

from ap_oracle import CODES, FIELDS, Chunk, Operation, Program, Slice, Value

__all__ = ["encode", "one_chunk", "operation", "run_text"]


def v(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def s(number: int) -> bytes:
    return v(number * 2 if number >= 0 else -number * 2 - 1)


def encode(program: Program) -> bytes:
    p = program
    head = [p.columns, p.domains, p.positions, p.bits, int(p.signed), p.channels, p.outputs]
    codes = [p.code_bits, int(p.code_signed)] if p.code_bits else []
    version = b"\x02" if codes else b"\x01"
    out = b"PAP" + version + b"".join(map(v, [*head, p.lanes, p.spread, *codes, len(p.chunks)]))
    for chunk in p.chunks:
        numbers = [chunk.first_output, len(chunk.outputs), chunk.column, chunk.columns, chunk.slot]
        out += b"".join(map(v, numbers))
        out += b"".join(v(width) + s(initial) for width, initial in chunk.outputs)
        out += v(len(chunk.slices))
        for part in chunk.slices:
            body = encode_body(part.groups)
            out += v(part.first_channel) + v(part.channels) + v(len(body)) + body
        if codes:
            body = encode_body(chunk.epilogue)
            out += v(len(body)) + body
    return out


def encode_body(body: list[list[Operation]]) -> bytes:
    values: list[Value] = []
    groups = v(len(body))
    for group in body:
        groups += v(len(group))
        for op in group:
            groups += v(CODES.index(op.code) + 16 * op.biased) + v(op.steps)
            for name in FIELDS[op.code]:
                item = getattr(op, name)
                if name in "ck":
                    groups += v(item) if name == "c" else s(item)
                    continue
                if item not in values:
                    values.append(item)
                groups += v(values.index(item))
    table = v(len(values))
    for value in values:
        shape = value.width * 4 + value.signed * 2 + value.cell
        table += v(value.column) + v(value.domain) + v(shape)
    return table + groups


def operation(code: str, steps: int, biased: bool = False, **has: int | Value) -> Operation:
    """Fields: c (a column), d, b, a (values), k (a constant)."""
    fields = {name: has.get(name) for name in "cdbak"}
    return Operation(code, biased, steps, **fields)  # type: ignore[arg-type]


def one_chunk(
    bits: int,
    signed: bool,
    channels: int,
    outputs: list[tuple[int, int]],
    groups: list[list[Operation]],
    columns: int = 16,
) -> Program:
    """All channels side by side in the first columns, an accumulator in each of the next."""
    slot = max(width for width, _ in outputs)
    chunk = Chunk(0, channels, len(outputs), slot, outputs, [Slice(0, channels, groups)])
    size = [columns, 16, 1, bits, signed, channels, len(outputs), channels, 1]
    return Program(*size, [chunk])


def run_text(blob: bytes, rows: int, channels: int, outputs: int) -> str:
    """A module that runs a program on a matrix of codes."""
    numbers = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in blob)
    result = "i8" if blob[3] == 2 else "i32"
    x, y = f"tensor<{rows}x{channels}xi8>", f"tensor<{rows}x{outputs}x{result}>"
    return (
        f"func.func @main(%x: {x}) -> {y} {{\n"
        f"  %y = ap.run %x program dense<[{numbers}]> : tensor<{len(blob)}xi8> : {x} -> {y}\n"
        f"  return %y : {y}\n}}\n"
    )
