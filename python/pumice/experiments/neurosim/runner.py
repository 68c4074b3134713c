# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks of the runs as MLIR, and their estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pumice
from pumice import ir
from pumice.device import Device
from pumice.experiments.neurosim.results import CATEGORIES, Check, Results, Run, Settings
from pumice.files import temporary_folder, write_text
from pumice.passmanager import PassManager

__all__ = ["count", "network", "run"]


@dataclass(frozen=True)
class _Layer:
    """A convolution of a square kernel on `windows` x `windows` positions, without padding."""

    channels: int
    kernel: int
    outputs: int
    windows: int
    stride: int = 1


def _resnet18(
    first: int, sides: tuple[int, int, int, int], halves: tuple[int, ...]
) -> list[_Layer]:
    """The layers of ResNet-18 with other numbers of windows a side.

    Args:
        first, sides, halves: of the first layer, of 3x3 layers, of those with stride 2. Layers with
            a kernel of 1x1 have the windows of padded ones.
    """
    layers = [_Layer(3, 7, 64, first, 2)]
    layers += [_Layer(64, 3, 64, sides[0])] * 4
    for stage, (channels, outputs) in enumerate(((64, 128), (128, 256), (256, 512))):
        layers.append(_Layer(channels, 3, outputs, halves[stage], 2))
        layers.append(_Layer(channels, 1, outputs, 28 >> stage, 2))
        layers += [_Layer(outputs, 3, outputs, sides[stage + 1])] * 3
    return [*layers, _Layer(512, 1, 1000, 1)]


_NETWORKS = {
    "resnet18": _resnet18(112, (56, 28, 14, 7), (28, 14, 7)),
    # Without padding: windows are (size - kernel) / stride + 1 a side.
    "resnet18 (shipped)": _resnet18(109, (54, 26, 12, 5), (27, 13, 6)),
    "vgg8": [
        _Layer(3, 3, 128, 30), _Layer(128, 3, 128, 30), _Layer(128, 3, 256, 14),
        _Layer(256, 3, 256, 14), _Layer(256, 3, 512, 6), _Layer(512, 3, 512, 6),
        _Layer(8192, 1, 1024, 1), _Layer(1024, 1, 10, 1),
    ],
}  # fmt: skip


def network(name: str, weight_bits: int, input_bits: int, device: Device) -> str:
    """The layers of a network as a module of independent convolutions, at level `crossbar`."""
    # The weight that needs exactly so many bits; of ternary ones, 1 needs two.
    weight = 1 if weight_bits == 2 else -(1 << (weight_bits - 1))
    arguments, body, results, types = [], [], [], []
    for i, layer in enumerate(_NETWORKS[name]):
        size = (layer.windows - 1) * layer.stride + layer.kernel
        x = f"tensor<1x{layer.channels}x{size}x{size}xi8>"
        w = f"tensor<{layer.outputs}x{layer.channels}x{layer.kernel}x{layer.kernel}xi8>"
        y = f"tensor<1x{layer.outputs}x{layer.windows}x{layer.windows}xi32>"
        arguments.append(f"%x{i} : {x}")
        results.append(f"%y{i}")
        types.append(y)
        body.append(
            f"  %w{i} = arith.constant dense<{weight}> : {w}\n"
            f"  %y{i} = crossbar.conv_2d %x{i}, %w{i} window <kernel = [{layer.kernel},"
            f" {layer.kernel}], strides = [{layer.stride}, {layer.stride}], dilations = [1, 1],"
            f" padding = [0, 0, 0, 0]> groups 1 {{input_unsigned, input_bits = {input_bits} : i64,"
            f" weight_bits = {weight_bits} : i64}} : ({x}, {w}) -> {y}"
        )
    lines = "\n".join(body)
    return (
        f"module attributes {{pum.device = {device}}} {{\n"
        f"func.func @main({', '.join(arguments)}) -> ({', '.join(types)}) {{\n{lines}\n"
        f"  return {', '.join(results)} : {', '.join(types)}\n}}\n}}\n"
    )


def count(settings: Settings) -> int:
    """How many parts `run` has."""
    return len(settings.runs)


def run(settings: Settings, *, advance: Callable[[str], None] = lambda doing: None) -> Results:
    """Estimates every run of `settings`.

    Args:
        advance: called before each of `count(settings)` parts with what it is, and at the end.
    """
    results = Results(settings)
    for item in settings.runs:
        advance(f"{item.name} on {item.device}")
        results.checks.append(_check(item))
    advance("")
    return results


def _check(item: Run) -> Check:
    # Every layer's inputs come from DRAM here, through the device's buffer, which the runs do not
    # have: the buffers that they have are among the circuits.
    device = Device(item.device).replace(
        circuits={"ones": item.ones}, buffer={"read_pj_per_byte": 0, "write_pj_per_byte": 0}
    )
    text = network(item.network, item.weight_bits, item.input_bits, device)
    with ir.Context(), temporary_folder() as folder:
        module = ir.Module.parse(text)
        PassManager.parse("builtin.module(crossbar-tile-to-arrays)").run(module.operation)
        path = folder / "network.mlir"
        write_text(path, str(module))
        components = pumice.compile(path).estimate().components
    energies = {name: pj / 1e6 for name, pj in components.items()}
    return Check(
        item,
        tuple(sum(energies.get(part, 0.0) for part in parts) for parts in CATEGORIES.values()),
        energies.get("digital", 0.0),
        energies.get("dram_read", 0.0) + energies.get("dram_write", 0.0),
    )
