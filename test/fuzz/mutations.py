# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeded mutations that keep the structure of an input, so that many get past parsing."""

from __future__ import annotations

import pickle
import random
import re
from collections.abc import Iterator
from typing import Any

#: Numbers at the edges of what types and checks hold.
NUMBERS = (
    0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 65, 127, 128, 255, 256, 1000, 2**15, 2**16, 2**31 - 1,
    2**31, 2**32, 2**40, 2**53, 2**61, 2**62, 2**63 - 1, 2**63, 2**64,
)  # fmt: skip
ELEMENTS = ("i1", "i4", "i8", "i16", "i32", "i64", "ui8", "f16", "bf16", "f32", "f64", "index")
#: Ops with the same operands and results.
ALIKE = (
    ("arith.addi", "arith.subi", "arith.muli", "arith.divsi", "arith.divui", "arith.remsi",
     "arith.remui", "arith.shli", "arith.shrsi", "arith.shrui", "arith.andi", "arith.maxsi",
     "arith.minsi", "arith.floordivsi", "arith.ceildivsi"),
    ("arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.remf", "arith.maximumf",
     "arith.minimumf", "arith.maxnumf", "math.powf", "math.atan2", "math.copysign"),
    ("math.exp", "math.tanh", "math.erf", "math.sqrt", "math.rsqrt", "math.log", "math.floor",
     "math.roundeven", "math.sin", "arith.negf", "math.absf"),
    ("arith.fptosi", "arith.fptoui"),
    ("arith.sitofp", "arith.uitofp"),
    ("arith.extsi", "arith.extui"),
    ("slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge", "eq", "ne"),
    ("parallel", "reduction"),
)  # fmt: skip

_NUMBER = re.compile(r"(?<![\w#%@^.\-])-?\d+(?![\w.])")
_EXTENT = re.compile(r"(?<=[<x])\d+(?=x)")
_ELEMENT = re.compile(r"\b(?:u?i(?:1|4|8|16|32|64)|bf16|f16|f32|f64|index)\b")
_VALUE = re.compile(r"%\w+")
_BLOB = re.compile(r'"0x(?:[0-9A-Fa-f]{2})+"')
_MAP = re.compile(r"(?<=-> \()[^()]*(?=\)>)")


def _replace(chosen: random.Random, text: str, pattern: re.Pattern[str], new: Any) -> str:
    found = list(pattern.finditer(text))
    if not found:
        return text
    match = chosen.choice(found)
    return text[: match.start()] + new(match.group()) + text[match.end() :]


def number(chosen: random.Random, old: str = "0") -> str:
    """A number near `old`, or one at an edge."""
    if chosen.random() < 0.5:
        return str(int(old) + chosen.choice((-2, -1, 1, 2, int(old))))
    return str(chosen.choice(NUMBERS) * chosen.choice((1, 1, 1, -1)))


def _numbers(chosen: random.Random, text: str) -> str:
    return _replace(chosen, text, _NUMBER, lambda old: number(chosen, old))


def _extent_everywhere(chosen: random.Random, text: str) -> str:
    """The same extent in all types, so that they still match."""
    found = _EXTENT.findall(text)
    if not found:
        return text
    old, new = chosen.choice(found), str(abs(int(number(chosen, chosen.choice(found)))))
    return re.sub(rf"(?<=[<x]){old}(?=x)", new, text)


def _element_everywhere(chosen: random.Random, text: str) -> str:
    found = _ELEMENT.findall(text)
    if not found:
        return text
    return re.sub(rf"\b{chosen.choice(found)}\b", chosen.choice(ELEMENTS), text)


def _alike(chosen: random.Random, text: str) -> str:
    group = chosen.choice(ALIKE)
    words = "|".join(re.escape(word) for word in group)
    return _replace(
        chosen, text, re.compile(rf"(?<![\w.])(?:{words})(?![\w.])"), lambda _: chosen.choice(group)
    )


def _values(chosen: random.Random, text: str) -> str:
    names = _VALUE.findall(text)
    return _replace(chosen, text, _VALUE, lambda old: chosen.choice(names)) if names else text


def _maps(chosen: random.Random, text: str) -> str:
    def new(old: str) -> str:
        n = number(chosen)
        form = chosen.choice(("{o} + {n}", "{o} * {n}", "{o} mod {n}", "{o} floordiv {n}", "{n}"))
        first, comma, rest = old.partition(",")
        return form.format(o=first, n=n) + comma + rest

    return _replace(chosen, text, _MAP, new)


def _lines(chosen: random.Random, text: str) -> str:
    lines = text.split("\n")
    i, j = (chosen.randrange(len(lines)) for _ in range(2))
    kind = chosen.randrange(3)
    if kind == 0:
        del lines[i]
    elif kind == 1:
        lines.insert(j, lines[i])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    return "\n".join(lines)


def _blob(chosen: random.Random, text: str) -> str:
    """Other bytes in a blob, which is a string of hexadecimal digits."""

    def new(old: str) -> str:
        data = bytes.fromhex(old[3:-1])
        changed = flip_bits(chosen, data) if chosen.random() < 0.7 else mutate_bytes(chosen, data)
        return f'"0x{changed.hex()}"'

    return _replace(chosen, text, _BLOB, new)


_OF_TEXT = (
    (_blob, 3), (_numbers, 6), (_extent_everywhere, 4), (_element_everywhere, 2), (_alike, 4),
    (_values, 3), (_maps, 2), (_lines, 1),
)  # fmt: skip


def mutate_text(chosen: random.Random, text: str) -> str:
    """IR with up to three changes of numbers, types, ops, operands, maps or lines."""
    for _ in range(chosen.choice((1, 1, 1, 2, 3))):
        kinds, weights = zip(*_OF_TEXT[0 if '"0x' in text else 1 :], strict=True)
        text = chosen.choices(kinds, weights)[0](chosen, text)
    return text


def flip_bits(chosen: random.Random, data: bytes) -> bytes:
    """Bytes with one or two bits flipped, or bytes changed a little."""
    found = bytearray(data)
    for _ in range(chosen.choice((1, 1, 2))):
        at = chosen.randrange(len(found))
        if chosen.random() < 0.5:
            found[at] ^= 1 << chosen.randrange(8)
        else:
            found[at] = (found[at] + chosen.choice((-2, -1, 1, 2))) % 256
    return bytes(found)


def mutate_bytes(chosen: random.Random, data: bytes) -> bytes:
    """Bytes with flips, cuts, repeats and numbers at the edges."""
    found = bytearray(data)
    for _ in range(chosen.choice((1, 1, 2, 4))):
        at = chosen.randrange(len(found) + 1)
        kind = chosen.randrange(5)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            found[at : at + 8] = (chosen.choice(NUMBERS) & (2**64 - 1)).to_bytes(8, "little")
        elif kind == 2:
            del found[at : at + chosen.randrange(1, 64)]
        elif kind == 3:
            found[at:at] = found[at : at + chosen.randrange(1, 64)]
        elif found:
            del found[chosen.randrange(len(found)) :]
    return bytes(found)


#: What may stand for a value of JSON.
_JSON = (
    None, True, False, "", "x", "\ud800", [], {}, -1, 0, 1, 0.5, -0.0, 1e-320, 1e308, 2**31, 2**53,
    2**62, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30,
)  # fmt: skip


def _copy(data: Any) -> Any:
    return pickle.loads(pickle.dumps(data))


def mutate_json(chosen: random.Random, data: Any) -> Any:
    """A copy of plain data with up to three values, keys or items changed."""
    root = [_copy(data)]
    for _ in range(chosen.choice((1, 1, 2, 3))):
        places = list(_places(root))
        holder, key = chosen.choice(places)
        old = holder[key]
        kind = chosen.randrange(10)
        if kind < 5 and isinstance(old, int | float) and not isinstance(old, bool):
            holder[key] = chosen.choice((old * 2, old + 1, old - 1, -old, float(old), old // 2))
        elif kind < 8:
            holder[key] = _copy(chosen.choice(_JSON))
        elif kind == 8:
            other, place = chosen.choice(places)
            holder[key] = _copy(other[place])
        elif holder is root:
            holder[key] = None
        elif isinstance(holder, list):
            holder.insert(key, _copy(old))
        else:
            del holder[key]
            if chosen.random() < 0.5:
                holder[f"{key}_"] = old
    return root[0]


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Each container within `holder`, with each of its keys."""
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in list(items):
        yield holder, key
        if isinstance(value, dict | list):
            yield from _places(value)
