# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the comparison of NEON (arXiv 2211.05730)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pumice import neon
from pumice.device import Device
from pumice.experiments.constants import Constant
from pumice.experiments.neon.compiled import compiled_nets
from pumice.experiments.neon.hardware import SETTINGS, Hardware, NetShape, Setting, Units
from pumice.experiments.neon.results import Curve, Results, Sensitivity, Settings, geomean
from pumice.experiments.neon.systems import CONFIGURATIONS, FUNCTIONS, System, SystemCost
from pumice.experiments.neon.table3 import NETS, rows
from pumice.experiments.neon.trace import Step, trace

__all__ = ["count", "run"]

Traces = Mapping[str, list[Step]]

#: Constants of the baselines' units, by name: the fields of `Units` that change together.
UNIT_CONSTANTS: dict[str, tuple[str, ...]] = {
    "EXP latency, ns": ("exp_ns", "exp_pj"),
    "DIV latency, ns": ("div_ns", "div_pj"),
    "EXP power, mW": ("exp_mw", "exp_pj"),
    "DIV power, mW": ("div_mw", "div_pj"),
    "EXP area, um2": ("exp_um2",),
    "DIV area, um2": ("div_um2",),
    "units per element": ("lane_part",),
    "table read, ns": ("lut_ns",),
    "table read, pJ": ("lut_pj",),
}
#: Of the preset `neon`.
DEVICE_CONSTANTS = (
    Constant("read, ns", "neon", "time", (("timing", "read_ns"),)),
    Constant("conversion, pJ", "neon", "energy", (("energy", "adc_pj"),)),
    Constant("wordline, pJ", "neon", "energy", (("energy", "dac_pj"),)),
    Constant("cell read, pJ", "neon", "energy", (("energy", "cell_read_pj"),)),
    Constant("digital operations, pJ", "neon", "energy", (("digital", "ops", "*", "energy_pj"),)),
)
_NONE = 1e-6  # stands for 0: times and areas divide
_LATENCIES = tuple(10 ** (i / 4) for i in range(17))  # 1 ns to 10 us
_LANE_PARTS = (1 / 64, 1 / 8, 1 / 2, 2.0)


def run(
    settings: Settings,
    *,
    threads: int | None = None,
    advance: Callable[[str], None] = lambda doing: None,
) -> Results:
    """Fits nets, costs each network in each configuration and setting, and the sensitivities.

    Args:
        threads: that fit nets and compile; all of the machine by default. No figure but seconds
            depends on it.
        advance: called before each of `count(settings)` parts with what it is, and at the end.
    """
    hardware = Hardware()
    results = Results(settings)
    results.nets = rows(hardware, whole=settings.whole, advance=advance)
    traces: dict[str, list[Step]] = {}
    for name in settings.networks:
        advance(name)
        traces[name] = trace(name)
    nets = _shapes(settings.bits, threads)
    for name in settings.networks:
        advance(f"{name}, compiled")
        results.compiled += compiled_nets(
            name, traces[name], hardware, nets, bits=settings.bits, threads=threads
        )
    advance("sensitivities")
    results.hidden = {name: shape.hidden for name, shape in nets.items()}
    for name, setting in SETTINGS.items():
        results.costs[name] = _costs(System(hardware, setting, nets), traces)
        results.sensitivities += _sensitivities(hardware, name, setting, nets, traces)
        results.sensitivities.append(_hidden(hardware, name, setting, nets, traces))
        results.curves += _curves(hardware, name, setting, nets, traces)
    alternative = _costs(System(hardware, SETTINGS["ours"], nets, one_division=True), traces)
    results.one_division = geomean(
        [c["neon"].function_pj / c["dlc"].function_pj for c in alternative.values()]
    )
    advance("")
    return results


def count(settings: Settings) -> int:
    """How many parts `run` has."""
    return len(NETS) + 2 * len(settings.networks) + 1


def _shapes(bits: int, threads: int | None = None) -> dict[str, NetShape]:
    """Of the nets of the library that functions use."""
    names = sorted({name for work in FUNCTIONS.values() for stage in work.nets for name in stage})
    with ThreadPoolExecutor(threads) as pool:
        fitted = list(pool.map(lambda name: neon.function(name, bits).net, names))
    found = {}
    for name, net in zip(names, fitted, strict=True):
        largest = max(abs(unit["input_weight"]) for unit in net.data["units"])
        found[name] = NetShape(net.hidden, largest.bit_length() + 1, bits)
    return found


def _costs(system: System, traces: Traces) -> dict[str, dict[str, SystemCost]]:
    return {
        name: {config: system.cost(steps, config) for config in CONFIGURATIONS}
        for name, steps in traces.items()
    }


def _ratios(costs: dict[str, dict[str, SystemCost]]) -> dict[str, float]:
    def mean(get: Callable[[SystemCost], float], a: str, b: str) -> float:
        return geomean([get(c[a]) / get(c[b]) for c in costs.values()])

    return {
        "speedup over DLC": mean(lambda c: c.latency_ns, "dlc", "neon"),
        "speedup over LUT": mean(lambda c: c.latency_ns, "lut", "neon"),
        "energy over DLC": mean(lambda c: c.energy_pj, "neon", "dlc"),
        "energy over DLC, functions": mean(lambda c: c.function_pj, "neon", "dlc"),
    }


def _sensitivities(
    hardware: Hardware,
    name: str,
    setting: Setting,
    nets: Mapping[str, NetShape],
    traces: Traces,
) -> Iterator[Sensitivity]:
    units = hardware.units_of(setting)
    base = _ratios(_costs(System(hardware, setting, nets, units=units), traces))

    def scaled(fields: tuple[str, ...], factor: float) -> dict[str, float]:
        changed = replace(units, **{field: getattr(units, field) * factor for field in fields})
        return _ratios(_costs(System(hardware, setting, nets, units=changed), traces))

    for label, fields in UNIT_CONSTANTS.items():
        yield Sensitivity(
            name, label, getattr(units, fields[0]), base,
            scaled(fields, 0.5), scaled(fields, 2), scaled(fields, _NONE),
        )  # fmt: skip

    def on(constant: Constant, factor: float) -> dict[str, float]:
        # Units stay as they are: the setting's latencies do not follow the crossbar's cycle.
        changed = Hardware({"neon": constant.scaled(Device("neon"), factor)})
        return _ratios(_costs(System(changed, setting, nets, units=units), traces))

    for constant in DEVICE_CONSTANTS:
        yield Sensitivity(
            name, constant.name, constant.value(hardware.neon), base,
            on(constant, 0.5), on(constant, 2), on(constant, _NONE),
        )  # fmt: skip


def _hidden(
    hardware: Hardware,
    name: str,
    setting: Setting,
    nets: Mapping[str, NetShape],
    traces: Traces,
) -> Sensitivity:
    """With nets of half and of twice as many units; `removed` is the base, as no net has none."""

    def of(factor: float) -> dict[str, float]:
        changed = {
            key: replace(net, hidden=max(1, round(net.hidden * factor)))
            for key, net in nets.items()
        }
        return _ratios(_costs(System(hardware, setting, changed), traces))

    return Sensitivity(name, "hidden units (0: as they are)", None, of(1), of(0.5), of(2), of(1))


def _curves(
    hardware: Hardware,
    name: str,
    setting: Setting,
    nets: Mapping[str, NetShape],
    traces: Traces,
) -> Iterator[Curve]:
    units: Units = hardware.units_of(setting)
    for lane_part in _LANE_PARTS:
        speedups, energies = [], []
        for latency in _LATENCIES:
            changed = replace(units.stepping(latency), lane_part=lane_part)
            found = _ratios(_costs(System(hardware, setting, nets, units=changed), traces))
            speedups.append(found["speedup over DLC"])
            energies.append(found["energy over DLC, functions"])
        yield Curve(name, lane_part, list(_LATENCIES), speedups, energies)
