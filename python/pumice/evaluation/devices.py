# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One network on several devices: metrics, time and energy of an item."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pumice.device import Device, as_device
from pumice.errors import PumiceError
from pumice.evaluation.metrics import Metric
from pumice.tables import energy, simple_table, time

if TYPE_CHECKING:
    from pumice.program import Program

__all__ = ["DeviceEvaluation", "DeviceEvaluations", "evaluate_devices"]


@dataclass(frozen=True)
class DeviceEvaluation:
    """A row of `DeviceEvaluations`.

    Attributes:
        device: its name, or "PyTorch" for the float model.
        values: metrics by name, means over all items.
        items: evaluated items.
        batch: items of a run of the program.
        seconds: of the simulation.
        latency_ns, energy_pj: of an item, in batches of the program's size; None for PyTorch.
    """

    device: str
    values: dict[str, float]
    items: int
    batch: int
    seconds: float
    latency_ns: float | None = None
    energy_pj: float | None = None


@dataclass
class DeviceEvaluations:
    """The result of `evaluate_devices`; prints as a table.

    Attributes:
        rows: the float model first, if there is one.
    """

    rows: list[DeviceEvaluation] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"rows": [vars(row) for row in self.rows]}

    def __rich__(self) -> Any:
        metrics = list(dict.fromkeys(name for row in self.rows for name in row.values))
        lines = [
            [
                row.device,
                *(_value(row.values.get(name), name) for name in metrics),
                str(row.items),
                "" if row.latency_ns is None else time(row.latency_ns),
                "" if row.energy_pj is None else energy(row.energy_pj),
                f"{row.items / row.seconds:.3g}" if row.seconds else "",
            ]
            for row in self.rows
        ]
        columns = ["device", *metrics, "items", "time/item", "energy/item", "simulated/s"]
        return simple_table("Evaluation", columns, lines, optional=["simulated/s", "items"])


def _value(value: float | None, name: str) -> str:
    if value is None:
        return ""
    return f"{100 * value:.2f} %" if name.startswith("top") else f"{value:.5g}"


def evaluate_devices(
    program: Program,
    data: Iterable[Any],
    devices: Iterable[str | Device],
    metric: str | Metric = "accuracy",
    *,
    calibration: Iterable[Any] = (),
    limit: int | None = None,
    threads: int | None = None,
    advance: Callable[[str], None] | None = None,
) -> DeviceEvaluations:
    """Evaluates a network on several devices, and its float model if the program holds one.

    Args:
        program: holds its quantized network (a result of `pumice.compile`).
        data: batches as for `evaluate`, read once for each device.
        devices: names, paths or `Device`s.
        metric: as for `evaluate`.
        calibration: inputs of the program's size, for devices with calibrated converters.
        limit: as for `evaluate`.
        threads: as for `Program.run`.
        advance: called before each batch with the name of the device.

    Raises:
        PumiceError: no device or no data; as for `evaluate`.
        CompileError: the network does not fit a device.
    """
    from pumice.evaluation import evaluate

    chosen = [as_device(device) for device in devices]
    if not chosen:
        raise PumiceError("expected at least one device to evaluate on, got none")
    found = DeviceEvaluations()
    inputs = list(calibration)

    def counted(name: str) -> Iterable[Any]:
        for batch in data:
            if advance is not None:
                advance(name)
            yield batch

    def measure(name: str, model: Any) -> None:
        result = evaluate(
            model, counted(name), metric, limit=limit, threads=threads, progress=False
        )
        report, size = result.report, _batch_of(model)
        found.rows.append(
            DeviceEvaluation(
                name,
                result.values,
                result.items,
                size,
                result.seconds,
                None if report is None else report.latency_ns / size,
                None if report is None else report.dynamic_energy_pj / size,
            )
        )

    if program.float_model is not None:
        measure("PyTorch", program.float_model)
    for device in chosen:
        own = program.recompile(device)
        if device.adc_mode == "calibrated":
            own.calibrate(inputs, threads=threads)
        measure(device.name, own)
    return found


def _batch_of(model: Any) -> int:
    """Items of a run of a program; 1 for PyTorch."""
    shapes = [shape for _, _, shape in getattr(model, "inputs", []) if shape]
    return max((shape[0] for shape in shapes), default=1)
