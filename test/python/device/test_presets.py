# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Presets against what was published, and the sources of their numbers."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest

import pumice
from machine_programs import Matrix, Text
from pumice import Device

FOLDER = Path(__file__).resolve().parents[3] / "lib" / "Device" / "presets"


def components(device: Device, level: str) -> dict[str, tuple[float, float]]:
    """Power and area by name."""
    return {
        part["name"]: (part["power_mw"], part["area_um2"])
        for part in device.fields["components"]
        if part["level"] == level
    }


#: The level of a group of arrays that holds the arrays.
LEVELS = {"isaac": "ima", "neon": "subarray", "puma": "core"}


def levels_of(device: Device) -> dict[str, dict[str, float]]:
    """Sums of components by the name of the level."""
    return {item["level"]: item for item in device.roll_up()["levels"]}


def test_all_presets_are_there() -> None:
    names = [
        "aras", "aras-baseline", "cam-fefet", "cmos-ap", "fefet-ap", "ideal", "isaac", "neon",
        "neon-dlc", "neon-lut", "neurosim-rram", "neurosim-rram-hp", "neurosim-rram-pipelined",
        "neurosim-rram-sar", "puma", "rtm-ap", "tpu-like",
    ]  # fmt: skip
    assert pumice.devices() == sorted(names)
    assert sorted(path.stem for path in FOLDER.glob("*.mlir")) == sorted(names)


@pytest.mark.parametrize("name", pumice.devices())
def test_text_round_trip(name, tmp_path) -> None:
    path = tmp_path / "d.mlir"
    path.write_text(str(Device(name)))
    assert Device(str(path)).fields == Device(name).fields


def test_isaac_is_the_published_tile_and_chip() -> None:
    """Tile: 24.08 mW an IMA, 0.372 mm2 and 330 mW with a router for 4. Chip: 85.4 mm2, 65.8 W."""
    levels = levels_of(Device("isaac"))
    assert round(levels["ima"]["power_mw"], 9) == 24.08
    assert round(levels["ima"]["area_mm2"], 12) == 0.01312
    assert round(levels["tile"]["area_mm2"], 3) == 0.372
    assert round(levels["tile"]["power_mw"]) == 330
    assert round(levels["tile"]["power_mw"], 9) == 329.81
    assert round(levels["chip"]["area_mm2"], 1) == 85.4
    assert round(levels["chip"]["power_mw"] / 1000, 1) == 65.8
    assert levels["tile"]["count"] == 168


def test_neon_is_the_published_subarray_and_bank() -> None:
    """Table IV: 24.08 mW, 13120 um2; 360.79 mW, 484940 um2."""
    levels = levels_of(Device("neon"))
    assert round(levels["subarray"]["power_mw"], 9) == 24.08
    assert round(levels["subarray"]["area_mm2"] * 1e6, 6) == 13120
    assert round(levels["bank"]["power_mw"], 9) == 360.79
    assert round(levels["bank"]["area_mm2"] * 1e6, 6) == 484940


#: NEON, Table III: sizes of the layers of the networks, and their power in mW.
NEON_NETS = {
    "softmax-64": ([64, 128, 64], 288.96),
    "softmax-1000": ([1000, 128, 1000], 3058.16),
    "softmax-1152": ([1152, 128, 128, 1152], 3660.16),
    "softmax-2048": ([2048, 128, 128, 2048], 6357.12),
    "sqrt": ([1, 128, 128, 1], 409.36),
    "leaky relu": ([1, 128, 1], 216.72),
    "squash": ([8, 128, 8], 216.72),
}


@pytest.mark.parametrize("name", NEON_NETS)
def test_neon_holds_its_networks_in_as_many_subarrays(name, tmp_path) -> None:
    """Power of Table III: its subarrays are 128 x 16 weights, 24.08 mW each."""
    sizes, power = NEON_NETS[name]
    device = Device("neon")
    program, first = Text(device), 0
    for rows, columns in pairwise(sizes):
        matrix = Matrix(rows=rows, columns=columns, weight_bits=16, input_bits=16)
        needed = -(-rows // 128) * -(-columns // 16)
        program.program(matrix, [first, first + needed])
        first += needed
    written = program.estimate(tmp_path / "p.mlir").setup.wear.arrays_written
    assert written == first
    assert round(written * levels_of(device)["subarray"]["power_mw"], 6) == power


@pytest.mark.parametrize("name", ["neon-dlc", "neon-lut"])
def test_baselines_of_neon_differ_in_their_units_only(name) -> None:
    neon, other = Device("neon").fields, Device(name).fields
    assert other["groups"][0] == neon["groups"][0]
    assert (other["buffer"], other["dram"]) == (neon["buffer"], neon["dram"])
    assert other["components"][: len(neon["components"])] == neon["components"]
    parts = {item["name"]: item for item in other["components"][len(neon["components"]) :]}
    count = other["groups"][1]["units"] * other["groups"][1]["lanes"]
    assert {item["count"] for item in parts.values()} == {count} == {576}
    subarray = levels_of(Device("neon"))["subarray"]
    expected = {  # Table IV
        "exp": (7.424, 5017),
        "divide": (26.88, 23869),
        "tables": (4 * subarray["power_mw"], 4e6 * subarray["area_mm2"]),
    }
    for part, item in parts.items():
        power, area = expected[part]
        assert item["power_mw"] / count == pytest.approx(power)
        assert item["area_um2"] / count == pytest.approx(area)


def test_memories_of_fefets_are_the_array_of_eva_cam() -> None:
    """256 x 256 cells: 45,559.979 um2 and 28.964 pJ for a search, as the program prints them."""
    device = Device("cam-fefet")
    cam, parts = device.cams["cam"], components(device, "mat")
    run = ("cells", "line drivers", "decoders", "prechargers", "sense amplifiers")
    assert sum(parts[name][1] for name in run) / 4 == pytest.approx(45559.979)
    lines, cells = cam["rows"], cam["rows"] * cam["columns"]
    energy = lines * (cam["match_line_pj"] + cam["sense_pj"]) + cells * cam["cell_pj"]
    energy += cam["columns"] * cam["search_line_pj"]
    assert energy == pytest.approx(28.964)
    # Gates of an array: adders of 15 bits, and a tree of comparators that pass distance and row on.
    nand = 0.242681
    assert parts["mergers"][1] == pytest.approx(4 * 256 * 15 * 9 * nand)
    assert parts["rankers"][1] == pytest.approx(4 * 255 * (15 * 9 + (15 + 8) * 3) * nand)
    # Processors have the same arrays, and no circuits for distances.
    tile, ap = components(Device("fefet-ap"), "tile"), Device("fefet-ap").processors["ap"]
    for name in run:
        assert tile[name] == pytest.approx((2 * parts[name][0], 2 * parts[name][1]))
    assert set(tile) == set(run)
    searched = lines * ap["search_pj_per_row"] + cells * ap["search_pj_per_bit"]
    assert searched == pytest.approx(28.964, rel=1e-4)
    assert levels_of(device)["mat"]["area_mm2"] == pytest.approx(0.26738, rel=1e-4)


def test_puma_sums_are_near_the_published_tables() -> None:
    """From the simulator's constants, as docs/devices.md lists them beside the paper's."""
    device = Device("puma")
    levels = levels_of(device)
    router = components(device, "tile")["router"]
    tiles = 138
    # The network between tiles, exactly: 570.63 mW, 1.622 mm2.
    assert round(router[0] / 4 * tiles, 2) == 570.63
    assert router[1] / 4 * tiles / 1e6 == pytest.approx(1.622, abs=0.00051)
    without = levels["tile"]["power_mw"] - router[0] / 4
    published = {
        "core, mW": (levels["core"]["power_mw"], 42.37),
        "core, mm2": (levels["core"]["area_mm2"], 0.036),
        "tile, mW": (without, 373.8),
        "tile, mm2": (levels["tile"]["area_mm2"] - router[1] / 4e6, 0.479),
        "node, W": (levels["chip"]["power_mw"] / 1000, 62.5),
        "node, mm2": (levels["chip"]["area_mm2"], 90.638),
    }
    for what, (ours, theirs) in published.items():
        assert ours == pytest.approx(theirs, rel=0.02), what


def test_puma_multiplies_in_the_published_time_and_energy(tmp_path) -> None:
    """128 x 128 weights and inputs of 16 bits: 2304 ns, 43.97 nJ, with 2 of 18 stages to fill."""
    device = Device("puma")
    matrix = Matrix(rows=128, columns=128, weight_bits=16, input_bits=16, signed=False)
    program = Text(device)
    grid, token = program.program(matrix, [0, 8])
    program.linear(matrix, grid, 1, token)
    report = program.estimate(tmp_path / "p.mlir")
    assert report.latency_ns == 2304 * 16 / 18
    analog = ("cell_read", "dac", "sample_hold", "adc", "shift_add")
    energy = sum(report.components[name] for name in analog)
    assert energy == pytest.approx(43970 * 16 / 18, rel=0.01)


def test_puma_energies_follow_from_its_components() -> None:
    """Powers of the components over a stage of 128 ns are the energies of its events."""
    fields, parts = Device("puma").crossbars, components(Device("puma"), "core")
    energy, stage = fields["energy"], fields["timing"]["read_ns"]
    assert parts["crossbar"][0] / 16 * stage / 128**2 == pytest.approx(energy["cell_read_pj"])
    assert parts["dac"][0] / 256 * stage / 8 == pytest.approx(energy["dac_pj"])
    assert parts["sample_hold"][0] / 2048 * stage == pytest.approx(energy["sample_hold_pj"])
    assert parts["adc"][0] / 16 * stage / 128 == pytest.approx(energy["adc_pj"])
    assert parts["shift_add"][0] / 2 * stage / 1024 == pytest.approx(energy["shift_add_pj"])


@pytest.mark.parametrize("name", ["isaac", "neon"])
def test_isaac_energies_follow_from_its_components(name) -> None:
    fields, parts = Device(name).crossbars, components(Device(name), LEVELS[name])
    energy, read = fields["energy"], fields["timing"]["read_ns"]
    assert parts["crossbar"][0] * read / 8 / 128**2 == energy["cell_read_pj"]
    assert parts["dac"][0] * read / 1024 == energy["dac_pj"]
    assert parts["sample_hold"][0] * read / 1024 == energy["sample_hold_pj"]
    assert parts["adc"][0] / 8 * fields["timing"]["adc_ns"] == energy["adc_pj"]
    assert parts["shift_add"][0] * read / 1024 == energy["shift_add_pj"]


def test_neurosim_energies_follow_from_its_formulas() -> None:
    """The formulas beside the numbers, with the parameters of Param.cpp and of runs."""
    fields = Device("neurosim-rram").crossbars
    on, off, read_v, write_v, vdd, node = 6e3, 900e3, 0.5, 2.0, 0.85, 22e-9
    conductance = (1 / on + 1 / off) / 2
    levels = 2 ** fields["array"]["adc"]["bits"]
    # The lowest and the highest level in series with the access transistor and the mean wire.
    assert 0.0631 / (off + 1500 + 543) * 1e6 == pytest.approx(0.07, rel=0.02)
    assert 0.0631 / (on + 1500 + 543) * 1e6 == pytest.approx(7.85, rel=0.01)
    expected = {
        "dac_pj": 53.12e-15 * vdd**2 * fields["array"]["columns_per_adc"],
        "sample_hold_pj": 128 * 4 * node * 0.2e-9 * read_v**2,
        "adc_pj": 1.7e-6 * (levels - 1) * 1e-9,
        "cell_write_pj": write_v**2 * conductance * 50e-9,
    }
    for name, joule in expected.items():
        assert fields["energy"][name] == pytest.approx(joule * 1e12, rel=1e-3), name
    # Levels of Gaussian weights of 8 bits, and of ternary ones with 80 % zeros.
    level = (0.07, 3.19, 5.73, 7.85)
    wide = sum(share * fj for share, fj in zip((0.2, 0.3, 0.3, 0.2), level, strict=True))
    assert fields["energy"]["cell_read_pj"] * 1000 == pytest.approx(wide, rel=0.01)
    narrow = sum(share * fj for share, fj in zip((0.1, 0.8, 0.1), level[:3], strict=True))
    narrow_pj = fields["circuits"]["periphery"]["narrow_cell_read_pj"]
    assert narrow_pj * 1000 == pytest.approx(narrow, rel=0.01)
    assert (fields["array"]["columns_per_adc"], levels) == (8, 32)


@pytest.mark.parametrize("name", ["hp", "sar", "pipelined"])
def test_variants_of_neurosim_differ_in_what_they_say(name) -> None:
    """Shapes of arrays, levels, memories and the digital unit are those of `neurosim-rram`."""
    base, variant = Device("neurosim-rram").fields, Device(f"neurosim-rram-{name}").fields
    assert [base[key] for key in ("buffer", "dram")] == [variant[k] for k in ("buffer", "dram")]
    assert base["groups"][1] == variant["groups"][1]
    ours, theirs = base["groups"][0], variant["groups"][0]
    assert (ours["array"], ours["levels"]) == (theirs["array"], theirs["levels"])
    assert ours["circuits"]["tiles"] == theirs["circuits"]["tiles"]
    assert theirs["circuits"].get("pipelined", False) == (name == "pipelined")


#: What the head of each file declares.
LABELS = (
    r"\[(table|paper|param|code|constants|config|derived|substitute|recalled|isaac|neon|run|fitted|tpu|aras)\]"
    r"|guess"
)


@pytest.mark.parametrize("name", sorted(set(pumice.devices()) - {"ideal"}))
def test_every_number_names_its_source(name) -> None:
    """Each line with a number has a label, or stands in a part whose first line has one."""
    part, unlabelled = False, []  # part: a block whose first line has a label for all of it
    for line in (FOLDER / f"{name}.mlir").read_text().splitlines():
        code, _, comment = line.partition("//")
        labelled = re.search(LABELS, comment) is not None
        if re.search(r"(= |_group)[<\[]\s*$", code) or (not code.strip() and labelled):
            part = labelled
        elif re.search(r"= -?\d", code) and not labelled and not part:
            unlabelled.append(line)
    assert unlabelled == []


def test_the_table_of_the_page_is_that_of_the_files() -> None:
    """scripts/table_of_devices.py --write brings docs/devices.md up to date."""
    root = Path(__file__).resolve().parents[3]
    script = root / "scripts" / "table_of_devices.py"
    spec = importlib.util.spec_from_file_location("table_of_devices", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (root / "docs" / "devices.md").read_text()
    assert "| `isaac` |" in page
    assert module.with_table(page) == page


@pytest.mark.parametrize("name", ["neon", "puma"])
def test_arrays_like_those_of_isaac_give_its_results(digits, isaac, name) -> None:
    """Same arrays and converters, other costs."""
    program = pumice.compile(digits.quantized, isaac.x, device=name)
    result = program.run(isaac.x)
    assert (result.outputs == isaac.result.outputs).all()
    assert result.report.counters["conversions"] == isaac.result.report.counters["conversions"]


def test_neurosim_needs_the_range_of_the_data(digits) -> None:
    """5 bits over what a layer's sums reach are enough for digits, over all that a read can
    reach they are not."""
    x, labels = digits.inputs[:60], digits.labels[:60]
    right = {}
    for mode in ("calibrated", "full_scale"):
        device = Device("neurosim-rram").replace(array={"adc": {"mode": mode}})
        program = pumice.compile(digits.quantized, x, device=device)
        if mode == "calibrated":
            program.calibrate([x])
        right[mode] = int((program.run(x).outputs.argmax(1).numpy() == labels).sum())
    assert right["calibrated"] >= 50
    assert right["full_scale"] <= 30
