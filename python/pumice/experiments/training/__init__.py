# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What hardware-aware training recovers of the accuracy that converters and noise cost.

    results = training.run(["read noise"], ["demo"])

`pumice study training` is this from the command line; docs/training.md shows results.
"""

from __future__ import annotations

from pumice.experiments.training.results import Results, Row, write_markdown
from pumice.experiments.training.runner import run
from pumice.experiments.training.settings import NETWORKS, SETTINGS, Setting

__all__ = ["NETWORKS", "SETTINGS", "Results", "Row", "Setting", "run", "write_markdown"]
