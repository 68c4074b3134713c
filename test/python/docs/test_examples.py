# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The programs of examples/ run and print what they are there to show."""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import pumice
from plugins import LAYERS, build_plugin, mlir_folders, of_build_tree
from pumice import ir
from pumice.passes import run_passes, tool

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"


def run(*command: str | Path, fails: bool = False) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return done


def printed(name: str) -> str:
    """What a Python example prints, in a process of its own."""
    return run(sys.executable, EXAMPLES / name).stdout


def printed_here(name: str) -> str:
    """What a Python example prints, in this process, which has imported PyTorch."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return output.getvalue()


@pytest.fixture
def _torch() -> None:
    for name in ("torch", "torch_mlir", "torchao"):
        pytest.importorskip(name)


def test_every_example_is_listed() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\(\1\)", (EXAMPLES / "README.md").read_text(), re.M)
    assert set(listed) == {path.name for path in EXAMPLES.iterdir() if path.is_dir()}


@pytest.mark.usefixtures("_torch")
def test_design_space() -> None:
    """With fewer points than the page shows; each network has a front."""
    lines = run(sys.executable, EXAMPLES / "design_space" / "explore.py", "16").stdout.splitlines()
    assert re.fullmatch(r"16 points, \d+ impossible", lines[0])
    assert {line.split()[0] for line in lines[1:]} == {"digits", "lenet"}
    assert {line.split()[1] for line in lines[1:]} <= {"isaac", "puma", "neurosim-rram"}


@pytest.mark.usefixtures("_torch")
def test_custom_device() -> None:
    lines = printed("custom_device/run.py").splitlines()
    assert [line.split(":")[0] for line in lines] == ["isaac", "small"]
    isaac, small = (int(re.search(r"(\d+) arrays", line)[1]) for line in lines)  # type: ignore[index]
    assert small > isaac  # 64 x 64 cells of one bit, two of them for a sign
    assert all(int(re.search(r"(\d+) of 20", line)[1]) >= 18 for line in lines)  # type: ignore[index]


@pytest.mark.usefixtures("_torch")
def test_measured_cells() -> None:
    table = run(sys.executable, EXAMPLES / "measured_cells" / "table.py").stdout
    assert table == (EXAMPLES / "measured_cells" / "pcm.csv").read_text()
    found = {}
    for line in printed("measured_cells/run.py").splitlines():
        name, text = line.split(": ")
        found[name] = [float(word) for word in re.findall(r"[\d.]+", text)]
    one, eight = found["pulses up to 1"], found["pulses up to 8"]
    assert eight[2] > one[2]  # time and energy
    assert eight[3] > one[3]
    assert found["365 days, compensated"][0] >= found["365 days, as it is"][0]


@pytest.mark.usefixtures("_torch")
def test_interconnect() -> None:
    """All arrays are on the first tile: links cost nothing if the memories are next to it."""
    lines = [line.rsplit(": ", 1) for line in printed("interconnect/links.py").splitlines()]
    energy = [float(re.search(r"([\d.]+) nJ", text)[1]) for _, text in lines]  # type: ignore[index]
    no_links, corner, *far = energy
    assert no_links == corner == 0
    assert len(far) == 3
    assert min(far) > 0
    assert [text.rsplit(" ", 1)[1] for _, text in lines[:2]] == ["none", "none"]


@pytest.mark.usefixtures("_torch")
def test_decode() -> None:
    pytest.importorskip("transformers")
    lines = dict(line.split(":", 1) for line in printed("decode/decode.py").splitlines())
    assert lines["state"].count("key_cache") == 2
    tokens = lines["pytorch"].split()
    assert tokens[:3] == ["11", "42", "7"]
    assert len(tokens) == 13
    assert lines["machine"].split() == tokens
    assert lines["again"].split() == tokens


@pytest.mark.usefixtures("_torch")
def test_sweep() -> None:
    rows = [line.split() for line in printed_here("sweep/sweep.py").splitlines()[1:]]
    assert [row[0] for row in rows] == ["32", "64", "128"]
    right = [int(row[1].split("/")[0]) for row in rows]
    energy = [float(row[2]) for row in rows]
    assert right[0] >= 45
    assert right[2] < 25  # sums of 128 rows do not fit 5 bits
    assert energy == sorted(energy, reverse=True)


@pytest.mark.usefixtures("_torch")
def test_compare() -> None:
    text = printed_here("compare/compare.py")
    assert "isaac-8b: no layer diverges" in text
    assert "isaac-5b: diverges first at down" in text


@pytest.mark.usefixtures("_torch")
def test_ternary() -> None:
    text = printed_here("ternary/train.py")
    assert "same answers as PyTorch: True" in text
    assert re.search(r"[1-9][\d,]+ passes of the processors", text)


@pytest.mark.usefixtures("_torch")
def test_search() -> None:
    lines = printed_here("search/digits.py").splitlines()
    assert [line for line in lines if "same answers" in line] == [
        "1-NN: same answers as PyTorch: True",
        "HDC: same answers as PyTorch: True",
    ]
    right = [int(re.search(r"(\d+) of 150", line)[1]) for line in lines if " of 150" in line]  # type: ignore[index]
    assert len(right) == 2
    assert min(right) >= 90
    assert sum(line.endswith(" pJ per search") for line in lines) == 2


def test_python_pass() -> None:
    full, clamped = printed("python_pass/saturate_weights.py").splitlines()
    # x @ w and x @ w.clip(-8, 7); 3 columns x 8 input bits x cells of 2 bits per weight.
    assert full == "own bits: [[384, -112, 139]], 96 conversions"
    assert clamped == "4 bits: [[24, -30, 33]], 48 conversions"


def test_cpp_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = Path(os.environ.get("PUMICE_TOOLS_DIR", "")).parent
    if (tree / "PumiceConfig.cmake").exists():
        settings = of_build_tree(tree)
    else:
        package = Path(pumice.__file__).parent
        settings = [f"-DPumice_DIR={package / 'cmake'}", *mlir_folders()]
    plugin = build_plugin(tmp_path, settings)
    done = run(tool("pumice-opt"), LAYERS, f"--load-pass-plugin={plugin}", "--count-arrays")
    assert "remark: takes 8 arrays" in done.stderr
    assert "module attributes {example.arrays = 8 : i64}" in done.stdout
    # In a compilation, what passes say is shown too.
    with ir.Context():
        module = ir.Module.parse(Path(LAYERS).read_text())
    module = run_passes(module, "crossbar", ["count-arrays"], [str(plugin)])
    assert "example.arrays = 8 : i64" in str(module)
    assert "remark: takes 8 arrays" in capsys.readouterr().err
