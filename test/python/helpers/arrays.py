# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integer matrices on simulated arrays, straight from crossbar IR, and what their cells conduct."""

from __future__ import annotations

from typing import Any

import numpy as np

from pumice import Device
from pumice.program import Program

__all__ = ["conductances", "machine", "products"]

#: One cell per 8-bit weight and one read per input: a conversion sees every bit of a cell.
WIDE = {"cell_bits": 8, "weight_bits": 8, "input_bits": 8, "dac_bits": 8}
OFFSET = 128  # what the offset encoding adds to weights of 8 bits


def machine(*weights: Any, batch: int, **array: Any) -> Program:
    """A program that multiplies codes (batch, K), unsigned, by each of `weights` (K, N).

    Args:
        array: fields of the array beside those of `WIDE` and the device `ideal`: converters are
            lossless unless they say otherwise.
    """
    from pumice.passmanager import PassManager

    from pumice import ir
    from pumice._mlir_libs import _pumice

    rows = weights[0].shape[0]
    lines, names, types = [], [], []
    for i, matrix in enumerate(weights):
        codes = np.ascontiguousarray(matrix.T)
        bits = 8 * codes.dtype.itemsize
        width = f"i{bits}"
        columns = len(codes)
        literal = f'"0x{codes.tobytes().hex().upper()}"' if np.ptp(codes) else codes.flat[0]
        kind = f"tensor<{columns}x{rows}x{width}>"
        result = f"tensor<{batch}x{columns}xi32>"
        lines += [
            f"%w{i} = arith.constant dense<{literal}> : {kind}",
            # Every bit in cells, whatever the codes: nothing is narrowed.
            f"%y{i} = crossbar.mvm %x, %w{i} {{input_unsigned, weight_bits = {bits} : i64}}"
            f" : (tensor<{batch}x{rows}xi8>, {kind}) -> {result}",
        ]
        names.append(f"%y{i}")
        types.append(result)
    results = ", ".join(types)
    body = "\n".join(lines)
    text = f"""func.func @main(%x: tensor<{batch}x{rows}xi8>) -> ({results}) {{
{body}
return {", ".join(names)} : {results}
}}"""
    array = {**WIDE, **array}
    array.setdefault("columns_per_adc", array.get("columns", 128))
    device = Device("ideal").replace(array=array)
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        levels = {}
        for level in ("quantized-to-crossbar", "crossbar-to-pum", "pum-to-simulator"):
            PassManager.parse(f"builtin.module({level})").run(module.operation)
            levels[level.rpartition("-")[2]] = _pumice.clone_module(module)
        return Program(levels, {})


def products(x: Any, *weights: Any, threads: int | None = None, **array: Any) -> Any:
    """What the arrays make of `x @ weights` (several: a tuple)."""
    program = machine(*weights, batch=len(x), **array)
    return program.run(x.astype(np.uint8).view(np.int8), threads=threads).outputs


def conductances(levels: Any, **array: Any) -> Any:
    """What cells of 8 bits that hold `levels` (K, N) conduct, in steps of 1/128 level: exactly.

    Every wordline in turn is driven by 255, so that a step of 1/128 is 1.99 codes.
    """
    codes = (levels - OFFSET).astype(np.int8)
    sums = products(255 * np.eye(len(levels)), codes, **array)
    return np.rint((sums.astype(np.int64) + OFFSET * 255) * 128 / 255).astype(np.int64)
