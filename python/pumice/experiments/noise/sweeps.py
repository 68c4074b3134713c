# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sweeps: values, series and, for each point, changes to a device's array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pumice.errors import PumiceError

__all__ = ["SWEEPS", "Point", "Sweep", "points"]

_ENCODINGS = ("offset", "differential")


@dataclass(frozen=True)
class Point:
    """One device to run on.

    Attributes:
        sweep, series, value: where the point is in a plot.
        array: changes to the array of the base device.
        percentile: of the column sums seen in calibration, which the converters' ranges reach;
            None for converters without a range from data.
    """

    sweep: str
    series: str
    value: float
    array: Mapping[str, Any]
    percentile: float | None = None


@dataclass(frozen=True)
class Sweep:
    """One variable.

    Attributes:
        title, label: of a plot, and of its axis.
        values: of the variable, ascending.
        series: changes to the array by the name of a line of the plot: value, seed -> changes.
        percentiles: of the series whose converters are calibrated.
        seeded: each point is run with several seeds.
        logarithmic: the axis.
    """

    title: str
    label: str
    values: tuple[float, ...]
    series: Mapping[str, Callable[[float, int], dict[str, Any]]]
    percentiles: Mapping[str, float] = field(default_factory=dict)
    seeded: bool = True
    logarithmic: bool = True


def _adc(mode: str, encoding: str = "offset") -> Callable[[float, int], dict[str, Any]]:
    return lambda value, seed: {
        "adc": {"mode": mode, "bits": int(value)}, "encoding": encoding
    }  # fmt: skip


def _analog(effect: str, encoding: str) -> Callable[[float, int], dict[str, Any]]:
    """One effect, seen through converters that lose nothing."""
    return lambda value, seed: {
        "adc": {"mode": "lossless", "bits": 16},
        "encoding": encoding,
        "analog": {"seed": seed, effect: value},
    }


def _both(effect: str) -> dict[str, Callable[[float, int], dict[str, Any]]]:
    return {encoding: _analog(effect, encoding) for encoding in _ENCODINGS}


#: Studies of noise by name.
SWEEPS: dict[str, Sweep] = {
    "adc": Sweep(
        "Converters",
        "ADC bits",
        (4, 5, 6, 7, 8, 9, 10),
        {
            "clip": _adc("clip"),
            "clip, flipped": _adc("clip", "offset_flip"),
            "full_scale": _adc("full_scale"),
            "calibrated": _adc("calibrated"),
            "calibrated, 99.9 %": _adc("calibrated"),
        },
        percentiles={"calibrated": 100.0, "calibrated, 99.9 %": 99.9},
        seeded=False,
        logarithmic=False,
    ),
    "programming": Sweep(
        "Programming error, absolute",
        "standard deviation / on-conductance",
        (0.003, 0.01, 0.02, 0.03, 0.05, 0.1),
        _both("program_error_absolute"),
    ),
    "proportional": Sweep(
        "Programming error, proportional",
        "standard deviation / conductance",
        (0.01, 0.03, 0.05, 0.1, 0.2, 0.4),
        _both("program_error_relative"),
    ),
    "stuck": Sweep(
        "Stuck cells",
        "fraction of the cells",
        (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        {
            f"{name}, {encoding}": _analog(effect, encoding)
            for name, effect in (("on", "stuck_on"), ("off", "stuck_off"))
            for encoding in _ENCODINGS
        },
    ),
    "read": Sweep(
        "Read noise",
        "standard deviation / step of a level",
        (0.1, 0.2, 0.3, 0.5, 1.0, 2.0),
        _both("read_noise"),
    ),
}


def points(names: Iterable[str], seeds: int, *, every: int = 1) -> Iterator[Point]:
    """The points of some sweeps.

    Args:
        names: of `SWEEPS`.
        seeds: how many seeds a seeded point is run with.
        every: takes every n-th value only, the last among them.

    Raises:
        PumiceError: no such sweep, no seeds.
    """
    if seeds < 1:
        raise PumiceError(f"expected at least 1 seed, got {seeds}")
    for name in names:
        if name not in SWEEPS:
            raise PumiceError(f"expected a sweep of {', '.join(SWEEPS)}, got '{name}'")
        sweep = SWEEPS[name]
        for series, change in sweep.series.items():
            for value in reversed(sweep.values[::-1][::every]):
                for seed in range(seeds if sweep.seeded else 1):
                    percentile = sweep.percentiles.get(series)
                    yield Point(name, series, value, change(value, seed), percentile)
