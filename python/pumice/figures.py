# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures that characterize a run: rates, efficiencies, shares of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Figures", "figures_of"]


@dataclass(frozen=True)
class Figures:
    """Rates and efficiencies of a run. An inference is one run, whatever its batch.

    Operations are two for each multiply-accumulate (MAC): a product and a sum. Figures are None if
    the device does not state what they need, if a run takes no time or energy, or if it has no
    MACs.

    Attributes:
        macs: multiply-accumulates of the network's layers and products of activations, wherever
            they run, positions in the padding included. Nets and tables that stand for nonlinear
            functions have none.
        latency_ns: of one inference.
        interval_ns: the time between the starts of inferences that follow each other as closely as
            resources allow: the busy time of the busiest unit. It assumes that buffers hold the
            activations of several inferences.
        inferences_per_s: one inference after the other.
        inferences_per_s_pipelined: one inference in each interval.
        tops, tops_pipelined: 10^12 operations per second at these rates.
        tops_per_w: operations per energy, static energy of the latency included.
        tops_per_mm2: `tops` divided by the area of the device.
        mean_power_mw: dynamic and static energy divided by the latency.
        energy_per_mac_pj: dynamic and static energy divided by `macs`.
        energy_delay_pj_ns: energy times latency.
        shares: by kind of work (mvm, digital, transfer, program, apply, ap, lookup), the part of
            the latency in which an instruction of the kind runs. Kinds overlap.
    """

    macs: int | None
    latency_ns: float
    interval_ns: float | None
    inferences_per_s: float | None
    inferences_per_s_pipelined: float | None
    tops: float | None
    tops_pipelined: float | None
    tops_per_w: float | None
    tops_per_mm2: float | None
    mean_power_mw: float | None
    energy_per_mac_pj: float | None
    energy_delay_pj_ns: float
    shares: dict[str, float]


def figures_of(data: Mapping[str, Any]) -> Figures:
    """The figures of the data of a report (lib/Model/Machine/Report.h)."""
    latency = float(data["latency_ns"])
    energy = float(data["energy_pj"]["total"])
    area = data.get("area_mm2")
    # Reports that an older version wrote have neither MACs nor intervals.
    macs = data.get("counters", {}).get("macs") or None
    interval = data.get("interval_ns")
    operations = None if macs is None else 2 * macs
    rate, pipelined = _over(1e9, latency), _over(1e9, interval)
    tops = None if operations is None else _over(operations / 1e3, latency)
    return Figures(
        macs,
        latency,
        interval,
        rate,
        pipelined,
        tops,
        None if operations is None else _over(operations / 1e3, interval),
        None if operations is None else _over(operations, energy),
        None if tops is None else _over(tops, area),
        _over(energy, latency),
        None if macs is None else energy / macs,
        energy * latency,
        {kind: ns / latency for kind, ns in data.get("kinds_ns", {}).items() if latency},
    )


def _over(value: float, by: float | None) -> float | None:
    return value / by if by else None
