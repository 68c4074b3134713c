# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice sweep` with several networks, of the zoo too, workers, studies and files."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")

from pumice.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "import torch\ndef make():\n    torch.manual_seed(0)\n    return torch.nn.Linear(6, 3)\n"
    )


def test_several_networks(capsys) -> None:
    command = ["sweep", "net.py:make", "zoo-small:lenet", "--set", "energy.adc_pj=1,2"]
    assert main([*command, "--json"]) == 2  # the first has no inputs of its own
    assert "expected --input or --shape" in capsys.readouterr().err
    command[1] = "zoo-small:demo_cnn"
    assert main([*command, "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [(r["model"], r["energy.adc_pj"]) for r in records] == [
        (name, value) for name in ("zoo-small:demo_cnn", "zoo-small:lenet") for value in (1, 2)
    ]


def test_files_and_processes(capsys, tmp_path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    pytest.importorskip("optuna")
    assert main([
        "sweep", "net.py:make", "--shape", "4x6", "-d", "isaac", "-d", "puma", "--workers", "2",
        "--set", "array.rows=64,128", "--set", "energy.adc_pj=1,2", "--search", "optuna",
        "--trials", "6", "--study", "study.log", "--parquet", "s.parquet", "--parallel", "s.svg",
    ]) == 0  # fmt: skip
    assert "Best in latency_ns, dynamic_energy_pj" in capsys.readouterr().out
    for name in ("study.log", "s.parquet", "s.svg"):
        assert (tmp_path / name).stat().st_size


def test_a_network_that_is_not_in_the_zoo(capsys) -> None:
    assert main(["estimate", "zoo:resnet5"]) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "no network 'resnet5' in the zoo, expected one of" in err
    assert "(did you mean 'resnet50'?)" in err
