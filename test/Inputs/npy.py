# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes and checks arrays for the tests of pumice-sim.

npy.py write FILE EXPRESSION    saves what the expression (of numpy as np) gives
npy.py equal FILE EXPRESSION    fails unless the file holds exactly that
"""

import sys

import numpy as np

verb, path, expression = sys.argv[1:]
value = eval(expression, {"np": np, "load": np.load})
if verb == "write":
    np.save(path, value)
else:
    got = np.load(path)
    assert got.dtype == value.dtype, f"expected {value.dtype}, got {got.dtype}"
    assert got.shape == value.shape, f"expected {value.shape}, got {got.shape}"
    assert np.array_equal(got, value), f"expected\n{value}\ngot\n{got}"
