# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/bench: a quick run gives every figure; its layers are what it says they are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "bench"))

import bench  # noqa: E402
import pumice  # noqa: E402
import workloads  # noqa: E402


@pytest.fixture(scope="module")
def figures(tmp_path_factory, request):
    """A quick run: what it printed and wrote."""
    file = tmp_path_factory.mktemp("bench") / "b.json"
    capture = request.getfixturevalue("capsys_module")
    code = bench.main(["--quick", "--only", "W1,W2-worst,W3", "--json", str(file)])
    return code, capture.readouterr().out, json.loads(file.read_text())


@pytest.fixture(scope="module")
def capsys_module(request):
    """capsys for fixtures of a module."""
    from _pytest.capture import CaptureFixture, SysCapture

    capture = CaptureFixture(SysCapture, request, _ispytest=True)
    capture._start()
    yield capture
    capture.close()


def test_figures(figures) -> None:
    code, _, data = figures
    assert code == 0
    assert data["machine"]["cores"] >= 1
    assert data["peak_bytes"] > 0
    assert [w["name"] for w in data["workloads"]] == ["W1", "W2-worst", "W3"]
    for workload in data["workloads"]:
        rows = {row["system"]: row for row in workload["results"]}
        assert set(rows) == {*bench.TORCH, *bench.DEVICES}
        for row in rows.values():
            for key in ("t1", "t2"):
                assert 0 < row[key]["min_ms"] <= row[key]["median_ms"]
                assert row[key]["over_torch_int8"] > 0
            assert row["second_thread"] == pytest.approx(
                row["t1"]["median_ms"] / row["t2"]["median_ms"]
            )
        for name in bench.DEVICES:
            row = rows[name]
            assert row["memory_bytes"] >= 0
            times = row["t2"]
            assert times["ns_per_conversion_and_thread"] == pytest.approx(
                2e6 * times["median_ms"] / row["conversions"]
            )


def test_conversions_are_those_of_the_layer(figures) -> None:
    _, _, data = figures
    first, second, third = data["workloads"]
    # vectors x outputs x slices x input bits, for one tile of rows
    assert first["results"][-1]["conversions"] == 16 * 64 * 4 * 8
    assert second["results"][-1]["conversions"] == 64 * 8 * 4 * 8
    assert first["macs"] == 16 * 64 * 64
    assert third["converters"] is None


def test_table(figures) -> None:
    _, out, _ = figures
    assert "W1: linear 64x64, batch 16" in out
    assert "ResNet-18 at 32x32, batch 1" in out
    assert "times as long as full_scale with 1 thread" in out
    assert "not measured" not in out
    assert "Peak memory of the process" in out


def test_worst_case_saturates() -> None:
    workload = workloads.linear("W1-worst", 256, 16, 8, worst=True)
    busy = workloads.busy(workload)
    assert busy["columns_at_risk"] == 1
    assert busy["clipped"] > 0.9
    program = workload.compile(pumice.Device("isaac"))
    found = program.run(*workload.inputs).outputs
    assert (found < workload.exact).all()
    relaxed = pumice.Device("isaac").replace(array={"adc": {"bits": 9}})
    assert (workload.compile(relaxed).run(*workload.inputs).outputs == workload.exact).all()


def test_activations_use_all_codes() -> None:
    x = workloads.codes((64, 64), False, np.random.default_rng(0))
    assert x.max() == 255
    assert 0.1 < (x == 0).mean() < 0.5


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--only", "W4"], "expected some of W1, W1-worst, W2, W2-worst, W3, got 'W4'"),
        (["--systems", "isaac"], "expected some of lossless, clip, full_scale, noisy, got"),
        (["--with", "spice"], "expected some of aihwkit, crosssim, got 'spice'"),
        (["--page", "nothing.md"], "expected a page with '<!-- results of"),
        (["--rounds", "0"], "expected at least 1 round, got 0"),
    ],
)
def test_wrong_arguments(arguments: list[str], text: str, capsys) -> None:
    with pytest.raises(SystemExit):
        bench.main(arguments)
    assert text in capsys.readouterr().err


def test_peer_that_is_not_installed(capsys) -> None:
    from importlib.util import find_spec

    if find_spec("simulator"):
        pytest.skip("crosssim is installed")
    arguments = ["--quick", "--only", "W1", "--systems", "clip", "--with", "crosssim"]
    assert bench.main(arguments) == 0
    assert "crosssim was not measured: No module named 'simulator'" in capsys.readouterr().out


def test_results_go_into_the_page(tmp_path, capsys) -> None:
    page = tmp_path / "benchmark.md"
    page.write_text((ROOT / "docs" / "benchmark.md").read_text())
    head, _, tail = page.read_text().partition(bench._BEGIN)
    arguments = ["--quick", "--only", "W1", "--systems", "clip", "--page", str(page)]
    for _ in range(2):
        assert bench.main(arguments) == 0
        printed = capsys.readouterr().out
    text = page.read_text()
    assert text.startswith(head)
    assert text.endswith(tail.partition(bench._END)[2])
    assert f"```\n{printed}```" in text
    assert text.count("W1: linear") == 1
