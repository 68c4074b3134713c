# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes pcm.csv: cells of 2 bits of phase-change memory, from published formulas.

Derived from AIHWKit's PCMLikeNoiseModel (src/aihwkit/inference/noise/pcm.py, read), which was
fitted to measured cells (Nandakumar et al., ICECS 2019). Four equal steps from 0 to 25 uS.
"""

from __future__ import annotations

import math
import sys

LEVELS = 4
G_MAX = 25e-6  # S; the coefficients are for this one
PROGRAMMING = (0.26348, 1.9650, -1.1731)  # uS, of powers of the relative conductance
ZERO = 1e-7  # relative conductance for which 0 counts


def clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def row(level: int) -> list[float]:
    """Mean, spread, exponents of drift, and noise of a read 250 ns after the last one."""
    g = level / (LEVELS - 1)
    spread = sum(factor * g**power for power, factor in enumerate(PROGRAMMING)) * 1e-6
    logarithm = math.log(max(g, ZERO))
    exponent = clamped(-0.0155 * logarithm + 0.0244, 0.049, 0.1)
    sigma = clamped(-0.0125 * logarithm - 0.0059, 0.008, 0.045)
    # Of the 1/f noise, what accumulates from 250 ns to 1 s.
    noise = clamped(0.0088 / max(g**0.65, 1e-3), 0, 0.2)
    noise *= math.sqrt(math.log((1 + 250e-9) / (2 * 250e-9)))
    return [g * G_MAX, spread, exponent, sigma, noise * g * G_MAX]


def text() -> str:
    names = "level,mean_siemens,spread_siemens,drift_exponent,drift_exponent_sigma"
    lines = ["# Derived from AIHWKit's PCMLikeNoiseModel by table.py.", names]
    lines[1] += ",read_noise_siemens"
    for level in range(LEVELS):
        lines.append(",".join([str(level), *(f"{value:.4g}" for value in row(level))]))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
