# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Experiments that ship with Pumice: studies and paper reproductions.

`EXPERIMENTS` lists them. A new one is a package here and a module in `pumice.cli` with

- `add_arguments(parser)`: its options, and
- `main(args)`: runs it and prints its results,

and an entry in the table. `store`, `bench`, `sensitivity`, `ternary` and `page` are what several
experiments share. Importing this package imports neither torch nor MLIR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["EXPERIMENTS", "Experiment", "Results"]


@dataclass(frozen=True)
class Experiment:
    """A subcommand of `pumice study` or `pumice reproduce`.

    Attributes:
        command: "study" or "reproduce".
        name: of the subcommand.
        cli: the module with `add_arguments` and `main`.
        help, description: of the subcommand.
        json_switch: `--json` is a switch that replaces tables on the terminal; else the module
            adds its own.
    """

    command: str
    name: str
    cli: str
    help: str
    description: str
    json_switch: bool = True


class Results(Protocol):
    """What an experiment returns."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""

    def tables(self) -> list[Any]:
        """Tables that rich can print, in order."""


EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        "study",
        "noise",
        "pumice.cli.noise",
        "accuracy against ADC bits, programming errors, stuck cells and read noise",
        "Runs trained networks on real digits that they never saw, on devices that differ in one"
        " thing each. Takes minutes to hours; interrupt it and go on at any time.",
    ),
    Experiment(
        "study",
        "training",
        "pumice.cli.training",
        "what hardware-aware training recovers of the accuracy that converters and noise cost",
        "Trains networks on digits for devices with coarse converters, read noise or programming"
        " errors, and measures the compiled programs before and after. Takes minutes per network"
        " and device.",
        json_switch=False,
    ),
    Experiment(
        "reproduce",
        "rtm-ap",
        "pumice.cli.rtm_ap",
        "ternary networks on associative processors in racetrack memory, beside crossbars"
        " (arXiv 2401.12630)",
        "VGG-9, VGG-11 and ResNet-18 with random ternary weights on the device rtm-ap, and on"
        " neurosim-rram; what the ratio owes to each constant of the devices. Takes some minutes.",
        json_switch=False,
    ),
    Experiment(
        "reproduce",
        "neurosim",
        "pumice.cli.neurosim",
        "the crossbar baseline neurosim-rram compared with runs of DNN+NeuroSim V1.3",
        "ResNet-18 and VGG-8 at four precisions, and with high-performance transistors, SAR"
        " converters and a pipeline: energies by category over those of the runs. Takes some"
        " seconds.",
        json_switch=False,
    ),
    Experiment(
        "reproduce",
        "neon",
        "pumice.cli.neon",
        "nonlinear functions as small networks on crossbars, beside fixed-function units and"
        " tables (arXiv 2211.05730)",
        "VGG-16, a GRU, Transformer (base) and CapsNet with the functions that the paper replaces"
        " on units (DLC), in tables (LUT) and as nets (NEON): latency, area, power and energy, in"
        " two settings; the nets of Table III. Takes about a minute.",
        json_switch=False,
    ),
    Experiment(
        "reproduce",
        "aras",
        "pumice.cli.aras",
        "networks larger than the machine: copies, overlap, re-encoding, pinning"
        " (arXiv 2410.17931)",
        "Six networks on a machine whose arrays hold none of them: each optimization over two"
        " baselines and over a systolic array, energy with and without static power, cells kept on"
        " real weights, wear, and what the ratios owe to each constant. Takes some minutes.",
        json_switch=False,
    ),
)
