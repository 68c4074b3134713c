# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command `python -m pumice.zoo`, and the limits that it checks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from pumice import zoo
from pumice.zoo import __main__ as command
from pumice.zoo.measure import Figures, check, measure


def test_limits_are_checked() -> None:
    good = Figures("n", "ideal", 5, 5, arrays=1, seconds={"run": 1.0}, integers=10)
    good.sqnr_db, good.cosine, good.quantized_cosine = 30.0, 0.999, 1.0
    assert check(good) == []
    bad = Figures("n", "ideal", 5, 6, seconds={"run": 1.0}, integers=10, different=1)
    bad.sqnr_db, bad.cosine = float("nan"), 0.5
    assert check(bad) == [
        "expected 6 parameters, got 5",
        "no layer runs on crossbar arrays",
        "expected sqnr_db of at least 10, got nan",
        "expected cosine of at least 0.95, got 0.5",
        "expected equal of at least 0.999, got 0.9",
        "expected quantized_cosine of at least 0.99, got nothing",
    ]


def test_command_prints_rows(capsys) -> None:
    assert command.main(["lenet", "--small", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert "lenet" in out
    assert "green" in out
    assert "lenet: ok" in err


def test_command_prints_json(capsys, monkeypatch) -> None:
    # In this process, which has imported everything.
    monkeypatch.setattr(
        command,
        "_measured",
        lambda name, args: measure(name, args.device, small=args.small, threads=args.threads),
    )
    assert command.main(["lenet", "--small", "--json", "--device", "isaac"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["name"] == "lenet"
    assert row["device"] == "isaac"
    assert row["equal"] == 1
    assert set(row["seconds"]) >= {"quantize", "import", "passes", "prepare", "run", "torch"}


def test_command_is_red_when_a_network_fails(capsys) -> None:
    assert command.main(["lenet", "--small", "--device", "nowhere"]) == 1
    out, err = capsys.readouterr()
    assert "red" in out
    assert "nowhere" in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nothing"], "expected a network of"),
        (["--threads", "0"], "expected at least 1 thread, got 0"),
    ],
)
def test_command_line_errors(arguments, text, capsys) -> None:
    with pytest.raises(SystemExit) as error:
        command.main(arguments)
    assert error.value.code == 2
    assert text in capsys.readouterr().err


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys; from pumice.zoo.__main__ import main; main(['--list']);"
        " assert 'torch' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert all(name in result.stdout for name in zoo.NETWORKS)
