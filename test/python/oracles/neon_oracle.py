# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nets and their compositions in NumPy, by lib/Neon/{Net,Library,Compose}.h alone."""

from __future__ import annotations

import numpy as np


def table(net: dict) -> np.ndarray:
    """The table of a net by lib/Neon/Net.h, without calling it."""
    q = np.arange(1 << net["input"]["bits"], dtype=np.int64)
    half = 1 << (net["hidden_bits"] - 1)
    step = net["tanh_range"] / half
    total = np.zeros_like(q)
    for unit in net["units"]:
        scaled = (unit["input_weight"] * q).astype(np.float32) * np.float32(unit["input_scale"])
        z = (scaled + np.float32(unit["bias"])).astype(np.float64)
        z = np.clip(np.rint(z / step), -half, half - 1)
        total += unit["output_weight"] * np.rint(np.tanh(z * step) * (half - 1)).astype(np.int64)
    y = total.astype(np.float32) * np.float32(net["output_scale"]) + np.float32(net["output_bias"])
    output = net["output"]
    count = 1 << output["bits"]
    width = (output["high"] - output["low"]) / (count - 1)
    return np.clip(np.rint((y.astype(np.float64) - output["low"]) / width), 0, count - 1)


def lookup(net: dict, x):
    """The number that a net gives, with its tails."""
    inputs, outputs = net["input"], net["output"]
    step = (inputs["high"] - inputs["low"]) / ((1 << inputs["bits"]) - 1)
    code = np.clip(np.rint((x - inputs["low"]) / step), 0, (1 << inputs["bits"]) - 1)
    width = (outputs["high"] - outputs["low"]) / ((1 << outputs["bits"]) - 1)
    y = outputs["low"] + table(net)[code.astype(np.int64)] * width
    for tail, outside in (
        (net["below"], x < inputs["low"]),
        (net["above"], x > inputs["high"]),
    ):
        if tail != "saturate":
            y = np.where(outside, tail["slope"] * x + tail["offset"], y)
    return y


def scalar(item: dict, x):
    """A net with the reduction of its range."""
    net, reduction = item["net"], item["reduction"]
    x = np.asarray(x, np.float64)
    if reduction == "none":
        return lookup(net, x)
    if reduction == "exponential":
        k = np.rint(x / np.log(2))
        return np.ldexp(lookup(net, x - k * np.log(2)), np.clip(k, -1100, 1100).astype(int))
    tiny = float(np.finfo(np.float32).tiny)
    zero = x <= 0
    if reduction != "reciprocal":
        x = np.where(zero, tiny, x)
    x = np.where(np.abs(x) < tiny, tiny, x)
    fraction, exponent = np.frexp(np.abs(x))
    m, e = 2 * fraction, exponent - 1
    if reduction in ("square_root", "reciprocal_root"):
        odd = e % 2 != 0
        m, e = np.where(odd, 2 * m, m), np.where(odd, e - 1, e)
    y = lookup(net, m)
    if reduction == "reciprocal":
        return np.copysign(np.ldexp(y, -e), x)
    if reduction == "square_root":
        return np.where(zero, 0.0, np.ldexp(y, e // 2))
    if reduction == "reciprocal_root":
        return np.ldexp(y, -(e // 2))
    return y + e * np.log(2)


def total(x):
    """A sum from left to right, as the machine's."""
    return np.cumsum(x)[-1]


def softmax(nets: dict, row, mask=None, log: bool = False):
    """Of a row."""
    row = np.asarray(row, np.float64)
    taking = np.ones(row.shape, bool) if mask is None else np.asarray(mask, bool)
    if not taking.any():
        return np.full(row.shape, -np.inf if log else 0.0)
    largest = row[taking].max()
    out = nets["exp"]["net"]["output"]
    width = (out["high"] - out["low"]) / ((1 << out["bits"]) - 1)
    powers = lookup(nets["exp"]["net"], np.where(taking, row - largest, 0.0))
    codes = np.rint((powers - out["low"]) / width).astype(np.int64)
    codes = codes[taking]
    sums = len(codes) * out["low"] + int(codes.sum()) * width
    if log:
        return np.where(taking, row - largest - scalar(nets["log"], sums), -np.inf)
    return np.where(taking, powers * scalar(nets["reciprocal"], sums), 0.0)


def layer_norm(nets: dict, row, epsilon: float):
    """Of a row, without an affine map."""
    mean = total(row) / len(row)
    variance = total((row - mean) * (row - mean)) / len(row)
    return (row - mean) * scalar(nets["rsqrt"], variance + epsilon)


def rms_norm(nets: dict, row, epsilon: float):
    """Of a row, without an affine map."""
    return row * scalar(nets["rsqrt"], total(row * row) / len(row) + epsilon)


def l2_norm(nets: dict, row, epsilon: float):
    """Of a row."""
    return row * scalar(nets["rsqrt"], max(total(row * row), epsilon * epsilon))


def squash(nets: dict, row):
    """Of a row."""
    s = total(row * row)
    return row * (scalar(nets["sqrt"], s) * scalar(nets["reciprocal"], 1 + s))
