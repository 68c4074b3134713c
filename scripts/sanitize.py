# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs Python with bindings and tools that AddressSanitizer and UndefinedBehaviorSanitizer watch.

    cmake --preset asan && ninja -C build/asan
    python scripts/sanitize.py                                  # the suite
    python scripts/sanitize.py -m pytest -n0 test/python/model  # or any other command of Python
    python scripts/sanitize.py test/fuzz/fuzz.py --count 10000 --folder found

Prints what the sanitizers report, each report once, and exits with 1 if there is any.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "asan"
SUITE = ("-m", "pytest", "test")
#: MLIR's archives are not instrumented: containers and arenas that they share with Pumice's code
#: look poisoned. Leaks of Python and of MLIR's registries are theirs.
ASAN = (
    "detect_leaks=0:allow_user_poisoning=0:detect_container_overflow=0:detect_odr_violation=0:"
    "allocator_may_return_null=1:log_path={log}"
)
#: It goes on, so that one run reports all.
UBSAN = "print_stacktrace=1:halt_on_error=0:log_path={log}"


def environment(log: Path) -> dict[str, str]:
    """Of a process with the sanitizers' runtime and the instrumented build."""
    runtimes = (BUILD / "sanitizer-runtime.txt").read_text().split()
    return {
        **os.environ,
        "LD_PRELOAD": ":".join(runtimes),
        "ASAN_OPTIONS": ASAN.format(log=log),
        "UBSAN_OPTIONS": UBSAN.format(log=log),
        "PYTHONMALLOC": "malloc",  # instead of arenas, within which nothing is seen
        "PYTHONPATH": str(BUILD / "python_packages"),
        "PUMICE_TOOLS_DIR": str(BUILD / "bin"),
        "PUMICE_CACHE_DIR": "",
    }


def key_of(report: str) -> str:
    """The same for reports of the same place."""
    places = re.findall(r"\S+:\d+:\d+: runtime error: .*|ERROR: AddressSanitizer: \S+", report)
    frames = re.findall(r"#\d+ 0x[0-9a-f]+ in (\S+)", report)
    return "\n".join(
        [re.sub(r"0x[0-9a-f]+|-?\d{3,}", "N", place) for place in places[:1]] or frames[:4]
    )


def reports_in(folder: Path) -> dict[str, str]:
    """Reports by key."""
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir()):
        text = file.read_text(errors="replace")
        for report in re.split(r"(?m)^(?=\S+:\d+:\d+: runtime error: |=====+\n)", text):
            if "runtime error: " in report or "AddressSanitizer: " in report:
                found.setdefault(key_of(report), report.rstrip())
    return found


def main() -> int:
    command = sys.argv[1:] or list(SUITE)
    if command[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if not (BUILD / "sanitizer-runtime.txt").exists():
        print(f"sanitize.py: expected a build in {BUILD}: cmake --preset asan && ninja -C {BUILD}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "report"
        done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment(log))
        reports = reports_in(Path(folder))
    for report in reports.values():
        print(report, end="\n\n")
    print(f"{len(reports)} reports of the sanitizers, exit status {done.returncode}")
    return 1 if reports else done.returncode


if __name__ == "__main__":
    sys.exit(main())
