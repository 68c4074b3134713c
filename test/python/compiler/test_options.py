# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CompileOptions, Program.statistics, Program.estimate for other devices, Program.module."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

import pumice  # noqa: E402
from pumice import CompileError, CompileOptions, Device, PumiceError, zoo  # noqa: E402
from pumice.experiments.ternary import make_ternary  # noqa: E402
from pumice.levels import LEVELS, PIPELINES  # noqa: E402


@pytest.fixture(scope="module")
def ternary():
    """A VGG-9 with an eighth of the channels and ternary weights, and an image for it."""
    model = make_ternary(zoo.vgg9(divisor=8), 0.8)
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return model, pumice.quantize(model, [x], weight_bits=2, activation_bits=4), x


def test_sharing(ternary) -> None:
    model, quantized, x = ternary
    counts = {}
    for share in (True, False):
        program = pumice.compile(quantized, x, device="rtm-ap", options={"ap_share": share})
        assert program.options == CompileOptions(ap_share=share)
        counts[share] = program.statistics["ap-compile-programs"]
    nonzeros = sum(int(p.count_nonzero()) for p in model.parameters() if p.dim() > 1)
    assert counts[True]["nonzero weights"] == counts[False]["nonzero weights"] == nonzeros
    assert counts[False]["additions"] == nonzeros > counts[True]["additions"]
    pipelines = {"quantized-to-crossbar": {"ap-share": False, "ap-threads": 1}}
    program = pumice.compile(quantized, x, device="rtm-ap", options={"pipelines": pipelines})
    assert program.statistics["ap-compile-programs"] == counts[False]
    # The same options serve when the network is mapped again.
    again = program.recompile("rtm-ap")
    assert again.statistics["ap-compile-programs"] == counts[False]
    shared = program.recompile("rtm-ap", CompileOptions(threads=1))
    assert shared.statistics["ap-compile-programs"] == counts[True]
    assert torch.equal(shared.run(x).outputs, program.run(x).outputs)


def test_layouts(ternary) -> None:
    """The same results; the cheapest layout of each layer takes the least energy."""
    _, quantized, x = ternary
    programs = {
        layout: pumice.compile(quantized, x, device="rtm-ap", options={"ap_layout": layout})
        for layout in ("along", "across", "cheapest")
    }
    outputs = [program.run(x).outputs for program in programs.values()]
    assert all(torch.equal(found, outputs[0]) for found in outputs[1:])
    energy = {layout: program.estimate().energy_pj for layout, program in programs.items()}
    assert energy["cheapest"] < energy["along"]
    assert energy["cheapest"] < 1.01 * energy["across"]  # fetching microprograms is not compared


def test_values_that_stay_in_processors(ternary) -> None:
    _, quantized, x = ternary
    stay, leave = (
        pumice.compile(quantized, x, device="rtm-ap", options={"keep_codes": keep})
        for keep in (True, False)
    )
    assert torch.equal(stay.run(x).outputs, leave.run(x).outputs)
    assert "memory<processors>" not in leave.ir("simulator")
    assert stay.estimate().energy_pj <= leave.estimate().energy_pj
    text = CompileOptions(objective="latency").pipeline("crossbar-to-pum")
    assert text == "crossbar-to-pum{keep-codes=latency}"
    text = CompileOptions(keep_codes=False).pipeline("crossbar-to-pum")
    assert text == "crossbar-to-pum{keep-codes=never}"


def test_options_as_text() -> None:
    assert CompileOptions().pipeline("crossbar-to-pum") == "crossbar-to-pum"
    text = CompileOptions(ap_share=False, threads=3).pipeline("quantized-to-crossbar")
    assert text == "quantized-to-crossbar{ap-share=false ap-threads=3}"
    assert CompileOptions.of(None) == CompileOptions.of({}) == CompileOptions()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ap_shared": True}, "expected a compile option of nonlinear, .*, got 'ap_shared'"),
        ({"threads": 0}, "expected at least 1 thread to compile with, got 0"),
        (
            {"ap_layout": "up"},
            "expected an ap_layout of along, across, cheapest, got 'up'",
        ),
        ({"pipelines": {"x": {}}}, "expected a pipeline of .*pum-to-simulator, got 'x'"),
        (
            {"pipelines": {"quantized-to-crossbar": {"heat": 1}}},
            "cannot read the pipeline 'quantized-to-crossbar.*heat=1}': failed to add",
        ),
    ],
)
def test_wrong_options(options, message, digits) -> None:
    with pytest.raises(CompileError, match=message):
        pumice.compile(digits.quantized, digits.inputs[:1], options=options)


def test_estimate_for_another_device(isaac, digits) -> None:
    neon = pumice.compile(digits.quantized, isaac.x, device="neon")
    found = isaac.program.estimate(device="neon")
    assert found.device == "neon"
    expected = neon.estimate()
    for key in ("latency_ns", "energy_pj", "counters", "layers", "wear", "setup"):
        assert found.to_dict()[key] == expected.to_dict()[key]
    assert isaac.program.estimate().device == "isaac"  # unchanged
    smaller = Device("isaac").replace(name="rough", array={"adc": {"bits": 4}})
    again = isaac.program.recompile(smaller)
    same = pumice.compile(digits.quantized, isaac.x, device=smaller)
    assert torch.equal(again.run(isaac.x).outputs, same.run(isaac.x).outputs)
    assert again.compare(isaac.x).device == "rough"
    with pytest.raises(PumiceError, match="no device 'nope'"):
        isaac.program.estimate(device="nope")


def test_estimate_with_other_costs(isaac) -> None:
    fields = isaac.program.estimate().components
    energy = {"adc_pj": 2 * Device("isaac").crossbars["energy"]["adc_pj"]}
    found = isaac.program.estimate(Device("isaac").replace(energy=energy), recompile=False)
    assert found.components["adc"] == pytest.approx(2 * fields["adc"])
    assert {k: v for k, v in found.components.items() if k != "adc"} == {
        k: v for k, v in fields.items() if k != "adc"
    }


def test_loaded_programs_have_no_network_to_map(isaac, tmp_path) -> None:
    isaac.program.save(tmp_path / "p.mlirbc")
    loaded = pumice.load(tmp_path / "p.mlirbc")
    assert loaded.levels == ("simulator",)
    assert loaded.statistics == {}
    with pytest.raises(
        CompileError,
        match="expected a program that holds its quantized network to .*: compile the model again",
    ):
        loaded.estimate(device="neon")
    same = loaded.estimate(device="isaac", recompile=False)
    assert same.to_dict()["energy_pj"] == isaac.program.estimate().to_dict()["energy_pj"]


def test_levels(isaac) -> None:
    assert isaac.program.levels == LEVELS
    assert tuple(PIPELINES) == LEVELS
    for level in LEVELS:
        assert isaac.program.module(level).operation.verify()
    with pytest.raises(PumiceError, match="expected a level of linalg, .*, got 'l2'"):
        isaac.program.module("l2")


def test_what_a_program_was_compiled_from(digits) -> None:
    x = digits.inputs[:1]
    assert pumice.compile(digits.quantized, x).float_model is None
    program = pumice.compile(digits.model, x)
    assert program.float_model is digits.model
    assert isinstance(program.exported, torch.export.ExportedProgram)
