# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings and results of the comparison of arXiv 2410.17931, as plain classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pumice
from pumice.errors import PumiceError
from pumice.experiments.aras.systolic import SystolicRun
from pumice.experiments.aras.weights import QUANTIZERS, Kept
from pumice.scheduling import networks
from pumice.scheduling.streams import Throughput

__all__ = [
    "LEVELS",
    "PAPER",
    "SENSITIVE",
    "TRANSFORMERS",
    "Gaps",
    "Level",
    "Network",
    "Paper",
    "Results",
    "Sensitivity",
    "Setting",
    "Settings",
    "geomean",
]  # fmt: skip

TRANSFORMERS = ("bert-base", "bert-large")

#: Each level adds something to the one before; `strong` is a second baseline.
LEVELS = {
    "naive": "one copy, no overlap, every cell pulsed, all banks on",
    "strong": "the best schedule without overlap, with copies",
    "overlap": "writes while others compute, independent branches at once; one copy",
    "fastest": "with copies",
    "few copies": "the fewest copies within the share of the best time",
    "pulses": "only cells that change are pulsed, by the difference of levels",
    "re-encoding": "the exact encoding with the least energy",
    "banks": "banks are powered while they hold something",
    "steady": "many inferences: layers, or some of their tiles, stay in their arrays",
}
#: Networks that stay in the arrays of so many chips like ISAAC's, as streams of inputs.
STREAMS = (
    ("vgg16", 4), ("vgg16", 8), ("vgg16", 16),
    ("resnet50", 1), ("resnet50", 2), ("resnet50", 4), ("resnet50", 8), ("resnet50", 16),
)  # fmt: skip
#: The level that headline figures are about.
OURS = "banks"
#: The constants that are halved and doubled.
SENSITIVE = (
    "mvm_ps", "row_write_ps", "cell_write_pj", "dram_bytes_per_us", "dram_pj_per_byte",
    "buffer_bytes_per_ns", "lanes_per_element", "mac_pj", "digital_mac_pj", "digital_byte_pj",
    "static_mw_per_array", "static_mw_per_mb", "static_mw", "elements",
)  # fmt: skip


@dataclass(frozen=True)
class Paper:
    """What is known of the paper's results (abstract); all are "up to".

    Attributes:
        speedup, energy_saving: over its baseline "without any optimization".
        tpu_speedup, tpu_energy_saving: over an accelerator like a TPU.
    """

    title: str
    arxiv: str
    speedup: float
    energy_saving: float
    tpu_speedup: float
    tpu_energy_saving: float


PAPER = Paper(
    "ARAS: An Adaptive Low-Cost ReRAM-Based Accelerator for DNNs",
    "2410.17931",
    2.2,
    0.45,
    1.5,
    0.61,
)


@dataclass(frozen=True)
class Settings:
    """What to compare.

    Attributes:
        networks: of `pumice.scheduling.networks.NETWORKS`.
        writers: arrays that an element writes at once; 0 stands for all.
        share: of the best time that may be given up for fewer copies.
        sensitivity: also halve and double each constant.
        gaps: random instances to compare with the optimum, for each size; needs OR-tools.
        streams: networks that stay in the arrays of so many chips like ISAAC's.
        quantizer: of the codes whose re-encoding counts: "channel" or "tensor".
        threads: to schedule with; all by default. Results do not depend on it.

    Raises:
        PumiceError: an impossible value.
    """

    networks: tuple[str, ...] = networks.NETWORKS
    writers: tuple[int, ...] = (0, 8, 1)
    share: float = 0.05
    sensitivity: bool = True
    gaps: int = 10
    quantizer: str = "channel"
    streams: tuple[tuple[str, int], ...] = STREAMS
    threads: int | None = None

    def __post_init__(self) -> None:
        if not self.networks or not self.writers:
            raise PumiceError("expected at least one network and one number of writers, got none")
        for network in self.networks:
            if network not in networks.NETWORKS:
                names = ", ".join(networks.NETWORKS)
                raise PumiceError(f"expected a network of {names}, got '{network}'")
        per_element = networks.Constants().arrays_per_element
        for writers in self.writers:
            if not 0 <= writers <= per_element:
                raise PumiceError(
                    f"expected 0 (all) to {per_element} writers of an element, got {writers}"
                )
        if not 0 <= self.share < 1:
            raise PumiceError(f"expected a share of the time in [0, 1), got {self.share:g}")
        if self.gaps < 0:
            raise PumiceError(f"expected 0 or more instances for gaps, got {self.gaps}")
        if self.quantizer not in QUANTIZERS:
            raise PumiceError(
                f"expected a quantizer of {', '.join(QUANTIZERS)}, got '{self.quantizer}'"
            )


@dataclass(frozen=True)
class Level:
    """One schedule of one network; energies in pJ, of one inference."""

    time_ps: int
    write_pj: float
    dram_pj: float
    compute_pj: float
    digital_pj: float
    static_arrays_pj: float
    static_banks_pj: float
    static_other_pj: float
    arrays_written: int
    dram_bytes: int
    most_writes_of_an_array: int
    gap_to_bound: float
    pinned: int = 0
    """layers that stay as a whole"""
    kept_tiles: int = 0
    """tiles of one copy that stay, of these layers and of others"""
    least_write_pj: float = 0.0
    """what any schedule writes that takes no more time; 0: not known"""
    least_rewriting_pj: float = 0.0
    """of the steady state, writes and DRAM, whatever is pinned; 0: not known"""

    @property
    def dynamic_pj(self) -> float:
        """Without static power."""
        return self.write_pj + self.dram_pj + self.compute_pj + self.digital_pj

    @property
    def static_pj(self) -> float:
        """Static power by time."""
        return self.static_arrays_pj + self.static_banks_pj + self.static_other_pj

    @property
    def total_pj(self) -> float:
        """All of it."""
        return self.dynamic_pj + self.static_pj

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with sums."""
        return asdict(self) | {
            "dynamic_pj": self.dynamic_pj,
            "static_pj": self.static_pj,
            "total_pj": self.total_pj,
        }


@dataclass(frozen=True)
class Network:
    """One network with one number of writers.

    Attributes:
        levels: by names of `LEVELS`; `steady` with all writers only.
        encoding: the name of the configuration with the least energy.
        steady_pulses: energy of the writes of the steady level, over full pulses of every cell.
        systolic: the same network on the systolic array.
    """

    name: str
    one_copy: int
    levels: dict[str, Level]
    encoding: str
    systolic: SystolicRun
    steady_pulses: float = 1.0

    @property
    def ours(self) -> Level:
        """The level of headline figures."""
        return self.levels[OURS]

    def figures(self) -> dict[str, float]:
        """Ratios: times over ours, and shares of energy that ours saves."""
        naive, strong, ours = self.levels["naive"], self.levels["strong"], self.ours
        few, fastest = self.levels["few copies"], self.levels["fastest"]

        def rewriting(level: Level) -> float:
            return level.write_pj + level.dram_pj

        found = {
            "speedup_over_naive": naive.time_ps / ours.time_ps,
            "speedup_over_strong": strong.time_ps / ours.time_ps,
            "fastest_speedup_over_naive": naive.time_ps / fastest.time_ps,
            "fastest_speedup_over_strong": strong.time_ps / fastest.time_ps,
            "energy_saving_over_naive": 1 - ours.total_pj / naive.total_pj,
            "energy_saving_over_strong": 1 - ours.total_pj / strong.total_pj,
            "dynamic_energy_over_naive": ours.dynamic_pj / naive.dynamic_pj,
            "least_dynamic_energy_over_naive": (
                ours.dynamic_pj - ours.write_pj + ours.least_write_pj
            )
            / naive.dynamic_pj,
            "dynamic_energy_over_strong": ours.dynamic_pj / strong.dynamic_pj,
            "gap_to_bound": fastest.gap_to_bound,
            "copies": ours.arrays_written / self.one_copy,
            "speedup_over_tpu_like": self.systolic.time_ps / ours.time_ps,
            "energy_saving_over_tpu_like": 1 - ours.total_pj / self.systolic.total_pj,
            "dynamic_energy_saving_over_tpu_like": 1 - ours.dynamic_pj / self.systolic.dynamic_pj,
            "few_copies_time": few.time_ps / fastest.time_ps - 1,
        }
        steady = self.levels.get("steady")
        if steady is None:
            return found
        like_steady = self._like_steady(fastest)
        most = 1 - steady.least_rewriting_pj / rewriting(like_steady)
        return found | {
            "steady_rewriting_saved_at_most": most,
            "steady_time": steady.time_ps / ours.time_ps - 1,
            "steady_time_over_fastest": steady.time_ps / fastest.time_ps - 1,
            "steady_rewriting_saved": 1 - rewriting(steady) / rewriting(ours),
            "steady_rewriting_saved_over_fastest": 1 - rewriting(steady) / rewriting(like_steady),
        }

    def _like_steady(self, level: Level) -> Level:
        """The level with the pulses of the steady one, so that only the schedule differs."""
        values = {f.name: getattr(level, f.name) for f in fields(level)}
        return Level(**values | {"write_pj": level.write_pj * self.steady_pulses})

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.figures(),
            "encoding": self.encoding,
            "levels": {name: level.to_dict() for name, level in self.levels.items()},
            "tpu_like": asdict(self.systolic)
            | {"dynamic_pj": self.systolic.dynamic_pj, "total_pj": self.systolic.total_pj},
        }


def geomean(values: Iterable[float]) -> float:
    """The geometric mean of positive numbers."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


@dataclass(frozen=True)
class Setting:
    """All networks with one number of writers."""

    writers: int
    networks: dict[str, Network]

    def summary(self) -> dict[str, Any]:
        """Means and bests over the networks; of the transformers too, if there are some."""
        figures = {name: network.figures() for name, network in self.networks.items()}

        def over(names: Iterable[str], how: Callable[[Iterable[float]], float]) -> dict[str, float]:
            own = [figures[name] for name in names]
            result = {}
            for key in own[0]:
                if key.startswith("speedup") or key.startswith("fastest_speedup"):
                    result[key] = how(f[key] for f in own)
                elif "energy_saving" in key:
                    result[key] = 1 - 1 / how(1 / (1 - f[key]) for f in own)
            return result

        result = {"geomean": over(figures, geomean), "best": over(figures, max)}
        transformers = [name for name in figures if name in TRANSFORMERS]
        if transformers:
            result["best_transformer"] = over(transformers, max)
        return result

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the summary, and each network by its name."""
        return self.summary() | {name: n.to_dict() for name, n in self.networks.items()}


@dataclass(frozen=True)
class Sensitivity:
    """One constant: figures over all networks with the constant halved and doubled.

    Attributes:
        speedup, saving: geometric means over strong: (halved, as it is, doubled).
    """

    constant: str
    value: float
    label: str
    speedup: tuple[float, float, float]
    saving: tuple[float, float, float]


@dataclass(frozen=True)
class Gaps:
    """Gaps to the optimum of random instances, as shares of it."""

    instances: int
    proven: int
    mean: float
    worst: float


@dataclass(frozen=True)
class Results:
    """All that the reproduction finds."""

    settings: Settings
    by_writers: list[Setting]
    kept: list[Kept]
    gaps: Gaps | None
    throughput: list[Throughput] = field(default_factory=list)
    sensitivities: list[Sensitivity] = field(default_factory=list)

    def cells_kept(self) -> dict[str, Any]:
        """The most cells kept by an exact encoding, per quantizer, and all configurations."""
        best = {q: max(k.cells_kept for k in self.kept if k.quantizer == q) for q in QUANTIZERS}
        return {
            "per_channel": best["channel"],
            "per_tensor": best["tensor"],
            "configurations": [asdict(k) | {"configuration": k.configuration.name}
                               for k in self.kept],
        }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain data; shares and gaps are fractions."""
        result: dict[str, Any] = {
            "paper": asdict(PAPER),
            "pumice": pumice.__version__,
            "settings": asdict(self.settings),
            "constants": asdict(networks.Constants()),
            "cells_kept": self.cells_kept(),
            "gap_to_optimum": None if self.gaps is None else asdict(self.gaps),
            "throughput": [
                asdict(t) | {"above_bound": t.above_bound, "above_relaxed": t.above_relaxed}
                for t in self.throughput
            ],
            "sensitivities": [asdict(item) for item in self.sensitivities],
        }
        first = self.by_writers[0]
        result |= first.to_dict()
        result["writers"] = first.writers
        for setting in self.by_writers:
            result[f"writers_{setting.writers or 'all'}"] = setting.to_dict()
        return result

    def tables(self) -> list[Any]:
        """For a terminal."""
        from pumice.experiments.aras.tables import tables

        return list(tables(self))
