# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of vectors as nets on arrays, end to end: from PyTorch, from ONNX, by the CLI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import pumice
from pumice.cli import main


class Applied(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def squash(x: Tensor) -> Tensor:
    squared = (x * x).sum(-1, keepdim=True)
    return x * (squared / (1 + squared) / torch.sqrt(squared))


def masked(x: Tensor) -> Tensor:
    mask = torch.zeros(8)
    mask[5:] = -torch.inf
    return torch.softmax(x + mask, -1)


def only(module: nn.Module) -> Callable[[Tensor], Tensor]:
    return module.eval()


#: The function, the shape of its input, kinds of nets.
KINDS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...], set[str]]] = {
    "group norm": (only(nn.GroupNorm(2, 4)), (2, 4, 3, 3), {"rsqrt"}),
    "instance norm": (only(nn.InstanceNorm2d(4)), (2, 4, 3, 3), {"rsqrt"}),
    "rms norm": (only(nn.RMSNorm(8, eps=1e-5)), (3, 8), {"rsqrt"}),
    "l2 norm": (lambda x: F.normalize(x, dim=-1), (3, 8), {"power", "reciprocal"}),
    "squash": (squash, (3, 8), {"sqrt", "reciprocal"}),
    "log-softmax": (lambda x: torch.log_softmax(x, -1), (3, 8), {"exp", "log"}),
    "masked softmax": (masked, (3, 8), {"exp", "reciprocal"}),
    "softmax over channels": (lambda x: torch.softmax(x, 1), (2, 5, 3, 3), {"exp", "reciprocal"}),
}


def values(shape: tuple[int, ...]) -> Tensor:
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


def kinds_of(program: Any) -> set[str]:
    """Kinds of the nets of a program."""
    return {
        op.attributes["fit"]["kind"].value
        for op in program.module("simulator").body.operations
        if op.operation.name == "crossbar.neon_net"
    }


@pytest.mark.parametrize(("function", "shape", "kinds"), KINDS.values(), ids=KINDS)
def test_from_pytorch(function: Any, shape: tuple[int, ...], kinds: set[str]) -> None:
    model, x = Applied(function).eval(), values(shape)
    program = pumice.compile(model, x, device="neon", quantize=False, nonlinear="neon")
    assert kinds_of(program) == kinds
    result = program.run(x)
    assert {use.kind for use in result.report.functions} == kinds
    assert all(use.elements > 0 and use.method == "neon" for use in result.report.functions)
    with torch.no_grad():
        expected = model(x).numpy()
    found = result.outputs.numpy()
    assert np.abs(found - expected).max() < 2e-3 * np.ptp(expected)
    # A constant, and the digital program, on either side of the bound.
    assert np.ptp(expected) > 0.1
    digital = pumice.compile(model, x, device="neon", quantize=False)
    assert kinds_of(digital) == set()
    if function is masked:
        assert (found[:, 5:] == 0).all()


#: Functions whose result does not depend on the input, its shape, and the result.
FIXED: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...], float]] = {
    "softmax of one key": (lambda x: torch.softmax(x, -1), (3, 1), 1),
    "masked softmax of one key": (lambda x: torch.softmax(x + torch.zeros(1), -1), (3, 1), 1),
    "softmax of one channel": (lambda x: torch.softmax(x, 1), (2, 1, 3), 1),
    "log-softmax of one key": (lambda x: torch.log_softmax(x, -1), (3, 1), 0),
    "layer norm of one element": (only(nn.LayerNorm(1)), (3, 1), 0),
    "layer norm of one element, ending in a shift": (
        lambda x: F.layer_norm(x, [1], None, torch.tensor([0.5])), (3, 1), 0.5,
    ),
    "quotient of a number by itself": (lambda x: x / x, (3, 2), 1),
}  # fmt: skip


@pytest.mark.parametrize("method", ["neon", "lut", "auto"])
@pytest.mark.parametrize(("function", "shape", "result"), FIXED.values(), ids=FIXED)
def test_fixed_results_stay_digital_and_exact(
    function: Any, shape: tuple[int, ...], result: float, method: str
) -> None:
    """Nothing to approximate: calibration would show a constant."""
    x = values(shape)
    options = {"max_error": 1e-2} if method == "auto" else None
    program = pumice.compile(
        Applied(function).eval(), x, device="neon", quantize=False, nonlinear=method,
        options=options,
    )  # fmt: skip
    for factor in (1, -7):
        found = program.run(factor * x)
        assert not found.report.functions
        assert (found.outputs == result).all()


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (only(nn.RMSNorm(1, eps=1e-5)), {"rsqrt"}),
        (lambda x: F.normalize(x, dim=-1), {"power", "reciprocal"}),
        (squash, {"sqrt", "reciprocal"}),
    ],
    ids=["rms norm", "l2 norm", "squash"],
)
def test_norms_of_one_element_without_a_mean(function: Any, kinds: set[str]) -> None:
    """x / |x| and the like depend on x."""
    x = torch.tensor([[-3.0], [-0.5], [1.0], [2.0]])
    model = Applied(function).eval()
    program = pumice.compile(model, x, device="neon", quantize=False, nonlinear="neon")
    assert kinds_of(program) == kinds
    with torch.no_grad():
        assert (program.run(x).outputs - model(x)).abs().max() < 1e-3


def test_attention_to_one_key() -> None:
    """In a quantized network: the value itself, beside a feed-forward layer with nets."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.up = nn.Linear(8, 24), nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = self.qkv(x).chunk(3, -1)
            return F.gelu(self.up(F.scaled_dot_product_attention(q, k, v)))

    torch.manual_seed(0)
    model, x = Block().eval(), torch.randn(4, 1, 8)
    program = pumice.compile(model, x, device="neon", nonlinear="neon")
    digital = pumice.compile(model, x, device="neon")
    result = program.run(x)
    assert {use.kind for use in result.report.functions} == {"gelu"}
    expected = digital.run(x).outputs
    assert (result.outputs - expected).abs().max() < 2e-2 * (expected.max() - expected.min())


def test_equal_scores() -> None:
    """Scores that are all equal give equal shares."""
    x = torch.full((4, 6), 3.0)
    x[0, 0] += 1
    model = Applied(lambda x: torch.softmax(x, -1))
    program = pumice.compile(model, x, device="neon", quantize=False, nonlinear="neon")
    found = program.run(torch.full((4, 6), -7.0)).outputs.numpy()
    assert np.abs(found - 1 / 6).max() < 1e-3


#: Nodes, attributes of the graph, kinds of nets.
ONNX = {
    "group norm": (
        "y = GroupNormalization <num_groups = 2> (x, s, b)",
        "<float[2] s = {1, 2}, float[2] b = {0, 1}>", (2, 4, 3, 3), {"rsqrt"}, 18,
    ),
    "instance norm": (
        "y = InstanceNormalization (x, s, b)",
        "<float[4] s = {1, 2, 1, 2}, float[4] b = {0, 1, 0, 1}>", (2, 4, 3, 3), {"rsqrt"}, 17,
    ),
    "layer norm": (
        "y = LayerNormalization (x, s)", "<float[4] s = {1, 2, 1, 2}>", (3, 4), {"rsqrt"}, 17,
    ),
    "l2 norm": ("y = LpNormalization <p = 2> (x)", "", (3, 8), {"sqrt", "reciprocal"}, 17),
    "log-softmax": ("y = LogSoftmax <axis = 1> (x)", "", (3, 8), {"exp", "log"}, 17),
    "masked softmax": (
        "m = Add (x, k) y = Softmax <axis = -1> (m)",
        "<float[8] k = {0, 0, 0, 0, 0, -1e30, -1e30, -1e30}>", (3, 8), {"exp", "reciprocal"}, 17,
    ),
}  # fmt: skip


def onnx_file(folder: Path, nodes: str, weights: str, shape: tuple[int, ...], version: int) -> Path:
    from onnx import parser

    text = (
        f'<ir_version: 8, opset_import: ["" : {version}]>'
        f" g (float{list(shape)} x) => (float{list(shape)} y) {weights} {{ {nodes} }}"
    )
    path = folder / "m.onnx"
    path.write_bytes(parser.parse_model(text).SerializeToString())
    return path


@pytest.mark.parametrize(("nodes", "weights", "shape", "kinds", "version"), ONNX.values(), ids=ONNX)
def test_from_onnx_by_the_cli(
    nodes: str,
    weights: str,
    shape: tuple[int, ...],
    kinds: set[str],
    version: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`pumice run` with nets and without agree; the report has the nets."""
    pytest.importorskip("onnx")
    pytest.importorskip("torch_mlir")
    monkeypatch.chdir(tmp_path)
    onnx_file(tmp_path, nodes, weights, shape, version)
    np.save("x.npy", values(shape).numpy())
    common = ["run", "m.onnx", "--device", "neon", "--input", "x.npy"]
    assert main([*common, "--output", "d.npy"]) == 0
    nets = ["--nonlinear", "neon", "--output", "n.npy", "--report", "r.json"]
    assert main([*common, *nets]) == 0
    found, expected = np.load("n.npy"), np.load("d.npy")
    assert not np.array_equal(found, expected)
    assert np.abs(found - expected).max() < 2e-3 * np.ptp(expected)
    report = json.loads(Path("r.json").read_text())
    assert {use["kind"] for use in report["functions"]} == kinds


def test_options_of_the_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Methods by kind, a bound and an objective."""
    pytest.importorskip("onnx")
    pytest.importorskip("torch_mlir")
    monkeypatch.chdir(tmp_path)
    onnx_file(tmp_path, "e = Exp (x) y = Sigmoid (e)", "", (3, 8), 17)
    np.save("x.npy", np.linspace(-2, 0, 24, dtype=np.float32).reshape(3, 8))
    common = ["run", "m.onnx", "--device", "neon", "--input", "x.npy", "--report", "r.json"]

    def methods(*options: str) -> list[tuple[str, str]]:
        assert main([*common, *options]) == 0
        report = json.loads(Path("r.json").read_text())
        return [(use["kind"], use["method"]) for use in report.get("functions", [])]

    assert methods("--nonlinear", "exp=lut", "--max-error", "0.01") == [("exp", "lut")]
    assert methods("--nonlinear", "exp=neon", "--nonlinear", "*=digital") == [("exp", "neon")]
    assert methods("--nonlinear", "auto", "--nonlinear-objective", "latency") == []
    assert main([*common, "--nonlinear", "exp=neon", "--max-error", "1e-9"]) == 1
    assert "cannot be computed by a net: expected an error of at most 1e-09" in (
        capsys.readouterr().err.replace("\n", " ")
    )
    with pytest.raises(SystemExit):
        main([*common, "--nonlinear", "auto", "--nonlinear-objective", "area"])


def test_objectives_choose_differently() -> None:
    """A digital unit that is slow but takes no energy, and one that is fast but takes much."""
    x = torch.linspace(-2, 0, 4096).reshape(64, 64)
    model = Applied(torch.exp)

    def chosen(device: Any, objective: str) -> str:
        program = pumice.compile(
            model,
            x,
            device=device,
            quantize=False,
            nonlinear="auto",
            options={"max_error": 0.01, "objective": objective, "net_copies": 64},
        )
        uses = program.run(x).report.functions
        return uses[0].method if uses else "digital"

    neon = pumice.Device("neon")
    slow = neon.replace(ops={"special": {"energy_pj": 1e-3, "cycles": 1_000_000}})
    costly = neon.replace(ops={"special": {"energy_pj": 1e5, "cycles": 1}})
    assert chosen(slow, "energy") == "digital"
    assert chosen(slow, "latency") != "digital"
    assert chosen(costly, "energy") != "digital"
    assert chosen(costly, "latency") == "digital"
    # The product lies between: it follows whichever differs more.
    assert chosen(slow, "energy-delay") in ("digital", "lut", "neon")
    with pytest.raises(pumice.CompileError, match="expected an objective of energy, latency, en"):
        pumice.CompileOptions(objective="area")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"analog": {"seed": 1}}, "expected ideal cells (no array.analog), which give exact sums"),
        (
            {"adc": {"bits": 8, "mode": "full_scale"}},
            "expected array.adc.mode lossless or clip, which give exact sums, got a converter of 8"
            " bits that scales sums of 128 rows at a time",
        ),
        (
            {"adc": {"bits": 2, "mode": "clip"}},
            "expected converters that deliver exact sums of 2 rows, got array.adc.bits 2"
            ", which deliver exact sums of 1",
        ),
    ],
)
def test_arrays_without_exact_sums_are_refused_by_field(change: Any, words: str) -> None:
    device = pumice.Device("neon").replace(array=change)
    x = torch.linspace(-2, 0, 16)
    with pytest.raises(pumice.CompileError) as caught:
        pumice.compile(Applied(torch.exp), x, device=device, quantize=False, nonlinear="neon")
    assert words in str(caught.value).replace("\n", " ")
    # auto has another method there.
    program = pumice.compile(
        Applied(torch.exp), x, device=device, quantize=False, nonlinear="auto",
        options={"max_error": 0.01},
    )  # fmt: skip
    result = program.run(x)
    assert not result.report.functions
    assert torch.allclose(result.outputs, torch.exp(x), rtol=1e-6)
