# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One integer layer on a device: MLIR text of the layer -> machine program -> numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pumice.passmanager import PassManager

from array_oracle import Crossbar, Layer
from pumice import Device, Program, ir

Array = npt.NDArray[Any]

PIPELINES = {
    "crossbar": "quantized-to-crossbar",
    "pum": "crossbar-to-pum",
    "simulator": "pum-to-simulator",
}


@dataclass(frozen=True)
class Window:
    """Of a convolution, as PyTorch's; padding is top, left, bottom, right."""

    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1


def device_of(array: Crossbar, **more: Any) -> Device:
    """`ideal` with another array; `more` are fields of the array."""
    fields: dict[str, Any] = {
        "rows": array.rows,
        "cell_bits": array.cell_bits,
        "dac_bits": array.dac_bits,
        "adc": {"bits": array.adc_bits, "mode": array.adc_mode},
        "encoding": array.encoding,
        "weight_bits": widest_weight(array),
        "rows_per_read": array.rows_per_read,
    }
    return Device("ideal").replace(array=fields | more)


def widest_weight(array: Crossbar) -> int:
    """Bits of weights that whole cells hold."""
    return 16 // array.cell_bits * array.cell_bits


def program_of(
    shape: tuple[int, ...],
    weights: Array,
    layer: Layer,
    device: Device,
    window: Window | None = None,
    accumulator: str = "i64",
) -> Program:
    """A program of one layer, for codes of `shape`; without a window it is a linear one."""
    text = layer_text(shape, weights, layer, window, accumulator)
    return program_of_text(text, device, layer.adc_range)


def program_of_text(text: str, device: Device, adc_range: int | None = None) -> Program:
    with ir.Context() as context:
        module = ir.Module.parse(text)
        module.operation.attributes["pum.device"] = device.to_attribute(context)
        for level, pipeline in PIPELINES.items():
            PassManager.parse(f"builtin.module({pipeline})").run(module.operation)
            if level == "crossbar" and adc_range is not None:
                set_adc_range(module, adc_range)
        return Program({"simulator": module}, {})


def run(program: Program, codes: Array, threads: int = 1) -> Array:
    """The layer's sums."""
    (_, dtype, _), *_ = program.inputs
    return np.asarray(program.run(codes.astype(dtype), threads=threads).outputs)


def layer_text(
    shape: tuple[int, ...],
    weights: Array,
    layer: Layer,
    window: Window | None,
    accumulator: str,
) -> str:
    """The layer on tensors, in the crossbar dialect."""
    code, weight = f"i{storage(layer.input_bits)}", f"i{storage(layer.weight_bits)}"
    x_type, w_type = tensor(shape, code), tensor(weights.shape, weight)
    y_type = tensor(result_shape(shape, weights.shape, window), accumulator)
    flags = ["input_unsigned"] if not layer.input_signed else []
    flags.append(f"input_zero_point = {layer.input_zero_point} : i64")
    flags.append(f"weight_zero_point = {layer.weight_zero_point} : i64")
    flags.append(f"input_bits = {layer.input_bits} : i64")
    flags.append(f"weight_bits = {layer.weight_bits} : i64")
    op, geometry = "crossbar.mvm", ""
    if window:
        op, geometry = "crossbar.conv_2d", window_text(weights, window)
    data = weights.astype(np.int8 if weight == "i8" else "<i2").tobytes().hex()
    return (
        f"func.func @main(%x: {x_type}) -> {y_type} {{\n"
        f'  %w = arith.constant dense<"0x{data}"> : {w_type}\n'
        f"  %y = {op} %x, %w {geometry}{{{', '.join(flags)}}}"
        f" : ({x_type}, {w_type}) -> {y_type}\n"
        f"  return %y : {y_type}\n}}\n"
    )


def window_text(weights: Array, window: Window) -> str:
    """Of a convolution in the dialects of units."""
    return (
        f"window <kernel = {list(weights.shape[2:])}, strides = {list(window.strides)},"
        f" dilations = {list(window.dilations)}, padding = {list(window.padding)}>"
        f" groups {window.groups} "
    )


def linalg_text(shape: tuple[int, ...], weights: Array, layer: Layer, window: Window | None) -> str:
    """The layer on tensors at L1, with the padding, the widening and the groups that a front end
    writes. Codes and weights have 8 bits."""
    out = result_shape(shape, weights.shape, window)
    groups = window.groups if window else 1
    x: tuple[str, tuple[int, ...], str] = ("%x", shape, "i8")
    lines: list[str] = []

    def step(text: str, shape: tuple[int, ...], element: str) -> None:
        nonlocal x
        name, old = f"%x{len(lines)}", tensor(*x[1:])
        lines.append(f"{name} = {text.format(x=x[0], old=old, new=tensor(shape, element))}")
        x = name, shape, element

    if window and any(window.padding):
        top, left, bottom, right = window.padding
        lines.append(f"%code = arith.constant {(layer.input_zero_point + 128) % 256 - 128} : i8")
        step(
            f"tensor.pad {{x}} low[0, 0, {top}, {left}] high[0, 0, {bottom}, {right}] {{{{\n"
            "  ^bb0(%n: index, %c: index, %h: index, %v: index):\n"
            "    tensor.yield %code : i8\n  }} : {old} to {new}",
            (*shape[:2], shape[2] + top + bottom, shape[3] + left + right),
            "i8",
        )
    if not layer.input_signed:
        step("arith.extui {x} : {old} to {new}", x[1], "i16")
    op, attributes, sums = "quantized_matmul", "", out
    if window is None:
        weights = weights.T
    else:
        op = "conv_2d_nchw_fchw_q"
        pairs = ("dilations", window.dilations), ("strides", window.strides)
        given = (f"{name} = dense<{list(values)}> : tensor<2xi64>" for name, values in pairs)
        attributes = f"{{{', '.join(given)}}} "
    if groups > 1:
        op = "conv_2d_ngchw_gfchw_q"
        split = (x[1][0], groups, x[1][1] // groups, *x[1][2:])
        step(
            "tensor.expand_shape {x} [[0], [1, 2], [3], [4]] "
            f"output_shape {list(split)} : {{old}} into {{new}}",
            split,
            x[2],
        )
        weights = weights.reshape(groups, -1, *weights.shape[1:])
        sums = (out[0], groups, out[1] // groups, *out[2:])
    w_type, sums_type = tensor(weights.shape, "i8"), tensor(sums, "i32")
    data = np.ascontiguousarray(weights).astype(np.int8).tobytes().hex()
    lines += [
        f'%w = arith.constant dense<"0x{data}"> : {w_type}',
        f"%xz = arith.constant {layer.input_zero_point} : i32",
        f"%wz = arith.constant {layer.weight_zero_point} : i32",
        "%zero = arith.constant 0 : i32",
        f"%e = tensor.empty() : {sums_type}",
        f"%i = linalg.fill ins(%zero : i32) outs(%e : {sums_type}) -> {sums_type}",
        f"%s = linalg.{op} {attributes}ins({x[0]}, %w, %xz, %wz : {tensor(*x[1:])}, {w_type}, "
        f"i32, i32) outs(%i : {sums_type}) -> {sums_type}",
    ]
    y, y_type = "%s", tensor(out, "i32")
    if sums != out:
        y = "%y"
        lines.append(
            f"%y = tensor.collapse_shape %s [[0], [1, 2], [3], [4]] : {sums_type} into {y_type}"
        )
    body = "\n  ".join(lines)
    return (
        f"func.func @main(%x: {tensor(shape, 'i8')}) -> {y_type} {{\n"
        f"  {body}\n  return {y} : {y_type}\n}}\n"
    )


def storage(bits: int) -> int:
    """Bits of the type that holds codes of `bits` bits."""
    return 8 if bits <= 8 else 16


def tensor(shape: tuple[int, ...], element: str) -> str:
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def result_shape(
    shape: tuple[int, ...], weights: tuple[int, ...], window: Window | None
) -> tuple[int, ...]:
    if window is None:
        return shape[0], weights[0]
    top, left, bottom, right = window.padding
    lengths = shape[2] + top + bottom, shape[3] + left + right
    out = [
        (length - (size - 1) * dilation - 1) // stride + 1
        for length, size, dilation, stride in zip(
            lengths, weights[2:], window.dilations, window.strides, strict=True
        )
    ]
    return shape[0], weights[0], *out


def set_adc_range(module: Any, value: int) -> None:
    """What calibration of the layer would have found."""

    def visit(op: Any) -> Any:
        if op.name == "crossbar.program":
            kind = ir.IntegerType.get_signless(64)
            op.attributes["adc_range"] = ir.IntegerAttr.get(kind, value)
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
