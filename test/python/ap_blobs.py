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
    out = b"PAP\x01" + b"".join(map(v, [*head, p.lanes, p.spread, len(p.chunks)]))
    for chunk in p.chunks:
        numbers = [chunk.first_output, len(chunk.outputs), chunk.column, chunk.columns, chunk.slot]
        out += b"".join(map(v, numbers))
        out += b"".join(v(width) + s(initial) for width, initial in chunk.outputs)
        out += v(len(chunk.slices))
        for part in chunk.slices:
            body = encode_body(part)
            out += v(part.first_channel) + v(part.channels) + v(len(body)) + body
    return out


def encode_body(part: Slice) -> bytes:
    values: list[Value] = []
    groups = v(len(part.groups))
    for group in part.groups:
        groups += v(len(group))
        for op in group:
            groups += v(CODES.index(op.code) + 16 * op.biased) + v(op.steps)
            for name in FIELDS[op.code]:
                item = getattr(op, name)
                if name == "c":
                    groups += v(item)
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
    """Fields: c (a column), d, b, a (values)."""
    fields = {name: has.get(name) for name in "cdba"}
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
    x, y = f"tensor<{rows}x{channels}xi8>", f"tensor<{rows}x{outputs}xi32>"
    return (
        f"func.func @main(%x: {x}) -> {y} {{\n"
        f"  %y = ap.run %x program dense<[{numbers}]> : tensor<{len(blob)}xi8> : {x} -> {y}\n"
        f"  return %y : {y}\n}}\n"
    )
