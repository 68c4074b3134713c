# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The machine that the benchmark runs on, and the memory that parts of it take (Linux)."""

from __future__ import annotations

import os
import platform
import re
import resource
from pathlib import Path
from typing import Any

__all__ = ["describe", "highest_peak", "peak", "reset_peak", "rows"]

#: What kernels of simulators and of PyTorch choose by.
_FEATURES = ("avx2", "avx512f", "avx512bw", "avx512_vbmi", "avx_vnni", "avx512_vnni", "amx_int8")
_highest = 0


def describe() -> dict[str, Any]:
    """Kind of processor, its features, software, and how busy it is with other things."""
    import torch

    import pumice

    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", text)
    flags = set((re.search(r"flags\s*: (.*)", text) or ["", ""])[1].split())
    aliases = {"avx512_vbmi": "avx512vbmi"}
    return {
        "processor": model[1].strip() if model else platform.machine(),
        "features": [name for name in _FEATURES if {name, aliases.get(name)} & flags],
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "quantized_engine": torch.backends.quantized.engine,
        "pumice": pumice.__version__,
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY"),
    }


def rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """`describe` for a table."""
    return [
        ("processor", f"{facts['processor']}, {facts['cores']} cores seen"),
        ("vector extensions", ", ".join(facts["features"]) or "none known"),
        ("load before", f"{facts['load_before']:.1f}"),
        (
            "software",
            f"pumice {facts['pumice']}, torch {facts['torch']} ({facts['quantized_engine']})",
        ),
    ]


def _status(field: str) -> int:
    """A size of /proc/self/status in bytes."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s*(\d+) kB", text, re.M)
    return int(found[1]) * 1024 if found else 0


def reset_peak() -> int:
    """Forgets the peak of the memory in use; returns what is in use now, in bytes."""
    highest_peak()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then the peak is that of the whole process
    return _status("VmRSS")


def peak() -> int:
    """Most memory in use since `reset_peak`, in bytes."""
    return _status("VmHWM")


def highest_peak() -> int:
    """Most memory in use since the process began, in bytes."""
    global _highest
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    _highest = max(_highest, own, peak())
    return _highest
