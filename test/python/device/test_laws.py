# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Laws: exact at their points, their sources' tables elsewhere, and what cannot be a law."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest

import pumice
from pumice import Device, PumiceError, PumiceWarning
from pumice.laws import laws, unscaled

ISAAC = Device("isaac")


def arrays(device: Device) -> dict[str, Any]:
    return next(group for group in device.effective["groups"] if group["kind"] == "crossbar")


def component(device: Device, name: str) -> dict[str, Any]:
    return next(part for part in device.effective["components"] if part["name"] == name)


def quiet(device: Device, **fields: Any) -> Device:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return device.replace(**fields)


@pytest.mark.parametrize("name", pumice.devices())
def test_a_preset_at_its_point_has_exactly_its_figures(name) -> None:
    device = Device(name)
    assert device.effective == device.fields
    assert device.notes == []


def adc_pj(bits: float, gsps: float) -> float:
    """The best converters of the survey, from its figure of merit (Schreier) over frequency."""
    decibels = 20 * math.log10(2**bits) + 10 * math.log10(1.5)
    merit = min(180.14159078904734, 302.7387019052544 - 6.460790934271676 * math.log(gsps * 1e9))
    return 1e12 / (2 * 10 ** ((merit - decibels) / 10))


def adc_um2(bits: float, gsps: float) -> float:
    return (
        (gsps * 1e9) ** 0.06665851895885958
        * math.exp(-0.13437278622014803 * bits)
        * adc_pj(bits, gsps) ** 0.4236571760437834
    )


@pytest.mark.parametrize(("bits", "adc_ns"), [(4, 0.78125), (6, 0.78125), (8, 2.0), (10, 100.0)])
def test_converters_follow_the_survey(bits, adc_ns) -> None:
    device = quiet(ISAAC, array={"adc": {"bits": bits}}, timing={"adc_ns": adc_ns})
    rate = 1 / adc_ns
    stated = ISAAC.crossbars["energy"]["adc_pj"]
    expected = stated * adc_pj(bits, rate) / adc_pj(8, 1.28)
    assert arrays(device)["energy"]["adc_pj"] == pytest.approx(expected, rel=1e-12)
    power = 16 * adc_pj(bits, rate) * rate / (adc_pj(8, 1.28) * 1.28)
    assert component(device, "adc")["power_mw"] == pytest.approx(power, rel=1e-12)
    area = 9600 * adc_um2(bits, rate) / adc_um2(8, 1.28)
    assert component(device, "adc")["area_um2"] == pytest.approx(area, rel=1e-12)


def test_the_survey_itself() -> None:
    """Its model says 0.93 pJ for 8 bits at 1.28 GS/s, and 4 times as much for another bit."""
    assert adc_pj(8, 1.28) == pytest.approx(0.928, rel=0.01)
    assert adc_pj(9, 1.28) / adc_pj(8, 1.28) == pytest.approx(4)
    slow = quiet(ISAAC, timing={"adc_ns": 1e5})
    slower = quiet(ISAAC, timing={"adc_ns": 1e6})  # the figure of merit has a limit
    assert arrays(slow)["energy"]["adc_pj"] == arrays(slower)["energy"]["adc_pj"]


@pytest.mark.parametrize(
    ("fields", "figure", "factor"),
    [
        # puma-simulator, constants.py: xbar_lat_dict and xbar_pow_dict at 64 and 256.
        ({"rows": 256}, ("timing", "read_ns"), 2),
        ({"rows": 64}, ("timing", "read_ns"), 0.5),
        ({"rows": 64}, ("energy", "cell_read_pj"), 0.5),
        ({"rows": 256}, ("energy", "sample_hold_pj"), 2),
        ({"columns": 256}, ("energy", "dac_pj"), 2),
        ({"dac_bits": 2}, ("energy", "dac_pj"), 2),
        ({"dac_bits": 4}, ("energy", "dac_pj"), 8),
        ({"input_bits": 8}, ("energy", "shift_add_pj"), 16 / 24),
    ],
)
def test_arrays(fields, figure, factor) -> None:
    device = ISAAC.replaced({"array": fields})
    part, field = figure
    stated = ISAAC.crossbars[part][field]
    assert arrays(device)[part][field] == pytest.approx(stated * factor, rel=1e-12)


@pytest.mark.parametrize(
    ("fields", "name", "power", "area"),
    [
        ({"array": {"columns_per_adc": 64}}, "adc", 2, 2),
        ({"array": {"columns_per_adc": 43}}, "adc", 3, 3),
        ({"levels": {"ima": {"holds": 16}}}, "adc", 2, 2),
        ({"array": {"rows": 64, "columns": 64, "columns_per_adc": 64}}, "crossbar", 1 / 4, 1 / 4),
        ({"array": {"rows": 256, "columns": 256}}, "dac", 4, 2),
        ({"array": {"columns": 64, "columns_per_adc": 64}}, "sample_hold", 1 / 2, 1 / 2),
        ({"levels": {"tile": {"holds": 48}}}, "bus", 2, 2),
        # puma-simulator, constants.py: dataMem_*_dict and edram_*_dict.
        ({"array": {"rows": 64}}, "input_register", 0.33 / 0.57, 0.00192 / 0.00392),
        ({"array": {"input_bits": 4}}, "input_register", 0.24 / 0.57, 0.00108 / 0.00392),
        ({"array": {"columns": 256}}, "output_register", 0.24 / 0.16, 0.00108 / 0.00056),
        ({"buffer": {"capacity_bytes": 168 * 131072}}, "edram", 25.35 / 17.2, 0.121 / 0.086),
    ],
)
def test_components(fields, name, power, area) -> None:
    device = ISAAC.replaced(fields)
    before = next(part for part in ISAAC.fields["components"] if part["name"] == name)
    after = component(device, name)
    assert after["power_mw"] == pytest.approx(before["power_mw"] * power, rel=1e-12)
    assert after["area_um2"] == pytest.approx(before["area_um2"] * area, rel=1e-12)
    assert device.roll_up()["area_mm2"] != ISAAC.roll_up()["area_mm2"]


def test_digital_operations_follow_their_width() -> None:
    """Horowitz: a sum of 32 bits takes 0.1 / 0.03 of one of 8 bits, a product 3.1 / 0.2."""
    wide, narrow = (quiet(ISAAC, digital={"bits": bits}) for bits in (32, 8))
    for kind, factor in (("add", 0.1 / 0.03), ("multiply", 3.1 / 0.2), ("move", math.nan)):
        one, other = (
            next(op for op in group["ops"] if op["kind"] == kind)["energy_pj"]
            for device in (wide, narrow)
            for group in device.effective["groups"]
            if group["kind"] == "digital"
        )
        if kind == "move":
            assert one == other == 0
        else:
            assert one / other == pytest.approx(factor, rel=1e-12)


def test_a_flash_converter_has_a_comparator_per_step() -> None:
    device = Device("neurosim-rram")
    fewer = quiet(device, array={"adc": {"bits": 4}})
    assert arrays(fewer)["energy"]["adc_pj"] == pytest.approx(0.0527 * 15 / 31, rel=1e-12)


def test_what_is_derived_from_the_tiles_follows_them() -> None:
    """A chip of 2,000 tiles has the buffer, ports and digital units of 2,000 tiles."""
    large = quiet(ISAAC, levels={"chip": {"holds": 2000}})
    effective = large.effective
    assert effective["buffer"]["capacity_bytes"] == 2000 * 65536
    assert effective["buffer"]["ports"] == 2000
    assert next(g for g in effective["groups"] if g["kind"] == "digital")["units"] == 2000
    assert effective["buffer"]["read_pj_per_byte"] == 0.4313
    assert large.fields["buffer"]["capacity_bytes"] == 11010048


def test_costs_are_computed_with_the_laws() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    program = pumice.compile(torch.nn.Linear(100, 10), torch.randn(4, 100), device="isaac")
    few = program.recompile(quiet(ISAAC, array={"adc": {"bits": 6}})).estimate()
    all_bits = program.estimate()
    ratio = few.components["adc"] / all_bits.components["adc"]
    assert ratio == pytest.approx(adc_pj(6, 1.28) / adc_pj(8, 1.28), rel=1e-12)
    assert few.components["dac"] == all_bits.components["dac"]
    large = program.recompile(ISAAC.replaced({"levels": {"chip": {"holds": 400}}})).estimate()
    assert large.utilisation["buffer_port"].count == 400
    assert large.area_mm2 > 2 * all_bits.area_mm2


def test_a_cost_that_is_set_is_that_of_the_new_device() -> None:
    six = quiet(ISAAC, array={"adc": {"bits": 6}}, energy={"adc_pj": 0.4})
    assert arrays(six)["energy"]["adc_pj"] == 0.4
    eight = quiet(six, array={"adc": {"bits": 8}})
    expected = 0.4 * adc_pj(8, 1.28) / adc_pj(6, 1.28)
    assert arrays(eight)["energy"]["adc_pj"] == pytest.approx(expected, rel=1e-12)
    later = quiet(quiet(ISAAC, array={"adc": {"bits": 6}}), energy={"adc_pj": 0.4})
    assert later == six
    assert arrays(quiet(ISAAC, energy={"adc_pj": 3}))["energy"]["adc_pj"] == 3


def test_costs_that_do_not_follow_warn() -> None:
    bare = ISAAC.replace(laws=None)
    assert "laws" not in bare.fields
    words = r"costs did not follow array\.adc\.bits \(of energy\.adc_pj, timing\.adc_ns, components"
    with pytest.warns(PumiceWarning, match=words):
        six = bare.replace(array={"adc": {"bits": 6}})
    assert six.effective == six.fields
    quiet(bare, array={"adc": {"bits": 6}}, energy={"adc_pj": 0.4})
    with pytest.warns(PumiceWarning, match=r"array\.cell_bits"):
        ISAAC.replace(array={"cell_bits": 1})
    one = ISAAC.replace(laws={"arrays.energy.adc_pj": None})
    assert len(one.fields["laws"]) == len(ISAAC.fields["laws"]) - 1
    assert unscaled(ISAAC, ISAAC.replaced({"array": {"columns_per_adc": 32}})) == []


def test_laws_that_leave_their_range_warn() -> None:
    words = (
        r"arrays\.energy\.adc_pj: the source of law adc_energy supports at least 4 of adc_bits,"
        r" got 3"
    )
    with pytest.warns(PumiceWarning, match=words):
        three = ISAAC.replace(array={"adc": {"bits": 3}})
    assert any("adc_area supports at least 4" in note for note in three.notes)
    with pytest.warns(PumiceWarning, match=r"array_time supports 32 to 256 of rows, got 512"):
        ISAAC.replace(array={"rows": 512})
    words = r"buffer\.ports keeps its figure: the device states no instances"
    with pytest.warns(PumiceWarning, match=words):
        ISAAC.replace(levels={"chip": {"holds": None}})


def test_laws_survive_a_device_file(tmp_path) -> None:
    path = tmp_path / "d.mlir"
    path.write_text(str(ISAAC))
    assert Device(str(path)).fields == ISAAC.fields
    edited = str(ISAAC).replace("bits = 8, mode", "bits = 6, mode")
    path.write_text(edited)
    assert Device(str(path)).effective == (
        ISAAC.replaced({"array": {"adc": {"bits": 6}}}).effective
    )


def law(**changes: Any) -> dict[str, Any]:
    point = {"adc_bits": 8, "rate_gsps": 1.28}
    return {"laws": [{"of": "arrays.energy.adc_pj", "kind": "adc_energy", "at": point, **changes}]}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            law(kind="adc"),
            'unknown law "adc" of "arrays.energy.adc_pj", expected one of adc_energy',
        ),
        (law(at={"adc_bits": 8}), "expected a point with adc_bits, rate_gsps, got"),
        (law(at={"adc_bits": 8, "rate": 1}), "expected a point with adc_bits, rate_gsps, got"),
        (law(at={"adc_bits": 8, "rate_gsps": 0}), "expected rate_gsps to be a number above 0, got"),
        (law(at={"adc_bits": 8, "rate_gsps": "fast"}), "at: expected numbers by name, got"),
        (law(at=3), "at: expected numbers by name, got 3"),
        (law(of="arrays.array.rows"), "which is not a figure of the device that a law can scale"),
        (law(of="components.fan.power_mw"), "which is not a figure of the device"),
        (law(of="others.energy.adc_pj"), "which is not a figure of the device"),
        (law(of="digital.ops.add.cycles"), "which is not a figure of the device"),
        (law(group="digital"), 'reads adc_bits, expected a group of arrays, got "digital"'),
        (law(kind="per_array", at={"arrays": 8}), 'expected a level of group "arrays", got ""'),
        (
            {"laws": [*law()["laws"], *law()["laws"]]},
            'laws has two laws of "arrays.energy.adc_pj"',
        ),
    ],
)
def test_what_is_no_law(fields, words) -> None:
    with pytest.raises(PumiceError) as caught:
        ISAAC.replace(laws=fields["laws"])
    assert words in str(caught.value)


def test_laws_must_be_laws(tmp_path) -> None:
    path = tmp_path / "d.mlir"
    text = str(ISAAC)
    path.write_text(text[: text.index("laws = [")] + "laws = [42]>")
    with pytest.raises(PumiceError, match="laws must hold #pum.law, got 42"):
        Device(str(path))


def test_every_law_is_described_and_used() -> None:
    known = {law.name: law for law in laws()}
    used = {law["kind"] for name in pumice.devices() for law in Device(name).fields.get("laws", [])}
    assert used <= set(known)
    assert set(known) - used <= {"per_array"}
    for item in known.values():
        assert item.formula
        assert item.source.startswith(("read", "derived", "recalled", "regression", "as "))
        assert 1 <= len(item.variables) <= 3
