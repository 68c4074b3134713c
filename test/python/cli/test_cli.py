# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command `pumice`: output, files, exit codes, one-line errors, how fast it answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice.cli import main

MODEL = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.head = nn.Linear(4 * 36, 5)

    def forward(self, x, mask=None):
        y = self.conv(x).relu()
        if mask is not None:
            y = y * mask
        return self.head(y.flatten(1))

class Two(nn.Module):
    def forward(self, a, b):
        return {"sum": a + b, "rest": [a - b, None]}

def make():
    torch.manual_seed(0)
    return Net()

net = make()

def broken():
    raise ValueError("no weights here")

def number():
    return 3
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a model's file and inputs."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "model.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", rng.random((2, 1, 8, 8), np.float32))
    np.save(folder / "c.npy", rng.random((9, 1, 8, 8), np.float32))
    np.save(folder / "mask.npy", (rng.random((2, 4, 6, 6)) > 0.5).astype(np.float32))
    np.save(folder / "a.npy", np.arange(6, dtype=np.float32).reshape(2, 3))
    np.save(folder / "text.npy", np.array(["words"]))
    np.savez(folder / "many.npz", a=np.zeros(3))
    (folder / "words.npy").write_text("these are words")
    (folder / "foreign.mlir").write_text(
        "func.func @f(%x: memref<1xf32, #simulator.memory<host>>) { return }"
    )
    return folder


@pytest.fixture
def run(place, monkeypatch, capsys):
    """Runs `pumice` there: exit code, standard output, standard error."""
    monkeypatch.chdir(place)

    def call(*args: str) -> tuple[int, str, str]:
        try:
            code = main(args)
        except SystemExit as leaving:  # argparse
            code = int(leaving.code or 0)
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


def needs_torch() -> None:
    for name in ("torch", "torch_mlir", "torchao"):
        pytest.importorskip(name)


def command(*args: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pumice", *args], capture_output=True, text=True, **options
    )


def test_help_is_quick_and_imports_little() -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        done = command("--help")
        times.append(time.perf_counter() - start)
        assert done.returncode == 0
    assert min(times) <= 0.3
    for name in ("demo", "run", "compile", "estimate", "devices"):
        assert re.search(rf"^\s+{name}\s", done.stdout, re.M)
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pumice", "run", "--help"],
        capture_output=True,
        text=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in listed.stderr.splitlines()}
    assert "pumice.cli" in imported
    heavy = {"torch", "torch_mlir", "numpy", "rich", "pumice._mlir_libs", "pumice.ir"}
    assert not imported & heavy


def test_importing_pumice_is_quick() -> None:
    code = "import pumice, sys; sys.exit(any(m in sys.modules for m in ('torch', 'pumice.ir')))"
    start = time.perf_counter()
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert time.perf_counter() - start < 1


def test_usage(run) -> None:
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out.startswith("usage: pumice")
    assert run("--version")[:2] == (0, f"pumice {pumice.__version__}\n")
    for args in (["dance"], ["run"], ["demo", "-n", "0"], ["demo", "-n", "x"], ["run", "--bogus"]):
        code, out, err = run(*args)
        assert (code, out) == (2, "")
        assert "error: " in err


def test_devices(run) -> None:
    code, out, _ = run("devices")
    assert code == 0
    for name in pumice.devices():
        assert re.search(rf"^{name}\s", out, re.M)
    row = next(line for line in out.splitlines() if line.startswith("isaac"))
    for figure in ("128 x 128", "8 b, clip", "16,128", "0.372 mm2", "330 mW", "85.4 mm2"):
        assert figure in row
    code, out, _ = run("devices", "isaac")
    assert code == 0
    for field in (r"array\.adc\.bits +8", r"energy\.adc_pj +1\.5625", r"components\[router\]"):
        assert re.search(field, out)
    data = json.loads(run("devices", "isaac", "--json")[1])
    assert data["fields"] == pumice.Device("isaac").fields
    levels = {level["level"]: level for level in data["roll_up"]["levels"]}
    assert levels["tile"]["power_mw"] == pytest.approx(329.81)
    assert levels["tile"]["count"] == 168
    assert len(json.loads(run("devices", "--json")[1])) == len(pumice.devices())


def test_run_a_model(run, place) -> None:
    needs_torch()
    args = ["run", "model.py:make", "--input", "x.npy", "--calibration", "c.npy"]
    files = ["--output", "y.npy", "--report", "r.json", "--trace", "t.json"]
    code, out, err = run(*args, "--device", "isaac", *files)
    assert code == 0
    assert "Run on device 'isaac'" in out
    assert "wrote y.npy" in err
    y = np.load(place / "y.npy")
    assert y.shape == (2, 5)
    report = json.loads((place / "r.json").read_text())
    assert report["device"] == "isaac"
    assert report["latency_ns"] > 0
    assert json.loads((place / "t.json").read_text())["traceEvents"]

    import torch

    from pumice.cli.files import load_model

    x = torch.from_numpy(np.load(place / "x.npy"))
    c = torch.from_numpy(np.load(place / "c.npy"))
    program = pumice.compile(load_model("model.py:net"), x, device="isaac", calibration=[c])
    assert np.array_equal(program.run(x).outputs.numpy(), y)

    code, out, _ = run(*args, "--json", "--threads", "1")
    assert code == 0
    assert json.loads(out)["device"] == "ideal"


def test_named_inputs(run, place) -> None:
    needs_torch()
    import torch

    from pumice.cli.files import load_model

    x, mask = (torch.from_numpy(np.load(place / f"{name}.npy")) for name in ("x", "mask"))
    expected = load_model("model.py:net")(x, mask=mask).detach().numpy()
    mixed = ["-i", "x.npy", "-i", "mask=mask.npy"]
    for inputs in (
        mixed,
        ["-i", "x=x.npy", "-i", "mask=mask.npy"],
        ["-i", "x.npy", "-i", "mask.npy"],
    ):
        code, _, err = run("run", "model.py:net", *inputs, "--no-quantize", "-o", "y.npy")
        assert code == 0, err
        assert np.allclose(np.load(place / "y.npy"), expected, atol=1e-5)
    calibration = ["-c", "x.npy", "-c", "mask=mask.npy"]
    code, _, err = run("run", "model.py:net", *mixed, *calibration, "-o", "y.npy")
    assert code == 0, err
    assert np.allclose(np.load(place / "y.npy"), expected, atol=0.1)


def test_several_outputs(run, place) -> None:
    needs_torch()
    args = ["run", "model.py:Two", "-i", "a.npy", "-i", "a.npy", "--no-quantize", "-o", "out.npy"]
    code, _, err = run(*args)
    assert code == 0, err
    a = np.load(place / "a.npy")
    assert np.array_equal(np.load(place / "out.0.npy"), a + a)
    assert np.array_equal(np.load(place / "out.1.npy"), a - a)


def test_outputs_in_one_file(tmp_path) -> None:
    from dataclasses import make_dataclass

    from pumice.cli.files import save_outputs

    path = str(tmp_path / "y.npz")
    pair = make_dataclass("Pair", ["first", "second"])(np.zeros(2), np.ones(3))
    for outputs, names in (
        (np.zeros(2), ["output"]),
        ({"logits": np.zeros(2), "state": (np.ones(1), None)}, ["logits", "state.0"]),
        (pair, ["first", "second"]),
    ):
        assert save_outputs(path, outputs) == [path]
        assert np.load(path).files == names


def test_inputs_in_another_float(run, place) -> None:
    needs_torch()
    np.save(place / "double.npy", np.load(place / "x.npy").astype(np.float64))
    inputs = ["-i", "double.npy", "-i", "mask=mask.npy"]
    code, _, err = run("run", "model.py:net", *inputs, "--no-quantize")
    assert code == 1
    assert "(the model is in float32: convert its inputs to float32)" in err


def test_compile_then_run(run, place) -> None:
    """A program file gives what the model gave, run or estimated."""
    needs_torch()
    model = ["model.py:make", "-i", "x.npy", "--device", "isaac"]
    code, out, _ = run("run", *model, "-o", "direct.npy", "--json")
    assert code == 0
    direct = json.loads(out)
    assert run("compile", *model, "-o", "p.mlirbc")[0] == 0
    assert run("compile", *model, "-o", "p.mlir", "--emit", "simulator")[0] == 0
    for program in ("p.mlirbc", "p.mlir"):
        code, out, err = run("run", program, "-i", "x.npy", "-o", "y.npy", "--json")
        assert code == 0, err
        assert np.array_equal(np.load(place / "y.npy"), np.load(place / "direct.npy"))
        for found in (
            json.loads(out),
            json.loads(run("estimate", program, "--json")[1]),
            json.loads(run("run", program, "--estimate", "--json")[1]),
        ):
            assert found.pop("timings_s") is not None
            # Text is without locations, and so without names of layers.
            keys = found if program == "p.mlirbc" else ("latency_ns", "energy_pj", "counters")
            assert {key: found[key] for key in keys} == {key: direct[key] for key in keys}
    assert json.loads(run("estimate", *model, "--json")[1])["counters"] == direct["counters"]


def test_emit(run) -> None:
    needs_torch()
    for level, op in (("linalg", "linalg."), ("crossbar", "crossbar.mvm"), ("pum", "pum.compute")):
        code, out, _ = run("compile", "model.py:make", "-i", "x.npy", "--emit", level)
        assert code == 0
        assert op in out


FAILURES = [
    (
        ["run", "model.py:broken", "-i", "x.npy"],
        "cannot load model 'model.py:broken': ValueError: no weights here",
    ),
    (["run", "model.py:number", "-i", "x.npy"], "to be or to return a torch.nn.Module, got int"),
    (["run", "model.py:nothing", "-i", "x.npy"], "'model.py' has no 'nothing'"),
    (["run", "none.py:make", "-i", "x.npy"], "no such file: 'none.py'"),
    (["run", "no.such:make", "-i", "x.npy"], "No module named 'no'"),
    (["run", "model.py:make", "-i", "none.npy"], "cannot read 'none.npy': No such file"),
    (["run", "model.py:make", "-i", "many.npz"], "to hold one array, got an archive"),
    (["run", "model.py:make", "-i", "words.npy"], "'words.npy' to be an .npy file of numbers"),
    (["run", "model.py:make", "-i", "."], "cannot read '.': Is a directory"),
    (["run", "model.py:make", "-i", "x.npy", "-d", "nope"], "no device 'nope', expected one of"),
    (["run", "model.py:make", "-i", "a.npy"], "cannot export Net"),
    (["run", "model.py:make", "-i", "x.npy", "-o", "no/y.npy"], "cannot write 'no/y.npy': No such"),
    (["compile", "model.py:make", "-i", "x.npy", "-o", "no/p"], "cannot write 'no/p': No such"),
    (["run", "foreign.mlir"], "'foreign.mlir' is not a machine program: names no device"),
    (["run", "x.npy"], "'x.npy' is not an MLIR module"),
    (["run", "model.py:make", "-i", "text.npy"], "expected numbers that torch knows, got <U5"),
    (["run", "model.py:make", "-i", "x.npy", "-i", "y=x.npy"], "inputs do not fit the model: got"),
    (["estimate", "none.mlir"], "no such program: 'none.mlir' (a model is FILE.py:NAME)"),
    (["devices", "nope"], "no device 'nope', expected one of"),
]
MISUSES = [
    (
        ["run", "model.py:make"],
        "expected --input or --shape: a model is compiled for the shapes of its inputs",
    ),
    (["run", "model.py", "-i", "x.npy"], "expected a model as model.py:NAME, got no name"),
    (["run", ":", "-i", "x.npy"], "expected a model as FILE.py:NAME"),
    (["run", "model.py:make", "-i", "x=x.npy", "-i", "x=x.npy"], "input 'x' is given twice"),
    (["compile", "model.py:make", "-i", "x.npy"], "expected --output or --emit"),
    (["compile", "model.py:make", "-i", "x.npy", "--emit", "c"], "expected --emit to be one of"),
    (
        ["compile", "foreign.mlir", "-o", "p"],
        "expected a model, got 'foreign.mlir', which is compiled already",
    ),
    (
        ["run", "foreign.mlir", "-d", "isaac"],
        "--device is for models: 'foreign.mlir' is compiled already for a device; compile the model"
        " again, or compile it with --emit quantized to a file that takes a device",
    ),
    (
        ["run", "foreign.mlir", "--schedule", "naive"],
        "--schedule is for models: 'foreign.mlir' is compiled already",
    ),
    (["run", "foreign.mlir", "-c", "x.npy"], "--calibration is for PyTorch models, got"),
    (["estimate", "foreign.mlir", "--no-quantize"], "--no-quantize is for PyTorch models"),
    (
        ["run", "model.py:make", "-i", "x.npy", "--shape", "x=1"],
        "expected --input or --shape, got both",
    ),
    (["estimate", "foreign.mlir", "--shape", "x=1"], "--shape is for ONNX models"),
    (
        ["run", "m.mlir", "--estimate", "-o", "y"],
        "--estimate computes no values: omit --output",
    ),
    (
        ["run", "model.py:net", "-i", "x.npy", "-c", "c.npy", "--no-quantize"],
        "--calibration is for quantizing: omit it or --no-quantize",
    ),
    (
        ["run", "model.py:net", "-i", "x.npy", "-c", "c.npy", "-c", "mask=mask.npy"],
        "expected all of --calibration by name or none, got both",
    ),
    (["demo", "-n", "5000"], "expected at most 270 images, got 5000"),
    (["demo", "--batch", "7"], "expected the batch to divide the number of images: 270 by 7"),
]


@pytest.mark.parametrize(
    ("args", "words", "expected"),
    [*[(*case, 1) for case in FAILURES], *[(*case, 2) for case in MISUSES]],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors(run, args, words, expected) -> None:
    needs_torch()
    code, out, err = run(*args)
    assert code == expected
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("pumice: error: ")]
    assert len(lines) == 1
    assert words in err
    assert "Traceback" not in err.split("pumice: error: ")[1]


def test_compare(run, place) -> None:
    code, out, _ = run("compare", "model.py:make", "-i", "x.npy", "-c", "c.npy")
    assert code == 0
    assert "all within a relative error of 0.05" in out
    assert re.search(r"^head +linear +sums +0 ", out, re.M)
    code, out, _ = run("compare", "model.py:make", "-i", "x.npy", "--json", "--tolerance", "0.5")
    found = json.loads(out)
    assert (code, found["within_tolerance"], found["tolerance"]) == (0, True, 0.5)
    assert found["outputs"][0]["float_errors"]["sqnr_db"] > 20
    run("compile", "model.py:make", "-i", "x.npy", "-d", "isaac", "-o", "c.mlirbc")
    code, out, _ = run(
        "compare", "c.mlirbc", "-i", "x.npy", "--reference", "model.py:make", "--tolerance", "0"
    )
    assert code == 3
    assert "first beyond a relative error of 0: layer 'head', node 'linear'" in out
    code, _, err = run("compare", "c.mlirbc", "-i", "x.npy")
    assert (code, err.count("\n")) == (2, 1)
    assert "expected --reference, " in err
    assert "the PyTorch or ONNX model to compare with: 'c.mlirbc' holds none" in err
    code, _, err = run("compare", "model.py:make", "-i", "x.npy", "--tolerance", "-1")
    assert code == 2
    assert "expected --tolerance to be at least 0, got -1.0" in err


def test_debug_shows_the_traceback(run) -> None:
    with pytest.raises(pumice.PumiceError, match="no device 'nope'"):
        run("devices", "nope", "--debug")


def test_a_reader_may_stop() -> None:
    done = subprocess.run(
        f"'{sys.executable}' -m pumice devices isaac | head -1",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "Device 'isaac'\n"
    assert done.stderr == ""


def test_demo(run) -> None:
    needs_torch()
    code, out, err = run("demo", "-n", "60", "--batch", "20", "--device", "isaac", "--json")
    assert code == 0, err
    data = json.loads(out)
    assert (data["images"], data["calibration_images"], data["batch"]) == (60, 30, 20)
    names = [score["system"] for score in data["accuracy"]]
    assert names == ["PyTorch, float", "PyTorch, quantized (PT2E)", "Pumice, isaac"]
    for score in data["accuracy"]:
        assert score["correct"] >= 54
        assert score["same_answer_as_pt2e"] >= 58
    assert data["reports"]["isaac"]["latency_ns"] > 0


def test_demo_tables(run) -> None:
    needs_torch()
    code, out, err = run("demo", "-n", "4")
    assert code == 0
    for words in ("4 handwritten digits", "Pumice, ideal", "Pumice, isaac", "Cost per image"):
        assert words in out
    assert "Run on device 'isaac'" in out
    assert "30 other digits" in err


def test_estimates_check_the_inputs_of_a_program(run, place) -> None:
    run("compile", "model.py:make", "-i", "x.npy", "-d", "isaac", "-o", "e.mlirbc")
    assert run("estimate", "e.mlirbc", "-i", "x.npy")[0] == 0
    np.save("narrow.npy", np.zeros((1, 1), np.float32))
    code, _, err = run("estimate", "e.mlirbc", "-i", "narrow.npy")
    assert code == 1
    assert re.search(r"expected .*\[.*\], got .*\[1, 1\]", err), err
    run("compile", "model.py:make", "-i", "x.npy", "--emit", "quantized", "-o", "e.mlir")
    code, _, err = run("estimate", "e.mlir", "-i", "narrow.npy")
    assert code == 1
    assert re.search(r"input '\w+' must be float32\[.*\], got float32\[1, 1\]", err), err
    code, _, err = run("estimate", "e.mlir", "-i", "x.npy", "-i", "x.npy")
    assert (code, "expected 1 inputs, got 2" in err) == (1, True)


def test_names_of_layers_survive_text(run, place) -> None:
    run("compile", "model.py:make", "-i", "x.npy", "--emit", "quantized", "-o", "named.mlir")
    names = [
        {layer["name"] for layer in json.loads(run("estimate", what, *rest, "--json")[1])["layers"]}
        for what, *rest in (("model.py:make", "-i", "x.npy"), ("named.mlir",))
    ]
    assert "head" in names[0]
    assert names[0] == names[1]


def test_options_of_the_table_of_layers(run, place) -> None:
    run("compile", "model.py:make", "-i", "x.npy", "-d", "isaac", "-o", "t.mlirbc")
    _, whole, _ = run("estimate", "t.mlirbc")
    _, short, _ = run("estimate", "t.mlirbc", "--sort", "energy", "--top", "1", "--depth", "1")
    assert len(short.splitlines()) < len(whole.splitlines())
    _, text, _ = run("estimate", "t.mlirbc", "--report", "-")
    assert json.loads(text)["layers"]
    assert not Path("-").exists()


def test_the_file_of_a_device(run, place) -> None:
    code, text, _ = run("devices", "isaac", "--source")
    assert code == 0
    assert "//" in text
    Path("own.mlir").write_text(text)
    assert pumice.Device("own.mlir") == pumice.Device("isaac")
    _, text, _ = run("devices", "isaac", "--json")
    Path("own.json").write_text(text)
    assert pumice.Device("own.json") == pumice.Device("isaac")
    assert run("devices", "own.json")[0] == 0
    code, _, err = run("devices", "--source")
    assert (code, "expected --source with the name of a device" in err) == (2, True)


@pytest.mark.parametrize(
    ("module", "option", "unbuffered"),
    [
        ("pumice", "--version", ""),
        ("pumice", "--version", "1"),
        ("pumice", "--help", ""),  # without a buffer, argparse itself drops the error
        ("pumice.zoo", "--list", ""),
        ("pumice.zoo", "--list", "1"),
    ],
)
def test_output_that_cannot_be_written(module, option, unbuffered) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", module, option],
            stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["pumice: error: [Errno 28] No space left on device"]
