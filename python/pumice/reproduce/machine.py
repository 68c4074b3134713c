# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs with what their compilation counted, and their costs on devices with other constants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pumice.compiler import compile_module
from pumice.diagnostics import message_of
from pumice.errors import CompileError
from pumice.program import Program

if TYPE_CHECKING:
    from pumice.device import Device
    from pumice.frontend.importer import ImportedModel
    from pumice.report import Report

__all__ = ["Compiled", "compile_counted", "estimate_on"]

_DEVICE = "pum.device"


@dataclass(frozen=True)
class Compiled:
    """A program and the statistics of its compilation.

    Attributes:
        statistics: numbers by flag of a pass and by name, of the passes that map layers.
    """

    program: Program
    statistics: dict[str, dict[str, int]]


def compile_counted(
    imported: ImportedModel, device: Device, *, share: bool = True, threads: int | None = None
) -> Compiled:
    """Compiles an imported model, which may serve again, and counts.

    Args:
        share: processors compute sums that several outputs have in common once.
        threads: to compile programs of processors with; all by default.

    Raises:
        CompileError: the model does not fit the device.
    """
    from pumice import ir
    from pumice._mlir_libs import _pumice
    from pumice.passmanager import PassManager

    module = _pumice.clone_module(imported.module)
    options = f"ap-share={str(share).lower()} ap-threads={threads or 0}"
    with module.context:
        module.operation.attributes[_DEVICE] = device.to_attribute(module.context)
        try:
            PassManager.parse("builtin.module(linalg-to-quantized)").run(module.operation)
            mapping = PassManager.parse(f"builtin.module(quantized-to-crossbar{{{options}}})")
            mapping.run(module.operation)
        except ir.MLIRError as error:
            raise CompileError(message_of(error)) from None
    program = compile_module(module)
    program.signature = imported.signature
    return Compiled(program, json.loads(_pumice.pass_statistics(mapping)))


def estimate_on(program: Program, device: Device) -> Report:
    """What a run of a program would cost if energies and times were those of another device.

    The program stays as it was compiled; sizes of the device must be those that it was compiled
    for.
    """
    from pumice._mlir_libs import _pumice

    module = _pumice.clone_module(_machine(program))
    with module.context:
        module.operation.attributes[_DEVICE] = device.to_attribute(module.context)
    return Program({"simulator": module}, {}).estimate()


def _machine(program: Program) -> Any:
    return program._levels["simulator"]
