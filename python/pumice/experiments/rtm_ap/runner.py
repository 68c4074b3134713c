# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the comparison of "Full-Stack Optimization for CAM-Only DNN Inference" (arXiv 2401.12630).

Ternary networks on associative processors in racetrack memory (`rtm-ap`), and the same networks on
crossbars (`neurosim-rram`). Weights are random: the paper's are not public. So are images.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import pumice
from pumice.device import Device
from pumice.experiments.bench import Bench
from pumice.experiments.rtm_ap.constants import CONSTANTS
from pumice.experiments.rtm_ap.map import BASELINES, Baseline, Events, Map, events_of
from pumice.experiments.rtm_ap.results import NETWORKS, PAPER, Cost, Point, Results, Run, Settings
from pumice.experiments.sensitivity import Sensitivity, Side, sensitivities
from pumice.experiments.store import Store
from pumice.lazy import cached_property

if TYPE_CHECKING:
    from pumice.frontend.importer import ImportedModel
    from pumice.program import Program
    from pumice.report import Report

__all__ = ["count", "run"]

PROCESSORS, CROSSBARS = "rtm-ap", "neurosim-rram"


def run(
    settings: Settings,
    *,
    path: str | os.PathLike[str] | None = None,
    advance: Callable[[str], None] = lambda doing: None,
) -> Results:
    """Estimates every point, the sensitivities, and runs what `settings` asks for.

    Args:
        path: a file of JSON lines to go on with and to add results to.
        advance: called before each of `count(settings)` parts with what it is, and at the end.

    Raises:
        PumiceError: a file that cannot be used; a network that does not fit a device.
    """
    store = Store(path)
    results = Results(settings)
    for name in settings.networks:
        int8: dict[int, Cost] = {}
        wide: dict[int, _Network] = {}
        for bits in settings.activation_bits:
            advance(f"{name}, 8-bit weights, {bits} bits")
            dense = wide[bits] = _Network(name, None, bits, settings)
            int8[bits] = store.get(dense.setting("int8"), dense.int8, lambda found: Cost(**found))
        for sparsity in settings.sparsities:
            for bits in settings.activation_bits:
                advance(f"{name}, sparsity {sparsity:g}, {bits} bits")
                bench = _Network(name, sparsity, bits, settings)
                make = partial(_point, int8=int8[bits])
                results.points.append(store.get(bench.setting("point"), bench.point, make))
                if (sparsity, bits) == settings.headline:
                    _headline(results, store, bench, wide[bits], advance)
    advance("")
    return results


def count(settings: Settings) -> int:
    """How many parts `run` has."""
    of_network = len(settings.activation_bits) * (1 + len(settings.sparsities))
    return len(settings.networks) * (of_network + 2 + settings.run)


def _headline(
    results: Results,
    store: Store,
    bench: _Network,
    wide: _Network,
    advance: Callable[[str], None],
) -> None:
    advance(f"{bench.name}, sensitivities")
    results.sensitivities[bench.name] = store.get(
        bench.setting("sensitivity"),
        bench.sensitivities,
        lambda found: [Sensitivity(**item) for item in found],
    )
    advance(f"{bench.name}, map")
    results.maps[bench.name] = store.get(bench.setting("map"), lambda: bench.map(wide), _map)
    if results.settings.run:
        advance(f"{bench.name}, every pass")
        results.runs[bench.name] = store.get(
            bench.setting("run"), bench.run, lambda found: Run(**found)
        )


def _map(found: dict[str, Any]) -> Map:
    return Map(
        Events(**found["events"]),
        **{key: found[key] for key in ("search_pj", "write_pj", "shift_pj")},
        baselines=tuple(Baseline(**item) for item in found["baselines"]),
    )


def _point(found: dict[str, Any], int8: Cost) -> Point:
    costs = {name: Cost(**found[name]) for name in ("processors", "unshared", "crossbars")}
    return Point(**{**found, **costs, "int8": int8})


def _cost(report: Report) -> Cost:
    units = report.utilisation["array"].count
    components = {name: energy for name, energy in report.components.items() if energy}
    return Cost(report.device, units, report.energy_pj, report.latency_ns, components)


class _Network(Bench):
    """A network of one sparsity (None: with 8-bit weights) and width; compiled when needed."""

    def __init__(self, name: str, sparsity: float | None, bits: int, settings: Settings) -> None:
        super().__init__(settings.threads)
        self.name, self._sparsity, self._bits = name, sparsity, bits
        self._devices = {name: Device(name) for name in (PROCESSORS, CROSSBARS)}
        self._variants = {device: Device(device) for _, device, _ in BASELINES}

    def setting(self, kind: str) -> dict[str, Any]:
        """What decides a result."""
        used = [*self._devices.values(), *(self._variants.values() if kind == "map" else ())]
        text = "".join(str(device) for device in used)
        return {
            "kind": kind,
            "network": self.name,
            "sparsity": self._sparsity,
            "activation_bits": self._bits,
            "devices": hashlib.sha256(text.encode()).hexdigest()[:16],
            "pumice": pumice.__version__,
        }

    @cached_property
    def _image(self) -> Any:
        import torch

        side = NETWORKS[self.name].side
        return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))

    def build(self) -> ImportedModel:
        from pumice.experiments.ternary import make_ternary
        from pumice.frontend import import_model

        model = NETWORKS[self.name].build().eval()
        if self._sparsity is not None:
            make_ternary(model, self._sparsity)
        quantized = pumice.quantize(
            model,
            [self._image],
            weight_bits=8 if self._sparsity is None else 2,  # of 2 bits: -1, 0 and 1
            activation_bits=self._bits,
        )
        return import_model(quantized, self._image)

    @cached_property
    def processors(self) -> Program:
        """The network on `rtm-ap`."""
        return self.compile(self._devices[PROCESSORS])

    @cached_property
    def crossbars(self) -> Program:
        """The network on `neurosim-rram`."""
        return self.compile(self._devices[CROSSBARS])

    def int8(self) -> dict[str, Any]:
        """`Cost` on crossbars."""
        return asdict(_cost(self.crossbars.estimate()))

    def point(self) -> dict[str, Any]:
        """All of `Point` but `int8`."""
        counts = self.processors.statistics["ap-compile-programs"]
        report = self.processors.estimate()
        unshared = self.compile(self._devices[PROCESSORS], ap_share=False)
        return {
            "network": self.name,
            "sparsity": self._sparsity,
            "activation_bits": self._bits,
            "nonzeros": counts["nonzero weights"],
            "additions": counts["additions"],
            "unshared_additions": unshared.statistics["ap-compile-programs"]["additions"],
            "bound": counts["bound"],
            "program_bytes": counts["bytes"],
            "passes": report.counters["ap_passes"],
            "shifts": report.counters["ap_shifts"],
            "processors": asdict(_cost(report)),
            "unshared": asdict(_cost(unshared.estimate())),
            "crossbars": asdict(_cost(self.crossbars.estimate())),
        }

    def sensitivities(self) -> list[dict[str, Any]]:
        targets = [1.0, *filter(None, [PAPER.energy_ratios.get(self.name)])]
        ours, theirs = (
            Side(name, self._devices[device], partial(program.estimate, recompile=False))
            for name, device, program in (
                ("processors", PROCESSORS, self.processors),
                ("crossbars", CROSSBARS, self.crossbars),
            )
        )
        found = sensitivities(ours, theirs, CONSTANTS, targets)
        return [item.to_dict() for item in found]

    def map(self, wide: _Network) -> dict[str, Any]:
        """`Map`, with `wide` as the network with 8-bit weights."""
        events, energies = events_of(self.processors, self._devices[PROCESSORS])
        baselines = []
        for name, device, is_ternary in BASELINES:
            program = (self if is_ternary else wide).crossbars
            report = program.estimate(self._variants[device], recompile=False)
            leakage = report.components.get("leakage", 0.0)
            baselines.append(asdict(Baseline(name, device, report.energy_pj, leakage)))
        return {"events": asdict(events), **energies, "baselines": baselines}

    def run(self) -> dict[str, Any]:
        import torch

        ours = self.processors.run(self._image, threads=self.threads)
        ideal = self.compile(Device("ideal")).run(self._image, threads=self.threads)
        exact = torch.equal(ours.outputs, ideal.outputs)
        return asdict(Run(ours.report.energy_pj, ours.report.latency_ns, exact))
