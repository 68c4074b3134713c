# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks an output of network.mlir: network.py NETWORK INPUT OUTPUT

Integer sums, then the documented rescaling: every step in float32, halves to even, saturating.
The constants are read from the network's text.
"""

import ast
import re
import sys

import numpy as np

f32 = np.float32
text = open(sys.argv[1]).read()
constants = {
    name: np.array(ast.literal_eval(value), np.int64 if kind == "i8" else f32)
    for name, value, kind in re.findall(
        r"%(\w+) = arith\.constant dense<(.*)> : tensor<[\dx]+x(i8|f32)>", text
    )
}
w1, w2, w3 = (constants[name] for name in ("w1", "w2", "w3"))
s1, s2, s3, b1, b3 = (constants[name] for name in ("s1", "s2", "s3", "b1", "b3"))
sx, sy, sz, zpx, zpz = f32(0.017), f32(0.031), f32(0.057), 121, 33


def quantize(x, scale, zero_point):
    return np.clip(np.round(x / scale) + f32(zero_point), 0, 255).astype(np.int64)


def channels(vector):
    return vector[:, None, None]


x = quantize(np.load(sys.argv[2])[0], sx, zpx)
padded = np.pad(x - zpx, ((0, 0), (1, 1), (1, 1)))
sums = np.zeros((4, 7, 7), np.int64)
for f, i, j in np.ndindex(sums.shape):
    sums[f, i, j] = (padded[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * w1[f]).sum()
c = sums.astype(f32) * channels(sx * s1) + channels(b1)
r = quantize(np.maximum(c, f32(0)), sy, 0)
p = np.zeros((4, 3, 3), np.int64)
for f, i, j in np.ndindex(p.shape):
    p[f, i, j] = r[f, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max()
sums = np.zeros((4, 2, 2), np.int64)
for f, i, j in np.ndindex(sums.shape):
    sums[f, i, j] = (p[f, i : i + 2, j : j + 2] * w2[f]).sum()
d = sums.astype(f32) * channels(sy * s2) + p[:, :2, :2].astype(f32) * sy
a = quantize(d, sz, zpz)
y = (w3 @ (a.reshape(16) - zpz)).astype(f32) * (sz * s3) + b3

got = np.load(sys.argv[3])
assert got.dtype == f32
assert len(set(np.unique(a))) > 4, "the example must not saturate everywhere"
assert np.array_equal(got, y[None]), f"expected {y}, got {got}"
