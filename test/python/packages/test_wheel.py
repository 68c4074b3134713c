# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The wheel in a fresh environment, with nothing on PATH but that environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

from plugins import LAYERS, build_plugin, mlir_folders

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).resolve().parents[3]
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"


def run(folder: Path, *command: object, **more) -> str:
    """Runs a command without compilers, and without this environment's packages."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PUMICE_", "PYTHON", "CC", "CXX", "CMAKE")) and key != "VIRTUAL_ENV"
    }
    environment["PATH"] = str(folder / "bin")
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True, text=True, env=environment, cwd=folder, timeout=1800, **more,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """The folder that scripts/build_wheel.py writes to; PUMICE_DIST names one that is there."""
    known = os.environ.get("PUMICE_DIST")
    if known:
        return Path(known).resolve()
    folder = tmp_path_factory.mktemp("dist")
    script = ROOT / "scripts" / "build_wheel.py"
    subprocess.run([sys.executable, script, "--output", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory) -> Path:
    """An environment with the wheel, without torch."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    (wheel,) = packages.glob(f"pumice-*-{TAG}-*manylinux*.whl")
    run(folder, folder / "bin" / "pip", "install", "--quiet", wheel)
    return folder


def test_no_compiler_is_found(installed) -> None:
    assert not any(shutil.which(name, path=installed / "bin") for name in ("cc", "gcc", "c++"))


def test_the_tools_run(installed) -> None:
    text = (
        "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { %0 = math.tanh %x : tensor<4xf32>"
        " return %0 : tensor<4xf32> }"
    )
    opt, sim = installed / "bin" / "pumice-opt", installed / "bin" / "pumice-sim"
    program = run(installed, opt, "--linalg-to-simulator=device=isaac", input=text)
    assert "simulator.signature" in program or "simulator." in program
    (installed / "p.mlir").write_text(program)
    python = installed / "bin" / "python"
    run(installed, python, "-c", "import numpy; numpy.save('x.npy', numpy.ones(4, 'f4'))")
    run(installed, sim, "p.mlir", "--input", "x.npy", "--output", "y.npy", "--report", "r.json")
    report = json.loads((installed / "r.json").read_text())
    assert report["latency_ns"] > 0
    shown = run(installed, python, "-c", "import numpy; print(numpy.load('y.npy').round(3)[0])")
    assert shown.strip() == "0.762"
    assert "isaac" in run(installed, installed / "bin" / "pumice", "devices")


def test_python_and_the_tools_share_one_library(installed) -> None:
    """MLIR and LLVM are there once; what starts the tools is small."""
    libraries = installed / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    libraries = libraries / "pumice" / "_mlir_libs"
    large = [path.name for path in libraries.iterdir() if path.stat().st_size > 20e6]
    assert large == ["libPumicePythonCAPI.so"]
    for name in ("pumice-opt", "pumice-sim", "pumice-lsp-server"):
        assert (libraries / name).stat().st_size < 100e3
        version = run(installed, libraries / name, "--version")
        assert version.startswith("pumice ")
        assert run(installed, installed / "bin" / name, "--version") == version


def test_a_plugin_is_built_and_loads(installed, tmp_path) -> None:
    """With the headers of the package; the compiler is that of this environment."""
    scripts = installed / "bin"
    shown = run(installed, scripts / "python", "-c", "import pumice; print(pumice.__path__[0])")
    folder = Path(shown.strip())
    plugin = build_plugin(tmp_path, [f"-DPumice_DIR={folder / 'cmake'}", *mlir_folders()])
    flags = [f"--load-pass-plugin={plugin}", "--count-arrays"]
    assert "{example.arrays = 8 : i64}" in run(installed, scripts / "pumice-opt", LAYERS, *flags)


def test_the_demo_runs(installed, packages) -> None:
    python = installed / "bin" / "python"
    missing = subprocess.run(
        [installed / "bin" / "pumice", "demo"], capture_output=True, text=True, check=False,
        env={"PATH": str(installed / "bin"), "HOME": str(installed)},
    )  # fmt: skip
    assert missing.returncode == 1
    assert "pip install 'pumice[torch]'" in missing.stderr
    (wheel,) = packages.glob(f"pumice-*-{TAG}-*manylinux*.whl")
    run(installed, python, "-m", "pip", "install", "--quiet", f"pumice[torch] @ {wheel.as_uri()}")
    shown = run(installed, installed / "bin" / "pumice", "demo", "--images", "20")
    assert "isaac" in shown


def test_the_sdist_holds_what_the_build_needs(packages) -> None:
    (sdist,) = packages.glob("pumice-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CMakeLists.txt", "pyproject.toml", "LICENSE", "lib/Device/presets/isaac.mlir"} <= names
    assert not any(name.startswith(("build/", "dist/")) for name in names)
