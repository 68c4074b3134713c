#!/usr/bin/env python
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the packages: an sdist, and a manylinux wheel from it for each Python.

    python scripts/build_wheel.py                                       # for this Python
    python scripts/build_wheel.py --python python3.11 --python python3.12

Writes to dist/. The tools come from PyPI (the dependency group `package`) into an environment of
their own. The wheel is compiled from the unpacked sdist in build/packages, where the next build
compiles only what has changed. CC, CXX and CMAKE_ARGS choose the compiler as usual. The wheel's tag
follows from the C library of this machine.

Each wheel is checked: its tag, its size, what it exports, and that it installs and runs in a fresh
environment where PATH has nothing else.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "packages"

#: The largest wheel, in bytes.
LIMIT = 60_000_000
TOOLS = ("pumice", "pumice-opt", "pumice-sim", "pumice-lsp-server")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder (dist)")
    parser.add_argument(
        "--python", action="append", help="interpreter to build for; repeat for several"
    )
    parser.add_argument(
        "--work", type=Path, default=WORK, help="where tools and sources are (build/packages)"
    )
    args = parser.parse_args()
    start = time.monotonic()
    tools = _tools(args.work / "tools")
    source = _unpacked(_sdist(tools, args.output), args.work / "source")
    for python in args.python or [sys.executable]:
        wheel = _wheel(tools, source, python, args.output)
        _check(wheel)
        _try(wheel, python)
        print(f"{wheel} ({wheel.stat().st_size / 1e6:.1f} MB, {time.monotonic() - start:.0f} s)")


def _tools(folder: Path) -> Path:
    """The Python of an environment with the tools."""
    python = folder / "bin" / "python"
    with open(ROOT / "pyproject.toml", "rb") as file:
        wanted = tomllib.load(file)["dependency-groups"]["package"]
    if not python.exists():
        venv.create(folder, with_pip=True)
    _run(python, "-m", "pip", "install", "--quiet", *wanted)
    return python


def _sdist(tools: Path, output: Path) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        # Not isolated: an sdist needs nothing of the toolchain.
        options = ["--sdist", "--no-isolation", "--skip-dependency-check"]
        _run(tools, "-m", "build", *options, "--outdir", folder, ROOT, quiet=True)
        (made,) = Path(folder).glob("*.tar.gz")
        output.mkdir(parents=True, exist_ok=True)
        kept = output / made.name
        shutil.move(made, kept)
    print(f"{kept} ({kept.stat().st_size / 1e6:.1f} MB)")
    return kept


def _unpacked(sdist: Path, source: Path) -> Path:
    """The source of an sdist; files that are the same as before keep their time."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (top,) = Path(folder).iterdir()
        new = {path.relative_to(top) for path in top.rglob("*") if not path.is_dir()}
        for path in list(source.rglob("*")):
            name = path.relative_to(source)
            if name.parts[0] != "build" and not path.is_dir() and name not in new:
                path.unlink()
        for name in sorted(new):
            old = source / name
            if not old.exists() or not filecmp.cmp(top / name, old, shallow=False):
                old.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(top / name, old)
                shutil.copymode(top / name, old)
    return source


def _wheel(tools: Path, source: Path, python: str, output: Path) -> Path:
    """A wheel whose tag says which C library it needs, with all symbols stripped."""
    with tempfile.TemporaryDirectory() as folder:
        raw, repaired = Path(folder, "raw"), Path(folder, "repaired")
        # Pythons of distributions have no pip of their own.
        _run(python, "-m", "venv", Path(folder, "environment"))
        pip = Path(folder, "environment", "bin", "pip")
        _run(pip, "wheel", "--quiet", "--no-deps", "-w", raw, source)
        (made,) = raw.glob("*.whl")
        environment = {**os.environ, "PATH": f"{tools.parent}:{os.environ['PATH']}"}
        command = ["-m", "auditwheel", "repair", "--strip", "-w", repaired, made]
        _run(tools, *command, quiet=True, env=environment)
        (made,) = repaired.glob("*.whl")
        kept = output / made.name
        shutil.move(made, kept)
    return kept


def _check(wheel: Path) -> None:
    """Fails if a wheel is not portable, too large, or holds what no user needs."""
    if "manylinux" not in wheel.name:
        sys.exit(f"expected a manylinux wheel, got {wheel.name}")
    if wheel.stat().st_size > LIMIT:
        sys.exit(f"expected at most {LIMIT / 1e6} MB, got {wheel.stat().st_size / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                if member.read(4) != b"\x7fELF":
                    continue
            path = archive.extract(name, folder)
            shown = subprocess.run(
                ["readelf", "-SW", "--dyn-syms", path], capture_output=True, text=True, check=True
            ).stdout
            if ".debug_" in shown or ".symtab" in shown:
                sys.exit(f"expected a stripped file, got one with symbols: {name}")
            # The loader makes such symbols one in a process, torch-mlir's MLIR included.
            unique = [line.split()[-1] for line in shown.splitlines() if " UNIQUE " in line]
            if unique and "CAPI" in name:
                sys.exit(f"expected no unique symbols, got {len(unique)} in {name}: {unique[0]}")


def _try(wheel: Path, python: str) -> None:
    """Installs a wheel in a fresh environment and runs its tools, with no compiler on PATH."""
    with tempfile.TemporaryDirectory() as folder:
        _run(python, "-m", "venv", folder)
        scripts = Path(folder, "bin")
        environment = {"PATH": str(scripts), "HOME": folder}
        _run(scripts / "pip", "install", "--quiet", wheel)
        for tool in TOOLS:
            _run(scripts / tool, "--version", quiet=True, env=environment)
        _run(scripts / "pumice", "devices", quiet=True, env=environment)
        module = Path(folder, "empty.mlir")
        module.write_text("module {}\n")
        (direct,) = Path(folder, "lib").glob("python*/site-packages/pumice/_mlir_libs/pumice-opt")
        times = [_cpu_time(tool, module) for tool in (direct, scripts / "pumice-opt")]
        print(
            "pumice-opt on an empty module takes {:.0f} ms; by pip's script {:.0f} ms".format(
                *times
            )
        )


def _cpu_time(*command: object) -> float:
    """The least time of processors in 10 runs, in ms."""
    times = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(*command, quiet=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        times.append(spent * 1e3)
    return min(times)


def _run(*command: object, quiet: bool = False, env: dict[str, str] | None = None) -> None:
    words: Sequence[str] = [str(word) for word in command]
    done = subprocess.run(words, capture_output=quiet, text=True, env=env)
    if done.returncode:
        if quiet:
            print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        sys.exit(f"expected exit code 0 of {' '.join(words)}, got {done.returncode}")


if __name__ == "__main__":
    main()
