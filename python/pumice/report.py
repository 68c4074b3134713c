# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a run cost."""

from __future__ import annotations

from typing import Any


class Report:
    def __init__(self, data: dict[str, Any], timings: dict[str, float]) -> None:
        self.data = data
        self.timings = timings
