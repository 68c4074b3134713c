# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules that tests make of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)
