# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The product of clip.mlir, one conversion at a time (dialects/Crossbar/README.md, Numerics)."""

import sys

import numpy as np

x = np.load(sys.argv[1]).astype(np.int64)
stored = 37 + 128
y = np.zeros((5, 2), np.int64)
for tile in (x[:, :100], x[:, 100:]):
    for bit in range(8):
        for piece in range(4):
            sums = ((tile >> bit & 1) * (stored >> 2 * piece & 3)).sum(axis=1)
            y += (np.minimum(sums, 15) << (bit + 2 * piece))[:, None]
y -= 128 * x.sum(axis=1)[:, None]
y -= 9 * 200 * 37
got = np.load(sys.argv[2])
assert np.array_equal(got, y), f"expected\n{y}\ngot\n{got}"
assert not np.array_equal(got, np.repeat((x - 9).sum(axis=1)[:, None] * 37, 2, axis=1))
