# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Circuits around arrays, from the formulas of docs/devices.md, "Circuits around arrays", written
down here a second time."""

from __future__ import annotations

from math import ceil, log2, sqrt

import pytest
from pumice.passmanager import PassManager

import pumice
from pumice import Device, ir
from pumice.errors import PumiceError

PRESETS = [name for name in pumice.devices() if name.startswith("neurosim-rram")]


class Layer:
    """A convolution of a square kernel, without padding, or (kernel 1) a matrix product."""

    def __init__(self, channels, kernel, outputs, side, weight_bits=8, input_bits=4) -> None:
        self.channels, self.kernel, self.outputs, self.side = channels, kernel, outputs, side
        self.weight_bits, self.input_bits = weight_bits, input_bits

    def text(self, i: int) -> tuple[str, str, str, str]:
        size = self.side + self.kernel - 1
        x = f"tensor<1x{self.channels}x{size}x{size}xi8>"
        w = f"tensor<{self.outputs}x{self.channels}x{self.kernel}x{self.kernel}xi8>"
        y = f"tensor<1x{self.outputs}x{self.side}x{self.side}xi32>"
        weight = 1 if self.weight_bits == 2 else -(1 << (self.weight_bits - 1))
        body = (
            f"%w{i} = arith.constant dense<{weight}> : {w}\n"
            f"%y{i} = crossbar.conv_2d %x{i}, %w{i} window <"
            f"kernel = [{self.kernel}, {self.kernel}],"
            " strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1"
            f" {{input_unsigned, input_bits = {self.input_bits} : i64, weight_bits ="
            f" {self.weight_bits} : i64}} : ({x}, {w}) -> {y}"
        )
        return f"%x{i} : {x}", body, f"%y{i}", y


def estimate(layers, device, folder):
    parts = [layer.text(i) for i, layer in enumerate(layers)]
    arguments, bodies, results, types = ([part[k] for part in parts] for k in range(4))
    text = (
        f"module attributes {{pum.device = {device}}} {{\n"
        f"func.func @main({', '.join(arguments)}) -> ({', '.join(types)}) {{\n"
        + "\n".join(bodies)
        + f"\nreturn {', '.join(results)} : {', '.join(types)}\n}}\n}}\n"
    )
    path = folder / "layers.mlir"
    with ir.Context():
        module = ir.Module.parse(text)
        PassManager.parse("builtin.module(crossbar-tile-to-arrays)").run(module.operation)
        path.write_text(str(module))
        return pumice.compile(path).estimate()


class Chip:
    """The tiles and the time of each layer of a chip."""

    def __init__(self, layers, device) -> None:
        group = device.crossbars
        self.layers, self.device, self.group = layers, device, group
        self.circuits, self.array = group["circuits"], group["array"]
        self.tiles = sum(self.layout(layer)["tiles"] for layer in layers)
        self.interval = max(self.time(layer) for layer in layers)

    def layout(self, layer) -> dict:
        tiles, rows = self.circuits["tiles"], self.array["rows"]
        slices = ceil(layer.weight_bits / self.array["cell_bits"])
        columns = ceil(layer.outputs * slices / self.array["columns"])
        by_kernel = (
            self.circuits["mapping"] == "kernel"
            and layer.kernel**2 == tiles["kernel_positions"]
            and layer.channels >= rows / 2
        )
        if by_kernel:
            channel_arrays, side = ceil(layer.channels / rows), tiles["kernel_arrays"]
            row_tiles, per_tile = layer.kernel**2 * channel_arrays, layer.kernel**2 * side**2
        else:
            channel_arrays = row_tiles = ceil(layer.channels * layer.kernel**2 / rows)
            side, per_tile = tiles["dense_arrays"], tiles["dense_arrays"] ** 2
        across = ceil(columns / side)
        return {
            "by_kernel": by_kernel, "rows": row_tiles, "columns": columns, "across": across,
            "stacked": min(channel_arrays, tiles["kernel_arrays"]),
            "tiles": ceil(channel_arrays / side) * across, "arrays": per_tile, "slices": slices,
        }  # fmt: skip

    def time(self, layer) -> float:
        timing = self.circuits["timing"]
        window = (
            timing["window_ns"]
            + timing["bit_ns"] * layer.input_bits
            + timing["result_ns"] * layer.outputs
            + timing["input_ns"] * layer.channels * layer.kernel**2 * layer.input_bits
        )
        return layer.side**2 * window

    def energies(self, layer) -> dict[str, float]:
        """In pJ."""
        cut, c, energy = self.layout(layer), self.circuits, self.group["energy"]
        windows, bits, slices = layer.side**2, layer.input_bits, cut["slices"]
        depth, used = layer.channels * layer.kernel**2, layer.outputs * slices
        reads = windows * bits
        array_reads = reads * cut["rows"] * cut["columns"]
        conversions = reads * cut["rows"] * used
        rows_on = c["ones"] * reads * depth * cut["columns"]
        cell = c["periphery"]["narrow_cell_read_pj"] if slices == 1 else energy["cell_read_pj"]
        found = {
            "cell_read": c["ones"] * reads * depth * used * cell,
            "dac": rows_on * energy["dac_pj"],
            "sample_hold": conversions * energy["sample_hold_pj"],
            "adc": conversions * energy["adc_pj"] + array_reads * c["periphery"]["encoder_pj"],
            "periphery": array_reads * c["periphery"]["array_read_pj"]
            + rows_on * c["periphery"]["row_pj"]
            + array_reads / bits * c["periphery"]["multiplexer_pj"]
            + windows * layer.outputs * bits * c["periphery"]["result_pj"],
        }
        adders, columns = c["accumulation"], self.array["columns"]
        over_bits = adders["bits_pj"] + slices * adders["bits_pj_per_slice"]
        over_bits += bits * adders["bits_pj_per_bit"]
        per_read = columns / slices * over_bits
        if slices > 1:
            per_read += columns * (adders["slices_pj"] + slices * adders["slices_pj_per_slice"])
        result_bits = self.array["adc"]["bits"] + 3 + slices + bits
        tree = adders["dense_tree_pj"]
        if cut["by_kernel"]:
            tree = adders["tree_pj"] + cut["stacked"] * adders["tree_pj_per_array"]
        tile_results = c["tiles"]["kernel_arrays"] * columns / slices
        trees = windows * cut["tiles"] * tile_results * result_bits * tree
        found["shift_add"] = array_reads * per_read + trees

        kernel = layer.kernel if cut["by_kernel"] else 1
        inputs = windows * depth * bits
        array_in, tile_in = inputs * cut["across"], inputs / kernel
        array_out = windows * layer.outputs * self.array["adc"]["bits"] * kernel**2
        tile_out = windows * layer.outputs * (result_bits + 1)
        chip_out = windows * layer.outputs * bits
        wires, kind = c["interconnect"], "kernel" if cut["by_kernel"] else "dense"
        grid = 2 ** ceil(log2(ceil(sqrt(self.tiles))))
        chip_bit = wires["chip_pj_per_um"] * c["tiles"][f"{kind}_um"] * (grid + 1)
        found["interconnect"] = (
            array_in * wires["array_in_pj"]
            + array_out * wires["array_out_pj"]
            + (tile_in * cut["across"] + tile_out / kernel**2) * wires[f"{kind}_tile_pj"]
            + (inputs / kernel + chip_out) * chip_bit
        )
        buffers = c["buffers"]
        found["buffer_read"] = array_in * buffers["array_in_pj"] + tile_in * buffers["tile_in_pj"]
        found["buffer_write"] = (
            array_out * buffers["array_out_pj"]
            + tile_out * buffers["tile_out_pj"]
            + chip_out * buffers["chip_out_pj"]
        )
        leak = c["leakage"]
        tile_uw = leak["array_uw"] + bits * leak["array_uw_per_bit"]
        tile_uw = cut["arrays"] * (tile_uw + (1 - 1 / slices) * leak["slices_uw"])
        if c.get("pipelined"):
            waiting = cut["tiles"] * (self.interval - self.time(layer))
        else:
            waiting = (self.tiles - cut["tiles"]) * self.time(layer)
        found["leakage"] = tile_uw * waiting / 1000
        return found


#: Two kinds of mapping, arrays partly used, more tiles than one, a layer of one cell per weight.
LAYERS = [
    Layer(64, 3, 64, 9),
    Layer(3, 7, 20, 11, input_bits=8),
    Layer(200, 3, 300, 3, weight_bits=4),
    Layer(600, 3, 40, 2, weight_bits=2),
    Layer(1100, 1, 70, 1),
]


@pytest.mark.parametrize("mapping", ["kernel", "dense"])
@pytest.mark.parametrize("name", PRESETS)
def test_energies_follow_from_the_page(name, mapping, tmp_path) -> None:
    # Without the transfers of the layers' inputs and results through the device's buffer.
    device = Device(name).replace(
        circuits={"mapping": mapping, "ones": 0.3},
        buffer={"read_pj_per_byte": 0, "write_pj_per_byte": 0},
    )
    report, chip = estimate(LAYERS, device, tmp_path), Chip(LAYERS, device)
    expected: dict[str, float] = {}
    for layer in LAYERS:
        for component, pj in chip.energies(layer).items():
            expected[component] = expected.get(component, 0.0) + pj
    for component, pj in expected.items():
        assert report.components[component] == pytest.approx(pj, rel=1e-6), component


def test_a_layer_takes_the_time_of_its_windows(tmp_path) -> None:
    device, layer = Device("neurosim-rram"), LAYERS[0]
    found = estimate([layer], device, tmp_path)
    busy = found.utilisation["array"].busy_ns / found.utilisation["array"].count
    assert busy == pytest.approx(Chip([layer], device).time(layer), rel=1e-6)


def test_one_layer_leaves_nothing_to_leak(tmp_path) -> None:
    found = estimate(LAYERS[:1], Device("neurosim-rram"), tmp_path)
    assert found.components.get("leakage", 0.0) == 0


def test_cells_and_rows_that_are_off_take_nothing(tmp_path) -> None:
    device = Device("neurosim-rram").replace(circuits={"ones": 0})
    found = estimate(LAYERS[:1], device, tmp_path).components
    assert found.get("cell_read", 0) == found.get("dac", 0) == 0
    assert found["adc"] > 0


def test_without_circuits_the_page_of_costs_holds(tmp_path) -> None:
    device = Device("neurosim-rram").replace(circuits=None)
    assert "circuits" not in device.crossbars
    found = estimate(LAYERS[:1], device, tmp_path).components
    assert found.get("interconnect", 0) == found.get("leakage", 0) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ones": 1.5}, "ones must be between 0 and 1, got 1.5"),
        ({"mapping": "diagonal"}, "one of dense, kernel"),
        ({"tiles": {"kernel_arrays": 0}}, "kernel_arrays must be at least 1, got 0"),
        ({"leakage": {"array_uw": -1}}, "array_uw must be at least 0, got -1"),
        ({"periphery": {"row_pj": -1}}, "row_pj must be at least 0, got -1"),
        ({"accumulation": {"tree_pj": -1}}, "tree_pj must be at least 0, got -1"),
        ({"interconnect": {"chip_pj_per_um": -1}}, "chip_pj_per_um must be at least 0, got -1"),
        ({"buffers": {"tile_in_pj": -1}}, "tile_in_pj must be at least 0, got -1"),
        ({"timing": {"window_ns": -1}}, "window_ns must be at least 0, got -1"),
    ],
)
def test_impossible_fields_are_refused(fields, message) -> None:
    with pytest.raises(PumiceError, match=message):
        Device("neurosim-rram").replace(circuits=fields)
