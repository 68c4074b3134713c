# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Metrics for workers, which import them by name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pumice.evaluation import accuracy


class DiesOnce:
    """Ends its process without a word the first time, and is the accuracy then.

    Args:
        flag: a file, made by whoever comes first.
    """

    def __init__(self, flag: str) -> None:
        self.flag = flag

    def __call__(self, outputs: Any, targets: Any) -> Any:
        try:
            os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return accuracy()(outputs, targets)
        os.kill(os.getpid(), signal.SIGKILL)
        return None


def always_dies(outputs: Any, targets: Any) -> Any:
    """Ends its process each time."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Waits:
    """Writes the process's number into a file and takes a minute."""

    flag: str

    def __call__(self, outputs: Any, targets: Any) -> dict[str, float]:
        part = Path(f"{self.flag}.{os.getpid()}")
        part.write_text(str(os.getpid()))
        part.rename(self.flag)
        time.sleep(60)
        return {"score": 0.0}
