# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A pass in Python: weights are clamped to few bits before they are mapped to arrays.

It stands between two levels of the pipeline. The passes behind it find the narrower weights by
themselves and use fewer cells for each.
"""

from pathlib import Path

import numpy as np
from pumice.passmanager import PassManager
from pumice.rewrite import RewritePatternSet, apply_patterns_and_fold_greedily

from pumice import ir
from pumice.compiler import compile_module

LAYER = Path(__file__).resolve().parent / "layer.mlir"


def saturate_weights(bits: int):
    """A pass that clamps the constant weights of linalg.quantized_matmul to `bits` bits."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def saturate(op, rewriter):
        weights = op.operands[1]
        constant = weights.owner
        # True means that the pattern does not match.
        if isinstance(constant, ir.Block) or constant.name != "arith.constant":
            return True
        codes = np.array(ir.DenseIntElementsAttr(constant.attributes["value"]), dtype=np.int8)
        clamped = codes.clip(low, high)
        if (clamped == codes).all():
            return True
        value = ir.DenseElementsAttr.get(clamped, type=weights.type)
        with rewriter.ip, op.location:
            narrow = ir.Operation.create(
                "arith.constant", results=[weights.type], attributes={"value": value}
            )
        op.operands[1] = narrow.result
        return False

    def run(op, _):
        patterns = RewritePatternSet()
        patterns.add("linalg.quantized_matmul", saturate)
        apply_patterns_and_fold_greedily(op, patterns.freeze())

    return run


def compiled(bits: int | None):
    """The program of the layer, with clamped weights or without."""
    with ir.Context():
        module = ir.Module.parse(LAYER.read_text())
        if bits is not None:
            manager = PassManager.parse("builtin.module()")
            manager.add(saturate_weights(bits), name="saturate-weights")
            manager.run(module.operation)
        return compile_module(module, "isaac")


x = np.array([[1, 2, 3, 4]], dtype=np.int8)
for bits in (None, 4):
    result = compiled(bits).run(x)
    print(f"{'own' if bits is None else bits} bits: {result.outputs.tolist()},"
          f" {result.report.counters['conversions']} conversions")  # fmt: skip
