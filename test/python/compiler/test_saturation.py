# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A run on inputs that calibration has not seen says so."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice.frontend import PumiceQuantizer, quantize  # noqa: E402


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU6(), nn.Conv2d(8, 4, 3), nn.Flatten(),
        nn.Linear(4 * 36, 5),
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def program() -> Any:
    model, x = network(), torch.randn(4, 3, 8, 8)
    return pumice.compile(quantize(model, [x, torch.randn(4, 3, 8, 8)]), x, device="isaac")


def run_quietly(program: Any, x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pumice.SaturationWarning)
        return program.run(x)


def test_inputs_like_those_of_calibration(program: Any) -> None:
    torch.manual_seed(1)
    assert run_quietly(program, torch.randn(4, 3, 8, 8)).report.saturated == ()
    assert program.estimate().saturated == ()


def test_larger_inputs(program: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    x = torch.randn(4, 3, 8, 8) * 4
    with pytest.warns(
        pumice.SaturationWarning, match="quantized value, in calibration 0.*%"
    ) as seen:
        result = program.run(x)
    assert len([w for w in seen if w.category is pumice.SaturationWarning]) == 1
    found = {
        item.end: item for item in result.report.saturated if item.layer in ("0", "x", "input_1")
    }
    assert set(found) == {"low", "high"}, result.report.saturated

    # Counted independently, from the scale that PT2E chose for the input.
    quantized = next(
        node
        for node in program.exported.graph.nodes
        if "quantize_per_tensor" in str(node.target) and node.args[0].op == "placeholder"
    )
    scale, zero_point, least, greatest = quantized.args[1:5]
    codes = np.clip(np.round(x.numpy() / np.float32(scale)) + zero_point, least, greatest)
    for end, code in (("low", least), ("high", greatest)):
        assert found[end].fraction == float((codes == code).mean())
        assert 0 < found[end].calibrated < 0.01

    run_quietly(program, x)  # once for each tensor is enough
    program.save(tmp_path / "p.mlirbc")
    with pytest.warns(pumice.SaturationWarning):
        loaded = pumice.load(tmp_path / "p.mlirbc").run(x)
    assert loaded.report.saturated == result.report.saturated


def test_values_at_an_end_are_no_saturation_if_calibration_had_them(program: Any) -> None:
    """ReLU6 makes zeros and sixes."""
    assert all(
        item.node != "relu6"
        for item in run_quietly(program, torch.zeros(4, 3, 8, 8)).report.saturated
    )
    mask = torch.rand(4, 3, 8, 8) < 0.5
    quiet = torch.randn(4, 3, 8, 8).clamp(-1, 1) * mask
    assert run_quietly(program, quiet).report.saturated == ()


def test_few_values_say_little() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)).eval()
    x = torch.randn(1, 8)
    program = pumice.compile(quantize(model, [x]), x)
    assert run_quietly(program, 10 * x).report.saturated == ()


@pytest.mark.parametrize("observer", ["minmax", "histogram"])
def test_ends_of_the_range(observer: str) -> None:
    """What the observers record is what quantizing the calibration data gives."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2)).eval()
    batches = [torch.randn(64, 16) for _ in range(3)]
    converted = quantize(model, batches, quantizer=PumiceQuantizer(observer))
    known = {(scale, zero): ends for scale, zero, *ends in converted.meta["pumice_calibration"]}
    nodes = [n for n in converted.graph.nodes if "quantize_per_tensor" in str(n.target)]
    found = [n for n in nodes if "dequantize" not in str(n.target)]
    assert len(found) == 2
    for node, values in zip(
        found, (torch.cat(batches), model[:2](torch.cat(batches)).detach()), strict=True
    ):
        scale, zero, least, greatest = node.args[1:5]
        codes = ((values / scale).round() + zero).clamp(least, greatest)
        low, high = known[(scale, zero)]
        # Batches before the range grew, and bins of a histogram, are counted roughly.
        assert low == pytest.approx(float((codes == least).float().mean()), abs=0.01)
        assert high == pytest.approx(float((codes == greatest).float().mean()), abs=0.01)
