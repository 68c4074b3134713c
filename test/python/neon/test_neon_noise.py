# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What read noise would do to the input of a net, as docs/nonlinear-methods.md says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pumice._mlir_libs._pumice")

from pumice import Device  # noqa: E402
from pumice.training.chip import Chip, Matrix  # noqa: E402
from pumice.training.errors import rounding_deviation  # noqa: E402

PAGE = Path(__file__).resolve().parents[3] / "docs" / "nonlinear-methods.md"
VECTORS, BITS = 20000, 8


def moved(noise: float) -> float:
    """Standard deviation of the input of a net in parts of its domain, from the hardware model."""
    array = {"adc": {"mode": "lossless", "bits": 16}, "analog": {"read_noise": noise}}
    chip = Chip(Device("neon").replace(name="noisy", array=array), 1)
    matrix = Matrix("unit", "unit", "arrays", 1, 1, 1, 2, BITS, False, 0, 0)
    codes = torch.from_numpy(np.random.default_rng(0).integers(0, 1 << BITS, VECTORS)).float()
    one = np.ones((1, 1), np.int8)  # the weight of a unit
    window = [1, 1, 1, 1, 1, 1, 0, 0, 1, 1]
    sums = chip.sums(matrix, one, -1, codes[:, None, None, None], window, 0).flatten()
    return float((sums - codes).std()) / (2**BITS - 1)


@pytest.mark.parametrize("noise", [0.25, 0.5])
def test_the_page_states_what_the_arrays_do(noise: float) -> None:
    text = PAGE.read_text()
    stated = re.search(rf"{noise:g} levels (?:it is )?(\d+) %", text)
    assert stated is not None
    part = 3**-0.5 * rounding_deviation(noise, whole=True)
    assert f"{100 * part:.0f}" == stated[1]
    assert moved(noise) == pytest.approx(part, rel=0.05)


def test_little_noise_is_rounded_away() -> None:
    deviation = rounding_deviation(0.1, whole=True)
    text = " ".join(PAGE.read_text().split())
    assert f"an error of {deviation:.4f} levels" in text
    assert f"by {100 * 3**-0.5 * deviation:.2f} % of its domain" in text
    assert moved(0.1) < 0.005
