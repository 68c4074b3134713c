# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the benchmark runs: three workloads, as programs of Pumice and as PyTorch modules."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

import pumice
from pumice.compiler import compile_imported, compile_module
from pumice.device import Device
from pumice.program import Program

SEED = 0


@dataclass
class Workload:
    """One workload.

    Attributes:
        macs: multiplications of codes and weights.
        inputs: what `Program.run` takes.
        compile: gives the program for a device.
        exact: what a lossless device has to deliver; None where nothing is compared.
        torch_float, torch_int8: the same in PyTorch, called without arguments.
        module, x: the float module and its input, for other simulators.
        matrices: weights as (rows, outputs) and inputs as (vectors, rows), both codes; None for
            whole networks.
    """

    name: str
    title: str
    macs: int
    inputs: tuple[Any, ...]
    compile: Callable[[Device], Program]
    torch_float: Callable[[], Any]
    torch_int8: Callable[[], Any]
    module: nn.Module
    x: torch.Tensor
    exact: np.ndarray | None = None
    matrices: tuple[np.ndarray, np.ndarray] | None = None


def codes(shape: tuple[int, ...], worst: bool, rng: np.random.Generator) -> np.ndarray:
    """Input codes, uint8.

    Those of a layer behind a ReLU: the largest is 255, some are 0. The worst case sets every bit
    with a probability of 7/8, so that the read of no bit is nearly empty.
    """
    if worst:
        bits = rng.random((8, *shape)) < 7 / 8
        return np.packbits(bits, axis=0)[0]
    values = np.maximum(rng.normal(0.5, 1, shape), 0)
    return np.rint(values * (255 / values.max())).astype(np.uint8)


def weights(shape: tuple[int, ...], worst: bool, rng: np.random.Generator) -> np.ndarray:
    """Weight codes, int8, symmetric per output as PT2E makes them.

    In the worst case all 2-bit cells of the offset code have level 2 or 3, so that each column of
    a full array can exceed 255.
    """
    if worst:
        levels = rng.integers(2, 4, (4, *shape))
        offset = sum(level << (2 * slice_) for slice_, level in enumerate(levels))
        return (offset - 128).astype(np.int8)
    values = rng.normal(0, 1, shape)
    largest = np.abs(values).reshape(shape[0], -1).max(1)
    return np.rint(values * (127 / largest.reshape(-1, *[1] * (len(shape) - 1)))).astype(np.int8)


def linear(name: str, inputs: int, outputs: int, batch: int, worst: bool) -> Workload:
    """One linear layer."""
    rng = np.random.default_rng(SEED)
    x, w = codes((batch, inputs), worst, rng), weights((outputs, inputs), worst, rng)
    x_, y_ = f"{batch}x{inputs}x", f"{batch}x{outputs}x"
    text = f"""func.func @linear(%x: tensor<{x_}i8>) -> tensor<{y_}i32> {{
  %w = arith.constant {_dense(w.T)} : tensor<{inputs}x{outputs}xi8>
  %zero = arith.constant 0 : i32
  %wide = arith.extui %x : tensor<{x_}i8> to tensor<{x_}i16>
  %init = arith.constant dense<0> : tensor<{y_}i32>
  %y = linalg.quantized_matmul
    ins(%wide, %w, %zero, %zero : tensor<{x_}i16>, tensor<{inputs}x{outputs}xi8>, i32, i32)
    outs(%init : tensor<{y_}i32>) -> tensor<{y_}i32>
  return %y : tensor<{y_}i32>
}}"""
    layer = nn.Linear(inputs, outputs, bias=False)
    exact = x.astype(np.float64) @ w.T.astype(np.float64)
    title = f"linear {inputs}x{outputs}, batch {batch}"
    return _layer(name, title, text, layer, x, w, exact.astype(np.int32), (w.T, x))


def conv(name: str, channels: int, size: int, worst: bool) -> Workload:
    """One 3x3 convolution with padding 1 and as many outputs as inputs."""
    rng = np.random.default_rng(SEED)
    x = codes((1, channels, size, size), worst, rng)
    w = weights((channels, channels, 3, 3), worst, rng)
    small, padded = f"{channels}x{size}x{size}", f"{channels}x{size + 2}x{size + 2}"
    kernel = f"tensor<{channels}x{channels}x3x3xi8>"
    text = f"""func.func @conv(%x: tensor<1x{small}xi8>) -> tensor<1x{small}xi32> {{
  %w = arith.constant {_dense(w)} : {kernel}
  %code = arith.constant 0 : i8
  %zero = arith.constant 0 : i32
  %pad = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {{
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %code : i8
  }} : tensor<1x{small}xi8> to tensor<1x{padded}xi8>
  %wide = arith.extui %pad : tensor<1x{padded}xi8> to tensor<1x{padded}xi16>
  %init = arith.constant dense<0> : tensor<1x{small}xi32>
  %y = linalg.conv_2d_nchw_fchw_q
    {{dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}}
    ins(%wide, %w, %zero, %zero : tensor<1x{padded}xi16>, {kernel}, i32, i32)
    outs(%init : tensor<1x{small}xi32>) -> tensor<1x{small}xi32>
  return %y : tensor<1x{small}xi32>
}}"""
    layer = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    unfolded = nn.functional.unfold(torch.from_numpy(x).float(), 3, padding=1)[0].T.numpy()
    flat = w.reshape(channels, -1).T
    exact = (unfolded.astype(np.float64) @ flat).T.reshape(x.shape).astype(np.int32)
    title = f"conv {channels}->{channels} 3x3 at {size}x{size}"
    return _layer(name, title, text, layer, x, w, exact, (flat, unfolded.astype(np.uint8)))


def resnet(name: str, size: int, batch: int = 1) -> Workload:
    """ResNet-18 with random weights on smooth random images, 8 bits by PT2E."""
    from pumice import zoo
    from pumice.frontend import import_model

    model = zoo.resnet18(seed=SEED)
    x = _images(batch, size, 1)
    quantized = pumice.quantize(model, [x, _images(batch, size, 2)])
    imported = import_model(quantized, x)
    int8 = _int8(model, x)
    return Workload(
        name,
        f"ResNet-18 at {size}x{size}, batch {batch}",
        _macs(model, x),
        (x,),
        lambda device: compile_imported(imported, device),
        lambda: model(x),
        lambda: int8(x),
        model,
        x,
    )


def _layer(
    name: str,
    title: str,
    text: str,
    layer: nn.Module,
    x: np.ndarray,
    w: np.ndarray,
    exact: np.ndarray,
    matrices: tuple[np.ndarray, np.ndarray],
) -> Workload:
    """A workload of one layer, whose program takes codes and gives sums."""
    from pumice import ir

    with ir.Context():
        module = ir.Module.parse(text)
    module_float = nn.Sequential(layer).eval()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(w / np.float32(127)))
    x_float = torch.from_numpy(x / np.float32(255))
    int8 = _int8(module_float, x_float)
    scale, zero = float(int8.get_buffer("0_input_scale_0")), 0
    x_int8 = torch.quantize_per_tensor(x_float, scale, zero, torch.quint8)
    int8_layer = int8.get_submodule("0")  # without the quantization of its input
    return Workload(
        name,
        title,
        matrices[0].size * len(matrices[1]),
        (x,),
        lambda device: compile_module(module, device),
        lambda: module_float(x_float),
        lambda: int8_layer(x_int8),
        module_float,
        x_float,
        exact,
        matrices,
    )


def _int8(model: nn.Module, x: torch.Tensor) -> nn.Module:
    """The module quantized statically by torch.ao: FX graph mode, engine x86, as it comes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, but has the fastest kernels at hand
        from torch.ao.quantization import get_default_qconfig_mapping
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

        prepared = prepare_fx(model, get_default_qconfig_mapping("x86"), (x,))
        with torch.no_grad():
            prepared(x)
        return convert_fx(prepared)


def _images(batch: int, size: int, seed: int) -> torch.Tensor:
    """Smooth random images, about as far from zero as normalized photographs."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(batch, 3, max(size // 8, 1), max(size // 8, 1), generator=generator)
    return nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")


def _macs(model: nn.Module, x: torch.Tensor) -> int:
    total = 0

    def count(module: Any, _: Any, result: torch.Tensor) -> None:
        nonlocal total
        per_result = math.prod(module.weight.shape[1:])
        total += result.numel() * per_result

    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return total


def _dense(array: np.ndarray) -> str:
    return f'dense<"0x{np.ascontiguousarray(array).tobytes().hex()}">'


def busy(workload: Workload, rows: int = 128, limit: int = 255) -> dict[str, float] | None:
    """How much of a layer saturates 8-bit converters (2-bit cells, offset code, 1-bit reads).

    Returns:
        columns_at_risk: the part of (tile, column) pairs whose levels can exceed the limit.
        clipped: the part of conversions that do.
    """
    if workload.matrices is None:
        return None
    w, x = workload.matrices
    offset = w.astype(np.int16) + 128
    levels = np.stack([(offset >> (2 * s)) & 3 for s in range(4)]).astype(np.float32)
    digits = np.unpackbits(x[None], axis=0).astype(np.float32)
    columns = at_risk = conversions = clipped = 0
    for begin in range(0, len(w), rows):
        tile = levels[:, begin : begin + rows]
        columns += tile[:, 0].size
        at_risk += int((tile.sum(1) > limit).sum())
        for digit in digits:
            sums = digit[:, begin : begin + rows] @ tile
            conversions += sums.size
            clipped += int((sums > limit).sum())
    return {"columns_at_risk": at_risk / columns, "clipped": clipped / conversions}
