# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What it would take: the ratio over energies of searches, writes and shifts.

The microprograms of a network stay as compiled for the device. Their energy is then linear in the
energies of events: `rest + searches * e_search + writes * e_write + shifts * e_shift`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pumice.device import Device

if TYPE_CHECKING:
    from pumice.program import Program

__all__ = ["BASELINES", "Baseline", "Events", "Map", "events_of"]

#: Crossbars that processors are compared with: name, device, and whether weights are ternary.
BASELINES: tuple[tuple[str, str, bool], ...] = (
    ("ternary", "neurosim-rram", True),
    ("8-bit weights", "neurosim-rram", False),
    ("8-bit, pipelined", "neurosim-rram-pipelined", False),
    ("8-bit, SAR", "neurosim-rram-sar", False),
    ("ternary, high-performance", "neurosim-rram-hp", True),
    ("8-bit, high-performance", "neurosim-rram-hp", False),
)


@dataclass(frozen=True)
class Events:
    """Events of an inference on processors, and the energy of all others.

    Attributes:
        searches: passes times active rows; each charges a match line.
        columns: columns of keys, summed over `searches`.
        writes: bits that passes write, expected, and that loading writes.
        shifts: of a racetrack by a domain.
        rest_pj: energy of everything else.
    """

    searches: float
    columns: float
    writes: float
    shifts: float
    rest_pj: float

    def energy_pj(self, search_pj: float, write_pj: float, shift_pj: float) -> float:
        """With energies per search of a row (all of its columns), bit and shift."""
        return (
            self.rest_pj
            + self.searches * search_pj
            + self.writes * write_pj
            + self.shifts * shift_pj
        )


@dataclass(frozen=True)
class Baseline:
    """Crossbars.

    Attributes:
        name, device: of `BASELINES`.
        energy_pj: of an inference, with the DRAM and digital unit that processors have too.
        leakage_pj: the leakage in it.
    """

    name: str
    device: str
    energy_pj: float
    leakage_pj: float


@dataclass(frozen=True)
class Map:
    """A network on processors beside several baselines.

    Attributes:
        search_pj: of a row and pass, with the mean number of columns of a key.
        write_pj, shift_pj: of the device.
    """

    events: Events
    search_pj: float
    write_pj: float
    shift_pj: float
    baselines: tuple[Baseline, ...]

    @property
    def energy_pj(self) -> float:
        """With the constants of the device."""
        return self.events.energy_pj(self.search_pj, self.write_pj, self.shift_pj)

    def ratio(self, baseline: Baseline) -> float:
        """Energy of crossbars over that of processors."""
        return baseline.energy_pj / self.energy_pj

    def implied_pj(self, baseline: Baseline, ratio: float) -> float:
        """The energy per pass and row, of everything, that gives a ratio."""
        return baseline.energy_pj / ratio / self.events.searches

    def search_for(
        self, baseline: Baseline, ratio: float, write_pj: float, shift_pj: float
    ) -> float:
        """The energy of a search of a row that gives a ratio; negative if none does."""
        others = self.events.energy_pj(0, write_pj, shift_pj)
        return (baseline.energy_pj / ratio - others) / self.events.searches

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the ratio of each baseline and what 1 and 7.5 imply."""
        return {
            **asdict(self),
            "baselines": [
                {
                    **asdict(item),
                    "ratio": self.ratio(item),
                    "implied_pj_for_1": self.implied_pj(item, 1),
                    "implied_pj_for_7_5": self.implied_pj(item, 7.5),
                }
                for item in self.baselines
            ],
        }


def events_of(program: Program, device: Device) -> tuple[Events, dict[str, float]]:
    """The events of a program on processors, and the device's energies of one of each."""
    ap = device.processors["ap"]
    per_bit, per_row = ap["search_pj_per_bit"], ap.get("search_pj_per_row", 0.0)
    unit = device.replace(
        ap={"search_pj_per_bit": 0.0, "search_pj_per_row": 1.0, "write_pj_per_bit": 1.0}
    )
    counted = program.estimate(unit, recompile=False).components
    report = program.estimate(device, recompile=False)
    components = report.components
    writes = counted["tag_write"] + counted["ap_load"]
    rest = sum(
        pj
        for name, pj in components.items()
        if name not in ("search", "tag_write", "ap_load", "shift")
    )
    searches = counted["search"]
    columns = (components["search"] - searches * per_row) / per_bit if per_bit else 0.0
    events = Events(searches, columns, writes, report.counters["ap_shifts"], rest)
    return events, {
        "search_pj": components["search"] / searches,
        "write_pj": ap["write_pj_per_bit"],
        "shift_pj": ap["shift_pj_per_bit"],
    }
