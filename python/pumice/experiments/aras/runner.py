# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Schedules all networks and counts their energy."""

from __future__ import annotations

import ast
import inspect
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

from pumice.device import Device
from pumice.experiments.aras import systolic
from pumice.experiments.aras.results import (
    SENSITIVE,
    Level,
    Network,
    Results,
    Sensitivity,
    Setting,
    Settings,
    geomean,
)
from pumice.experiments.aras.weights import Configuration, Kept, kept
from pumice.scheduling import Options, networks, schedule, streams
from pumice.scheduling.networks import Constants
from pumice.scheduling.schedule import Summary

__all__ = ["count", "labels", "run"]

#: Every cell is pulsed, whatever it holds.
_FULL = Kept(Configuration("offset"), "", 0.0, 1.0, 0, 0)


def labels() -> dict[str, str]:
    """The source of each constant, from its docstring."""
    tree = ast.parse(inspect.getsource(Constants))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    result = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(after, ast.Expr):
            assert isinstance(node.target, ast.Name)
            assert isinstance(after.value, ast.Constant)
            result[node.target.id] = str(after.value.value)
    return result


def _level(
    network: str, constants: Constants, algorithm: str, options: Options, encoding: Kept
) -> Level:
    """A schedule with the pulses, tables and corrections of an encoding."""
    own = replace(
        constants,
        table_bytes_per_array=encoding.table_bytes,
        cell_write_pj=constants.cell_write_pj * encoding.pulses,
    )
    problem = networks.problem(network, own)
    found: Summary = schedule(problem, algorithm, options, detail=False).summary
    energy = found.energy
    corrections = sum(
        unit.windows * unit.row_tiles * unit.col_tiles * encoding.corrections
        for unit in problem.units
        if unit.kind != "digital"
    )
    return Level(
        time_ps=found.time_ps,
        write_pj=energy.write_pj,
        dram_pj=energy.dram_pj,
        compute_pj=energy.compute_pj,
        digital_pj=energy.digital_pj + corrections * constants.digital_mac_pj,
        static_arrays_pj=energy.static_arrays_pj,
        static_banks_pj=energy.static_banks_pj,
        static_other_pj=energy.static_other_pj,
        arrays_written=found.tiles_written,
        dram_bytes=found.dram_bytes,
        most_writes_of_an_array=found.most_writes_of_an_array,
        gap_to_bound=found.gap,
        pinned=len(found.pinned),
        kept_tiles=sum(found.kept_tiles.values()),
        least_write_pj=found.least_write_pj,
        least_rewriting_pj=found.least_rewriting_pj,
    )


def _cheapest(
    network: str,
    constants: Constants,
    options: Options,
    encodings: Sequence[Kept],
    algorithm: str = "copies",
    limit_ps: float = math.inf,
) -> tuple[Kept, Level]:
    """The encoding with the least energy, of those that stay within a time if some do."""
    levels = [_level(network, constants, algorithm, options, own) for own in encodings]
    pairs = zip(encodings, levels, strict=True)
    return min(pairs, key=lambda pair: (pair[1].time_ps > limit_ps, pair[1].total_pj))


def _network(name: str, constants: Constants, share: float, encodings: Sequence[Kept]) -> Network:
    """All levels of one network. `encodings` begins with the one that changes nothing."""
    on = Options(gates_banks=False)
    few = replace(on, time_share=share)
    gated = replace(few, gates_banks=True)
    levels = {
        "naive": _level(name, constants, "naive", on, _FULL),
        "strong": _level(name, constants, "strong", on, _FULL),
        "overlap": _level(name, constants, "overlap", on, _FULL),
        "fastest": _level(name, constants, "copies", on, _FULL),
        "few copies": _level(name, constants, "copies", few, _FULL),
    }
    # The schedule is that of "few copies"; only the pulses differ.
    level = levels["few copies"]
    levels["pulses"] = replace(
        level,
        write_pj=level.write_pj * encodings[0].pulses,
        least_write_pj=level.least_write_pj * encodings[0].pulses,
    )
    best, levels["re-encoding"] = _cheapest(name, constants, few, encodings)
    levels["banks"] = _level(name, constants, "copies", gated, best)
    pulses = 1.0
    if not constants.writers_per_element:
        steady, levels["steady"] = _cheapest(
            name, constants, gated, list(dict.fromkeys([encodings[0], best])), "steady",
            limit_ps=levels["fastest"].time_ps * (1 + share),
        )  # fmt: skip
        pulses = steady.pulses
    return Network(
        name,
        networks.statistics(name, constants).arrays,
        levels,
        best.configuration.name,
        systolic.run(networks.matrices(name), constants, systolic.Systolic.of(Device("tpu-like"))),
        pulses,
    )


def _over_strong(
    settings: Settings, constants: Constants, encodings: dict[str, Kept]
) -> tuple[float, float]:
    """Geometric means of speed and of energy saved, over strong."""
    gated = Options(time_share=settings.share)
    speeds, energies = [], []
    for name in settings.networks:
        strong = _level(name, constants, "strong", Options(gates_banks=False), _FULL)
        ours = _level(name, constants, "copies", gated, encodings[name])
        speeds.append(strong.time_ps / ours.time_ps)
        energies.append(ours.total_pj / strong.total_pj)
    return geomean(speeds), 1 - geomean(energies)


def _changed(constant: str, factor: float) -> Constants:
    value = getattr(Constants(), constant) * factor
    kind = type(getattr(Constants(), constant))
    return replace(Constants(), **{constant: round(value) if kind is int else value})


def count(settings: Settings) -> int:
    """Steps of `run`."""
    networks_and_writers = len(settings.networks) * len(settings.writers)
    return 1 + networks_and_writers + (len(SENSITIVE) if settings.sensitivity else 0) + 2


def run(
    settings: Settings | None = None, *, advance: Callable[[str], None] | None = None
) -> Results:
    """Schedules everything.

    Args:
        advance: called with the name of each step before it begins.

    Raises:
        PumiceError: the weights that are re-encoded are not installed, or OR-tools is not and
            gaps are asked for.
    """
    settings = settings or Settings()
    step = advance or (lambda text: None)
    step("re-encoding")
    found = kept(settings.threads)
    encodings = [own for own in found if own.quantizer == settings.quantizer]
    by_writers = []
    with ThreadPoolExecutor(settings.threads or os.cpu_count()) as pool:
        for writers in settings.writers:
            constants = Constants(writers_per_element=writers)
            done = pool.map(
                lambda name, c=constants: _network(name, c, settings.share, encodings),
                settings.networks,
            )
            own = {}
            for name in settings.networks:
                step(f"{name}, {writers or 'all'} writers")
                own[name] = next(done)
            by_writers.append(Setting(writers, own))
        sensitivities = []
        if settings.sensitivity:
            chosen = {
                name: next(e for e in encodings if e.configuration.name == network.encoding)
                for name, network in by_writers[0].networks.items()
            }
            texts = labels()
            tried = [(constant, factor) for constant in SENSITIVE for factor in (0.5, 2.0)]
            ratios = pool.map(lambda c: _over_strong(settings, _changed(*c), chosen), tried)
            base = _over_strong(settings, Constants(), chosen)
            for constant in SENSITIVE:
                step(constant)
                halved, doubled = next(ratios), next(ratios)
                sensitivities.append(
                    Sensitivity(
                        constant,
                        float(getattr(Constants(), constant)),
                        texts[constant],
                        (halved[0], base[0], doubled[0]),
                        (halved[1], base[1], doubled[1]),
                    )
                )
        step("throughput")
        throughput = list(pool.map(lambda own: streams.throughput(*own), settings.streams))
    step("gaps")
    gaps = None
    if settings.gaps:
        from pumice.experiments.aras import optimum

        gaps = optimum.gaps(settings.gaps)
    return Results(settings, by_writers, found, gaps, throughput, sensitivities)
