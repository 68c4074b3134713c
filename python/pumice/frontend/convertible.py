# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models in training that `pumice.compile` first converts to integer networks."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch.fx import GraphModule

__all__ = ["ConvertibleNetwork"]


class ConvertibleNetwork(torch.nn.Module, abc.ABC):
    """A float network with quantization in the loop."""

    @abc.abstractmethod
    def convert(self) -> GraphModule:
        """The integer network, as `pumice.quantize` returns it; this one is not changed."""
