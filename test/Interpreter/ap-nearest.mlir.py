# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The distances and nearest words of ap-nearest.mlir, by their definition."""

import sys

import numpy as np

queries, distances, nearest = (np.load(path) for path in sys.argv[1:])
table = np.array([[0] * 8, [1] * 4 + [0] * 4, [0, 1] * 4, [1] * 8])
expected = (queries[:, None] != table[None]).sum(axis=2)
assert np.array_equal(distances, expected), f"expected\n{expected}\ngot\n{distances}"
assert np.array_equal(nearest, expected.argmin(axis=1)), nearest
