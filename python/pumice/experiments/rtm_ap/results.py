# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings and results of the comparison of arXiv 2401.12630, as plain classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pumice
from pumice.errors import PumiceError
from pumice.experiments.rtm_ap.map import Map
from pumice.experiments.sensitivity import Sensitivity

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "GROUPS", "NETWORKS", "PAPER", "Cost", "Network", "Paper", "Point", "Results", "Run",
    "Settings",
]  # fmt: skip

#: What components of a report are for. The rest computes: searches, tagged writes; converters,
#: cells, wordlines, shift-and-adds. `ap_load` holds the first values of accumulators too.
GROUPS = {
    "activations": ("ap_load", "ap_read", "link", "buffer_read", "buffer_write", "interconnect"),
    "leakage": ("leakage",),
    "shifts": ("shift",),
    "programs": ("fetch",),
    "off chip": ("dram_read", "dram_write"),
    "digital": ("digital",),
}


@dataclass(frozen=True)
class Paper:
    """Known results of the paper.

    Attributes:
        energy_ratios: energy of its crossbar baseline over its own, by network (abstract).
        movement_share: of its energy that moves activations (a review's excerpt).
        prior_movement_share: the same of earlier systems, from and to.
    """

    title: str
    arxiv: str
    energy_ratios: dict[str, float]
    movement_share: float
    prior_movement_share: tuple[float, float]


PAPER = Paper(
    "Full-Stack Optimization for CAM-Only DNN Inference",
    "2401.12630",
    {"resnet18": 7.5},
    0.03,
    (0.3, 0.7),
)


@dataclass(frozen=True)
class Network:
    """A network of `pumice.zoo` for square RGB images.

    Attributes:
        build: makes it, with weights of its own.
        side: of an image, in pixels.
    """

    build: Callable[[], nn.Module]
    side: int


def _zoo(name: str) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        from pumice import zoo

        model: nn.Module = getattr(zoo, name)()
        return model

    return build


NETWORKS: dict[str, Network] = {
    "vgg9": Network(_zoo("vgg9"), 32),
    "vgg11": Network(_zoo("vgg11"), 32),
    "resnet18": Network(_zoo("resnet18"), 224),
}


@dataclass(frozen=True)
class Settings:
    """What to compare.

    Attributes:
        networks: names of `NETWORKS`.
        sparsities: parts of the ternary weights that are 0, each at least 0 and below 1.
        activation_bits: widths of activations, 2 to 8.
        run: also simulate every pass, for one sparsity and width of each network.
        threads: to compile and run with; all by default. Results do not depend on it.

    Raises:
        PumiceError: an impossible value.
    """

    networks: tuple[str, ...] = tuple(NETWORKS)
    sparsities: tuple[float, ...] = (0.8, 0.85, 0.9)
    activation_bits: tuple[int, ...] = (4, 8)
    run: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, values in (
            ("network", self.networks),
            ("sparsity", self.sparsities),
            ("width of activations", self.activation_bits),
        ):
            if not values:
                raise PumiceError(f"expected at least one {name}, got none")
        for network in self.networks:
            if network not in NETWORKS:
                raise PumiceError(f"expected a network of {', '.join(NETWORKS)}, got '{network}'")
        for sparsity in self.sparsities:
            if not 0 <= sparsity < 1:
                raise PumiceError(
                    f"expected a sparsity of at least 0 and below 1, got {sparsity:g}"
                )
        for bits in self.activation_bits:
            if not 2 <= bits <= 8:
                raise PumiceError(f"expected widths of activations from 2 to 8, got {bits}")
        if self.threads is not None and self.threads < 1:
            raise PumiceError(f"expected at least 1 thread, got {self.threads}")

    @property
    def headline(self) -> tuple[float, int]:
        """Sparsity and width of ratios, sensitivities and runs.

        0.8 and 4 bits, or else the lowest values.
        """
        sparsity = 0.8 if 0.8 in self.sparsities else min(self.sparsities)
        return sparsity, 4 if 4 in self.activation_bits else min(self.activation_bits)


@dataclass(frozen=True)
class Cost:
    """An inference on a device, estimated.

    Attributes:
        units: crossbar arrays that hold weights, or processors.
        energy_pj: with the leakage of circuits around arrays; there is no other static power.
        components: energies in pJ, without those that are 0.
    """

    device: str
    units: int
    energy_pj: float
    latency_ns: float
    components: dict[str, float]

    @property
    def shares(self) -> dict[str, float]:
        """Of the energy, by `GROUPS` and "computing"."""
        groups = {
            name: sum(self.components.get(part, 0.0) for part in parts) / self.energy_pj
            for name, parts in GROUPS.items()
        }
        return {"computing": 1 - sum(groups.values()), **groups}

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the shares."""
        return {**asdict(self), "shares": self.shares}


@dataclass(frozen=True)
class Point:
    """A network of one sparsity and width.

    Attributes:
        nonzeros: nonzero ternary weights: additions and subtractions without sharing.
        additions: additions and subtractions of the programs, with common subexpressions shared.
        unshared_additions: of programs without sharing.
        bound: lower bound of additions with any sharing within the compiler's sets of channels.
        program_bytes: of the programs.
        passes: of all processors.
        shifts: of one racetrack by one domain.
        processors: costs on `rtm-ap`.
        unshared: the same without sharing.
        crossbars: the same quantized values on `neurosim-rram`, in as few cells as possible.
        int8: a network of the same shape with 8-bit weights and activations of the same width.
    """

    network: str
    sparsity: float
    activation_bits: int
    nonzeros: int
    additions: int
    unshared_additions: int
    bound: int
    program_bytes: int
    passes: int
    shifts: int
    processors: Cost
    unshared: Cost
    crossbars: Cost
    int8: Cost

    @property
    def energy_ratio(self) -> float:
        """Energy of the crossbars over that of the processors, for the same quantized values."""
        return self.crossbars.energy_pj / self.processors.energy_pj

    @property
    def latency_ratio(self) -> float:
        """The same of latencies."""
        return self.crossbars.latency_ns / self.processors.latency_ns

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the ratios over both crossbar networks."""
        found = asdict(self)
        for name in ("processors", "unshared", "crossbars", "int8"):
            found[name] = getattr(self, name).to_dict()
        return {**found, **_ratios(self, self.crossbars, ""), **_ratios(self, self.int8, "int8_")}


def _ratios(point: Point, cost: Cost, kind: str) -> dict[str, float]:
    ours = point.processors
    return {
        f"energy_ratio_over_{kind}crossbar": cost.energy_pj / ours.energy_pj,
        f"latency_ratio_over_{kind}crossbar": cost.latency_ns / ours.latency_ns,
    }


@dataclass(frozen=True)
class Run:
    """An inference on processors with every pass simulated.

    Attributes:
        energy_pj: with the tagged rows of this image's searches, which an estimate expects.
        exact: the outputs are those of the device `ideal`, bit for bit.
    """

    energy_pj: float
    latency_ns: float
    exact: bool


@dataclass
class Results:
    """What `run` returns.

    Attributes:
        points: by network, sparsity and width, in this order.
        sensitivities, maps, runs: by network, at `Settings.headline`.
    """

    settings: Settings
    points: list[Point] = field(default_factory=list)
    sensitivities: dict[str, list[Sensitivity]] = field(default_factory=dict)
    maps: dict[str, Map] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)

    def point(self, network: str, sparsity: float, bits: int) -> Point | None:
        """The point of a network, sparsity and width, if there is one."""
        wanted = (network, sparsity, bits)
        found = (p for p in self.points if (p.network, p.sparsity, p.activation_bits) == wanted)
        return next(found, None)

    def tables(self) -> list[Any]:
        """Programs, costs, shares; then the sensitivities of each network."""
        from pumice.experiments.rtm_ap.tables import tables

        return [*tables(self)]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: `paper`, `settings`, `points` and a dict for each network, by its name.

        docs/reproduce.md lists the keys.
        """
        settings = asdict(self.settings)
        del settings["threads"]
        return {
            "paper": asdict(PAPER),
            "pumice": pumice.__version__,
            "weights": "random ternary",
            "settings": settings,
            **{name: self._network(name) for name in self.settings.networks},
            "points": [point.to_dict() for point in self.points],
        }

    def _network(self, name: str) -> dict[str, Any]:
        sparsity, bits = self.settings.headline
        point = self.point(name, sparsity, bits)
        assert point is not None
        found: dict[str, Any] = {
            "sparsity": sparsity,
            "activation_bits": bits,
            **_ratios(point, point.crossbars, ""),
            **_ratios(point, point.int8, "int8_"),
            "activation_movement_share": point.processors.shares["activations"],
            "shift_share": point.processors.shares["shifts"],
        }
        wide = self.point(name, sparsity, 8)
        if wide is not None:
            found |= _ratios(point, wide.int8, "int8_8_bit_")
        target = PAPER.energy_ratios.get(name)
        if target is not None:
            found["paper_energy_ratio"] = target
            found["paper_energy_ratio_met"] = point.energy_ratio >= target
            found["paper_energy_ratio_missed_by"] = target / point.energy_ratio
        found["sensitivity"] = [item.to_dict() for item in self.sensitivities[name]]
        found["map"] = self.maps[name].to_dict()
        run = self.runs.get(name)
        if run is not None:
            energy = point.crossbars.energy_pj / run.energy_pj
            found["run"] = {**asdict(run), "energy_ratio_over_crossbar": energy}
        return found
