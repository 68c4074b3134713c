# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time and energy of one MVM, one layer and one array write, from the formulas of
docs/devices.md, "Costs", written down here a second time."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest

import pumice
from machine_programs import Matrix, Text, tile
from pumice import Device


def isaac() -> Device:
    """The preset without its laws: what is stated is what things cost (test_laws.py tests laws)."""
    return Device({key: value for key, value in Device("isaac").fields.items() if key != "laws"})


def nearest_ps(ns: Fraction) -> float:
    """In ns: times are rounded to picoseconds once per instruction, halves up."""
    return int(ns * 1000 + Fraction(1, 2)) / 1000


def exact(number) -> Fraction:
    """The decimal number that stands in the device file."""
    return Fraction(repr(number))


def reads_per_window(array, matrix) -> int:
    """One per digit; the sign bit of signed inputs has its own."""
    magnitude = matrix.input_bits - matrix.signed
    return ceil(magnitude / array["dac_bits"]) + matrix.signed


def row_segments(array, matrix) -> list[int]:
    """For each row tile the steps in which its rows are driven."""
    step = array.get("rows_per_read", array["rows"])
    tiles = [min(array["rows"], matrix.rows - row) for row in range(0, matrix.rows, array["rows"])]
    return [ceil(rows / step) for rows in tiles]


def converter_load(array, matrix, cut, group) -> int:
    """Used columns of the busiest converter in the array of `group` (of those in one array)."""
    weights = min(matrix.columns, array["columns"] // cut.slices)
    begin = group * matrix.columns * cut.slices
    load: dict[int, int] = {}
    for column in range(begin, begin + weights * cut.slices):
        converter = column // array["columns_per_adc"]
        load[converter] = load.get(converter, 0) + 1
    return max(load.values())


def digital_ops(array, matrix, cut) -> tuple[int, int]:
    """Adds and multiplies of one window and group."""
    adds, multiplies = matrix.columns, 0
    if array["encoding"] == "offset_flip":
        adds += matrix.rows + matrix.columns * cut.row_tiles
        multiplies += matrix.columns * cut.row_tiles
    elif array["encoding"] == "offset" or matrix.weight_zero_point:
        adds += matrix.rows + matrix.columns
        multiplies += 1
    codes = 2 ** array["adc"]["bits"] - 1
    levels = (2 ** array["cell_bits"] - 1) * (2 ** array["dac_bits"] - 1)
    if array["adc"]["mode"] in ("full_scale", "calibrated"):
        full_scale = array.get("rows_per_read", array["rows"]) * levels
        multiplies += matrix.columns * ((matrix.adc_range or full_scale) > codes)
    return adds, multiplies


def check_layer(device, matrix, windows, replicas, report) -> None:
    """The report of a run that does nothing but read `windows` vectors per group."""
    fields = device.crossbars
    array, timing, energy = fields["array"], fields["timing"], fields["energy"]
    buffer = device.fields["buffer"]
    cut = tile(array, matrix)
    reads, segments = reads_per_window(array, matrix), row_segments(array, matrix)

    reading = sum(
        max(
            exact(timing["read_ns"]),
            converter_load(array, matrix, cut, g) * exact(timing["adc_ns"]),
        )
        for g in range(cut.groups_per_array)
    )
    arrays_ns = nearest_ps(ceil(windows / replicas) * reads * max(segments) * reading)
    bytes_in = windows * matrix.groups * matrix.rows * matrix.stored_input_bits // 8
    bytes_out = windows * matrix.groups * matrix.columns * 8
    port_ns = nearest_ps(
        exact(buffer["latency_ns"])
        + (bytes_in + bytes_out) / exact(buffer["bandwidth_bytes_per_ns"])
    )
    assert report.latency_ns == max(arrays_ns, port_ns)
    assert report.utilisation["array"].busy_ns == pytest.approx(
        arrays_ns * cut.arrays * replicas, rel=1e-12
    )

    vectors = windows * matrix.groups * reads
    conversions = vectors * sum(segments) * matrix.columns * cut.slices
    drives = vectors * matrix.rows * cut.column_tiles
    cells = vectors * matrix.rows * matrix.columns * cut.slices
    adds, multiplies = (windows * matrix.groups * n for n in digital_ops(array, matrix, cut))
    counters = report.counters
    assert counters["conversions"] == conversions
    assert counters["wordline_drives"] == drives
    assert counters["cell_reads"] == cells
    assert counters["array_reads"] == vectors * sum(segments) * cut.column_tiles
    assert (counters["digital_ops"]["add"], counters["digital_ops"]["multiply"]) == (
        adds,
        multiplies,
    )
    op = {item["kind"]: item["energy_pj"] for item in device.digital["ops"]}
    expected = {
        "cell_read": cells * energy["cell_read_pj"],
        "dac": drives * energy["dac_pj"],
        "sample_hold": conversions * energy["sample_hold_pj"],
        "adc": conversions * energy["adc_pj"],
        "shift_add": conversions * energy["shift_add_pj"],
        "buffer_read": bytes_in * buffer["read_pj_per_byte"],
        "buffer_write": bytes_out * buffer["write_pj_per_byte"],
        "digital": adds * op["add"] + multiplies * op["multiply"],
    }
    spent = {name: pj for name, pj in report.components.items() if pj}
    assert spent == pytest.approx({k: v for k, v in expected.items() if v}, rel=1e-12)


def check_write(device, matrix, replicas, setup) -> None:
    """The report of the programming."""
    fields = device.crossbars
    cut = tile(fields["array"], matrix)
    rows = min(matrix.rows, fields["array"]["rows"]) * cut.groups_per_array
    stored = matrix.groups * matrix.columns * matrix.rows * matrix.stored_weight_bits // 8
    dram = device.fields["dram"]
    loading = exact(dram["latency_ns"]) + stored / exact(dram["bandwidth_bytes_per_ns"])
    writing = nearest_ps(rows * exact(fields["timing"]["row_write_ns"]))
    assert setup.latency_ns == max(writing, nearest_ps(loading))
    cells = replicas * matrix.groups * matrix.rows * matrix.columns * cut.slices
    assert setup.counters["cells_written"] == cells
    spent = {name: pj for name, pj in setup.components.items() if pj}
    assert spent == pytest.approx(
        {
            "cell_write": cells * fields["energy"]["cell_write_pj"],
            "dram_read": stored * dram["read_pj_per_byte"],
        },
        rel=1e-12,
    )


def widest(device, **changes) -> Matrix:
    """A matrix of the widest codes that fills one array of `device`."""
    array = device.crossbars["array"]
    slices = array["weight_bits"] // array["cell_bits"]
    slices *= 2 if array["encoding"] == "differential" else 1
    return Matrix(
        **{
            "rows": array["rows"],
            "columns": array["columns"] // slices,
            "weight_bits": array["weight_bits"],
            "input_bits": array["input_bits"],
            **changes,
        }
    )


def run_linear(device, matrix, windows, path, replicas=1):
    program = Text(device)
    arrays = tile(device.crossbars["array"], matrix).arrays
    grid, token = program.program(matrix, [3, 3 + replicas * arrays])
    program.linear(matrix, grid, windows, token)
    report = program.estimate(path)
    check_write(device, matrix, replicas, report.setup)
    check_layer(device, matrix, windows, replicas, report)
    return report


#: Without those that pulse only cells that change: test_array_contents.py counts these. Without
#: circuits around arrays, for which test_circuits.py has the formulas.
CROSSBARS = [
    name
    for name in pumice.devices()
    if pumice.Device(name).has("crossbar")
    and pumice.Device(name).crossbars.get("pulse_unchanged_cells", True)
    and "circuits" not in pumice.Device(name).crossbars
]


@pytest.mark.parametrize("name", CROSSBARS)
def test_one_mvm_and_one_array_write(name, tmp_path) -> None:
    """One vector times one full array, for every preset."""
    device = Device(name)
    for signed in (False, True):
        run_linear(device, widest(device, signed=signed), 1, tmp_path / f"{signed}.mlir")


def test_one_mvm_of_isaac(tmp_path) -> None:
    """The same in plain numbers: 16 reads of 100 ns, 128 conversions each."""
    report = run_linear(isaac(), widest(isaac(), signed=False), 1, tmp_path / "p.mlir")
    assert report.latency_ns == 1600
    assert report.counters["conversions"] == 16 * 128
    assert report.components["adc"] == 16 * 128 * 1.5625
    assert report.setup.latency_ns == pytest.approx(128 * 85.7)
    assert report.setup.components["cell_write"] == pytest.approx(128 * 128 * 1.3)


@pytest.mark.parametrize("name", CROSSBARS)
def test_one_layer(name, tmp_path) -> None:
    """A 3x3 convolution over several row and column tiles, for every preset."""
    device = Device(name)
    matrix = Matrix(rows=32 * 9, columns=41, signed=False)
    program = Text(device)
    arrays = tile(device.crossbars["array"], matrix).arrays
    grid, token = program.program(matrix, [0, arrays])
    program.conv_2d(matrix, grid, (9, 12), 3, token)
    report = program.estimate(tmp_path / "p.mlir")
    check_write(device, matrix, 1, report.setup)
    check_layer(device, matrix, 7 * 10, 1, report)


#: Changes to `isaac`, each with what it is about.
VARIANTS = {
    "few rows at a time": {"rows_per_read": 16},
    "a last step of fewer rows": {"rows_per_read": 48},
    "one row at a time": {"rows_per_read": 1},
    "differential": {"encoding": "differential"},
    "flipped columns": {"encoding": "offset_flip"},
    "eight converters' columns each": {"columns_per_adc": 8},
    "a converter per column": {"columns_per_adc": 1},
    "converters across weights": {"columns_per_adc": 37},
    "wide digits": {"dac_bits": 3, "adc": {"bits": 10}},
    "full scale": {"adc": {"mode": "full_scale", "bits": 6}},
    "full scale that resolves levels": {"adc": {"mode": "full_scale", "bits": 9}},
    "odd sizes": {"rows": 57, "columns": 91, "columns_per_adc": 91, "cell_bits": 1},
    "everything": {
        "rows_per_read": 10, "encoding": "differential", "columns_per_adc": 12, "dac_bits": 2,
        "rows": 100, "columns": 70, "adc": {"mode": "full_scale", "bits": 5},
    },
}  # fmt: skip


@pytest.mark.parametrize("slow_adc", [False, True])
@pytest.mark.parametrize("variant", VARIANTS)
def test_features_of_arrays(variant, slow_adc, tmp_path) -> None:
    device = isaac().replace(
        array=VARIANTS[variant], timing={"adc_ns": 13.7 if slow_adc else 0.78125}
    )
    for number, matrix in enumerate(
        [
            Matrix(rows=300, columns=50),
            Matrix(rows=300, columns=50, signed=False, weight_zero_point=3),
            Matrix(rows=5, columns=3, weight_bits=16, input_bits=16),
            Matrix(rows=128, columns=1),
        ]
    ):
        run_linear(device, matrix, 7, tmp_path / f"{number}.mlir", replicas=1 + number)


@pytest.mark.parametrize("variant", VARIANTS)
def test_groups_that_share_arrays(variant, tmp_path) -> None:
    """A depthwise layer: reads of the groups of an array add up."""
    device = isaac().replace(array=VARIANTS[variant], timing={"adc_ns": 13.7})
    matrix = Matrix(rows=9, columns=1, groups=23)
    program = Text(device)
    cut = tile(device.crossbars["array"], matrix)
    assert cut.groups_per_array > 1
    grid, token = program.program(matrix, [0, cut.arrays])
    program.conv_2d(matrix, grid, (6, 5), 3, token)
    report = program.estimate(tmp_path / "p.mlir")
    check_write(device, matrix, 1, report.setup)
    check_layer(device, matrix, 12, 1, report)


@pytest.mark.parametrize("adc_range", [63, 64, 200, 0])
def test_calibrated_converters(adc_range, tmp_path) -> None:
    """Sums are rescaled only where a code stands for more than a level; 0 is not yet calibrated."""
    device = isaac().replace(array={"adc": {"mode": "calibrated", "bits": 6}})
    run_linear(device, Matrix(rows=70, columns=5, adc_range=adc_range), 2, tmp_path / "p.mlir")


@pytest.mark.parametrize(("weight_bits", "input_bits"), [(4, 3), (5, 1), (12, 9), (16, 16)])
@pytest.mark.parametrize("variant", ["differential", "wide digits", "everything"])
def test_codes_of_any_width(variant, weight_bits, input_bits, tmp_path) -> None:
    """Narrow codes take fewer cells and reads, but the bytes of what stores them."""
    device = isaac().replace(array=VARIANTS[variant])
    for signed in (False, True):
        matrix = Matrix(150, 11, weight_bits=weight_bits, input_bits=input_bits, signed=signed)
        run_linear(device, matrix, 5, tmp_path / f"{signed}.mlir")


def test_fewer_columns_than_a_converter_has(tmp_path) -> None:
    """Columns that hold no weight are not converted, and take no time."""
    device = isaac().replace(timing={"adc_ns": 10.0})
    one = run_linear(device, Matrix(rows=8, columns=1), 1, tmp_path / "1.mlir")
    full = run_linear(device, Matrix(rows=8, columns=32), 1, tmp_path / "2.mlir")
    assert one.latency_ns == 8 * 100  # 4 conversions of 10 ns are hidden
    assert full.latency_ns == 8 * 128 * 10


def test_partial_rows_cost_conversions(tmp_path) -> None:
    device = isaac()
    matrix = Matrix(rows=128, columns=32)
    whole = run_linear(device, matrix, 1, tmp_path / "1.mlir")
    device = device.replace(array={"rows_per_read": 32})
    parts = run_linear(device, matrix, 1, tmp_path / "2.mlir")
    assert parts.latency_ns == 4 * whole.latency_ns
    assert parts.components["adc"] == 4 * whole.components["adc"]
    assert parts.components["cell_read"] == whole.components["cell_read"]
    assert parts.components["dac"] == whole.components["dac"]
