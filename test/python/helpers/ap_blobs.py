# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of associative processors by hand: oracle structures to blobs, as docs/ap.md says."""

from __future__ import annotations

from ap_oracle import CODES, FIELDS, ChannelBlock, Operation, OutputBlock, Program, Value

__all__ = ["encode", "one_output_block", "operation", "run_text"]


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
    codes = [p.code_bits, int(p.code_signed)] if p.code_bits or p.across else []
    version = b"\x03" if p.across else b"\x02" if codes else b"\x01"
    out = (
        b"PAP"
        + version
        + b"".join(map(v, [*head, p.lanes, p.spread, *codes, len(p.output_blocks)]))
    )
    for block in p.output_blocks:
        numbers = [block.first_output, len(block.outputs), block.column, block.columns, block.slot]
        out += b"".join(map(v, numbers))
        out += b"".join(v(width) + s(initial) for width, initial in block.outputs)
        out += v(len(block.channel_blocks))
        for part in block.channel_blocks:
            body = encode_body(part.bundles, p.across)
            out += v(part.first_channel) + v(part.channels) + v(len(body)) + body
        if p.code_bits:
            body = encode_body(block.epilogue, p.across)
            out += v(len(body)) + body
    return out


def encode_body(body: list[list[Operation]], across: bool = False) -> bytes:
    values: list[Value] = []
    bundles = v(len(body))
    for bundle in body:
        bundles += v(len(bundle))
        for op in bundle:
            bundles += v(CODES.index(op.code) + 16 * op.biased) + v(op.steps)
            for name in FIELDS[op.code]:
                item = getattr(op, name)
                if name in "ck":
                    bundles += v(item) if name == "c" else s(item)
                    continue
                if item not in values:
                    values.append(item)
                bundles += v(values.index(item))
    table = v(len(values))
    for value in values:
        width = value.width * 2 + value.across if across else value.width
        shape = width * 4 + value.signed * 2 + value.cell
        table += v(value.column) + v(value.domain) + v(shape)
    return table + bundles


def operation(code: str, steps: int, biased: bool = False, **has: int | Value) -> Operation:
    """Fields: c (a column), d, b, a (values), k (a constant)."""
    fields = {name: has.get(name) for name in "cdbak"}
    return Operation(code, biased, steps, **fields)  # type: ignore[arg-type]


def one_output_block(
    bits: int,
    signed: bool,
    channels: int,
    outputs: list[tuple[int, int]],
    bundles: list[list[Operation]],
    columns: int = 16,
) -> Program:
    """All channels side by side in the first columns, an accumulator in each of the next."""
    slot = max(width for width, _ in outputs)
    block = OutputBlock(
        0, channels, len(outputs), slot, outputs, [ChannelBlock(0, channels, bundles)]
    )
    size = [columns, 16, 1, bits, signed, channels, len(outputs), channels, 1]
    return Program(*size, [block])


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
