# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Several devices in one table, estimates from shapes, differences of devices."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from pumice import Device, PumiceError
from pumice.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        """
import torch

def make():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))

class Words(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(9, 6)
        self.last = torch.nn.Linear(6, 2)

    def forward(self, ids, scale):
        return self.last(self.table(ids) * scale)
"""
    )
    np.save("x.npy", np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32))


def estimate(capsys, *options: str):
    assert main(["estimate", "net.py:make", *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_devices_side_by_side(capsys) -> None:
    devices = ["-d", "isaac", "-d", "puma", "-d", "neurosim-rram"]
    found = estimate(capsys, "--shape", "4x6", *devices)
    assert [item["name"] for item in found] == ["isaac", "puma", "neurosim-rram"]
    for item in found:
        alone = estimate(capsys, "--shape", "4x6", "-d", item["name"])
        assert item["figures"] == alone["figures"]
        assert item["energy_pj"] == alone["energy_pj"]
    assert main(["estimate", "net.py:make", "--shape", "4x6", *devices]) == 0
    out = capsys.readouterr().out
    assert "3 estimates side by side" in out
    (latency,) = (line for line in out.splitlines() if line.startswith("latency"))
    assert len(latency.split()) == 1 + 2 * 3
    assert "neurosim-rram does not state: energy, static, area of the device, TOPS/mm2" in out


def test_values_of_fields_side_by_side(capsys) -> None:
    found = estimate(capsys, "--shape", "4x6", "-d", "isaac", "--set", "array.adc.bits=6,8")
    assert [item["name"] for item in found] == [
        "isaac, array.adc.bits=6", "isaac, array.adc.bits=8"
    ]  # fmt: skip
    assert found[0]["energy_pj"]["adc"] < found[1]["energy_pj"]["adc"]
    one = estimate(capsys, "--shape", "4x6", "-d", "isaac", "--set", "array.adc.bits=6")
    assert one["energy_pj"] == found[0]["energy_pj"]
    assert main(["estimate", "net.py:make", "--shape", "4x6", "-d", "isaac", "--set",
                 "array.cell_bits=1,2", "--set", "array.adc.bits=3"]) == 0  # fmt: skip
    err = " ".join(capsys.readouterr().err.split())
    assert "costs did not follow array.cell_bits" in err
    assert "law adc_energy supports at least 4 of adc_bits, got 3" in err
    pytest.importorskip("plotly")
    assert main(["estimate", "net.py:make", "--shape", "4x6", "-d", "isaac", "-d", "puma",
                 "--html", "both.html"]) == 0  # fmt: skip
    assert "puma" in open("both.html").read()


def test_shapes_instead_of_inputs(capsys) -> None:
    by_input = estimate(capsys, "-i", "x.npy", "-d", "isaac")
    by_shape = estimate(capsys, "--shape", "4x6", "-d", "isaac")
    assert by_shape["latency_ns"] == by_input["latency_ns"]
    assert by_shape["figures"] == by_input["figures"]
    command = ["estimate", "net.py:Words", "--shape", "ids=2x7:int64", "--shape", "scale=1"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["macs"] == 2 * 7 * 6 * 2
    assert main(["sweep", "net.py:make", "--shape", "4x6", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_estimates_need_no_calibrated_converters(capsys, monkeypatch) -> None:
    import pumice

    monkeypatch.setattr(pumice.Program, "calibrate", None)
    assert estimate(capsys, "--shape", "4x6", "-d", "neurosim-rram")["figures"]["macs"] == 4 * 45


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shape", "4x6", "-i", "x.npy"], "expected --input or --shape, got both"),
        (["--shape", "4xq"], "expected --shape [NAME=]1x3x224x224[:DTYPE] for a PyTorch model"),
        (["--shape", "4x6:colour"], "expected --shape [NAME=]1x3x224x224[:DTYPE]"),
        (["--shape", "0x6"], "expected --shape [NAME=]1x3x224x224[:DTYPE]"),
        (["--shape", "x=4x6", "--shape", "x=4x6"], "input 'x' is given twice"),
        ([], "expected --input or --shape: a model is compiled for the shapes of its inputs"),
        (
            ["--shape", "4x6", "-d", "isaac", "-d", "isaac"],
            "expected devices with different names, got 'isaac' twice",
        ),
        (
            ["--shape", "4x6", "-d", "isaac", "-d", "puma", "--trace", "t.json"],
            "--report and --trace are for one device: use --json or --html",
        ),
    ],
)
def test_wrong_use(options, words, capsys) -> None:
    assert main(["estimate", "net.py:make", *options]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_running_needs_inputs(capsys) -> None:
    assert main(["run", "net.py:make", "--shape", "4x6"]) == 2
    assert "expected --input to run a model: --shape is for estimates" in capsys.readouterr().err
    assert main(["run", "net.py:make", "--shape", "4x6", "--estimate", "--json"]) == 0


def test_differences_of_devices(capsys) -> None:
    text = str(Device("isaac").replaced({"name": "mine", "array": {"adc": {"bits": 6}}}))
    with open("mine.mlir", "w") as file:
        file.write(text)
    assert main(["devices", "isaac", "mine.mlir", "--diff", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": ["isaac", "mine"], "groups[arrays].array.adc.bits": ["8", "6"]
    }  # fmt: skip
    assert main(["devices", "isaac", "mine.mlir", "--diff", "--effective", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "groups[arrays].energy.adc_pj" in found
    assert "components[adc].area_um2" in found
    assert main(["devices", "isaac", "neurosim-rram", "--diff"]) == 0
    out = capsys.readouterr().out
    assert "fields differ" in out
    assert "not stated" in out
    assert main(["devices", "isaac", "puma"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:]]
    assert listed == ["isaac", "puma"]
    for wrong in (["isaac", "--diff"], ["isaac", "puma", "neon", "--diff"]):
        assert main(["devices", *wrong]) == 2
        assert "expected two devices with --diff, got" in capsys.readouterr().err


def test_the_reason_and_one_caret(capsys) -> None:
    text = str(Device("isaac"))
    for old, new, words in (
        ("rows = 128", "rosw = 128", "unknown struct parameter name: rosw (did you mean 'rows'?)"),
        ("rows = 128", "rows = 0", "rows must be between 1 and 65536, got 0"),
    ):
        with open("wrong.mlir", "w") as file:
            file.write(text.replace(old, new, 1))
        assert main(["devices", "wrong.mlir"]) == 1
        err = capsys.readouterr().err
        assert words in err
        assert err.count("^") == 1
        assert "line " in err
    fields = Device("isaac").fields
    fields["buffer"]["portz"] = fields["buffer"].pop("ports")
    with open("wrong.json", "w") as file:
        json.dump(fields, file)
    assert main(["devices", "wrong.json"]) == 1
    # A missing field comes first; the unknown one is named when nothing is missing.
    assert "buffer.ports: expected an integer, got nothing" in capsys.readouterr().err
    fields["buffer"]["ports"] = 1
    with open("wrong.json", "w") as file:
        json.dump(fields, file)
    assert main(["devices", "wrong.json"]) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "unknown field 'buffer.portz' (did you mean 'ports'?)" in err


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"columns_per_adc": 8}, r"unknown field 'columns_per_adc'.*mean 'array.columns_per_adc'"),
        ({"levels": {"chp": {"holds": 4}}}, r"'isaac': unknown level 'chp', .*mean 'chip'"),
        ({"energy": {"adc": 1}}, r"unknown field 'groups.arrays.energy.adc' \(did you mean"),
    ],
)
def test_hints_at_what_was_meant(fields, words) -> None:
    with pytest.raises(PumiceError, match=words):
        Device("isaac").replace(**fields)


def test_a_device_that_was_probably_meant() -> None:
    with pytest.raises(PumiceError, match=r"no device 'isac', .* \(did you mean 'isaac'\?\)"):
        Device("isac")
