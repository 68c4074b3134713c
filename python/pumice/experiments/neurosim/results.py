# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs of DNN+NeuroSim V1.3 printed, and how close the devices are to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import pumice
from pumice.errors import PumiceError

__all__ = ["CATEGORIES", "RUNS", "Check", "Results", "Run", "Settings"]

#: The categories that NeuroSim prints, and the components of a report that they are. Its "ADC"
#: includes cells, wordlines and bitlines. DRAM and the digital unit are not in it.
CATEGORIES: dict[str, tuple[str, ...]] = {
    "array and converters": ("cell_read", "dac", "sample_hold", "adc"),
    "accumulation": ("shift_add",),
    "periphery": ("periphery",),
    "buffer": ("buffer_read", "buffer_write"),
    "interconnect": ("interconnect",),
    "leakage": ("leakage",),
}


@dataclass(frozen=True)
class Run:
    """A run of DNN+NeuroSim V1.3 (commit 388f421) on random traces.

    Attributes:
        network: "resnet18" with the windows of the network, "resnet18 (shipped)" with those of the
            tool's file, which has no padding, or "vgg8".
        weight_bits: 2 stands for ternary weights in one cell.
        ones: density of 1 bits in the inputs.
        device: the preset for its settings.
        energies: in uJ, by `CATEGORIES`.
        latency: in ms; in a pipeline the interval between images.
        tiles: of the chip.
        total_only: the preset follows from another run, so that only the total is checked.
    """

    network: str
    weight_bits: int
    input_bits: int
    ones: float
    device: str
    energies: tuple[float, float, float, float, float, float]
    latency: float
    tiles: int
    total_only: bool = False

    @property
    def name(self) -> str:
        """The network, the bits of weights and inputs, the density of 1 bits."""
        weights = "ternary" if self.weight_bits == 2 else str(self.weight_bits)
        return f"{self.network}, {weights}/{self.input_bits}, {self.ones:g}"

    @property
    def total(self) -> float:
        """The energy in uJ."""
        return sum(self.energies)


def _run(network: str, weights: int, inputs: int, ones: float, *printed: float) -> Run:
    energies = (printed[0], printed[1], printed[2], printed[3], printed[4], printed[5])
    return Run(
        network, weights, inputs, ones, "neurosim-rram", energies, printed[6], int(printed[7])
    )


_SHIPPED = "resnet18 (shipped)"

#: The runs: array and converters, accumulation, periphery, buffer, interconnect, leakage (uJ),
#: latency (ms), tiles.
RUNS: tuple[Run, ...] = (
    _run("resnet18", 8, 4, 0.5, 113.9, 12.7, 14.4, 1.84, 36.0, 7.59, 9.83, 41),
    _run("resnet18", 2, 4, 0.5, 27.2, 5.7, 5.2, 1.48, 32.1, 2.64, 9.38, 21),
    _run(_SHIPPED, 8, 8, 0.25, 105.0, 21.8, 22.1, 2.46, 58.4, 10.60, 12.18, 41),
    _run(_SHIPPED, 8, 4, 0.25, 52.5, 10.5, 11.1, 1.59, 31.1, 6.82, 8.97, 41),
    _run(_SHIPPED, 4, 4, 0.25, 26.8, 6.2, 5.6, 1.39, 29.2, 3.62, 8.38, 26),
    _run(_SHIPPED, 2, 4, 0.25, 12.9, 5.0, 4.2, 1.31, 28.4, 2.36, 8.53, 21),
    _run("vgg8", 8, 8, 0.5, 53.8, 4.9, 5.6, 0.47, 10.2, 1.48, 1.36, 47),
    _run("vgg8", 8, 8, 0.25, 30.1, 4.9, 5.1, 0.47, 10.2, 1.48, 1.36, 47),
    _run("vgg8", 8, 4, 0.25, 15.0, 2.3, 2.6, 0.30, 5.5, 0.99, 1.03, 47),
    _run("vgg8", 4, 4, 0.25, 7.7, 1.3, 1.3, 0.24, 4.6, 0.46, 0.99, 25),
    _run("vgg8", 2, 4, 0.25, 3.3, 0.6, 0.6, 0.22, 3.3, 0.21, 0.95, 15),
    Run(_SHIPPED, 8, 4, 0.25, "neurosim-rram-hp",
        (48.3, 7.2, 7.7, 1.11, 30.2, 4734.43), 6.52, 41),
    Run(_SHIPPED, 8, 8, 0.25, "neurosim-rram-hp",
        (96.6, 15.0, 15.5, 1.71, 56.7, 7323.17), 8.78, 41, total_only=True),
    Run(_SHIPPED, 2, 4, 0.25, "neurosim-rram-hp",
        (10.8, 3.4, 3.0, 0.91, 27.6, 1634.76), 6.18, 21, total_only=True),
    Run(_SHIPPED, 8, 4, 0.25, "neurosim-rram-sar",
        (194.4, 10.5, 11.1, 1.59, 25.3, 24.69), 38.38, 41),
    Run(_SHIPPED, 8, 8, 0.25, "neurosim-rram-pipelined",
        (105.0, 22.1, 22.2, 2.46, 58.4, 3.32), 3.33, 44, total_only=True),
    Run(_SHIPPED, 8, 4, 0.25, "neurosim-rram-pipelined",
        (52.5, 10.7, 11.1, 1.59, 31.1, 2.72), 3.00, 44, total_only=True),
    Run("vgg8", 8, 8, 0.25, "neurosim-rram-pipelined",
        (30.1, 4.9, 5.1, 0.47, 10.2, 0.32), 0.42, 52, total_only=True),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What to check.

    Attributes:
        networks: names of networks of `RUNS`.
        threads: to compile with; all by default. Results do not depend on it.

    Raises:
        PumiceError: an unknown network, or none.
    """

    networks: tuple[str, ...] = ("resnet18", _SHIPPED, "vgg8")
    threads: int | None = None

    def __post_init__(self) -> None:
        known = dict.fromkeys(run.network for run in RUNS)
        if not self.networks:
            raise PumiceError("expected at least one network, got none")
        for name in self.networks:
            if name not in known:
                raise PumiceError(f"expected a network of {', '.join(known)}, got '{name}'")
        if self.threads is not None and self.threads < 1:
            raise PumiceError(f"expected at least 1 thread, got {self.threads}")

    @property
    def runs(self) -> list[Run]:
        """The runs of these networks."""
        return [run for run in RUNS if run.network in self.networks]


@dataclass(frozen=True)
class Check:
    """A run beside an estimate.

    Attributes:
        energies: ours, in uJ, by `CATEGORIES`.
        digital, dram: energies in uJ that NeuroSim does not count.
    """

    run: Run
    energies: tuple[float, ...]
    digital: float
    dram: float

    @property
    def total(self) -> float:
        """Our energy in uJ, without the digital unit and DRAM."""
        return sum(self.energies)

    @property
    def ratio(self) -> float:
        """Our total over the run's."""
        return self.total / self.run.total

    @property
    def ratios(self) -> dict[str, float]:
        """The same by category."""
        pairs = zip(CATEGORIES, self.energies, self.run.energies, strict=True)
        return {name: ours / theirs for name, ours, theirs in pairs}

    @property
    def is_close(self) -> bool:
        """Within 10 % in total and 20 % in each category."""
        parts = {} if self.run.total_only else self.ratios
        return abs(self.ratio - 1) <= 0.1 and all(abs(r - 1) <= 0.2 for r in parts.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **asdict(self.run),
            "energies": dict(zip(CATEGORIES, self.run.energies, strict=True)),
            "total": self.run.total,
            "estimate": {
                "energies": dict(zip(CATEGORIES, self.energies, strict=True)),
                "total": self.total,
                "digital": self.digital,
                "dram": self.dram,
            },
            "ratio": self.ratio,
            "ratios": self.ratios,
            "is_close": self.is_close,
        }


@dataclass
class Results:
    """What `run` returns: a check for each run of `Settings.runs`, in this order."""

    settings: Settings
    checks: list[Check] = field(default_factory=list)

    @property
    def worst(self) -> float:
        """The largest deviation of a total, as a fraction."""
        return max(abs(check.ratio - 1) for check in self.checks)

    def tables(self) -> list[Any]:
        """Energies and ratios."""
        from pumice.experiments.neurosim.tables import tables

        return [*tables(self)]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: `settings`, `checks` (energies in uJ, latency in ms), `worst`."""
        return {
            "tool": "DNN+NeuroSim V1.3, commit 388f421",
            "pumice": pumice.__version__,
            "settings": {"networks": list(self.settings.networks)},
            "worst": self.worst,
            "all_close": all(check.is_close for check in self.checks),
            "checks": [check.to_dict() for check in self.checks],
        }
