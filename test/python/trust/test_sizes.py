# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sizes that counters, placements or memory cannot hold: refused where they enter."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import pumice

_ARRAY = (
    "#crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,"
    " dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>"
)


def transfers(extent: int, count: int = 1) -> str:
    """Copies of a buffer, one after the other."""
    memory = f"memref<{extent}xf32, #simulator.memory<host>>"
    lines = [f"%b0 = simulator.buffer : {memory}"]
    lines.append(f"%t0 = simulator.transfer %x to %b0 : {memory} to {memory}")
    for i in range(1, count):
        lines.append(f"%b{i} = simulator.buffer : {memory}")
        lines.append(
            f"%t{i} = simulator.transfer %b{i - 1} to %b{i} after(%t{i - 1}) : {memory} to {memory}"
        )
    return f"func.func @main(%x: {memory}) {{\n" + "\n".join(lines) + "\nreturn\n}"


def program(first: int, end: int) -> str:
    """Weights in the arrays from `first` to before `end`."""
    return f"""
    func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) {{
      %w = simulator.constant dense<1> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
      %g, %t = simulator.program %w on <"arrays", {first}, {end}> setup array {_ARRAY}
        tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
        : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, ui8>
      return
    }}"""


def load(body: str, folder: Path) -> pumice.Program:
    text = f"module attributes {{pum.device = {pumice.Device('isaac')}}} {{\n{body}\n}}\n"
    (folder / "p.mlir").write_text(text)
    return pumice.load(folder / "p.mlir")


@pytest.mark.parametrize("extent", [2**63 - 1, 2**62, 2**48])
def test_tensors_of_more_than_an_address_space(extent: int, tmp_path: Path) -> None:
    with pytest.raises(pumice.PumiceError, match=r"expected tensors of fewer than 2\^50 bytes"):
        load(transfers(extent), tmp_path)


def test_many_large_transfers_keep_counters_positive(tmp_path: Path) -> None:
    """Each is within the limit of a tensor; a program that takes too long is refused."""
    found = load(transfers(2**47, 4), tmp_path).estimate()
    assert 0 < found.energy_pj < np.inf
    assert 0 < found.latency_ns < np.inf
    assert all(value >= 0 for value in found.components.values())
    with pytest.raises(pumice.PumiceError, match="expected a program of less than 4000000 s, got"):
        load(transfers(2**47, 40), tmp_path).estimate()
    with pytest.raises(pumice.PumiceError, match=r"must be f32\[140737488355328\], got f32\[4\]"):
        load(transfers(2**47), tmp_path).run_flat([np.zeros(4, np.float32)])


@pytest.mark.parametrize(
    ("first", "end", "words"),
    [
        (16128, 2139095040, "placed as 2139078912 copies, but at most 1048576 may be"),
        (16128, 16129, "expected arrays below 16128"),
        (20000, 20001, "expected arrays below 16128"),
        (2139095039, 2139095040, "expected arrays below 16128"),
        (2**63 - 2, 2**63 - 1, "expected arrays below 16128"),
        (5, 5, "and not empty, got [5, 5)"),
        (-1, 0, "and not empty, got [-1, 0)"),
    ],
)
def test_placements_outside_of_the_device(first: int, end: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(pumice.PumiceError) as caught:
        load(program(first, end), tmp_path).estimate()
    assert words in str(caught.value)


@pytest.mark.parametrize("number", [0, -1, -(2**63)])
@pytest.mark.parametrize("name", ["dilations", "strides"])
def test_steps_of_windows(name: str, number: int, tmp_path: Path) -> None:
    """The attributes of Pumice that are made of them assert."""
    text = (Path(__file__).resolve().parents[2] / "Inputs" / "network.mlir").read_text()
    first = "depthwise_conv_2d_nchw_chw {dilations = dense<1> : vector<2xi64>, strides = dense<1>"
    assert first in text
    changed = first.replace(f"{name} = dense<1>", f"{name} = dense<{number}>")
    (tmp_path / "n.mlir").write_text(text.replace(first, changed))
    words = {  # MLIR's verifier is first for the others
        0: "unexpected loop dimension for convolution op",
        -1: f"expected numbers of at least 1 in '{name}', got -1",
        -(2**63): "unexpected result less than 0 at expression #2",
    }[number]
    with pytest.raises(pumice.PumiceError, match=words):
        pumice.compile(tmp_path / "n.mlir", device="isaac")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1e308, r"power_mw must be at most 1\.0+e\+60, got 1\.0+e\+308"),
        (1e-320, r"power_mw must be 0 or at least 1\.0+e-60, got 9\.9\d+e-321"),
    ],
)
def test_numbers_of_devices(value: float, words: str) -> None:
    """Sums, products and ratios of them stay finite."""
    fields = pumice.Device("isaac").fields
    fields["components"][0]["power_mw"] = value
    with pytest.raises(pumice.PumiceError, match=words):
        pumice.Device(fields)
    fields["components"][0]["power_mw"] = 1e60 if value > 1 else 1e-60
    path = Path(__file__).resolve().parents[2] / "Inputs" / "network.mlir"
    report = pumice.compile(path, device=pumice.Device(fields)).estimate()
    assert all(np.isfinite(x) for x in (report.energy_pj, report.latency_ns))


def test_many_units_take_no_memory(tmp_path: Path) -> None:
    """Only those that are used are remembered; the time is that of as many as can be used."""
    network = Path(__file__).resolve().parents[2] / "Inputs" / "network.mlir"
    text = str(pumice.Device("tpu-like"))
    assert text.count("units = 1,") == 1
    (tmp_path / "d.mlir").write_text(text.replace("units = 1,", f"units = {2**31 - 1},"))
    (tmp_path / "e.mlir").write_text(text.replace("units = 1,", "units = 4096,"))
    many, enough = (
        pumice.compile(network, device=tmp_path / name).estimate() for name in ("d.mlir", "e.mlir")
    )
    assert many.latency_ns == enough.latency_ns


@pytest.mark.parametrize("blocks", [7, 2**25])
def test_wear_of_processors_that_take_turns(blocks: int, tmp_path: Path) -> None:
    """Three processors for blocks of 256 rows: whole turns are counted at once."""
    text = (Path(__file__).resolve().parents[2] / "Pipelines" / "associative.mlir").read_text()
    (tmp_path / "p.mlir").write_text(text.replace("tensor<2x", f"tensor<{256 * blocks}x"))
    program = pumice.compile(tmp_path / "p.mlir", device="rtm-ap")
    alone = program.estimate().to_dict()["wear"]
    placed, count = re.subn(
        rf'<"processors", 0, {blocks}>', '<"processors", 0, 3>', str(program.module())
    )
    assert count == 1
    (tmp_path / "q.mlir").write_text(placed)
    shared = pumice.load(tmp_path / "q.mlir").estimate().to_dict()["wear"]
    assert shared["max_writes_per_cell"] == -(-blocks // 3) * alone["max_writes_per_cell"]
    assert shared["arrays_written"] == 3
    assert 3 * shared["mean_writes_per_cell"] == pytest.approx(
        blocks * alone["mean_writes_per_cell"]
    )


def test_tiles_of_many_arrays(tmp_path: Path) -> None:
    """The arrays of a square tile are more than a count holds. All of them leak."""
    text = str(pumice.Device("neurosim-rram"))
    (side,) = re.findall(r"dense_arrays = (\d+)", text)
    network = Path(__file__).resolve().parents[2] / "Inputs" / "network.mlir"
    figures = []
    for wide in (2**20, 2**53):
        (tmp_path / "d.mlir").write_text(
            text.replace(f"dense_arrays = {side}", f"dense_arrays = {wide}")
        )
        found = pumice.compile(network, device=tmp_path / "d.mlir").estimate()
        figures.append((found.latency_ns, found.energy_pj))
    (time, few), (same_time, many) = figures
    assert time == same_time
    assert few < many < np.inf
