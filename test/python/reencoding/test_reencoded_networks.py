# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks whose rewritten weights are re-encoded: the same results, more cells kept, tables."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import CompileError, Device  # noqa: E402


def device(arrays: int | None, **array: Any) -> Device:
    """`aras` with so many arrays; None: as many as are wanted."""
    levels = {"pe": {"holds": 1}, "chip": {"holds": arrays}}
    return Device("aras").replace(
        name=f"aras-{arrays}", groups={"arrays": {"levels": levels, "array": array}}
    )


@pytest.fixture(scope="module")
def network() -> tuple[nn.Module, torch.Tensor]:
    """Weights with tiles of odd sizes: 8, 5 and 4 arrays."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(200, 120), nn.ReLU(), nn.Linear(120, 160), nn.ReLU(), nn.Linear(160, 40)
    )
    return model, torch.randn(8, 200)


def run(network: tuple[nn.Module, torch.Tensor], arrays: int | None, **options: Any) -> Any:
    model, x = network
    array = options.pop("array", {})
    program = pumice.compile(model, x, device=device(arrays, **array), **options)
    result = program.run(x)
    return torch.as_tensor(result.outputs[0]), result.report, program


def table_bytes(method: str, columns: int) -> int:
    """docs/reencoding.md: 8 bits of offset and a sign; 7 bits and a flip for each bitline."""
    bits = 9 * columns + (4 * columns * 8 if method == "bitlines" else 0)
    return -(-bits // 8)


@pytest.mark.parametrize("adc", [{"bits": 8, "mode": "clip"}, {"bits": 9, "mode": "lossless"}])
@pytest.mark.parametrize("method", ["centre", "bitlines"])
def test_results_cells_and_tables(network, method, adc) -> None:
    array = {"adc": adc}
    expected, _, _ = run(network, None, array=array)
    plain, before, _ = run(network, 6, schedule="overlap", array=array)
    found, after, program = run(network, 6, schedule="overlap", reencode=method, array=array)
    assert torch.equal(plain, expected)
    assert torch.equal(found, expected)
    assert after.cells_kept > before.cells_kept + (0.05 if method == "bitlines" else 0.005)
    tables = 0
    for rows, columns in [(200, 120), (120, 160), (160, 40)]:
        for first in range(0, columns, 32):
            tables += -(-rows // 128) * table_bytes(method, min(32, columns - first))
    read = [report.components["dram_read"] / 32 for report in (before, after)]
    assert read[1] - read[0] == pytest.approx(tables)
    # One multiplication and addition for each column of a tile and window.
    corrections = 8 * sum(-(-k // 128) * n for k, n in [(200, 120), (120, 160), (160, 40)])
    digital = [report.components["digital"] for report in (before, after)]
    assert digital[1] - digital[0] == pytest.approx(2 * 1.71 * corrections)
    estimate = program.estimate()
    assert estimate.latency_ns == after.latency_ns
    assert estimate.energy_pj == pytest.approx(after.energy_pj)
    assert estimate.cells_kept == after.cells_kept
    again = program.run(network[1]).report
    assert again.cells_kept == after.cells_kept


def test_convolutions_with_copies_and_groups() -> None:
    """Copies have tables of their own; arrays with several groups are left as they are."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1), nn.ReLU(),
        nn.Conv2d(24, 24, 3, padding=1, groups=24), nn.ReLU(),
        nn.Conv2d(24, 70, 3, stride=2), nn.ReLU(),
        nn.Conv2d(70, 33, 1),
    )  # fmt: skip
    x = torch.randn(1, 3, 12, 12)
    expected = torch.as_tensor(pumice.compile(model, x, device=device(None)).run(x).outputs[0])
    for schedule in ("naive", "copies", "steady"):
        program = pumice.compile(model, x, device=device(8), schedule=schedule, reencode=True)
        result = program.run(x)
        assert torch.equal(torch.as_tensor(result.outputs[0]), expected)
        assert program.estimate().energy_pj == pytest.approx(result.report.energy_pj)


def test_what_cannot_be_reencoded(network) -> None:
    model, x = network

    def fails(text: str, method: str = "bitlines", **array: Any) -> None:
        with pytest.raises(CompileError) as error:
            pumice.compile(model, x, device=device(6, **array), schedule="overlap", reencode=method)
        assert text in str(error.value)

    fails("expected a re-encoding of centre, fitted, columns or bitlines, got 'gray'", "gray")
    fails("cannot be re-encoded: expected cells of 2 bits in group 'arrays' of", cell_bits=1)
    fails("expected the encoding offset in group", encoding="differential")
    fails("expected converters that are lossless or clip in", adc={"bits": 8, "mode": "full_scale"})
    fails("expected ideal cells in", analog={"read_noise": 0.1})
    fails("expected columns in multiples of 4 in", columns=126, columns_per_adc=126)
    baseline = Device("aras-baseline").replace(
        groups={"arrays": {"levels": {"pe": {"holds": 1}, "chip": {"holds": 6}}}}
    )
    with pytest.raises(CompileError, match="expected pulses that depend on what cells hold in"):
        pumice.compile(model, x, device=baseline, reencode=True)
