# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings and results of the comparison of arXiv 2211.05730, as plain classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import pumice
from pumice.errors import PumiceError
from pumice.experiments.neon.compiled import CompiledNet
from pumice.experiments.neon.hardware import SETTINGS
from pumice.experiments.neon.networks import NETWORKS
from pumice.experiments.neon.systems import CONFIGURATIONS, SystemCost
from pumice.experiments.neon.table3 import NETS, NetRow

__all__ = ["PAPER_GEOMEAN", "Curve", "Results", "Sensitivity", "Settings", "geomean"]

#: Geometric means of Fig. 10, over DLC: NEON, LUT.
PAPER_GEOMEAN = {
    "speedup": (2.28, 1.63), "area": (1.42, 1.66), "power": (2.02, 2.35), "energy": (15.33, 21.46),
}  # fmt: skip


def geomean(values: list[float]) -> float:
    """Of positive numbers."""
    return math.exp(sum(map(math.log, values)) / len(values))


@dataclass(frozen=True)
class Settings:
    """What to compare.

    Attributes:
        networks: names of `NETWORKS`.
        bits: of inputs, hidden values and weights of the nets: 16, as in the paper, or fewer.
        whole: also fits the nets of whole vectors.

    Raises:
        PumiceError: an impossible value.
    """

    networks: tuple[str, ...] = tuple(NETWORKS)
    bits: int = 16
    whole: bool = True

    def __post_init__(self) -> None:
        if not self.networks:
            raise PumiceError("expected at least one network, got none")
        for network in self.networks:
            if network not in NETWORKS:
                raise PumiceError(f"expected a network of {', '.join(NETWORKS)}, got '{network}'")
        if not 8 <= self.bits <= 16:
            raise PumiceError(f"expected nets of 8 to 16 bits, got {self.bits}")


@dataclass(frozen=True)
class Sensitivity:
    """A ratio with one constant halved, doubled and (nearly) removed.

    Attributes:
        value: of the constant, in the unit of its name; None for several numbers.
        base, halved, doubled, removed: by the ratio's name.
    """

    setting: str
    constant: str
    value: float | None
    base: dict[str, float]
    halved: dict[str, float]
    doubled: dict[str, float]
    removed: dict[str, float]


@dataclass(frozen=True)
class Curve:
    """Geometric means over the networks for units of one number, by their latency.

    Attributes:
        lane_part: units for a function of size d, over d.
        latencies_ns: of EXP and of DIV.
        speedups, energies: of NEON over DLC; energies of the functions alone.
    """

    setting: str
    lane_part: float
    latencies_ns: list[float]
    speedups: list[float]
    energies: list[float]


@dataclass
class Results:
    """What `run` returns.

    Attributes:
        nets: rows of Table III.
        hidden: units of the nets of the library that the networks use.
        costs: by setting, network and configuration.
        compiled: nets that `pumice.compile` makes for the functions of the networks.
        one_division: energy of functions of NEON over that of a DLC that divides once per vector.
    """

    settings: Settings
    nets: list[NetRow] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    costs: dict[str, dict[str, dict[str, SystemCost]]] = field(default_factory=dict)
    compiled: list[CompiledNet] = field(default_factory=list)
    one_division: float = 0.0
    sensitivities: list[Sensitivity] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)

    def ratio(self, setting: str, get: Callable[[SystemCost], float], a: str, b: str) -> float:
        """Geometric mean over the networks of `get` of configuration `a` over that of `b`."""
        networks = self.costs[setting].values()
        return geomean([get(costs[a]) / get(costs[b]) for costs in networks])

    def table3(self) -> dict[str, Any]:
        """Rows, and how many agree with the paper exactly."""
        pairs = list(zip(self.nets, NETS, strict=True))
        arrays = sum(row.arrays == round(net.power_mw / 24.08) for row, net in pairs)
        power = sum(round(row.power_mw, 6) == net.power_mw for row, net in pairs)
        area = sum(round(row.table_area_mm2, 2) == net.area_mm2 for row, net in pairs)
        table4 = sum(round(row.area_mm2, 2) == net.area_mm2 for row, net in pairs)
        errors = sum(row.mse <= net.target for row, net in pairs)
        return {
            "exact": int(arrays == power == area == len(NETS)),
            "arrays_exact": arrays,
            "power_exact": power,
            "area_exact": area,
            "area_exact_by_table4": table4,
            "largest_area_difference_mm2": max(abs(r.area_mm2 - n.area_mm2) for r, n in pairs),
            "errors_met": errors,
            "nets": [{**asdict(row), "paper": asdict(net)} for row, net in pairs],
        }

    def tables(self) -> list[Any]:
        """Nets, costs beside the paper's bars, sensitivities."""
        from pumice.experiments.neon.tables import tables

        return [*tables(self)]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/reproduce.md lists the keys."""
        return {
            "paper": {
                "title": "NEON: Enabling Efficient Support for Nonlinear Operations in Resistive"
                " RAM-based Neural Network Accelerators",
                "arxiv": "2211.05730",
                "geomean": PAPER_GEOMEAN,
                "networks": {name: NETWORKS[name].paper for name in self.settings.networks},
            },
            "pumice": pumice.__version__,
            "settings": asdict(self.settings),
            "hidden": self.hidden,
            "table3": self.table3(),
            "compiled": [asdict(item) for item in self.compiled],
            **{name: self._setting(name) for name in SETTINGS},
            "sensitivity": [asdict(item) for item in self.sensitivities],
            "crossover": [asdict(curve) for curve in self.curves],
        }

    def _setting(self, name: str) -> dict[str, Any]:
        figures: dict[str, Callable[[SystemCost], float]] = {
            "latency": lambda c: c.latency_ns,
            "area": lambda c: c.area_mm2,
            "power": lambda c: c.power_mw,
            "energy": lambda c: c.energy_pj,
            "paper_accounting_area": lambda c: c.paper_area_mm2,
            "paper_accounting_power": lambda c: c.paper_power_mw,
            "paper_accounting_energy": lambda c: c.paper_pj,
        }
        means = {
            f"{key}_over_dlc": self.ratio(name, get, "neon", "dlc")
            for key, get in figures.items()
            if key != "latency"
        }
        for other in ("dlc", "lut", "lut_wide"):
            means[f"speedup_over_{other}"] = self.ratio(name, figures["latency"], other, "neon")
        operations = {
            "energy_over_dlc": self.ratio(name, lambda c: c.function_pj, "neon", "dlc"),
            "energy_over_lut": self.ratio(name, lambda c: c.function_pj, "neon", "lut"),
            "paper_accounting_energy_over_dlc": self.ratio(
                name, lambda c: c.paper_function_pj, "neon", "dlc"
            ),
        }
        if name == "ours":
            operations["energy_over_dlc_with_one_division"] = self.one_division
        return {
            "setting": asdict(SETTINGS[name]),
            "geomean": means,
            "operations": operations,
            "networks": {
                network: {config: asdict(costs[config]) for config in CONFIGURATIONS}
                for network, costs in self.costs[name].items()
            },
        }
