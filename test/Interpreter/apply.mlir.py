# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""crossbar.apply in NumPy, from the text of the functions: equal to the bit."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "python" / "oracles"))
from function_oracle import functions_of

text, *files = sys.argv[1:]
functions = functions_of(Path(text).read_text())
x, *results = (np.load(file) for file in files)
for name, result in zip(("net", "table", "root"), results, strict=True):
    expected = functions[name](x)
    assert result.dtype == np.float32
    wrong = ~((result == expected) | (np.isnan(result) & np.isnan(expected)))
    assert not wrong.any(), (name, x[wrong][:5], result[wrong][:5], expected[wrong][:5])
    assert len(np.unique(result)) > 5
