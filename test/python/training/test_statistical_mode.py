# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The statistical mode of hardware-aware training against oracle, simulator and program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")
pytest.importorskip("torch_mlir")
pytest.importorskip("pumice._mlir_libs._pumice")
pytest.importorskip("scipy")

from torch import nn  # noqa: E402

import pumice  # noqa: E402
from array_oracle import Crossbar, Layer  # noqa: E402
from cell_oracle import STEPS, conductances, lay_out  # noqa: E402
from measurements import adc_codes, cell_levels  # noqa: E402
from pumice.training.chip import Chip, Matrix  # noqa: E402
from pumice.training.errors import rounding_deviation  # noqa: E402
from training_networks import (  # noqa: E402
    CELLS,
    LAYER_NAMES,
    LOSSLESS,
    Every,
    isaac,
    lossless,
    network_of,
)

#: Measured cells of 2 bits, made up.
MEASURED: dict[str, Any] = {"cells": {"levels": cell_levels(4, 5)}, "drift_time_s": 100.0}
NOISY_CELLS: dict[str, Any] = {"levels": cell_levels(4, 5, read_noise_siemens=0.6e-6)}
VERIFIED = {**MEASURED, "write_verify": {"pulses": 4, "tolerance": 0.03}}

# ---- cells against the oracle -----------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["offset", "offset_flip", "differential"])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("analog", [CELLS, {**CELLS, "wire_resistance_ohm": 5.0,
                                            "on_resistance_ohm": 1e4}, {"read_noise": 1.0},
                                    VERIFIED],
                         ids=["cells", "wires", "ideal", "measured"])  # fmt: skip
def test_effective_weights(encoding: str, groups: int, analog: dict[str, Any]) -> None:
    rng = np.random.default_rng(groups)
    inputs, outputs = 21, 5
    weights = rng.integers(-127, 128, (groups, inputs, outputs))
    device = isaac(rows=16, columns=24, encoding=encoding, columns_per_adc=24, analog=analog)
    filters = weights.transpose(0, 2, 1).reshape(groups * outputs, inputs).astype(np.int8)
    matrix = Matrix("", "", "arrays", groups, inputs, outputs, 8, 8, False, 0, 4)
    found, gain = Chip(device, 2).effective(matrix, filters, 11)
    array, layer = Crossbar(rows=16, encoding=encoding, adc_mode="lossless"), Layer()
    arrays = lay_out(weights, layer, array, 24)
    cells = [
        conductances(levels, array, analog, (11, 4, 0, i)) for i, levels in enumerate(arrays.levels)
    ]
    wanted = np.zeros(weights.shape)
    for (group, tile, slice_), part in arrays.parts.items():
        rows = slice(16 * tile, 16 * tile + len(part.levels))
        for n, (i, top, column) in enumerate(arrays.places[group, tile, slice_]):
            g = cells[i][top : top + len(part.levels), column] / STEPS
            wanted[group, rows, n] += part.signs[n] * part.shift * g
            wanted[group, rows, n] += np.broadcast_to(part.exact, (outputs,))[n]
    if encoding != "differential":
        wanted -= 128
    wanted = wanted.transpose(0, 2, 1).reshape(found.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-4)
    if "read_noise" in analog:
        assert (found == filters).all()
    # 2 tiles, digits 1, 2, ..., 128, slices 1, 4, 16, 64 (twice with differential encoding).
    squares = 2 * (4**8 - 1) / 3 * (16**4 - 1) / 15 * (1 + (encoding == "differential"))
    assert gain == pytest.approx(np.sqrt(squares))
    assert (Chip(device, 1).effective(matrix, filters, 11)[0] == found).all()


@pytest.mark.parametrize("read_noise", [0.0, 0.1, 0.3, 1.0, 4.0])
def test_rounding_deviation(read_noise: float) -> None:
    rng = np.random.default_rng(0)
    noise = read_noise * rng.standard_normal(400_000)
    fraction = rng.uniform(-0.5, 0.5, noise.size)
    error = 4 * max(read_noise, 1) / np.sqrt(2 * noise.size)  # four of its standard deviations
    assert rounding_deviation(read_noise, True) == pytest.approx(np.round(noise).std(), abs=error)
    assert rounding_deviation(read_noise, False) == pytest.approx(
        (np.round(fraction + noise) - fraction).std(), abs=error
    )


# ---- the statistical mode against the simulator -----------------------------------------------


def errors_of(mode: str, array: dict[str, Any], draws: int, refresh: int) -> np.ndarray:
    """What a layer's results differ by from those of exact sums, (draws, 16, 12, 6, 6).

    Both modes draw the same chips.
    """
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1))
    x = torch.relu(torch.randn(16, 3, 6, 6))
    net = pumice.hardware_aware(
        model, isaac(**array), [x], options={"mode": mode, "refresh": refresh}
    )
    with torch.no_grad():
        observed = torch.stack([net(x) for _ in range(draws)]).numpy()
        net.eval().evaluation = "quantized"
        result: np.ndarray = observed - net(x).numpy()
    return result


@pytest.mark.parametrize(
    ("array", "draws", "refresh", "slack"),
    [
        ({"adc": LOSSLESS, "analog": {"read_noise": 0.4}}, 30, 1, 0.03),
        ({"adc": LOSSLESS, "encoding": "differential", "analog": {"read_noise": 0.2}}, 60, 1, 0.1),
        # Rounding removes most of the errors of these cells.
        ({"adc": LOSSLESS, "analog": {"program_error_absolute": 0.03}}, 30, 1, 0.2),
        ({"adc": LOSSLESS, "analog": CELLS}, 30, 1, 0.05),
        ({"adc": LOSSLESS, "analog": CELLS}, 60, 20, 0.08),
        ({"adc": LOSSLESS, "analog": {**CELLS, "read_noise": 0.3}}, 30, 1, 0.05),
        ({"adc": LOSSLESS, "analog": {**CELLS, "read_noise": 0.5}}, 30, 1, 0.05),
        ({"adc": {"mode": "clip", "bits": 8}, "analog": {"read_noise": 0.5}}, 30, 1, 0.05),
        ({"adc": {"mode": "calibrated", "bits": 4}, "analog": {"read_noise": 0.5}}, 30, 1, 0.05),
        ({"adc": {"mode": "calibrated", "bits": 4}, "analog": CELLS}, 30, 1, 0.05),
        ({"adc": LOSSLESS, "analog": {"cells": NOISY_CELLS}}, 30, 1, 0.05),
        (
            {
                "adc": {"mode": "full_scale", "bits": 6, "table": {"converters": [adc_codes(6)]}},
                "analog": {"read_noise": 0.5},
            },
            30, 1, 0.05,
        ),
    ],
    ids=[
        "noise", "differential", "small errors", "cells", "several chips", "cells, little noise",
        "cells and noise", "clip and noise", "calibrated and noise", "calibrated and cells",
        "noise of cells", "measured converters",
    ],
)  # fmt: skip
def test_statistical_mode_agrees_with_the_simulator(
    array: dict[str, Any], draws: int, refresh: int, slack: float
) -> None:
    """Mean and standard deviation of a layer's results over chips and noise.

    Chips are the same, so that what a few bad cells do cancels out.
    """
    arrays = errors_of("arrays", array, draws, refresh)
    statistical = errors_of("statistical", array, draws, refresh)
    std = arrays.std((0, 1, 3, 4))
    assert (std > 0).all()
    np.testing.assert_allclose(statistical.std((0, 1, 3, 4)), std, rtol=slack)
    # Of a channel: means over all places of each draw.
    change = (statistical - arrays).mean((1, 3, 4))
    error = change.std(0, ddof=1) / np.sqrt(draws)
    assert (np.abs(change.mean(0)) < 5 * error + 0.02 * std).all()


def alone(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A layer of `Every` as a network, and inputs."""
    torch.manual_seed(0)
    layer = getattr(Every(), name)
    if isinstance(layer, nn.Linear):
        return nn.Sequential(layer), torch.randn(6, layer.in_features)
    return nn.Sequential(layer), torch.randn(6, layer.in_channels, 5, 6)


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_cells_of_the_device_are_those_of_the_program(name: str) -> None:
    """Mode "arrays" with the device's cells: what the program computes, bit for bit."""
    model, x = alone(name)
    device = lossless(program_error_absolute=0.05, seed=5)
    found = {}
    for cells in ("device", "fresh"):
        net = pumice.hardware_aware(model, device, [x], options={"cells": cells, "mode": "arrays"})
        net.eval().evaluation = "arrays"
        with torch.no_grad():
            found[cells] = net(x)
            net.evaluation = "program"
            exact = net(x)
    assert torch.equal(found["device"], exact)
    assert not torch.equal(found["fresh"], exact)


def test_statistical_mode_with_the_cells_of_the_device() -> None:
    """Without noise, it is much closer to the program than with other cells, for each device."""
    for seed in range(1, 4):
        device = lossless(program_error_absolute=0.1, seed=seed)
        distance = {}
        for cells in ("device", "fresh"):
            net, x = network_of("Every", device, options={"cells": cells})
            net.eval().evaluation = "statistical"
            with torch.no_grad():
                statistical = net(x)
                net.evaluation = "program"
                exact = net(x)
            distance[cells] = float((statistical - exact).std() / exact.std())
        assert distance["device"] < 0.5 * distance["fresh"]
