# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Devices from Python: presets, files, changed fields, roll-up, errors that name the field."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice import Device, PumiceError

ROOT = Path(__file__).resolve().parents[3]


def test_presets() -> None:
    assert {"ideal", "isaac"} <= set(pumice.devices())
    for name in pumice.devices():
        assert Device(name).name == name


@pytest.mark.parametrize("name", ["ideal", "isaac"])
def test_text_round_trip(name, tmp_path) -> None:
    """The text is a device file, and reads back as the same fields."""
    device = Device(name)
    path = tmp_path / "d.mlir"
    path.write_text(str(device))
    again = Device(str(path))
    assert again.fields == device.fields
    assert str(again) == str(device)
    assert repr(again) == f"Device('{name}')"


def test_fields_are_a_copy() -> None:
    device = Device("isaac")
    device.fields["groups"][0]["array"]["rows"] = 1
    device.crossbars["array"]["rows"] = 1
    device.groups["arrays"]["array"]["rows"] = 1
    assert device.crossbars["array"]["rows"] == 128


def test_replace() -> None:
    old = Device("isaac")
    new = old.replace(
        name="six",
        levels={"chip": {"holds": None}},
        array={"adc": {"bits": 6}},
        timing={"read_ns": 50.5},
    )
    assert (new.name, old.name) == ("six", "isaac")
    assert new.crossbars["levels"][-1] == {"name": "chip"}
    assert new.crossbars["array"] == {**old.crossbars["array"], "adc": {"bits": 6, "mode": "clip"}}
    assert new.crossbars["timing"] == {**old.crossbars["timing"], "read_ns": 50.5}
    assert old.crossbars["levels"][-1] == {"name": "chip", "holds": 168}


def test_where_products_go(tmp_path) -> None:
    path = tmp_path / "d.mlir"
    device = Device("isaac").replace(dynamic_matmul="crossbar")
    path.write_text(str(device))
    again = Device(str(path))
    assert (Device("isaac").dynamic_matmul, again.dynamic_matmul) == ("digital", "crossbar")
    assert again.replace(dynamic_matmul="digital").dynamic_matmul == "digital"
    assert again.replace(dynamic_matmul=None).dynamic_matmul == "digital"


@pytest.mark.parametrize(
    "value", [1e-9, 1e30, 0.1, 3, np.float64(2.5), np.float32(0.5), np.int64(7)]
)
def test_numbers_survive(value) -> None:
    device = Device("isaac").replace(energy={"adc_pj": value})
    text = device.to_attribute  # a device that cannot be parsed would have been rejected
    assert text is not None
    assert float(device.crossbars["energy"]["adc_pj"]) == float(value)


ANALOG = {
    "seed": 7,
    "program_error_absolute": 1e-9,
    "program_error_relative": 0.05,
    "read_noise": 0.5,
    "on_off_ratio": 17.5,
    "reference_column": True,
    "nonlinearity": -2.5,
    "stuck_on": 0.25,
    "stuck_off": 0.001,
    "drift_exponent": 0.031,
    "drift_exponent_sigma": 0.007,
    "drift_time_s": 86400,
    "wire_resistance_ohm": 2.5,
    "on_resistance_ohm": 10000,
    "drift_compensation": True,
    "write_verify": {"pulses": 3, "tolerance": 0.125, "shrink": 0.5},
}
#: Fields of tables, which replace others: test_measurement_files.py sets them.
TABLES = ["cells", "temperature_k"]


def test_cells_that_are_not_ideal(tmp_path) -> None:
    """Every field of `analog` survives a device file; fields change one by one."""
    array = {
        "adc": {"bits": 5, "mode": "calibrated"},
        "encoding": "differential",
        "rows_per_read": 9,
        "analog": ANALOG,
    }
    device = Device("isaac").replace(array=array)
    path = tmp_path / "d.mlir"
    path.write_text(str(device))
    again = Device(str(path))
    assert again.fields == device.fields
    assert {key: again.crossbars["array"][key] for key in array} == array
    path.write_text(str(again))
    assert str(Device(str(path))) == str(again)
    quiet = again.replace(array={"analog": {"read_noise": 0, "nonlinearity": -0.125}})
    expected = {**ANALOG, "read_noise": 0, "nonlinearity": -0.125}
    assert quiet.crossbars["array"]["analog"] == expected
    assert "analog" not in quiet.replace(array={"analog": None}).crossbars["array"]


def test_every_analog_field_can_be_set() -> None:
    """`ANALOG` above has all fields: the dialect's description of them names no other."""
    text = (ROOT / "dialects" / "Crossbar" / "CrossbarAttrs.td").read_text()
    start = text.index("let parameters", text.index("def Crossbar_AnalogAttr"))
    found = re.findall(r":\$(\w+)", text[start : text.index(");", start)])
    assert [field for field in found if field not in TABLES] == list(ANALOG)
    assert set(TABLES) < set(found)


def test_lists() -> None:
    components = Device("isaac").fields["components"]
    cheaper = [c for c in components if c["name"] != "hypertransport"]
    assert len(cheaper) == len(components) - 1
    area = Device("isaac").replace(components=cheaper).roll_up()["area_mm2"]
    assert area == pytest.approx(168 * 0.37229)


def test_isaac_rolls_up_to_the_published_table() -> None:
    levels = {item["level"]: item for item in Device("isaac").roll_up()["levels"]}
    assert levels["tile"]["count"] == 168
    assert levels["ima"]["power_mw"] == pytest.approx(24.08)
    assert levels["tile"]["power_mw"] == pytest.approx(329.81)
    assert levels["tile"]["area_mm2"] == pytest.approx(0.37229)
    assert levels["chip"]["area_mm2"] == pytest.approx(85.42472)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"groups": {"arrays": {"array": {"rows": 0}}}}, "groups.arrays.array: rows must be"),
        ({"arrays": {"levels": {"tile": {"holds": 0}}}}, "levels.tile: holds must be at least 1"),
        (
            {"levels": {"tile": {"holds": None}}},
            'holds of level "tile" may be left out of the last',
        ),
        ({"levels": []}, "groups.arrays: levels must not be empty"),
        ({"groups": {"digital": None}}, "groups must hold a #pum.digital_group"),
        ({"groups": {"others": {"units": 1}}}, "groups.others.kind: expected one of crossbar, "),
        ({"groups": 3}, "groups: expected a list, got 3"),
        ({"groups": [3]}, "groups: expected a list of fields, got [3]"),
        ({"pulse_unchanged_cells": "no"}, "pulse_unchanged_cells: expected true or false, got"),
        ({"write_drivers": {"level": "chip"}}, "arrays.write_drivers.count: expected an integer"),
        ({"write_drivers": {"level": 3, "count": 1}}, "write_drivers.level: expected a string"),
        ({"array": {"rows": 0}}, "rows must be between 1 and 65536, got 0"),
        ({"array": {"cell_bits": 3}}, "cell_bits must divide weight_bits, got 3 and 16"),
        ({"array": {"adc": {"bits": 0}}}, "adc bits must be between 1 and 32, got 0"),
        ({"array": {"rows": "many"}}, "array.rows: "),
        ({"array": {"rows": 12.5}}, "array.rows: "),
        ({"array": {"rows": None}}, "array.rows: expected an integer, got nothing"),
        ({"array": 5}, "array: "),
        ({"timing": {"read_ns": math.nan}}, "timing.read_ns: "),
        ({"timing": {"read_ns": math.inf}}, "timing.read_ns: "),
        ({"timing": {"read_ns": -1.0}}, "read_ns"),
        ({"timing": {"read_ns": 80.0, "adc_ns": "slow"}}, "timing.adc_ns: "),
        ({"bogus": 1}, "bogus"),
        ({"array": {"bogus": 1}}, "bogus"),
        ({"buffer": {"capacity_bytes": 0}}, "capacity_bytes"),
        ({"digital": {"lanes": 0}}, "lanes"),
        ({"array": {"adc": {"mode": "hopeful"}}}, "array.adc.mode: "),
        ({"array": {"encoding": "hopeful"}}, "array.encoding: "),
        ({"dynamic_matmul": "both"}, "dynamic_matmul: "),
        ({"array": {"rows_per_read": 0}}, "rows_per_read must be between 1 and 128, got 0"),
        ({"array": {"rows_per_read": 129}}, "rows_per_read must be between 1 and 128, got 129"),
        ({"array": {"analog": {"read_noise": -1}}}, "read_noise must be at least 0, got -1"),
        ({"array": {"analog": {"seed": 1, "stuck_on": 2}}}, "stuck_on and stuck_off must be at"),
        ({"array": {"analog": {"seed": -1}}}, "seed must be at least 0, got -1"),
        ({"array": {"analog": {"seed": 0.5}}}, "array.analog.seed: "),
        ({"array": {"analog": {"reference_column": "yes"}}}, "array.analog.reference_column: "),
        ({"array": {"analog": {"nonlinearity": math.nan}}}, "array.analog.nonlinearity: "),
        ({"array": {"analog": {"bogus": 1}}}, "bogus"),
        ({"array": {"analog": 3}}, "array.analog: "),
    ],
)
def test_replace_names_the_field(fields, words) -> None:
    with pytest.raises(PumiceError) as caught:
        Device("isaac").replace(**fields)
    text = str(caught.value)
    assert text.startswith("device 'isaac': ")
    assert words in text
    assert "\n" not in text


def test_no_such_device(tmp_path) -> None:
    with pytest.raises(PumiceError, match=r"no device 'nope', expected one of .*isaac"):
        Device("nope")
    with pytest.raises(PumiceError, match="no device '', expected one of"):
        Device("")
    with pytest.raises(PumiceError, match=r"cannot read device file .*: Is a directory"):
        Device(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a #pum.device, got an empty file"),
        ("// nothing but words\n", "line 1|got an empty file"),
        ("hello", "line 1, column 1: "),
        ("#pum.device<name = ", "line 1"),
        ("42", "no #pum.device|expected"),
        ('#pum.device<name = "x">', "missing required parameter: groups"),
        ("\0\1\2", "line 1"),
    ],
)
def test_bad_files(text, words, tmp_path) -> None:
    path = tmp_path / "d.mlir"
    path.write_text(text)
    with pytest.raises(PumiceError, match=words):
        Device(str(path))


def test_a_device_of_several_groups(tmp_path) -> None:
    """Groups are added and removed by name; a field that several have needs the group's name."""
    both = Device("isaac").replace(
        name="both",
        groups={
            "processors": Device("rtm-ap").processors,
            "spare": {
                "kind": "digital",
                "units": 1,
                "lanes": 1,
                "clock_ghz": 1,
                "ops": Device("isaac").digital["ops"],
            },
        },
    )
    path = tmp_path / "d.mlir"
    path.write_text(str(both))
    again = Device(str(path))
    assert again.fields == both.fields
    assert list(again.groups) == ["arrays", "digital", "processors", "spare"]
    assert (again.has("associative"), Device("isaac").has("associative")) == (True, False)
    assert again.processors["ap"] == Device("rtm-ap").processors["ap"]
    assert again.replace(ap={"rows": 64}).processors["ap"]["rows"] == 64
    assert again.replace(spare={"lanes": 3}).groups["spare"]["lanes"] == 3
    assert again.replace(groups={"processors": None, "spare": None}, name="isaac").fields == (
        Device("isaac").fields
    )
    with pytest.raises(
        PumiceError,
        match=r"levels: expected the group, as in groups=\{'arrays'"
        r".* and processors have this field",
    ):
        again.replace(levels={"chip": {"holds": 3}})
    with pytest.raises(PumiceError, match="device 'isaac' has no associative processors"):
        _ = Device("isaac").processors
    with pytest.raises(PumiceError, match="device 'rtm-ap' has no crossbar arrays"):
        _ = Device("rtm-ap").crossbars
    with pytest.raises(
        PumiceError,
        match=r"unknown field 'ap', expected one of name, groups.*, or a field of a group",
    ):
        Device("isaac").replace(ap={"rows": 3})
    with pytest.raises(PumiceError, match="array: groups are replaced already"):
        Device("isaac").replace(groups=Device("isaac").fields["groups"], array={"rows": 3})
    levels = again.roll_up()["levels"]
    assert [(item["group"], item["level"]) for item in levels] == [
        ("arrays", "ima"), ("arrays", "tile"), ("arrays", "chip"),
        ("processors", "tile"), ("processors", "bank"), ("processors", "chip"),
    ]  # fmt: skip


def test_bad_json() -> None:
    """What only the bindings can be given."""
    from pumice import ir
    from pumice._mlir_libs import _pumice

    with ir.Context() as context:
        for text, words in [
            ("{", "device: .*Expected object key"),
            ("[]", "device: expected fields, got"),
        ]:
            with pytest.raises(ValueError, match=words):
                _pumice.device_from_json(context, text, "d")
        with pytest.raises(ValueError, match="expected a #pum.device"):
            _pumice.device_to_json(ir.Attribute.parse("3 : i8"))


def test_devices_of_fields_and_files() -> None:
    isaac = Device("isaac")
    assert Device(isaac.fields) == isaac
    assert hash(Device(isaac.fields)) == hash(isaac)
    assert isaac != isaac.replace(name="other")
    assert isaac != "isaac"
    with pytest.raises(PumiceError, match="unknown field 'colour'"):
        Device({**isaac.fields, "colour": 1})


@pytest.mark.parametrize("name", pumice.devices())
def test_text_of_a_device_is_short_lines_of_a_device_file(name, tmp_path) -> None:
    device = Device(name)
    lines = str(device).splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 100
    (tmp_path / "d.mlir").write_text(str(device))
    assert Device(str(tmp_path / "d.mlir")) == device


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read device file '.*d.json': No such file"),
        ("{", "device file '.*d.json': expected JSON"),
        ("[1]", "device file '.*d.json': expected an object of fields"),
        ('{"name": 3}', "name"),
    ],
)
def test_bad_json_files(text, words, tmp_path) -> None:
    path = tmp_path / "d.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PumiceError, match=words):
        Device(path)


def test_a_similar_field_is_suggested() -> None:
    with pytest.raises(PumiceError, match=r"unknown field 'aray'.* \(did you mean 'array'\?\)"):
        Device("isaac").replace(aray={"rows": 64})


def test_a_fault_of_a_file_is_told_once(tmp_path) -> None:
    text = str(Device("isaac")).replace("columns = 128", "colums = 128")
    (tmp_path / "d.mlir").write_text(text)
    with pytest.raises(
        PumiceError,
        match=r"line \d+, column \d+: [^:]*: colums \(did you mean 'columns'\?\)\n.*\n +\^$",
    ):
        Device(str(tmp_path / "d.mlir"))
