# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The constants of the comparison, from device files, and the two settings.

`OURS` has the constants of the device files, which were fixed before any ratio was seen, and the
order of Pumice's machine: one layer after the other. `PAPER` is a reconstruction: assumptions that
explain the paper's figures. The two are never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from pumice.device import Device
from pumice.experiments.neon.costs import Matrix, MatrixCost, matrix_costs
from pumice.lazy import cached_property

__all__ = ["OURS", "PAPER", "SETTINGS", "Hardware", "NetShape", "Setting", "Units"]


@dataclass(frozen=True)
class Setting:
    """Rules that time, area and energy follow.

    Attributes:
        title: for tables.
        steps: latency of an EXP or DIV unit in reads of an array; None: the device file's.
        sums_by_mvm: DLC and LUT add with a product on arrays; otherwise with a tree of adders.
        pipelined: layers work at the same time, with as many copies as balance them; otherwise
            one layer after the other, one copy each.
        net_per_site: each call site has nets for a vector per product; otherwise NEON has as much
            area for each function and size as DLC, shared by all sites.
    """

    title: str
    steps: int | None
    sums_by_mvm: bool
    pipelined: bool
    net_per_site: bool


OURS = Setting("ours", None, False, False, False)
#: Eight steps: one for each of the eight cycles of the device file, at the crossbar's 100 ns.
PAPER = Setting("paper's assumptions", 8, True, True, True)
SETTINGS = {"ours": OURS, "paper_assumptions": PAPER}


@dataclass(frozen=True)
class Units:
    """Units of the baselines.

    Attributes:
        exp_ns, div_ns: latency of an EXP and of a DIV/SQRT unit, which do not pipeline.
        exp_pj, div_pj: energy of one operation.
        exp_um2, div_um2, exp_mw, div_mw: of one unit.
        lut_ns, lut_pj: of one look-up in a table.
        lut_arrays: arrays of a table.
        lane_part: lanes of a function of size d, over d.
    """

    exp_ns: float
    div_ns: float
    exp_pj: float
    div_pj: float
    exp_um2: float
    div_um2: float
    exp_mw: float
    div_mw: float
    lut_ns: float
    lut_pj: float
    lut_arrays: int
    lane_part: float = 0.5

    def stepping(self, ns: float) -> Units:
        """With EXP and DIV units that take so long, at the same power."""
        return replace(self, exp_ns=ns, div_ns=ns, exp_pj=self.exp_mw * ns, div_pj=self.div_mw * ns)


@dataclass(frozen=True)
class NetShape:
    """A scalar net on arrays: 1 input, `hidden` units, 1 output.

    Attributes:
        input_weight_bits: of the first layer; its weights are 1 and -1.
        bits: of inputs, hidden values and the second layer's weights.
    """

    hidden: int
    input_weight_bits: int
    bits: int

    @property
    def layers(self) -> tuple[Matrix, Matrix]:
        """The two matrices."""
        return (
            Matrix(1, self.hidden, self.input_weight_bits, self.bits),
            Matrix(self.hidden, 1, self.bits, self.bits),
        )


#: Power and clock of ISAAC's sigmoid unit, which the preset `isaac` lists, stand for the native
#: tanh unit: 0.26 mW for 1 ns.
TANH_PJ = 0.26


class Hardware:
    """Arrays of `neon`, units of `neon-dlc`, tables of `neon-lut`.

    Args:
        devices: other devices, by the names of the presets.
    """

    def __init__(self, devices: Mapping[str, Device] | None = None) -> None:
        given = devices or {}
        names = ("neon", "neon-dlc", "neon-lut")
        self.neon, self.dlc, self.lut = (given.get(name) or Device(name) for name in names)
        self._known: dict[Matrix, MatrixCost] = {}

    @cached_property
    def units(self) -> Units:
        """The numbers of the device files."""
        parts = {item["name"]: item for item in self.dlc.fields["components"]}
        ops = {op["kind"]: op for op in self.dlc.digital["ops"]}
        table = {op["kind"]: op for op in self.lut.digital["ops"]}["special"]
        clock, lut_clock = self.dlc.digital["clock_ghz"], self.lut.digital["clock_ghz"]

        def each(name: str, field: str) -> float:
            return float(parts[name][field] / parts[name]["count"])

        cells = self.array["rows"] * self.array["columns"] * self.array["cell_bits"]
        return Units(
            ops["special"]["cycles"] / clock, ops["divide"]["cycles"] / clock,
            ops["special"]["energy_pj"], ops["divide"]["energy_pj"],
            each("exp", "area_um2"), each("divide", "area_um2"),
            each("exp", "power_mw"), each("divide", "power_mw"),
            table["cycles"] / lut_clock, table["energy_pj"], ceil((16 << 16) / cells),
        )  # fmt: skip

    def units_of(self, setting: Setting) -> Units:
        """With the setting's latencies."""
        if setting.steps is None:
            return self.units
        return self.units.stepping(setting.steps * self.neon.crossbars["timing"]["read_ns"])

    @cached_property
    def array(self) -> dict[str, Any]:
        """The arrays of `neon`."""
        return dict(self.neon.crossbars["array"])

    @cached_property
    def levels(self) -> dict[str, dict[str, float]]:
        """Area and power of the levels of `neon`, by name."""
        return {item["level"]: item for item in self.neon.roll_up()["levels"]}

    @cached_property
    def table_subarray_mm2(self) -> float:
        """Area of a subarray that Table III's areas follow: those of a bank, rounded, over 12.

        The subarrays of a bank take 12 x 0.01312 = 0.15744 mm2; ISAAC's table of components, which
        these parts come from, gives areas with three decimals: 0.157 mm2 for its 12 IMAs (recalled,
        not read again). 0.157 / 12 = 0.013083 is within the 0.013059 to 0.013087 that all seven
        areas allow; 0.01312 gives five of them, its rounding to 0.0131 gives six. A reconstruction:
        the paper does not say how it rounds.
        """
        holds = self.neon.crossbars["levels"][1]["holds"]
        return float(round(holds * self.levels["subarray"]["area_mm2"], 3) / holds)

    @cached_property
    def arrays_per_subarray(self) -> int:
        """Arrays that a subarray holds in the device file; 1 in the paper's accounting."""
        return int(self.neon.crossbars["levels"][0]["holds"])

    @cached_property
    def digital_pj(self) -> dict[str, float]:
        """Energy of the digital operations of `neon`, by kind."""
        return {op["kind"]: float(op["energy_pj"]) for op in self.neon.digital["ops"]}

    @cached_property
    def digital_lanes(self) -> float:
        """Digital operations per ns."""
        digital = self.neon.digital
        return float(digital["units"] * digital["lanes"] * digital["clock_ghz"])

    def learn(self, matrices: list[Matrix]) -> None:
        """Asks for the costs of several matrices at once."""
        new = [m for m in matrices if m not in self._known]
        if new:
            self._known.update(matrix_costs(self.neon, new))

    def cost(self, matrix: Matrix) -> MatrixCost:
        """Of one product with the matrix."""
        self.learn([matrix])
        return self._known[matrix]

    @cached_property
    def mvm_ns(self) -> float:
        """Of a product with inputs of 16 bits."""
        return self.cost(Matrix(self.array["rows"], 16)).latency_ns

    def net_pj(self, net: NetShape) -> float:
        """One evaluation: conversions, corrections, rescaling with bias, tanh."""
        first, second = (self.cost(m).energy_pj for m in net.layers)
        rescale = self.digital_pj["multiply"] + self.digital_pj["add"]
        return first + second + (net.hidden + 1) * rescale + net.hidden * TANH_PJ

    def net_arrays(self, net: NetShape, count: int) -> int:
        """Arrays for so many copies that are evaluated at once: blocks on the diagonal."""
        rows, columns, bits = (self.array[key] for key in ("rows", "columns", "cell_bits"))
        first, second = (ceil(m.weight_bits / bits) for m in net.layers)
        fit = (
            min(rows, columns // (net.hidden * first)),
            min(rows // net.hidden, columns // second),
        )
        return sum(ceil(count / one) for one in fit)
