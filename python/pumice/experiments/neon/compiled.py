# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the compiler makes of the functions of the networks, and what the comparison assumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from pumice.experiments.neon.hardware import Hardware, NetShape
from pumice.experiments.neon.networks import Softmax, SquareRoot, Squash
from pumice.experiments.neon.trace import Step

__all__ = ["CompiledNet", "compiled_nets"]

#: Bound on errors, as a part of a function's range: the largest relative bound of the library.
_BOUND = 2e-4
#: Vectors of a function in the compiled program, and elements that a net computes at a time.
_VECTORS, _COPIES = 16, 16


@dataclass(frozen=True)
class CompiledNet:
    """A net that `pumice.compile` makes for a function of a network.

    Attributes:
        network, function, size: the function, and the length of its vectors.
        kind: of the net: exp, reciprocal, sqrt or rsqrt.
        elements: evaluations in the compiled program.
        hidden, assumed_hidden: units; compiled, and in the comparison (0: it uses no such net).
        energy_pj, assumed_pj: of an evaluation, on arrays of `neon`.
        arrays: that hold the compiled net.
    """

    network: str
    function: str
    size: int
    kind: str
    elements: int
    hidden: int
    assumed_hidden: int
    energy_pj: float
    assumed_pj: float
    arrays: int


class _Functions(nn.Module):
    """Functions of a network, each on vectors of its size."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        kinds = {"softmax": Softmax, "squash": Squash, "sqrt": SquareRoot}
        self.functions = nn.ModuleList(kinds[step.kind]() for step in steps)

    def forward(self, *inputs: Tensor) -> list[Tensor]:
        """A tensor (vectors, size) for each function."""
        return [f(x) for f, x in zip(self.functions, inputs, strict=True)]


def compiled_nets(
    network: str,
    steps: list[Step],
    hardware: Hardware,
    nets: Mapping[str, NetShape],
    *,
    bits: int,
    threads: int | None = None,
) -> list[CompiledNet]:
    """Compiles the functions of a network, once for each kind and size, with nets for `neon`."""
    distinct = list({(s.kind, s.size): s for s in steps if s.is_function}.values())
    found = []
    for step in distinct:
        found += _compiled(network, step, hardware, nets, bits, threads)
    return found


def _compiled(
    network: str,
    step: Step,
    hardware: Hardware,
    nets: Mapping[str, NetShape],
    bits: int,
    threads: int | None,
) -> list[CompiledNet]:
    import pumice

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(_VECTORS, step.size, generator=generator)
    inputs = (x * x + 0.1 if step.kind == "sqrt" else x,)
    program = pumice.compile(
        _Functions([step]).eval(),
        inputs,
        device=hardware.neon,
        quantize=False,
        nonlinear="neon",
        options={
            "net_bits": bits, "net_copies": _COPIES, "max_error": _BOUND, "threads": threads,
        },
    )  # fmt: skip
    return [
        CompiledNet(
            network,
            step.kind,
            step.size,
            use["kind"],
            use["elements"],
            use["hidden"],
            nets[use["kind"]].hidden if use["kind"] in nets else 0,
            use["energy_pj"] / use["elements"],
            hardware.net_pj(nets[use["kind"]]) if use["kind"] in nets else 0.0,
            use["arrays"],
        )
        for use in _uses(program)
    ]


def _uses(program: Any) -> list[dict[str, Any]]:
    """Kind, units, elements, arrays and energy of each use of a net in a program."""
    from pumice._mlir_libs import _pumice

    module = program.module("simulator")
    kinds = {
        op.attributes["sym_name"].value: op.attributes["fit"]["kind"].value
        for op in module.body.operations
        if op.operation.name == "crossbar.neon_net"
    }
    costs = [t["cost"] for t in json.loads(_pumice.task_costs(module)) if t["op"] == _APPLY]
    applied = [
        op
        for function in module.body.operations
        if function.operation.name == "func.func" and str(function.attributes["sym_name"]) == _MAIN
        for op in function.regions[0].blocks[0].operations
        if op.operation.name == _APPLY
    ]
    found = []
    for op, cost in zip(applied, costs, strict=True):
        *grids, values, _ = (str(o.type) for o in op.operands if "token" not in str(o.type))
        shapes = [_extents(grid) for grid in grids]
        # Copies of the net are on the diagonal of its first grid: a row each.
        parts = cost["energy_pj"].items()
        found.append(
            {
                "kind": kinds[op.attributes["function"].value],
                "hidden": shapes[0][2] // shapes[0][1],
                "elements": prod(_extents(values)),
                "energy_pj": sum(v for k, v in parts if k not in _NOT_OF_NETS),
                "arrays": sum(shape[0] for shape in shapes),
            }
        )
    return found


_APPLY, _MAIN = "simulator.apply", '"main"'
#: Sums, and traffic with the buffer, which the comparison does not count.
_NOT_OF_NETS = ("total", "buffer_read", "buffer_write")


def _extents(text: str) -> list[int]:
    """The extents in the text of a type, such as <2x3xf32>."""
    words = text[text.index("<") + 1 :].split("x")
    return [int(word) for word in words if word.isdigit()]
