# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Groups of systolic arrays: results, cycles and energy, end to end on the device `tpu-like`."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
pytest.importorskip("torchao")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from pumice import Device, PumiceError  # noqa: E402

SIDE = 86


def cycles(windows: int, rows: int, columns: int, groups: int = 1) -> int:
    """docs/devices.md, "Costs": tiles follow one another, the last window drains."""
    tiles = groups * -(-rows // SIDE) * -(-columns // SIDE)
    drain = min(rows, SIDE) + min(columns, SIDE)
    return SIDE + (tiles - 1) * max(windows, SIDE) + windows + drain - 1


def picoseconds(windows: int, rows: int, columns: int) -> int:
    """Of a layer: its cycles, or the transfer of its weights."""
    return max(
        round(cycles(windows, rows, columns) / 0.7 * 1000), round(rows * columns / 25.6 * 1000)
    )


def test_linear_layers() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 10))
    x = torch.randn(50, 200)
    program = pumice.compile(model, x, device="tpu-like")
    result = program.run(x)
    assert torch.equal(
        torch.as_tensor(result.outputs[0]),
        torch.as_tensor(pumice.compile(model, x, device="ideal").run(x).outputs[0]),
    )
    report, shapes = result.report, [(50, 200, 100), (50, 100, 10)]
    assert program.estimate().latency_ns == report.latency_ns
    busy = report.utilisation["systolic_array"]
    assert busy.count == 1
    assert busy.busy_ns * 1000 == pytest.approx(sum(picoseconds(*shape) for shape in shapes))
    assert report.latency_ns > busy.busy_ns
    macs = sum(w * k * n for w, k, n in shapes)
    assert report.components["mac"] == pytest.approx(0.6 * macs)
    sums = sum(2 * 4 * w * n * -(-k // SIDE) for w, k, n in shapes)
    assert report.components["accumulate"] == pytest.approx(sums)
    # Weights come in each inference, and nothing is written before.
    weights = sum(k * n for _, k, n in shapes)
    assert report.components["dram_read"] >= 32 * weights
    assert report.components.get("cell_write", 0) == 0
    assert report.setup.latency_ns == 0


def test_weights_that_come_late() -> None:
    """One window: the transfer of the weights takes longer than the cycles."""
    model, x = nn.Linear(1000, 500), torch.ones(1, 1000)
    report = pumice.compile(model, x, device="tpu-like").estimate()
    assert report.utilisation["systolic_array"].busy_ns == pytest.approx(500_000 / 25.6, abs=1e-3)


def test_convolutions() -> None:
    """Odd shapes, a depthwise and a grouped convolution."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(3, 12, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1, groups=12), nn.ReLU(),
        nn.Conv2d(12, 90, (1, 3), groups=3), nn.ReLU(),
        nn.Conv2d(90, 7, 1),
    )  # fmt: skip
    x = torch.randn(2, 3, 13, 11)
    outputs = [
        torch.as_tensor(pumice.compile(model, x, device=device).run(x).outputs[0])
        for device in ("ideal", "tpu-like")
    ]
    assert torch.equal(*outputs)


def test_devices_with_systolic_arrays() -> None:
    device = Device("tpu-like")
    group = device.groups["array"]
    assert (group["kind"], group["units"], group["rows"]) == ("systolic", 1, SIDE)
    assert device.has("systolic")
    assert not device.has("crossbar")
    small = device.replace(groups={"array": {"rows": 16, "columns": 8}})
    assert small.groups["array"]["columns"] == 8
    x = torch.ones(4, 40)
    report = pumice.compile(nn.Linear(40, 20), x, device=small).estimate()
    # Three by three tiles; each is there for 16 cycles at least.
    assert report.utilisation["systolic_array"].busy_ns * 1000 == pytest.approx(
        round((16 + 8 * 16 + 4 + 16 + 8 - 1) / 0.7 * 1000)
    )
    for wrong, text in [
        ({"units": 0}, "units must be at least 1, got 0"),
        ({"rows": 70000}, "rows and columns of a systolic array must be at most 65536, got 70000"),
        ({"weight_bits": 9}, "weight_bits of a systolic array must be in [2, 8], got 9"),
        ({"input_bits": 1}, "input_bits of a systolic array must be in [2, 8], got 1"),
        ({"mac_pj": -1}, "mac_pj"),
    ]:
        with pytest.raises(PumiceError) as error:
            device.replace(groups={"array": wrong})
        assert text in str(error.value)
