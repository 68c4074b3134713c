# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Axes of sweeps beside fields of devices, and constraints: what separate compilations give."""

from __future__ import annotations

import functools
import json

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import pumice
from pumice import Device, PumiceError
from pumice.cli import main
from pumice.exploration.axes import with_options
from pumice.exploration.constraints import bounds_of
from pumice.options import CompileOptions

MODEL = """import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(40, 20), nn.GELU(), nn.Linear(20, 4)).eval()
"""


@functools.cache
def build(weight_bits: int = 8, batch: int = 1) -> pumice.Program:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(40, 20), nn.GELU(), nn.Linear(20, 4)).eval()
    x = torch.randn(batch, 40)
    options = {"nonlinear": "lut"}
    return pumice.compile(model, x, weight_bits=weight_bits, options=options)


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return "net.py:make"


def test_widths_batches_schedules_and_methods_are_axes() -> None:
    fields = {
        "model.weight_bits": [4, 8],
        "compile.nonlinear": ["digital", "lut"],
        "compile.schedule": [None, "naive"],
        "energy.adc_pj": [1.0, 2.0],
    }
    found = pumice.sweep(build, ["isaac"], fields)
    assert len(found.records) == 16
    assert found.fields == list(fields)
    for record in found.records:
        device = Device("isaac").replaced({"energy": {"adc_pj": record["energy.adc_pj"]}})
        assert found.device(record) == device
        options = {
            "nonlinear": record["compile.nonlinear"], "schedule": record["compile.schedule"]
        }  # fmt: skip
        report = build(record["model.weight_bits"]).recompile(device, options).estimate()
        assert record["dynamic_energy_pj"] == report.dynamic_energy_pj
        assert record["latency_ns"] == report.latency_ns
    assert len({record["dynamic_energy_pj"] for record in found.records}) == 16


def test_a_batch_is_an_axis_that_changes_with_others() -> None:
    together = pumice.Setting(("model.batch", "array.rows"), ((1, 64), (2, 128)))
    found = pumice.sweep(build, ["isaac"], [together])
    assert [(r["model.batch"], r["array.rows"]) for r in found.records] == [(1, 64), (2, 128)]
    device = Device("isaac").replaced({"array": {"rows": 128}})
    assert found.records[1]["latency_ns"] == build(batch=2).recompile(device).estimate().latency_ns


def test_targets_of_single_layers_are_an_axis() -> None:
    found = pumice.sweep(build, ["isaac"], {"compile.targets.0": ["crossbar", "digital"]})
    on_arrays, digital = found.records
    assert on_arrays["arrays"] > digital["arrays"] > 0


@pytest.mark.parametrize("search", ["tpe", "nsga2"])
def test_searches_keep_constraints(search, tmp_path) -> None:
    pytest.importorskip("optuna")
    fields = {"array.rows": [16, 32, 64, 128], "model.weight_bits": [4, 8]}
    every = [r["arrays"] for r in pumice.sweep(build, ["isaac"], fields).records]
    most = sorted(every)[3]
    assert max(every) > most
    options = {
        "search": search, "trials": 12, "constraints": [f"arrays<={most}", "area_mm2 >= 1"],
        "study": str(tmp_path / "study.log"),
    }  # fmt: skip
    found = pumice.sweep(build, ["isaac"], fields, **options)
    for record in found.records:
        assert ("infeasible" in record) == (record["arrays"] > most)
    assert all(record["arrays"] <= most for record in found.pareto())
    again = pumice.sweep(build, ["isaac"], fields, **options)  # all trials are there
    assert again.records == found.records


def test_grids_name_what_is_not_feasible() -> None:
    found = pumice.sweep(
        build, ["isaac"], {"array.rows": [16, 128]}, constraints=["arrays<=0", "tops>=0"]
    )
    assert [record["infeasible"] for record in found.records] == ["arrays<=0"] * 2
    assert "arrays<=0" in str(found)
    with pytest.raises(PumiceError, match="no point is feasible: arrays<=0"):
        found.pareto()


def test_a_figure_that_is_not_stated_keeps_no_constraint() -> None:
    bound = bounds_of(["area_mm2<=5"], scored=False)[0]
    assert bound.excess({"area_mm2": 4.0}) == -1
    assert bound.excess({}) == float("inf")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("area_mm2", "expected a constraint such as area_mm2<=100, got 'area_mm2'"),
        ("area_mm2<=x", "expected a constraint such as area_mm2<=100, got 'area_mm2<=x'"),
        ("area<=4", r"expected a constraint on one of .*, got 'area' \(did you mean 'area_mm2'"),
        ("metric>=0.9", "expected a constraint on one of .*, got 'metric'"),
    ],
)
def test_constraints_that_are_refused(text, words) -> None:
    with pytest.raises(PumiceError, match=words):
        bounds_of([text], scored=False)


@pytest.mark.parametrize(
    ("programs", "fields", "words"),
    [
        (build, {"compile.shedule": ["naive"]}, r"'compile.shedule', .* \(did you mean 'schedule'"),
        (3, {}, "expected a program, or a function that returns one, got int"),
        (lambda: 3, {}, "expected a function that returns a program, got 3"),
    ],
)
def test_axes_that_are_refused(programs, fields, words) -> None:
    with pytest.raises(PumiceError, match=words):
        pumice.sweep(programs, ["isaac"], fields)


def test_a_compiled_program_has_one_width() -> None:
    words = "expected a function that returns a program for model.batch, got a program"
    with pytest.raises(PumiceError, match=words):
        pumice.sweep(build(), ["isaac"], {"model.batch": [1, 2]})


def test_options_of_single_keys() -> None:
    options = with_options(CompileOptions(nonlinear="lut"), {"nonlinear.gelu": "digital"})
    assert options.methods == {"gelu": "digital", "*": "lut"}


def test_the_command_has_the_axes(model, capsys) -> None:
    main([
        "sweep", model, "--shape", "1x40", "--json", "--set", "model.batch=1,2",
        "--set", "model.weight_bits,array.rows=4:64,8:128", "--constraint", "latency_ns<=1e9",
        "--search", "random", "--trials", "3",
    ])  # fmt: skip
    records = json.loads(capsys.readouterr().out)
    assert len(records) == 3
    assert all((r["model.weight_bits"], r["array.rows"]) in ((4, 64), (8, 128)) for r in records)


def test_files_of_several_kinds_are_swept_together(model, capsys) -> None:
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    x, y = (helper.make_tensor_value_info(name, kind, [1, 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "net.onnx")
    models = [model, "net.onnx", "zoo-small:lenet"]
    assert main(["sweep", *models, "--shape", "1x40", "-d", "isaac", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [record["model"] for record in records] == models
    assert all(record["latency_ns"] > 0 for record in records)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "model.bits=4"], "expected model.weight_bits, model.activation_bits,"),
        (["--set", "model.batch=0"], "expected model.batch of at least 1"),
        (["--constraint", "arrays<=0"], "no point is possible: constraints are broken: arrays<=0"),
    ],
)
def test_commands_that_are_refused(model, capsys, options, words) -> None:
    assert main(["sweep", model, "--shape", "1x40", *options]) != 0
    assert words in capsys.readouterr().err
