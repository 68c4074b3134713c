# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pumice's copy of MLIR and torch-mlir's live in one process, whichever comes first."""

import subprocess
import sys

import pytest

FIRST = {
    "pumice": "from pumice import ir; ir.Context()",
    "torch_mlir": "from torch_mlir import ir as other; other.Context()",
}
THEN = """
import torch
import pumice
from pumice import ir
from torch_mlir import ir as other
with other.Context():
    assert str(other.Type.parse("i32")) == "i32"
module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()).eval()
x = torch.ones(2, 4)
result = pumice.compile(module, x, quantize=False).run(x)
assert torch.allclose(result.outputs, module(x))
with ir.Context():
    grid = "!crossbar.grid<1x2x3xi8, ui8>"
    assert str(ir.Type.parse(grid)) == grid
"""


@pytest.mark.parametrize("first", sorted(FIRST))
def test_both_copies_of_mlir_work(first: str) -> None:
    second = next(name for name in FIRST if name != first)
    code = "\n".join([FIRST[first], FIRST[second], THEN])
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
