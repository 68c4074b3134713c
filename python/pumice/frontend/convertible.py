# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models in training that `pumice.compile` first converts to integer networks."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch.fx import GraphModule

    from pumice.device import Device
    from pumice.options import CompileOptions
    from pumice.program import Program

__all__ = ["ConvertibleNetwork"]


class ConvertibleNetwork(torch.nn.Module, abc.ABC):
    """A float network with quantization in the loop.

    Attributes:
        device: what it is trained for; None for any.
        example: positional and keyword arguments to compile it with; None if there are none.
        compile_options: what it is compiled with, unless `pumice.compile` is given options.
        calibration: inputs to record domains with, likewise.
    """

    device: Device | None = None
    example: tuple[tuple[Any, ...], dict[str, Any]] | None = None
    compile_options: CompileOptions | None = None

    @property
    def calibration(self) -> list[Any] | None:
        """Inputs to record domains with; None if there are none."""
        return None

    @abc.abstractmethod
    def convert(self) -> GraphModule:
        """The integer network, as `pumice.quantize` returns it; this one is not changed."""

    def finish(self, program: Program, device: Device) -> None:
        """Completes a program that `pumice.compile` made of this network for a device."""
