# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Names that are not text: refused, or replaced where they only say where something is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pumice
from regions import region_program, region_text

PRESETS = Path(__file__).resolve().parents[3] / "lib" / "Device" / "presets"
BODY = "%y = arith.addf %a, %a : tensor<4xf32>\nreturn %y : tensor<4xf32>"
X = np.arange(4, dtype=np.float32)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ideal"', r'"id\FFal"'),
        ("@r", r'@"r\FF"'),
        ('name = "chip"', r'name = "ch\C0p"'),
        ("module attributes {", r'module attributes {test.x = ["a\80"], '),
        ("module attributes {", r'module attributes {test.x = {y = {z = "\F8"}}, '),
    ],
)
@pytest.mark.parametrize("saved", [False, True])
def test_names_in_programs(old: str, new: str, saved: bool, tmp_path: Path) -> None:
    """JSON of reports holds them, and LLVM's writer of JSON ends the process."""
    text = region_text(BODY)
    assert old in text
    (tmp_path / "p.mlir").write_text(text.replace(old, new))
    if saved:
        command = [
            Path(pumice.__file__).parent / "_mlir_libs" / "pumice-opt",
            tmp_path / "p.mlir",
            "--emit-bytecode",
        ]
        done = subprocess.run(
            [*map(str, command), "-o", str(tmp_path / "p.mlirbc")], capture_output=True, text=True
        )
        assert "expected text in UTF-8" in done.stderr
        assert done.returncode == 1
        return
    with pytest.raises(pumice.PumiceError, match=r'expected text in UTF-8, got ".*\\[8CF]'):
        pumice.load(tmp_path / "p.mlir")


@pytest.mark.parametrize("name", ["isaac", "arrays", "tile", "adc", "arrays.energy.adc_pj"])
def test_names_in_devices(name: str, tmp_path: Path) -> None:
    text = (PRESETS / "isaac.mlir").read_text()
    assert f'"{name}"' in text
    (tmp_path / "d.mlir").write_text(text.replace(f'"{name}"', rf'"{name[:2]}\FF{name[2:]}"'))
    with pytest.raises(pumice.PumiceError, match=r"expected|is not"):
        pumice.Device(tmp_path / "d.mlir")


def test_places_are_replaced(tmp_path: Path) -> None:
    """A location may name any file."""
    loc = r'loc("x\FF"("y\FE"("f\FD.py":1:2)))'
    lines = region_text(BODY).split("\n")
    text = "\n".join(f"{line} {loc}" if "simulator.digital" in line else line for line in lines)
    assert loc in text
    (tmp_path / "p.mlir").write_text(text)
    program = pumice.load(tmp_path / "p.mlir")
    result = program.run(X, keep=True)
    assert result.outputs.tolist() == (2 * X).tolist()
    assert "x�" in str(program.estimate().to_dict())
    program.estimate().to_json(tmp_path / "r.json")
    assert pumice.Report.from_json(tmp_path / "r.json").to_dict()
    (tmp_path / "p.mlir").write_text(text.replace("arith.addf", "arith.nothing"))
    with pytest.raises(pumice.PumiceError):
        pumice.load(tmp_path / "p.mlir")


def test_errors_of_what_is_no_text(tmp_path: Path) -> None:
    text = region_text(BODY).replace('kind = "add"', r'kind = "a\FF"')
    (tmp_path / "p.mlir").write_text(text)
    with pytest.raises(pumice.PumiceError, match='kind must be one of .* got "a�"'):
        pumice.load(tmp_path / "p.mlir")


def test_surrogates_in_json(tmp_path: Path) -> None:
    """JSON has names that no text has."""
    fields = pumice.Device("isaac").fields
    for place in (fields, fields["groups"][0], fields["components"][0]):
        old = place["name"]
        place["name"] = "a\ud800"
        (tmp_path / "d.json").write_text(json.dumps(fields))
        with pytest.raises(pumice.PumiceError, match=r"expected a device in UTF-8, got '\\ud800'"):
            pumice.Device(tmp_path / "d.json")
        place["name"] = old


def test_paths(tmp_path: Path) -> None:
    """The bindings take paths as text."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mlir")
    Path(path).write_text(region_text(BODY))
    device = os.fsdecode(os.fsencode(tmp_path) + b"/\xfe-device.mlir")
    Path(device).write_text((PRESETS / "isaac.mlir").read_text())
    for use in (
        lambda: pumice.load(path),
        lambda: pumice.Device(device),
        lambda: region_program(BODY).save(path),
    ):
        with pytest.raises(pumice.PumiceError, match="expected a path in UTF-8, got b'.*xf"):
            use()


def test_want_of_memory_ends_only_the_reader(tmp_path: Path) -> None:
    """An alignment of 0 cannot be allocated; the child that reads must not go on as the caller."""
    (tmp_path / "p.mlir").write_text(
        "func.func private @f() -> tensor<1xi8> {\n"
        "  %0 = arith.constant dense_resource<w> : tensor<1xi8>\n"
        "  return %0 : tensor<1xi8>\n}\n"
        '{-#\n dialect_resources: { builtin: { w: "0x0000000001" } }\n#-}\n'
    )
    program = (
        "import sys, pumice\n"
        "try:\n    pumice.load(sys.argv[1])\n"
        "except pumice.PumiceError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "p.mlir"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "got what ends MLIR's reader (want of memory)" in line
