# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The limits of scripts/check_neon.py: nets are within them, constants are not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import pumice

pytest.importorskip("scipy")
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))
import check_neon
from check_minilm import agreement


class Encoder(nn.Module):
    """Attention and a feed-forward layer; the mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.up, self.down = nn.Linear(16, 48), nn.Linear(16, 64), nn.Linear(64, 16)
        self.norm = nn.LayerNorm(16)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).chunk(3, -1)
        x = self.norm(x + F.scaled_dot_product_attention(3 * q, 3 * k, v))
        return (x + self.down(F.gelu(self.up(x)))).mean(1)


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    torch.manual_seed(0)
    model, x = Encoder().eval(), torch.randn(40, 6, 16)
    with torch.no_grad():
        reference = model(x).double().numpy()
        found = {}
        for name, (make, bits) in check_neon.configurations().items():
            figures = agreement(make(model, x[:4])(x).double().numpy(), reference)
            found[name] = {"name": name, "bits": bits, **figures}
    return found


def test_nets_are_within_the_limits(rows: dict[str, dict[str, Any]]) -> None:
    assert check_neon.check_minilm_rows(list(rows.values())) == []
    assert rows["nets of 16 bits"]["cosine"] >= 0.9999
    assert rows["nets of 12 bits"]["cosine"] >= 0.999


@pytest.mark.parametrize("name", ["control: uniform attention", "control: constant GELU"])
def test_controls_fail_the_gate_of_nets(rows: dict[str, dict[str, Any]], name: str) -> None:
    """Uniform attention and a constant net, as if they were nets of 16 bits."""
    as_net = {**rows[name], "name": "a net", "bits": 16}
    wrong = check_neon.check_minilm_rows([as_net])
    assert any("cosine" in text for text in wrong)
    # A control that does as well as a net is reported too: the gate would tell nothing.
    as_control = {**rows["nets of 16 bits"], "name": name, "bits": None}
    assert check_neon.check_minilm_rows([as_control]) == [f"{name} is within the limits"]


def test_lost_accuracy_is_wrong() -> None:
    row = {
        "name": "CNN", "exact": 97.0, "16": 96.9, "digital": 96.5, "nets": 96.5, "control": 60.0,
    }  # fmt: skip
    assert check_neon.check_digits_row(row) == []
    assert check_neon.check_digits_row({**row, "nets": 96.3}) == ["CNN, program: 96.5 % to 96.3 %"]
    assert check_neon.check_digits_row({**row, "16": np.float64(10.0)}) == [
        "CNN, PyTorch: 97.0 % to 10.0 %"
    ]
    assert check_neon.check_digits_row({**row, "control": 96.4}) == [
        "CNN: constant nets are within the limits"
    ]


def program_rows(linear: str, **nets: float) -> list[dict[str, Any]]:
    """Rows of programs that are within the limits, but for figures of the nets of 16 bits."""
    good = {"cosine": 1.0, "same_nearest": 1.0, "exact": 0.99, "slower": 1.1}
    bits = {"nets of 16 bits": 16, "nets of 12 bits": 12}
    rows = [
        {"linear": linear, "name": name, "bits": bits.get(name), **good}
        for name in check_neon.PROGRAMS
    ]
    rows[1] |= nets
    for row in rows[3:]:
        row |= {"cosine": 0.5, "bits": 16}
    return rows


def test_programs() -> None:
    assert check_neon.check_machine_rows(program_rows("float32")) == ([], [])
    wrong, missed = check_neon.check_machine_rows(program_rows("float32", cosine=0.99))
    assert wrong == ["float32 layers, nets of 16 bits: cosine 0.990000 < 0.9999"]
    assert missed == []
    # Between int8 programs it is missed for a reason; what counts is the float model.
    wrong, missed = check_neon.check_machine_rows(program_rows("int8", cosine=0.99))
    assert wrong == []
    assert missed == ["int8 layers, nets of 16 bits: cosine 0.990000 < 0.9999"]
    wrong, missed = check_neon.check_machine_rows(program_rows("int8", exact=0.98, slower=2.5))
    assert wrong == [
        "int8 layers, nets of 16 bits: cosine to the float model 0.9800 < 0.9900",
        "int8 layers, nets of 16 bits: runs 2.50 times as long as digital functions",
    ]
    rows = program_rows("float32")
    rows[3]["cosine"] = 1.0
    assert check_neon.check_machine_rows(rows)[0] == [
        "float32 layers, control: constant nets for exp: within the limits"
    ]


class Feed(nn.Module):
    """A GELU between linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down(F.gelu(self.up(x)))
        return y


def test_constant_nets_on_arrays_are_the_control() -> None:
    """The simulator computes the changed nets: results do not depend on their inputs."""
    torch.manual_seed(0)
    model, x = Feed().eval(), torch.randn(32, 8)
    with torch.no_grad():
        reference = model(x).double().numpy()
    cosines = {}
    for constant in (None, "gelu", "exp"):
        program = pumice.compile(
            model, x, device="neon", quantize=False, **check_neon.with_nets(16, constant)
        )
        cosines[constant] = agreement(program.run(x).outputs.double().numpy(), reference)["cosine"]
    assert cosines[None] >= 0.9999
    assert cosines["exp"] == cosines[None]  # has no such net
    assert cosines["gelu"] < 0.99
