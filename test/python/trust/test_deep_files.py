# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that nest without end, and tables that hold something else than numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pumice
from pumice._mlir_libs import _pumice
from pumice.evaluation import state
from pumice.experiments.store import Store
from pumice.files import parsed_json

DEEP = ('{"a":' * 100_000 + "1" + "}" * 100_000, "[" * 100_000, "[" * 900 + "]" * 900)
NETWORK = Path(__file__).resolve().parents[2] / "Inputs" / "network.mlir"


@pytest.mark.parametrize("text", DEEP)
def test_json(text: str, tmp_path: Path) -> None:
    """Python's reader and LLVM's recurse; what was read would be copied by recursion."""
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="nested at most 200 deep, got more"):
        parsed_json(text)
    with pytest.raises(pumice.PumiceError, match="nested at most 200 deep, got more"):
        pumice.Device(path)
    (tmp_path / "store").write_text(text + "\n")
    with pytest.raises(pumice.PumiceError, match="got something else in line 1"):
        Store(tmp_path / "store")
    with pytest.raises(pumice.PumiceError, match="to be the state of an evaluation"):
        state.read(path, state.State("k"))
    with pytest.raises(ValueError, match="expected JSON nested at most 64 deep, got more"):
        _pumice.schedule(text)
    with pytest.raises(pumice.PumiceError, match="nested at most 64 deep, got more"):
        pumice.compile(NETWORK, device="isaac", schedule=str(path))


def test_json_that_is_not_deep() -> None:
    """Brackets in strings do not count."""
    data = {"a": ["[" * 300, {"b": '\\"{' * 300}], "c": [[]] * 300}
    assert parsed_json(json.dumps(data)) == data
    with pytest.raises(ValueError, match="expected a key .problem."):
        _pumice.schedule(json.dumps(data))


def device_with(table: bytes, folder: Path) -> pumice.Device:
    """A device whose cells are measured in a file."""
    (folder / "cells.csv").write_bytes(table)
    fields = pumice.Device("isaac").fields
    del fields["laws"]
    group = next(group for group in fields["groups"] if group["kind"] == "crossbar")
    group["array"]["analog"] = {"cells": {"file": str(folder / "cells.csv")}}
    return pumice.Device(fields)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"level,mean_siemens\n" + b"1" * 5_000_000 + b",1\n", r"got '1{40}\.\.\.'"),
        (b"\xff\xfe,mean_siemens\n0,1\n", "unknown column '\ufffd"),
        (b"level,mean_siemens\n0,\xff\n", "expected a number as mean_siemens, got '\ufffd'"),
        (b"level,mean_siemens\n0,\0\n", "expected a number as mean_siemens"),
    ],
)
def test_words_of_tables(table: bytes, words: str, tmp_path: Path) -> None:
    """Errors are text, and short."""
    with pytest.raises(pumice.PumiceError, match=words) as caught:
        device_with(table, tmp_path)
    assert len(str(caught.value)) < 1000


def test_tables_of_spreadsheets(tmp_path: Path) -> None:
    """They begin with a mark of UTF-8 and end lines as Windows does."""
    rows = "".join(f"{level},{1e-6 * (level + 1)}\r\n" for level in range(4))
    table = b"\xef\xbb\xbflevel,mean_siemens\r\n" + rows.encode()
    assert len(device_with(table, tmp_path).crossbars["array"]["analog"]["cells"]["levels"]) == 4
