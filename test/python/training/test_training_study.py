# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`pumice study training`, and the page about training."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

for _name in ("torch", "torch_mlir", "torchao", "mlxtend"):
    pytest.importorskip(_name)
pytest.importorskip("pumice._mlir_libs._pumice")

import torch  # noqa: E402

import pumice  # noqa: E402
from pumice.cli import main  # noqa: E402
from pumice.experiments import training  # noqa: E402
from pumice.experiments.training import runner  # noqa: E402

PAGE = Path(__file__).resolve().parents[3] / "docs" / "training.md"


@pytest.fixture
def _few_digits(monkeypatch) -> None:
    whole = runner._training_digits

    def few() -> Any:
        x, y = whole()
        return x[:256], y[:256]

    monkeypatch.setattr(runner, "_training_digits", few)


@pytest.mark.usefixtures("_few_digits")
def test_study(tmp_path, capsys, monkeypatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    command = ["study", "training", "-n", "demo", "-s", "read noise", "--epochs", "2",
               "--images", "50", "--seeds", "2", "--json", str(tmp_path / "r.json"),
               "--output", str(tmp_path / "r.jsonl"), "--markdown", str(page)]  # fmt: skip
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "Hardware-aware training; 50 digits" in out
    [row] = json.loads((tmp_path / "r.json").read_text())["rows"]
    assert (row["network"], row["setting"], row["epochs"]) == ("demo", "read noise", 2)
    assert len(row["before"]) == len(row["after"]) == 2
    assert max(row["before"]) < row["lossless"]
    assert all(0 <= value <= 1 for value in row["after"])
    assert row["seconds"] > 0
    assert re.search(r"^\| demo \| read noise \|", page.read_text(), re.M)
    assert page.read_text().count("\n## ") == PAGE.read_text().count("\n## ")
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 3  # plain, before, after
    monkeypatch.setattr(runner, "_train", None)  # nothing is trained again
    assert main(command) == 0
    assert json.loads((tmp_path / "r.json").read_text())["rows"] == [row]


def test_errors(monkeypatch, capsys) -> None:
    for call, text in (
        (lambda: training.run(["fog"], ["demo"]), "expected a setting of read noise, .* got 'fog'"),
        (lambda: training.run(["read noise"], ["net"]), "network of demo, resnet, got 'net'"),
    ):
        with pytest.raises(pumice.PumiceError, match=text):
            call()
    assert main(["study", "training", "-s", "fog"]) == 2
    assert "expected --setting to be one of read noise" in capsys.readouterr().err
    monkeypatch.setattr(runner, "find_spec", lambda name: None)
    with pytest.raises(pumice.PumiceError, match="wheel 'mlxtend' to be installed"):
        training.run(["read noise"], ["demo"])


def test_page(capsys) -> None:
    text = PAGE.read_text()
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
        exec(compile(block, str(PAGE), "exec"), names)
    shown = re.findall(r"^prints\n\n```\n(.*?)^```$", text, re.M | re.S)
    assert len(shown) == 2
    assert capsys.readouterr().out == "".join(shown)


def test_aihwkit_has_no_grouped_convolutions() -> None:
    """Those of `demo` stay as they are; the others become layers of aihwkit."""
    pytest.importorskip("aihwkit")
    from pumice import demo
    from pumice.experiments.training.runner import _with_aihwkit

    analog = _with_aihwkit(demo.load_model())
    kinds = {name: type(layer).__name__ for name, layer in analog.named_modules()}
    assert kinds["block1.depthwise"] == "Conv2d"
    assert kinds["block1.pointwise"] == "AnalogConv2d"
    assert analog(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
