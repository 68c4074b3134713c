# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of measurements that device files name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

from measurements import adc_codes, cell_levels, csv_text
from pumice import Device, PumiceError
from pumice.device import source_of

BITS = 3


def cell_rows(**fixed: float) -> list[dict[str, Any]]:
    """Rows of a table of cells of 2 bits at two temperatures."""
    levels = cell_levels(4, 1, (300, 350), **fixed)
    return [
        {"temperature_k": row.pop("temperature_k"), "level": i % 4, **row}
        for i, row in enumerate(levels)
    ]


def adc_rows() -> list[dict[str, Any]]:
    """Rows of a table of two converters."""
    rows = []
    for converter in range(2):
        codes = adc_codes(BITS, converter)
        for code, value in enumerate(codes["values"]):
            threshold = codes["thresholds"][code - 1] if code else ""
            rows.append(
                {"converter": converter, "code": code, "threshold": threshold, "value": value}
            )
    return rows


def fields_of(**array: Any) -> dict[str, Any]:
    """The fields of a device without laws whose array is changed and not checked."""
    fields = Device("isaac").fields
    del fields["laws"]
    group = next(group for group in fields["groups"] if group["kind"] == "crossbar")
    group["array"] |= array
    return fields


def named(cells: str | None = "cells.csv", adc: str | None = None, **analog: Any) -> dict[str, Any]:
    """Fields that name tables."""
    array: dict[str, Any] = {}
    if cells:
        array["analog"] = {"cells": {"file": cells}, "temperature_k": 320, **analog}
    if adc:
        array["adc"] = {"bits": BITS, "mode": "full_scale", "table": {"file": adc}}
    return fields_of(**array)


def write_device(folder: Path, text: str = "") -> Path:
    """A device file next to its tables."""
    (folder / "cells.csv").write_text("# made up\n\n" + csv_text(cell_rows()))
    (folder / "adc.csv").write_text(csv_text(adc_rows()))
    plain = str(Device(fields_of(adc={"bits": BITS, "mode": "full_scale"})))
    mode = "mode = full_scale"
    assert plain.count(mode) == 1
    table = f'{mode}, table = <file = "adc.csv">'
    encoding = "encoding = offset"
    cells = 'analog = <cells = <file = "cells.csv">, temperature_k = 320>'
    plain = plain.replace(mode, table).replace(encoding, f"{encoding}, {text or cells}", 1)
    path = folder / "own.mlir"
    path.write_text(plain)
    return path


def test_files_are_read_into_the_device(tmp_path, monkeypatch) -> None:
    device = Device(write_device(tmp_path))
    array = device.crossbars["array"]
    assert array["analog"]["cells"] == {"levels": cell_levels(4, 1, (300, 350))}
    assert array["adc"]["table"] == {"converters": [adc_codes(BITS, 0), adc_codes(BITS, 1)]}
    assert "file" not in str(device).replace("#crossbar", "")
    # The same from JSON, and from fields with paths relative to the current folder.
    path = tmp_path / "own.json"
    path.write_text(json.dumps(named(adc="adc.csv")))
    assert Device(path).crossbars == device.crossbars
    monkeypatch.chdir(tmp_path)
    assert Device(named(adc="adc.csv")).crossbars == device.crossbars
    assert Device("own.mlir") == device


def test_round_trips(tmp_path) -> None:
    device = Device(write_device(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    (other / "text.mlir").write_text(str(device))
    (other / "fields.json").write_text(json.dumps(device.fields))
    for again in (
        Device(other / "text.mlir"),
        Device(other / "fields.json"),
        Device(device.fields),
    ):
        assert again == device
        assert str(again) == str(device)
    source = source_of(str(tmp_path / "own.mlir"))
    assert 'file = "cells.csv"' in source


def test_replace(tmp_path, monkeypatch) -> None:
    write_device(tmp_path)
    monkeypatch.chdir(tmp_path)
    cells = {"file": "cells.csv"}
    device = Device("isaac").replace(array={"analog": {"cells": cells, "temperature_k": 300}})
    assert len(device.crossbars["array"]["analog"]["cells"]["levels"]) == 8
    again = device.replace(array={"analog": {"cells": cells}})  # in place of the levels
    assert again == device
    hot = device.replace(array={"analog": {"temperature_k": 350}})
    assert hot != device
    with pytest.raises(PumiceError, match="must be between 300 and 350, where cells were measured"):
        device.replace(array={"analog": {"temperature_k": 400}})


def test_differences(tmp_path, capsys) -> None:
    from pumice.cli import main

    write_device(tmp_path)
    with pytest.raises(PumiceError, match="expected a list in place of one without names, got"):
        Device(tmp_path / "own.mlir").replace(
            array={"analog": {"cells": {"levels": {"0": {"mean_siemens": 1e-6}}}}}
        )
    (tmp_path / "plain.mlir").write_text(str(Device(fields_of())))
    assert not main(["devices", str(tmp_path / "own.mlir"), str(tmp_path / "plain.mlir"), "--diff"])
    text = capsys.readouterr().out
    assert "analog.cells.levels[7].mean_siemens" in text
    assert "adc.table.converters[1].values[0]" in text


# ---- what is wrong, and where -----------------------------------------------------------------

HEAD = "level,mean_siemens,spread_siemens"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEAD}\n0,1e-6,nan\n", "line 2: expected a number as spread_siemens, got 'nan'"),
        (f"{HEAD}\n0,much,0\n", "line 2: expected a number as mean_siemens, got 'much'"),
        (f"{HEAD}\n0,,0\n", "line 2: expected a number as mean_siemens, got ''"),
        (f"{HEAD}\n\n0,1e-6,-1\n", "line 3: spread_siemens must be at least 0, got -1"),
        (f"{HEAD}\n0,1e-6\n", "line 2: expected 3 numbers, got 2"),
        (f"{HEAD}\n1,1e-6,0\n", "line 2: expected level 0 of 4, got 1"),
        (
            f"{HEAD}\n0,3e-6,0\n1,2e-6,0\n",
            "line 3: mean_siemens must increase with the level, got 2e-06 after 3e-06",
        ),
        (
            "level,mean_siemen\n0,1\n",
            "line 1: unknown column 'mean_siemen', expected temperature_k, level, mean_siemens, "
            "spread_siemens, drift_exponent, drift_exponent_sigma, read_noise_siemens "
            "(did you mean 'mean_siemens'?)",
        ),
        ("level,level\n", "line 1: column 'level' occurs twice"),
        ("level\n0\n", "line 1: expected a column 'mean_siemens'"),
        ("", "table 'cells.csv': expected a line of names and lines of numbers"),
        (f"{HEAD}\n0,1e-6,0\n1,2e-6,0\n", "line 3: expected 4 levels (2^cell_bits), got 2"),
        (
            "temperature_k,level,mean_siemens\n300,0,1e-6\n310,1,2e-6\n",
            "line 3: expected level 1 of 4 at 300 K, got 310 K",
        ),
    ],
)
def test_bad_tables_of_cells(text, words, tmp_path, monkeypatch) -> None:
    path = write_device(tmp_path)
    (tmp_path / "cells.csv").write_text(text)
    with pytest.raises(PumiceError) as caught:
        Device(path)
    assert words in str(caught.value)
    assert "groups.arrays: array.analog.cells: table 'cells.csv'" in str(caught.value)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PumiceError) as caught:
        Device(named())
    assert words in str(caught.value)
    assert str(caught.value).startswith("device 'isaac': groups.arrays")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "converter,code,threshold,value\n1,0,,0\n",
            "line 2: expected code 0 of 8 of converter 0, got 0 of converter 1",
        ),
        (
            "code,threshold,value\n0,,0\n2,0.5,1\n",
            "line 3: expected code 1 of 8 of converter 0, got 2 of converter 0",
        ),
        (
            "code,threshold,value\n0,,0\n1,0.5,1\n",
            "line 3: expected 8 output codes (2^bits), got 2",
        ),
        (
            "code,threshold,value\n0,,0\n1,2,1\n",
            "line 3: thresholds must be between 0 and 1, got 2",
        ),
        (
            "code,threshold,value\n0,,1\n1,0.5,0\n",
            "line 3: values must not decrease, got 0 at number 1",
        ),
    ],
)
def test_bad_tables_of_converters(text, words, tmp_path) -> None:
    path = write_device(tmp_path)
    (tmp_path / "adc.csv").write_text(text)
    with pytest.raises(PumiceError) as caught:
        Device(path)
    assert words in str(caught.value)


def test_missing_tables(tmp_path, monkeypatch) -> None:
    path = write_device(tmp_path)
    (tmp_path / "cells.csv").unlink()
    with pytest.raises(
        PumiceError, match="array.analog.cells: cannot read table '.*cells.csv': No"
    ):
        Device(path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PumiceError, match="array.analog.cells: cannot read table 'cells.csv': No"):
        Device(named())


def test_tables_that_are_no_files(tmp_path) -> None:
    path = write_device(tmp_path)
    (tmp_path / "cells.csv").unlink()
    (tmp_path / "cells.csv").mkdir()
    with pytest.raises(PumiceError, match="cells.csv': expected a file of at most 16777216 bytes"):
        Device(path)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        ({"analog": {"cells": {"levels": cell_levels(3)}}}, "cells must have 4 levels at each"),
        ({"analog": {"cells": {}}}, "cells must have either file or levels, got neither"),
        (
            {"analog": {"cells": {"levels": cell_levels(4)}, "on_off_ratio": 10}},
            "on_off_ratio must be 0 with cells, which say it, got 1",
        ),
        (
            {"analog": {"cells": {"levels": [{"mean_siemens": "x"}]}}},
            "analog.cells.levels.0.mean_siemens: expected a number, got",
        ),
        (
            {"adc": {"bits": 1, "mode": "full_scale",
                     "table": {"converters": [{"thresholds": 1, "values": []}]}}},
            "converters.0.thresholds: expected a list of numbers, got 1",
        ),
    ],
)  # fmt: skip
def test_bad_fields(array, words) -> None:
    with pytest.raises(PumiceError) as caught:
        Device(fields_of(**array))
    assert words in str(caught.value)
