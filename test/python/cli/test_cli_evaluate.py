# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice evaluate`, `pumice study noise MODEL`, passes, dumped levels, completion, progress."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

for _name in ("torch", "torch_mlir", "torchao"):
    pytest.importorskip(_name)

import torch  # noqa: E402

import pumice  # noqa: E402
from pumice.cli import main, terminal  # noqa: E402
from pumice.cli.files import load_model  # noqa: E402
from pumice.evaluation.devices import evaluate_devices  # noqa: E402
from pumice.passes import tool  # noqa: E402

MODEL = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 4, 3)
        self.head = nn.Linear(4 * 36, 5)

    def forward(self, x, scale=None):
        y = self.head(self.conv(x).relu().flatten(1))
        return y if scale is None else y * scale

net = Net()

def count(module):
    print("ops:", len(list(module.body.operations[0].regions[0].blocks[0].operations)) > 0)

def broken(module):
    raise ValueError("no ops here")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "model.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    x = rng.random((30, 1, 8, 8), np.float32)
    scope: dict[str, Any] = {}
    exec(MODEL, scope)
    with torch.no_grad():
        y = scope["net"](torch.from_numpy(x))
    np.save(folder / "x.npy", x[:4])
    np.savez(folder / "d.npz", x=x, y=y.argmax(1).numpy())
    np.savez(folder / "real.npz", x=x, y=y.numpy())
    np.savez(folder / "two.npz", x=x, scale=np.ones((30, 1), np.float32), y=y.argmax(1).numpy())
    np.savez(folder / "short.npz", x=x, y=y.argmax(1).numpy()[:7])
    np.savez(folder / "none.npz", x=x[:0], y=np.zeros(0, np.int64))
    np.savez(folder / "alone.npz", y=np.zeros(3))
    np.savez(folder / "names.npz", x=x, y=np.array(["cat"] * len(x)))
    (folder / "words.npz").write_text("words")
    return folder


@pytest.fixture
def run(place, monkeypatch, capsys):
    monkeypatch.chdir(place)

    def call(*args: str) -> tuple[int, str, str]:
        try:
            code = main(args)
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


def test_evaluate_on_several_devices(run, place) -> None:
    code, out, err = run("evaluate", "model.py:net", "--data", "d.npz", "-d", "isaac", "-d", "puma",
                         "--batch", "8", "--json")  # fmt: skip
    assert code == 0, err
    rows = json.loads(out)["rows"]
    assert [row["device"] for row in rows] == ["PyTorch", "isaac", "puma"]
    assert [row["items"] for row in rows] == [30, 30, 30]
    assert rows[0]["values"] == {"top1": 1.0}
    assert rows[0]["latency_ns"] is None
    model = load_model(f"{place}/model.py:net")
    with np.load(place / "d.npz") as data:
        x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    program = pumice.compile(model, x[:8], device="isaac")
    batches = [(x[i : i + 8], y[i : i + 8]) for i in range(0, 30, 8)]
    assert rows[1]["values"] == pumice.evaluate(program, batches).values
    assert rows[1]["latency_ns"] == pytest.approx(program.estimate().latency_ns / 8)
    assert rows[1]["batch"] == 8


def test_evaluate_prints_a_table(run) -> None:
    code, out, err = run("evaluate", "model.py:net", "--data", "real.npz", "--metric", "mse",
                         "--limit", "2", "--batch", "10", "-d", "ideal")  # fmt: skip
    assert code == 0, err
    header, pytorch, ideal = out.splitlines()[1:4]
    assert header.split()[:3] == ["device", "mse", "items"]
    assert pytorch.split()[:3] == ["PyTorch", "0", "20"]
    assert 0 < float(ideal.split()[1]) < 0.1
    assert "quantized with the first 10 items" in err
    code, out, err = run("evaluate", "model.py:net", "--data", "two.npz", "-c", "x=x.npy",
                         "--metric", "top2", "-d", "ideal")  # fmt: skip
    assert code == 1
    code, out, _ = run("evaluate", "model.py:net", "--data", "two.npz", "--metric", "top2",
                       "-d", "ideal")  # fmt: skip
    assert code == 0
    assert "100.00 %" in out.splitlines()[2]


def test_evaluate_calibrates_converters(run, place) -> None:
    device = pumice.Device("isaac").replace(
        name="study", array={"adc": {"mode": "calibrated", "bits": 6}}
    )
    (place / "study.mlir").write_text(str(device))
    code, out, err = run(
        "evaluate", "model.py:net", "--data", "d.npz", "-d", "study.mlir", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["rows"][1]["values"]["top1"] > 0.5


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--data", "d.npz", "-i", "x.npy"], "expected no --input: --data has the inputs"),
        (["--data", "nowhere.npz"], "cannot read 'nowhere.npz'"),
        (["--data", "words.npz"], "to be an .npz file with arrays x and y"),
        (["--data", "alone.npz"], "to be an .npz file with arrays x and y"),
        (["--data", "short.npz"], "as many targets as inputs in 'short.npz', got 7 and 30"),
        (
            ["--data", "names.npz"],
            "expected numbers in 'names.npz', got float32 and targets of <U3",
        ),
        (["--data", "none.npz"], "expected items in 'none.npz', got none"),
        (
            ["--data", "d.npz", "--metric", "f1"],
            "metric of accuracy, cosine, mse or topK, got 'f1'",
        ),
    ],
)
def test_evaluate_says_what_is_wrong(run, args: list[str], text: str) -> None:
    code, out, err = run("evaluate", "model.py:net", *args)
    assert code in (1, 2)
    assert out == ""
    assert text in err


def test_evaluate_wants_a_model(run) -> None:
    assert run("compile", "model.py:net", "-i", "x.npy", "-o", "p.mlirbc")[0] == 0
    code, _, err = run("evaluate", "p.mlirbc", "--data", "d.npz")
    assert code == 2
    assert "expected a model to compile for devices, got 'p.mlirbc', which is compiled" in err
    with pytest.raises(pumice.PumiceError, match="expected at least one device to evaluate on"):
        evaluate_devices(pumice.load("p.mlirbc"), [], [])


def test_studies_of_own_models(run, place) -> None:
    code, out, err = run("study", "noise", "model.py:net", "--data", "d.npz", "-s", "read",
                         "--quick", "--images", "20", "--json", "-o", "r.jsonl")  # fmt: skip
    assert code == 0, err
    rows = json.loads(out)
    assert {row["network"] for row in rows} == {"model.py:net"}
    assert {row["images"] for row in rows} == {20}
    keys = {json.loads(line)["setting"]["key"] for line in (place / "r.jsonl").open()}
    assert len(keys) == 1
    code, _, err = run("study", "noise", "model.py:net")
    assert code == 2
    assert "expected MODEL and --data together, and without --network" in err


def test_quick_studies_take_what_there_is(run, place, monkeypatch) -> None:
    from pumice.experiments import noise

    def stop(*args, images, **others):
        raise pumice.PumiceError(f"asked for {images} items")

    monkeypatch.setattr(noise, "run", stop)
    data = dict(np.load(place / "d.npz"))
    np.savez(place / "few.npz", **{name: array[:21] for name, array in data.items()})
    for file, count in (("few.npz", 18), ("d.npz", min(50, len(data["y"]) * 9 // 10))):
        _, _, err = run("study", "noise", "model.py:net", "--data", file, "--quick")
        assert f"asked for {count} items" in err


def test_studies_from_python_refuse_what_is_no_classifier() -> None:
    from pumice.experiments import noise
    from pumice.experiments.noise.networks import own

    x, y = torch.rand(4, 1, 8, 8), torch.arange(4)
    net = torch.nn.Flatten()
    points = list(noise.points(["read"], 1, every=9))
    with pytest.raises(pumice.PumiceError, match="expected a torch.nn.Module for 'mine', got int"):
        noise.run(points, {"mine": (3, [(x, y)])})
    for data, text in (
        ([(x[:1], y[:1])], "expected at least 2 items of data for 'mine'"),
        ([((x, x), y)], "expected batches of one tensor and labels for 'mine'"),
        ([(x, torch.rand(4, 2))], r"a class for each of the 4 items of 'mine', got \(4, 2\)"),
    ):
        with pytest.raises(pumice.PumiceError, match=text):
            own("mine", net, data)
    with pytest.raises(pumice.PumiceError, match="whole numbers from 0 to 63, got 64"):
        own("mine", net, [(x, y + 61)])
    text = r"expected 'mine' to take an item of float32\[1, 1, 8, 8\], got: "
    with pytest.raises(pumice.PumiceError, match=text):
        own("mine", torch.nn.Linear(3, 3), [(x, y)])
    first, second = (own("mine", net, [(x + shift, y)]).key for shift in (0, 1))
    assert first != second


# ---- passes -----------------------------------------------------------------------------------


def test_passes_of_the_command_line(run, place) -> None:
    code, out, err = run("compile", "model.py:net", "-i", "x.npy", "-o", "p.mlirbc",
                         "--passes", "crossbar=canonicalize,cse",
                         "--passes", "pum=model.py:count",
                         "--dump-levels-to", "levels")  # fmt: skip
    assert code == 0, err
    assert "ops: True" in out
    assert (
        "wrote linalg.mlir, quantized.mlir, crossbar.mlir, pum.mlir, simulator.mlir to levels"
        in (" ".join(err.split()))
    )
    again = pumice.compile("levels/quantized.mlir", device="isaac")
    assert len(again.estimate().layers) == len(pumice.load("p.mlirbc").estimate().layers)
    (place / "file").write_text("")
    for args, text in (
        (["--dump-levels-to", "file/levels"], "cannot make the folder 'file/levels'"),
        (["--passes", "crossbar"], "expected --passes LEVEL=PASSES with a level of linalg"),
        (["--passes", "gates=cse"], "got 'gates=cse'"),
        (["--passes", "pum=model.py:nothing"], "expected a function 'nothing' in 'model.py'"),
        (["--passes", "pum=nowhere.py:f"], "no such file: 'nowhere.py'"),
        (["--pass-plugin", "p.so"],
         "expected --passes with --pass-plugin: plugins only register passes"),
        (["--passes", "pum=model.py:broken"],
         "pass 'broken' of level 'pum': ValueError: no ops here"),
        (["--passes", "pum=no-such-pass"], "passes of level 'pum': cannot read the pipeline"),
        (["--passes", "pum=cse", "--pass-plugin", "none.so"], "cannot load plugin 'none.so'"),
    ):  # fmt: skip
        code, _, err = run("compile", "model.py:net", "-i", "x.npy", "-o", "q.mlirbc", *args)
        assert code in (1, 2)
        assert text in " ".join(err.split())


def test_passes_in_python(place) -> None:
    scope: dict[str, Any] = {}
    exec(MODEL, scope)
    x = torch.rand(2, 1, 8, 8)
    seen: list[str] = []

    def tag(module: Any) -> None:
        from pumice import ir

        seen.append(module.operation.attributes["pum.device"].__class__.__name__)
        module.operation.attributes["example.tag"] = ir.UnitAttr.get()

    program = pumice.compile(
        scope["net"], x, device="isaac",
        passes={"linalg": "cse", "crossbar": [tag, "canonicalize"], "simulator": tag},
    )  # fmt: skip
    assert len(seen) == 2
    assert "example.tag" in program.ir("crossbar")
    assert "example.tag" in program.ir("simulator")
    assert "example.tag" not in program.ir("quantized")
    plain = pumice.compile(scope["net"], x, device="isaac")
    assert torch.equal(plain.run(x).outputs, program.run(x).outputs)
    assert len(pumice.compile(scope["net"], x, device="puma",
                              options={"passes": {"pum": tag}}).levels) == 5  # fmt: skip
    program.recompile("puma")
    assert len(seen) == 5

    def wrong(module: Any) -> None:
        module.body.operations[0].regions[0].blocks[0].operations[-1].erase()

    for passes, text in (
        ({"gates": "cse"}, "expected passes of a level of linalg, .*, got 'gates'"),
        ({"pum": [3]}, "expected passes of level 'pum' to be texts of pipelines or functions, got"),
        ({"crossbar": wrong}, "pass 'wrong' of level 'crossbar': "),
        ({"linalg": "verify-level{level=pum}"}, "passes of level 'linalg': .*expected a module at"),
    ):
        with pytest.raises(pumice.CompileError, match=text):
            pumice.compile(scope["net"], x, passes=passes)


def test_tools_that_are_not_there(monkeypatch) -> None:
    with pytest.raises(
        pumice.PumiceError, match="expected the tool pumice-cat to be installed, found none in"
    ):
        tool("pumice-cat")


# ---- versions, completion, progress -----------------------------------------------------------


def test_versions_and_completion(run, monkeypatch) -> None:
    for module in ("pumice", "pumice.zoo", "pumice.scheduling"):
        done = subprocess.run(
            [sys.executable, "-m", module, "--version"], capture_output=True, text=True
        )
        assert done.stdout == f"pumice {pumice.__version__}\n", done.stderr
    pytest.importorskip("shtab")
    for shell in ("bash", "zsh", "fish", "tcsh"):
        code, out, _ = run("completion", shell)
        assert code == 0
        assert "evaluate" in out
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, _, err = run("completion", "bash")
    assert code == 1
    assert "completion needs the package shtab: pip install 'pumice[completion]'" in err


def test_bash_completes(run, tmp_path, monkeypatch) -> None:
    pytest.importorskip("shtab")
    monkeypatch.chdir(tmp_path)
    Path("model.py").touch()
    Path("complete.sh").write_text(run("completion", "bash")[1])
    script = (
        '. ./complete.sh; for line in "run mo" "run -d isa" "devices cam" "estimate --sort en"; do'
        " COMP_WORDS=(pumice $line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=();"
        ' _shtab_pumice; echo "${COMPREPLY[*]}"; done'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["model.py", "isaac", "cam-fefet", "energy"], done.stderr


def test_logs_have_a_line_per_phase(monkeypatch, capsys) -> None:
    monkeypatch.setattr(terminal, "QUIET_S", 0.0)
    with terminal.working("compiling"):
        pass
    assert re.search(r"^compiling: \d+\.\d s$", capsys.readouterr().err, re.M)
    with terminal.counting(3, "evaluating") as advance:
        for name in ("isaac", "puma", "puma"):
            advance(name)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "evaluating: 0/3: isaac"
    assert re.fullmatch(r"evaluating: 2/3, [\d.e+]+/s, 0 s left: puma", lines[2])
    assert list(terminal.progress([1, 2], "running", 2)) == [1, 2]
    assert capsys.readouterr().err.startswith("running: 0/2\nrunning: 1/2, ")
    terminal.say("words " * 50 + "end")
    assert capsys.readouterr().err == "words " * 50 + "end\n"
    monkeypatch.setattr(terminal, "QUIET_S", 60.0)
    with terminal.working("compiling"), terminal.counting(2) as advance:
        advance("")
    assert capsys.readouterr().err == ""


def test_terminals_have_bars_with_rate_and_time_left(monkeypatch) -> None:
    from rich.console import Console

    shown = io.StringIO()
    monkeypatch.setattr(
        terminal, "_errors", Console(file=shown, force_terminal=True, width=100, color_system=None)
    )
    with terminal.working("compiling"):
        pass
    with terminal.counting(2, "evaluating") as advance:
        for name in ("isaac", "puma", ""):
            advance(name)
    assert "compiling" in shown.getvalue()
    assert re.search(r"evaluating .* 2/2 [\d.e+]+/s ", shown.getvalue())
    assert [terminal.rate_text(rate) for rate in (12, 0.5, 0.002, 1e-5)] == [
        "12/s", "30/min", "7.2/h", "0.036/h",
    ]  # fmt: skip


def test_programs_on_standard_input(run, place) -> None:
    assert run("compile", "model.py:net", "-i", "x.npy", "-d", "isaac", "-o", "p.mlirbc")[0] == 0
    expected = run("estimate", "p.mlirbc")[1]
    done = subprocess.run(
        [sys.executable, "-m", "pumice", "estimate", "-"],
        stdin=(place / "p.mlirbc").open("rb"), capture_output=True, text=True, cwd=place,
    )  # fmt: skip
    assert done.stdout.splitlines()[:8] == expected.splitlines()[:8], done.stderr


def test_faults_of_newcomers(run, place) -> None:
    """Each is one line that names what is wrong, and no file of Python's own library."""
    code, _, err = run("estimate", "model.py:net", "-i", "x.npy", "-i", "x.npy", "-i", "x.npy")
    assert code == 1
    assert "too many positional arguments" in err
    assert "inspect.py" not in err
    (place / "typo.mlir").write_text(
        pumice.device.source_of("isaac").replace("columns_per_adc", "colums_per_adc")
    )
    code, _, err = run("devices", "typo.mlir")
    assert code == 1
    assert "name: colums_per_adc (did you mean 'columns_per_adc'?)" in err
