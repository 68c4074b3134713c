# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`crossbar.apply` in NumPy: reads nets and tables from the text of a module, calls no code of it.

The arithmetic is that of docs/neon.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]


def functions_of(text: str) -> dict[str, Function]:
    """The function of each `crossbar.neon_net` and `crossbar.table`, by name."""
    ops = re.split(r"(?=crossbar\.(?:neon_net|table) @)", text)[1:]
    found = {}
    for op in ops:
        name = re.match(r"crossbar\.\w+ @(\w+)", op)[1]
        inputs, outputs = _format(op, "input"), _format(op, "output")
        codes = _net(op) if "neon_net" in op[:20] else _table(op)
        found[name] = _function(op, inputs, outputs, codes)
    return found


def _number(op: str, attribute: str, key: str, default: float | None = None) -> float:
    part = re.search(rf"\b{attribute} <([^>]*)>", op)
    value = re.search(rf"\b{key} = ([^,>]*)", part[1])
    if value is None and default is not None:
        return default
    return float(value[1])


def _format(op: str, attribute: str) -> tuple[int, float, float]:
    count = 1 << int(_number(op, attribute, "bits"))
    low, high = _number(op, attribute, "low"), _number(op, attribute, "high")
    return count, low, (high - low) / (count - 1)


def _integers(text: str, size: int) -> np.ndarray:
    if text.startswith('"0x'):
        return np.frombuffer(bytes.fromhex(text[3:-1]), "<i2").astype(np.int64)
    values = [int(value) for value in re.findall(r"-?\d+", text)]
    return np.array(values * size if len(values) == 1 else values, np.int64)


def _floats(text: str, size: int) -> np.ndarray:
    if text.startswith('"0x'):
        return np.frombuffer(bytes.fromhex(text[3:-1]), "<f4")
    words = text.strip("[]").split(",")
    values = [
        np.uint32(int(word, 16)).view(np.float32) if "0x" in word else np.float32(word)
        for word in words
    ]
    return np.array(values * size if len(values) == 1 else values, np.float32)


class Net(NamedTuple):
    """The numbers of a `crossbar.neon_net`: weights (columns, rows), and scales and biases."""

    inputs: tuple[int, float, float]  # count, low, step
    outputs: tuple[int, float, float]
    half: int  # numbers of hidden values above 0
    step: float  # of inputs of tanh
    weights: tuple[np.ndarray, np.ndarray]
    scales: tuple[np.ndarray, np.ndarray]
    biases: tuple[np.ndarray, np.ndarray]

    def hidden(self, sums: np.ndarray) -> np.ndarray:
        """Hidden values from the sums of the first layer, (count, units)."""
        z = sums.astype(np.float32) * self.scales[0] + self.biases[0]
        z = np.clip(np.rint(z.astype(np.float64) / self.step), -self.half, self.half - 1)
        return np.rint(np.tanh(z * self.step) * (self.half - 1)).astype(np.int64)

    def result(self, sums: np.ndarray) -> np.ndarray:
        """Integers of the output from the sums of the second layer, (count,)."""
        y = sums.astype(np.float32) * self.scales[1][0] + self.biases[1][0]
        count, low, width = self.outputs
        return np.clip(np.rint((y.astype(np.float64) - low) / width), 0, count - 1).astype(np.int64)


def nets_of(text: str) -> dict[str, Net]:
    """The nets of a module, by name."""
    ops = re.split(r"(?=crossbar\.(?:neon_net|table) @)", text)[1:]
    return {
        re.match(r"crossbar\.\w+ @(\w+)", op)[1]: _read_net(op)
        for op in ops
        if "neon_net" in op[:20]
    }


def _net(op: str) -> np.ndarray:
    net = _read_net(op)
    q = np.arange(net.inputs[0], dtype=np.int64)[:, None]
    return net.result(net.hidden(net.weights[0][:, 0] * q) @ net.weights[1][0])


def _read_net(op: str) -> Net:
    pattern = (
        r"weights = dense<([^>]*)> : tensor<(\d+)x(\d+)xi16>,\s*"
        r"scales = dense<([^>]*)> : tensor<(\d+)xf32>,\s*"
        r"biases = dense<([^>]*)> : tensor<\d+xf32>"
    )
    first, second = re.findall(pattern, op)
    bits, reach = int(_number(op, "hidden", "bits")), _number(op, "hidden", "range")
    half = 1 << (bits - 1)
    step = reach / half
    size = int(first[1])
    return Net(
        _format(op, "input"),
        _format(op, "output"),
        half,
        step,
        (_integers(first[0], size)[:, None], _integers(second[0], int(second[2]))[None, :]),
        (_floats(first[3], size), _floats(second[3], 1)),
        (_floats(first[5], size), _floats(second[5], 1)),
    )


def _table(op: str) -> np.ndarray:
    values, size = re.search(r"values dense<([^>]*)> : tensor<(\d+)xi16>", op).groups()
    return _integers(values, int(size)) & 0xFFFF


def _line(op: str, side: str) -> Callable[[np.ndarray], np.ndarray] | None:
    if not re.search(rf"\b{side} <", op):
        return None
    slope, offset = _number(op, side, "slope"), _number(op, side, "offset")
    return lambda x: np.full_like(x, offset) if slope == 0 else slope * x + offset


def _function(op: str, inputs: tuple, outputs: tuple, codes: np.ndarray) -> Function:
    count, low, step = inputs
    values = outputs[1] + codes.astype(np.float64) * outputs[2]
    high = _number(op, "input", "high")
    below, above = _line(op, "below"), _line(op, "above")

    def nearest(x: np.ndarray) -> np.ndarray:
        position = np.clip(np.nan_to_num((x - low) / step), 0, count - 1)
        return values[np.rint(position).astype(np.int64)]

    def direct(x: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            wide = x.astype(np.float64)
            y = nearest(wide)
            for line, outside in ((below, wide < low), (above, wide > high)):
                if line is not None:
                    y = np.where(outside, line(wide), y)
        return np.where(np.isnan(x), x, y.astype(np.float32))

    if not re.search(r"\breduction <", op):
        return direct
    base, shift = int(_number(op, "reduction", "base")), int(_number(op, "reduction", "shift"))
    offset = _number(op, "reduction", "offset", 0.0)
    zero = _number(op, "reduction", "zero", 0.0)
    odd = "odd = true" in op

    def reduced(x: np.ndarray) -> np.ndarray:
        limits = np.finfo(np.float32)
        size = np.minimum(np.abs(x), limits.max).astype(np.float64)
        sign = np.where(np.signbit(x) & odd, -1.0, 1.0)
        none = (size < limits.tiny) | (np.signbit(x) & (not odd))
        with np.errstate(divide="ignore", invalid="ignore"):
            exponent = np.frexp(np.where(none, 1.0, np.nan_to_num(size, nan=1.0)))[1] - 1
        k = exponent // (2 if base == 4 else 1)
        m = np.where(none, 1.0, size) / float(base) ** k
        y = nearest(m) * 2.0 ** (shift * k) + offset * k
        result = (sign * np.where(none, zero, y)).astype(np.float32)
        return np.where(np.isnan(x), x, result)

    return reduced
