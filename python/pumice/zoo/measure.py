# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles, runs and compares one network of the zoo."""

from __future__ import annotations

import math
import re
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pumice.zoo.registry import NETWORKS, Instance

if TYPE_CHECKING:
    from pumice.comparison import Comparison
    from pumice.program import Program

__all__ = ["LIMITS", "Figures", "Limits", "check", "describe", "measure", "run"]

#: Phases of `Program.timings` by what the table calls them.
_PHASES = {
    "quantize": ("quantize",),
    "import": ("export", "decompose", "torch_mlir", "print", "parse", "attach"),
    "passes": ("to_quantized", "to_crossbar", "to_pum", "to_simulator"),
}
_CALIBRATION_SEEDS, _SEED = (1, 2), 0


@dataclass(frozen=True)
class Limits:
    """Limits that a network must meet to be green.

    Attributes:
        sqnr_db, cosine: of the outputs against the float model. 8-bit post-training quantization
            of a deep network with *random* weights has no trained margin to rely on.
        equal: share of all integers (quantized values and sums of arrays) that equal those that
            PyTorch computes from the machine's previous values.
        quantized_cosine: of the outputs against the quantized model as PyTorch emulates it.
    """

    sqnr_db: float = 10.0
    cosine: float = 0.95
    equal: float = 0.999
    quantized_cosine: float = 0.99


LIMITS = Limits()


@dataclass
class Figures:
    """Measurements of a network.

    Attributes:
        parameters: number of trained values.
        published: what it should be; None for a scaled-down network.
        arrays: crossbar arrays in use.
        instructions: of the machine program by kind: mvm (on arrays), digital, transfer, ...
        seconds: by phase: quantize (PT2E), import (torch.export, torch-mlir, parsing), passes (our
            own), prepare (programming the simulated arrays, native code), run, torch (float).
        peak_bytes: memory of the process up to the first run; the comparison comes later.
        latency_ns, energy_pj: of the machine.
        sqnr_db, cosine: outputs against the float model, the worst of them.
        quantized_cosine: outputs against PyTorch's emulation of the quantized model.
        integers, different: compared codes and sums, and how many differ (see `Limits.equal`).
        failures: violated limits, or the error that ended the measurement.
    """

    name: str
    device: str
    parameters: int = 0
    published: int | None = None
    arrays: int = 0
    instructions: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    latency_ns: float = 0.0
    energy_pj: float = 0.0
    sqnr_db: float | None = None
    cosine: float | None = None
    quantized_cosine: float | None = None
    integers: int = 0
    different: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def equal(self) -> float | None:
        """Share of equal integers; None if none were compared."""
        return 1 - self.different / self.integers if self.integers else None

    def to_dict(self) -> dict[str, Any]:
        """Data for JSON; infinite values become None."""
        data = {**asdict(self), "equal": self.equal}
        if self.sqnr_db is not None and not math.isfinite(self.sqnr_db):
            data["sqnr_db"] = None
        return data


def measure(
    name: str, device: str = "ideal", *, small: bool = False, threads: int | None = None
) -> Figures:
    """Compiles, runs and compares a network, quantized to 8 bits on two inputs of its own.

    Args:
        name: in `NETWORKS`.
        device: as for `pumice.compile`.
        small: the scaled-down network.
        threads: to compute with, for PyTorch too; all by default.

    Raises:
        PumiceError: the network cannot be built, compiled or run.
    """
    import torch

    import pumice

    network = NETWORKS[name]
    if threads is not None:
        torch.set_num_threads(threads)
    # Imports and torch's initialization at first use do not count as time of a network.
    pumice.compile(torch.nn.Linear(1, 1), torch.zeros(1, 1)).run(torch.zeros(1, 1))
    instance = network.small() if small else network.build()
    program = pumice.compile(
        instance.model,
        instance.inputs(_SEED),
        device=device,
        calibration=[instance.inputs(seed) for seed in _CALIBRATION_SEEDS],
    )
    figures = Figures(name, device, instance.parameters, None if small else network.parameters)
    describe(figures, program)
    if small or network.run:
        run(figures, program, instance, threads)
    figures.failures = check(figures)
    return figures


def describe(figures: Figures, program: Program) -> None:
    """Fills in the fields that are known without a run."""
    for phase, keys in _PHASES.items():
        figures.seconds[phase] = sum(program.timings.get(key, 0.0) for key in keys)
    start = time.perf_counter()
    report = program.estimate()
    figures.seconds["estimate"] = time.perf_counter() - start
    figures.arrays = report.arrays
    figures.latency_ns, figures.energy_pj = report.latency_ns, report.dynamic_energy_pj
    for kind in re.findall(r"^\s*(?:%[^=]* = )?simulator\.(\w+)", program.ir(), re.MULTILINE):
        if kind not in ("buffer", "constant"):
            figures.instructions[kind] = figures.instructions.get(kind, 0) + 1
    figures.peak_bytes = _peak_bytes()


def run(figures: Figures, program: Program, instance: Instance, threads: int | None = None) -> None:
    """Fills in the results of a run and a comparison."""
    import torch

    args, kwargs = _arguments(instance.inputs(_SEED))
    result = program.run(*args, threads=threads, **kwargs)
    figures.seconds["prepare"] = result.report.timings["prepare"]
    figures.peak_bytes = _peak_bytes()
    figures.seconds["run"] = _seconds(lambda: program.run(*args, threads=threads, **kwargs))
    with torch.no_grad():
        instance.model(*args, **kwargs)
        figures.seconds["torch"] = _seconds(lambda: instance.model(*args, **kwargs))
    _compared(
        figures,
        program.compare(*args, reference=instance.model, threads=threads, **kwargs),
    )


def _compared(figures: Figures, comparison: Comparison) -> None:
    for tensor in comparison.tensors:
        if tensor.kind in ("codes", "sums"):
            count = math.prod(tensor.shape)
            figures.integers += count
            assert tensor.own is not None
            figures.different += round((1 - tensor.own.equal) * count)
    real = [output.float_errors for output in comparison.outputs if output.float_errors]
    if real:
        figures.sqnr_db = min(errors.sqnr_db for errors in real)
        figures.cosine = min(errors.cosine for errors in real)
    figures.quantized_cosine = min(
        (output.errors.cosine for output in comparison.outputs), default=None
    )


def check(figures: Figures, limits: Limits = LIMITS) -> list[str]:
    """Violated limits, one text each."""
    failures = []
    if figures.published not in (None, figures.parameters):
        failures.append(f"expected {figures.published:,} parameters, got {figures.parameters:,}")
    if not figures.arrays:
        failures.append("no layer runs on crossbar arrays")
    if "run" not in figures.seconds:
        return failures
    found = {
        "sqnr_db": figures.sqnr_db,
        "cosine": figures.cosine,
        "equal": figures.equal,
        "quantized_cosine": figures.quantized_cosine,
    }
    for name, value in found.items():
        least = getattr(limits, name)
        if value is None or not value >= least:
            got = "nothing" if value is None else f"{value:.6g}"
            failures.append(f"expected {name} of at least {least:g}, got {got}")
    return failures


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return ((), dict(inputs)) if isinstance(inputs, Mapping) else (tuple(inputs), {})


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
