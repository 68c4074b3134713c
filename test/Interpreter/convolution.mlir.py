# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The convolution of convolution.mlir, written as its definition."""

import sys

import numpy as np

x = np.load(sys.argv[1]).astype(np.int64)
w = np.array(
    [
        [[[1, -2, 3], [4, 5, -6]]],
        [[[7, 8, 9], [-128, 127, 0]]],
        [[[1, 0, 0], [0, 0, 0]]],
        [[[0, 0, 0], [0, 0, 1]]],
    ]
)
padded = np.pad(x - -5, ((0, 0), (0, 0), (1, 0), (2, 0)))
y = np.zeros((1, 4, 2, 3), np.int64)
for f, i, j in np.ndindex(4, 2, 3):
    for a, b in np.ndindex(2, 3):
        y[0, f, i, j] += padded[0, f // 2, i + 2 * a, 2 * j + b] * w[f, 0, a, b]
got = np.load(sys.argv[2])
assert got.dtype == np.int32
assert np.array_equal(got, y), f"expected\n{y}\ngot\n{got}"
