# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Associative processors as docs/ap.md describes them, in NumPy: what a blob computes and counts.

Written from that page, without calling Pumice. A step's new bits are computed by integer arithmetic
on the bits of every row, not by passes; what passes write is what changes.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

CODES = [
    "add",
    "sub",
    "add_new",
    "sub_new",
    "copy",
    "clear",
    "compare",
    "select",
    "mask",
    "top",
    "less",
    "set",
    "between",
]
FIELDS = {
    **dict.fromkeys(("add", "sub", "compare", "select", "between"), "cda"),
    **dict.fromkeys(("add_new", "sub_new"), "cdba"),
    "copy": "da",
    "clear": "d",
    **dict.fromkeys(("mask", "set"), "cd"),
    "top": "ca",
    "less": "cak",
}
CLEARS_CARRY = ("add", "sub", "add_new", "sub_new", "compare", "less")


@dataclass(frozen=True)
class Value:
    column: int
    domain: int
    width: int
    signed: bool
    cell: bool
    across: bool = False

    def at(self, i: int) -> int | None:
        """Its domain in step i; None if its bit is known to be 0."""
        if i >= self.width and not self.signed:
            return None
        return self.domain_of(min(i, self.width - 1))

    def domain_of(self, bit: int) -> int:
        return self.domain if self.cell or self.across else self.domain + bit

    def column_of(self, bit: int) -> int:
        return self.column + min(bit, self.width - 1) * self.across

    @property
    def columns(self) -> range:
        """All columns that hold its bits."""
        return range(self.column, self.column + (self.width if self.across else 1))


@dataclass(frozen=True)
class Operation:
    code: str
    biased: bool
    steps: int
    c: int | None
    d: Value | None
    b: Value | None
    a: Value | None
    k: int | None = None

    def a_at(self, i: int) -> int | None:
        assert self.a is not None
        if self.code == "top":
            return self.a.domain_of(self.a.width - 1)
        if self.biased and i >= self.a.width:
            return None
        return self.a.at(i)

    def a_column(self, i: int) -> int:
        assert self.a is not None
        return self.a.column_of(self.a.width - 1 if self.code == "top" else i)


@dataclass
class ChannelBlock:
    first_channel: int
    channels: int
    bundles: list[list[Operation]]


@dataclass
class OutputBlock:
    first_output: int
    column: int
    columns: int
    slot: int
    outputs: list[tuple[int, int]]  # width, initial
    channel_blocks: list[ChannelBlock]
    epilogue: list[list[Operation]] = field(default_factory=list)
    across: bool = False

    @property
    def together(self) -> int:
        """Accumulators at the same domains."""
        return self.columns // self.slot if self.across else self.columns

    def accumulator(self, i: int) -> Value:
        column, place = i % self.together, i // self.together
        if self.across:
            return Value(
                self.column + column * self.slot, place, self.outputs[i][0], True, False, True
            )
        return Value(self.column + column, place * self.slot, self.outputs[i][0], True, False)

    @property
    def slots(self) -> int:
        return -(-len(self.outputs) // self.together)

    @property
    def planes(self) -> int:
        return self.slots if self.across else self.slots * self.slot


@dataclass
class Program:
    columns: int
    domains: int
    positions: int
    bits: int
    signed: bool
    channels: int
    outputs: int
    lanes: int
    spread: int
    output_blocks: list[OutputBlock] = field(default_factory=list)
    code_bits: int = 0
    code_signed: bool = False
    across: bool = False

    def result(self, block: OutputBlock, i: int) -> Value:
        """What leaves: an accumulator, or the code in its first domains."""
        value = block.accumulator(i)
        if not self.code_bits:
            return value
        return Value(
            value.column, value.domain, self.code_bits, self.code_signed, False, self.across
        )

    def input(self, c: int, k: int) -> Value:
        column = c % self.lanes * self.positions + k
        if self.across:
            return Value(column * self.bits, c // self.lanes, self.bits, self.signed, False, True)
        return Value(column, c // self.lanes * self.bits, self.bits, self.signed, False)


# ------------------------------------------------------------------ the blob


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.next = data, 0

    def v(self) -> int:
        number = shift = 0
        while True:
            byte = self.data[self.next]
            self.next += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def s(self) -> int:
        number = self.v()
        return (number >> 1) ^ -(number & 1)


def decode(data: bytes) -> Program:
    assert data[:3] == b"PAP"
    assert data[3] in (1, 2, 3)
    read = Reader(data)
    read.next = 4
    numbers = [read.v() for _ in range(9)]
    program = Program(*numbers[:4], bool(numbers[4]), *numbers[5:])
    program.across = data[3] == 3
    if data[3] != 1:
        program.code_bits, program.code_signed = read.v(), bool(read.v())
    for _ in range(read.v()):
        first, outputs, column, columns, slot = (read.v() for _ in range(5))
        accumulators = [(read.v(), read.s()) for _ in range(outputs)]
        block = OutputBlock(first, column, columns, slot, accumulators, [])
        block.across = program.across
        for _ in range(read.v()):
            part = ChannelBlock(read.v(), read.v(), body(read, program.across))
            block.channel_blocks.append(part)
        if program.code_bits:
            block.epilogue = body(read, program.across)
        program.output_blocks.append(block)
    assert read.next == len(data)
    return program


def body(read: Reader, across: bool = False) -> list[list[Operation]]:
    length = read.v()
    end = read.next + length
    found = bundles(read, across)
    assert read.next == end
    return found


def bundles(read: Reader, across: bool) -> list[list[Operation]]:
    values = []
    for _ in range(read.v()):
        column, domain, shape = read.v(), read.v(), read.v()
        # Microprograms with values across columns have a bit for them before the width.
        width, lies_across = (shape // 8, bool(shape & 4)) if across else (shape // 4, False)
        values.append(Value(column, domain, width, bool(shape & 2), bool(shape & 1), lies_across))
    return [[operation(read, values) for _ in range(read.v())] for _ in range(read.v())]


def operation(read: Reader, values: list[Value]) -> Operation:
    number, steps = read.v(), read.v()
    code = CODES[number & 15]
    has: dict[str, Any] = dict.fromkeys("cdbak")
    for name in FIELDS[code]:
        if name == "k":
            has[name] = read.s()
        else:
            has[name] = read.v() if name == "c" else values[read.v()]
    return Operation(code, bool(number & 16), steps, **has)


# ------------------------------------------------------------------ processors


@dataclass
class Counts:
    """Of one processor's program; energies are per row but for `written`."""

    passes: int = 0
    searched: int = 0
    written: int = 0
    distance: int = 0
    waited: int = 0


class Processor:
    def __init__(self, columns: int, domains: int, rows: int) -> None:
        self.rows = rows
        self.bits = garbage(columns, domains, rows)
        self.ports = [0] * columns
        self.counts = Counts()
        # Writes of every racetrack, and the most that a racetrack of a column could get.
        self.writes = np.zeros((columns, rows), np.int64)
        self.most = np.zeros(columns, np.int64)

    def store(self, value: Value, numbers: Array) -> None:
        for i in range(value.width):
            column = value.column_of(i)
            self.writes[column] += 1
            self.most[column] += 1
            self.bits[column, value.domain_of(i)] = numbers >> i & 1

    def load(self, value: Value) -> Array:
        number = np.zeros(self.rows, np.int64)
        for i in range(value.width):
            sign = -1 if value.signed and i + 1 == value.width else 1
            bit = self.bits[value.column_of(i), value.domain_of(i)]
            number += sign * bit.astype(np.int64) << i
        return number

    def move(self, wanted: dict[int, int]) -> None:
        distances = [abs(self.ports[column] - domain) for column, domain in wanted.items()]
        self.counts.distance += sum(distances)
        self.counts.waited += max(distances, default=0)
        for column, domain in wanted.items():
            self.ports[column] = domain

    def home(self) -> None:
        self.move(dict.fromkeys(range(len(self.ports)), 0))

    def run(self, bundle: list[Operation]) -> None:
        for i in range(max(op.steps for op in bundle)):
            active = [op for op in bundle if i < op.steps]
            wanted: dict[int, int] = {}
            for op in active:
                for column, domain in needs(op, i):
                    assert wanted.setdefault(column, domain) == domain
            self.move(wanted)
            for op in active:
                self.step(op, i)

    def step(self, op: Operation, i: int) -> None:
        """One bit of an operation: new bits by arithmetic, passes by counting states."""
        none = np.zeros(self.rows, np.int8)
        first = i == 0 and op.code in CLEARS_CARRY
        fresh = op.code.endswith("_new")
        carry = none if op.c is None else self.bits[op.c, 0]
        d_at = None if op.d is None else (op.d.column_of(i), op.d.at(i))
        a_at = None if op.a is None else op.a_at(i)
        b_at = None if op.b is None else op.b.at(i)
        d = none if d_at is None else self.bits[d_at]
        a = none if a_at is None else self.bits[op.a_column(i), a_at]
        b = none if b_at is None else self.bits[op.b.column_of(i), b_at]
        if first:
            self.clear(carry, op.c)
            carry = none
        if fresh:
            self.clear(d, op.d.column_of(i))
            d = none
        inverted = op.biased and i + 1 == op.a.width
        sign = op.code in ("compare", "less") and op.a.signed and i + 1 == op.steps
        bit = 0 if op.k is None else op.k >> i & 1
        # No bit of the constant below is 1, so that nothing was less so far.
        zero = op.k is not None and op.k % 2**i == 0
        rule = Rule(op.code, inverted, a_at is None, sign, bit)
        new_carry, new_d = rule(carry, b if fresh else d, a)
        if op.c is not None:
            self.write((op.c, 0), new_carry != carry)
            self.bits[op.c, 0] = new_carry
        if d_at is not None:
            self.write(d_at, new_d != d)
            self.bits[d_at] = new_d

        # Searched columns, and the states of these in which something changes.
        x_searched = (b_at is not None) if fresh else op.d is not None
        searched = [op.c is not None and not first and not zero, x_searched, a_at is not None]
        states, changes_c, changes_d = changes(rule, fresh, op, searched)
        if op.c is not None:
            self.most[op.c] += changes_c
        if op.d is not None:
            self.most[op.d.column_of(i)] += changes_d
        in_place = op.code in ("add", "sub")
        self.counts.passes += states
        # In step 0 the carry is searched only to tell rows that were matched.
        width = sum(searched) + (first and in_place and a_at is not None)
        self.counts.searched += states * width

    def write(self, place: tuple[int, int], rows: Array) -> None:
        self.writes[place[0]] += rows
        self.counts.written += int(rows.sum())

    def clear(self, bits: Array, column: int) -> None:
        self.counts.passes += 1
        self.counts.searched += 1
        self.most[column] += 1
        self.write((column, 0), bits == 1)


@dataclass(frozen=True)
class Rule:
    code: str
    inverted: bool
    a_known: bool
    sign: bool
    bit: int = 0

    def __call__(self, c: Array, x: Array, a: Array) -> tuple[Array, Array]:
        """New carry and result of the bits of every row; x is D, or B of new results."""
        c, x, a = (np.asarray(bits, np.int8) for bits in (c, x, a))
        if self.inverted and not self.a_known:
            a = 1 - a
        if self.code in ("add", "add_new"):
            return (c + x + a) // 2, (c + x + a) % 2
        if self.code in ("sub", "sub_new"):
            return (x - a - c < 0).astype(np.int8), (x - a - c) % 2
        if self.code == "compare":
            less = x > a if self.sign else x < a
            return np.where(x == a, c, less).astype(np.int8), x
        if self.code == "less":
            return np.where(a == self.bit, c, self.bit != self.sign).astype(np.int8), x
        return {
            "copy": (c, a),
            "clear": (c, 0 * x),
            "select": (c, np.where(c == 1, a, x).astype(np.int8)),
            "mask": (c, np.where(c == 1, 0, x).astype(np.int8)),
            "top": (a, x),
            "set": (c, x | c),
            "between": (c, x | (c & (1 - a))),
        }[self.code]


def changes(rule: Rule, fresh: bool, op: Operation, searched: list[bool]) -> tuple[int, bool, bool]:
    """States in which something changes; whether C, and whether D changes in any."""
    count, any_c, any_d = 0, False, False
    for c, x, a in itertools.product(*((0, 1) if known else (0,) for known in searched)):
        carry, result = rule(np.array([c]), np.array([x]), np.array([a]))
        change_c = bool(carry[0] != c)
        change_d = op.d is not None and bool(result[0] != (0 if fresh else x))
        count += change_c or change_d
        any_c, any_d = any_c or change_c, any_d or change_d
    return count, any_c, any_d


def needs(op: Operation, i: int) -> list[tuple[int, int]]:
    found = [] if op.c is None else [(op.c, 0)]
    for value, domain in (
        (op.d, op.d and op.d.at(i)),
        (op.b, op.b and op.b.at(i)),
        (op.a, op.a and op.a_at(i)),
    ):
        if value is not None and value.across:
            # All columns of such a value, in every step.
            found += [(column, value.domain) for column in value.columns]
        elif value is not None and domain is not None:
            found.append((value.column, domain))
    return found


def garbage(columns: int, domains: int, rows: int) -> Array:
    """What racetracks hold before the first program."""
    words = math.ceil(math.ceil(rows / 64) / 4) * 4
    state, result = 0, np.empty((columns * domains, words), np.uint64)
    numbers = []
    for _ in range(columns * domains * words):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        numbers.append(state ^ state >> 29)
    result = np.array(numbers, np.uint64).reshape(columns, domains, words)
    shifts = np.arange(64, dtype=np.uint64)
    bits = (result[..., None] >> shifts & np.uint64(1)).astype(np.int8)
    return bits.reshape(columns, domains, -1)[..., :rows]


class Ports:
    """Moves across columns: of loading, of first values and of reading results."""

    def __init__(self, program: Program, block: OutputBlock, processor: Processor) -> None:
        self.program, self.block, self.processor = program, block, processor
        self.inputs = program.lanes * program.positions * program.bits
        self.loaded: set[tuple[int, int]] = set()  # channel block, domain
        self.started: set[int] = set()

    def load(self, part: ChannelBlock, domain: int) -> None:
        if (part.first_channel, domain) not in self.loaded:
            self.processor.move(dict.fromkeys(range(self.inputs), domain))
        self.loaded.add((part.first_channel, domain))

    def start(self, domain: int) -> None:
        first = self.block.column
        if domain not in self.started:
            self.processor.move(dict.fromkeys(range(first, first + self.block.columns), domain))
        self.started.add(domain)

    def before(self, bundle: list[Operation], part: ChannelBlock) -> None:
        """Domains that operations need for the first time."""
        end = self.block.column + self.block.columns
        for op in bundle:
            for value in filter(None, (op.d, op.b, op.a)):
                if value.column < self.inputs:
                    if value.domain < -(-part.channels // self.program.lanes):
                        self.load(part, value.domain)
                elif self.block.column <= value.column < end:
                    if value.domain < self.block.slots:
                        self.start(value.domain)

    def rest(self, part: ChannelBlock | None = None) -> None:
        """Domains that no operation needed: of a channel block, or of accumulators."""
        if part is None:
            for domain in range(self.block.slots):
                self.start(domain)
        else:
            for domain in range(-(-part.channels // self.program.lanes)):
                self.load(part, domain)

    def read(self) -> None:
        block, bits = self.block, self.program.code_bits or self.block.slot
        levels = list(range(block.slots))
        if 2 * self.processor.ports[block.column] > block.slots - 1:
            levels.reverse()
        for domain in levels:
            self.processor.move(
                {
                    block.column + i * block.slot + bit: domain
                    for i in range(block.together)
                    for bit in range(bits)
                }
            )


def execute(
    program: Program,
    patches: Array,
    rows: int,
    processors: list[Processor] | None = None,
    keeps: bool = False,
) -> tuple[Array, Counts]:
    """Results [positions, outputs] of input codes [positions, channels, kernel positions].

    For at most `rows` positions, without spread. The counts are those of all programs together;
    the processors, one for each block, are appended to `processors`. With `keeps`, results are not
    read out.
    """
    sums = np.zeros((len(patches), program.outputs), np.int64)
    total = Counts()
    for block in program.output_blocks:
        processor = Processor(program.columns, program.domains, rows)
        if processors is not None:
            processors.append(processor)
        ports = Ports(program, block, processor)
        for i, (_, initial) in enumerate(block.outputs):
            processor.store(block.accumulator(i), np.full(rows, initial))
        for part in block.channel_blocks:
            for c, k in itertools.product(range(part.channels), range(program.positions)):
                codes = patches[:, part.first_channel + c, k].astype(np.int64)
                processor.store(program.input(c, k), codes)
            for bundle in part.bundles:
                if program.across:
                    ports.before(bundle, part)
                processor.run(bundle)
            if program.across:
                ports.rest(part)
            else:
                processor.home()
        if program.across:
            ports.rest()
        for bundle in block.epilogue:
            processor.run(bundle)
        if not program.across:
            processor.home()
        elif not keeps:
            ports.read()
        for i in range(len(block.outputs)):
            sums[:, block.first_output + i] = processor.load(program.result(block, i))
        for name, value in vars(processor.counts).items():
            setattr(total, name, getattr(total, name) + value)
    return sums, total


@dataclass
class Source:
    """A program whose values stay, the first channel of the reader that it makes, and positions."""

    program: Program
    processors: list[Processor]
    first_channel: int
    positions: int


@dataclass
class Links:
    """What a reader takes from sources; times are of the rows of one row block."""

    bits: int = 0  # of each row of the reader
    distance: int = 0  # of racetracks of sources, all rows
    rows_ns: dict[tuple[int, int], float] = field(default_factory=dict)  # block, channel block
    moves: dict[tuple[int, int], int] = field(default_factory=dict)


def take(program: Program, sources: list[Source], write_ns: float, read_ns: float) -> Links:
    """The reads of a program whose inputs are in processors of `sources`."""
    links = Links()
    places: dict[int, tuple[Source, int, Value]] = {}
    for source in sources:
        for p, block in enumerate(source.program.output_blocks):
            for i in range(len(block.outputs)):
                channel = source.first_channel + block.first_output + i
                places[channel] = source, p, source.program.result(block, i)
    readers: dict[tuple[int, int], set[int]] = {}
    blocks = list(enumerate(program.output_blocks))
    for q, block in blocks:
        for part in block.channel_blocks:
            for c in range(part.first_channel, part.first_channel + part.channels):
                if c in places:
                    source, p, _ = places[c]
                    readers.setdefault((id(source), p), set()).add(q)
    starts = {id(p): p.counts.distance for source in sources for p in source.processors}
    for s in range(max(len(block.channel_blocks) for _, block in blocks)):
        for q, block in blocks:
            if s >= len(block.channel_blocks):
                continue
            part = block.channel_blocks[s]
            planes: dict[int, list[tuple[int, int, int, int]]] = {}
            for c in range(part.channels):
                value = program.input(c, 0)
                for bit in range(program.bits):
                    reads = planes.setdefault(value.domain_of(bit), [])
                    if part.first_channel + c in places:
                        source, p, held = places[part.first_channel + c]
                        reads.append(
                            (sources.index(source), p, held.domain_of(bit), held.column_of(bit))
                        )
                        links.bits += program.positions
            rows_ns, moved = 0.0, 0
            for _, reads in sorted(planes.items()):
                turns: dict[tuple[int, int], list[int]] = {}
                for i, p, domain, _ in reads:
                    turns.setdefault((i, p), []).append(domain)
                number = max((len(set(domains)) for domains in turns.values()), default=1)
                waiting = max(
                    (len(readers[id(sources[i]), p]) for i, p in turns),
                    default=0,
                )
                rows_ns += number * max(write_ns, waiting * program.positions * read_ns)
                for turn in range(number):
                    longest = 0
                    for (i, p), domains in turns.items():
                        if turn >= len(set(domains)):
                            continue
                        at = sorted(set(domains))[turn]
                        processor = sources[i].processors[p]
                        before = processor.counts.waited
                        processor.move(
                            {
                                column: at
                                for j, block_, domain, column in reads
                                if (j, block_, domain) == (i, p, at)
                            }
                        )
                        longest = max(longest, processor.counts.waited - before)
                    moved += longest
            links.rows_ns[q, s], links.moves[q, s] = rows_ns, moved
    for source in sources:
        for p, processor in enumerate(source.processors):
            if not source.program.across and (id(source), p) in readers:
                processor.home()
            moved = processor.counts.distance - starts[id(processor)]
            links.distance += moved * source.positions
    return links


def patches(x: Array, kernel: tuple[int, int], strides, dilations, padding, fill: int) -> Array:
    """[positions, channels, kernel positions] of an NCHW tensor; padding holds `fill`."""
    top, left, bottom, right = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    height = (x.shape[2] - (kernel[0] - 1) * dilations[0] - 1) // strides[0] + 1
    width = (x.shape[3] - (kernel[1] - 1) * dilations[1] - 1) // strides[1] + 1
    taken = []
    for i, j in itertools.product(range(kernel[0]), range(kernel[1])):
        rows = slice(i * dilations[0], i * dilations[0] + (height - 1) * strides[0] + 1, strides[0])
        cols = slice(j * dilations[1], j * dilations[1] + (width - 1) * strides[1] + 1, strides[1])
        taken.append(x[:, :, rows, cols])
    stacked = np.stack(taken, axis=-1)  # n, c, oy, ox, k
    return stacked.transpose(0, 2, 3, 1, 4).reshape(-1, x.shape[1], len(taken))
