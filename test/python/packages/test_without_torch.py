# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Without torch, everything works that reads no model; errors say what to install."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import metadata, util
from pathlib import Path

import numpy as np
import pytest

import pumice
from pumice import ir
from pumice.frontend import FrontendError
from pumice.frontend.requirements import TESTED, require_torch

ROOT = Path(__file__).resolve().parents[3]
LAYER = """
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = math.tanh %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Runs Python with NumPy, rich and Pumice as the only packages."""
    folder = tmp_path_factory.mktemp("packages")
    needed = ["numpy", "rich", "pygments", "markdown_it", "mdurl"]
    for name in needed:
        place = Path(util.find_spec(name).submodule_search_locations[0])
        (folder / name).symlink_to(place)
        libraries = place.with_name(f"{name}.libs")
        if libraries.exists():
            (folder / libraries.name).symlink_to(libraries)
    (folder / "pumice").symlink_to(Path(pumice.__file__).parent)
    (folder / "net.mlir").write_text(LAYER)
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run(code: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-S", "-c", code],
            capture_output=True, text=True, env=environment, cwd=folder, timeout=300,
        )  # fmt: skip

    return run


def test_programs_compile_and_run_without_torch(bare) -> None:
    done = bare(
        "import sys, numpy, pumice\n"
        "x = numpy.linspace(-1, 1, 6, dtype=numpy.float32).reshape(2, 3)\n"
        "program = pumice.compile('net.mlir', device='isaac')\n"
        "program.save('net.mlirbc')\n"
        "print(pumice.load('net.mlirbc').run(x).outputs.tolist())\n"
        "assert 'torch' not in sys.modules"
    )
    assert done.returncode == 0, done.stderr
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    assert np.allclose(eval(done.stdout), np.tanh(x), atol=1e-6)


def test_commands_without_torch(bare) -> None:
    done = bare("from pumice.cli import main; import sys; sys.exit(main(['devices']))")
    assert done.returncode == 0, done.stderr
    assert "isaac" in done.stdout


NEED_TORCH = [
    "pumice.compile(lambda x: x, 1)",
    "pumice.quantize(None, [])",
    "demo.load_model()",
    "import_model(None)",
    "main(['demo', '--debug'])",
    "main(['run', 'm.py:f', '--input', 'x.npy', '--debug'])",
]


def test_what_needs_torch_says_so(bare) -> None:
    lines = [
        "import numpy, pumice",
        "from pumice import demo",
        "from pumice.cli import main",
        "from pumice.frontend import import_model",
        "numpy.save('x.npy', numpy.ones(2))",
        *(f"try: {code}\nexcept pumice.PumiceError as error: print(error)" for code in NEED_TORCH),
    ]
    done = bare("\n".join(lines))
    words = "expected torch for PyTorch models, which is not installed: pip install 'pumice[torch]'"
    assert done.stdout.splitlines() == [words] * len(NEED_TORCH), done.stderr


def test_versions_out_of_range(monkeypatch) -> None:
    require_torch.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda name: "2.1.0+cpu")
    words = r"expected torch from [\d.]+ to before [\d.]+, got 2\.1\.0\+cpu: pip install"
    with pytest.raises(FrontendError, match=words):
        require_torch("torch")
    monkeypatch.setattr(metadata, "version", lambda name: "20990101")
    with pytest.raises(FrontendError, match="expected torch-mlir from 20261001 to before"):
        require_torch("torch-mlir")
    for version in (TESTED["torch"][0], TESTED["torch"][0] + ".1+cu130"):
        require_torch.cache_clear()
        monkeypatch.setattr(metadata, "version", lambda name, version=version: version)
        require_torch("torch")
    require_torch.cache_clear()


def test_the_ranges_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = {
        name: text
        for text in project["optional-dependencies"]["torch"]
        for name in TESTED
        if text.startswith((f"{name}>", f"{name}="))
    }
    assert extra == {name: f"{name}>={first},<{end}" for name, (first, end) in TESTED.items()}


def test_this_environment_is_in_range() -> None:
    require_torch(*TESTED)
    assert ir.Context()
