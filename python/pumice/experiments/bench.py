# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network that is quantized and imported once and compiled for several devices."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from pumice.compiler import compile_imported
from pumice.lazy import cached_property
from pumice.options import CompileOptions

if TYPE_CHECKING:
    from pumice.device import Device
    from pumice.frontend.importer import ImportedModel
    from pumice.program import Program

__all__ = ["Bench"]


class Bench(abc.ABC):
    """A network under test.

    Attributes:
        threads: to compile and run with; None for all of the machine's.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    @abc.abstractmethod
    def build(self) -> ImportedModel:
        """Quantizes and imports the network."""

    @cached_property
    def imported(self) -> ImportedModel:
        """The network, built when it is first needed."""
        return self.build()

    def compile(self, device: Device, *, ap_share: bool = True) -> Program:
        """The network on a device.

        Args:
            ap_share: see `CompileOptions`.

        Raises:
            CompileError: the network does not fit the device.
        """
        options = CompileOptions(ap_share=ap_share, threads=self.threads)
        return compile_imported(self.imported, device, options=options)
