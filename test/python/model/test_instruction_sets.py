# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PUMICE_ISA chooses kernels; all give the same bits."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RUN = """
import hashlib, numpy as np, pumice, warnings
text = '''
func.func @main(%x: tensor<3x1x9x9xi8>) -> tensor<3x5x7x7xi32> {
  %w = arith.constant dense<"0xWEIGHTS"> : tensor<5x1x3x3xi8>
  %z = arith.constant 0 : i32
  %e = tensor.empty() : tensor<3x5x7x7xi32>
  %f = linalg.fill ins(%z : i32) outs(%e : tensor<3x5x7x7xi32>) -> tensor<3x5x7x7xi32>
  %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<3x1x9x9xi8>, tensor<5x1x3x3xi8>)
      outs(%f : tensor<3x5x7x7xi32>) -> tensor<3x5x7x7xi32>
  return %y : tensor<3x5x7x7xi32>
}
'''
random = np.random.default_rng(0)
weights = random.integers(-128, 128, 45).astype(np.int8).tobytes().hex().upper()
with open("isa.mlir", "w") as file:
    file.write(text.replace("WEIGHTS", weights))
x = random.integers(-128, 128, (3, 1, 9, 9)).astype(np.int8)
levels = [{"mean_siemens": g, "spread_siemens": 1e-6, "read_noise_siemens": g / 9}
          for g in (1e-6, 8e-6, 15e-6, 25e-6)]
codes = {"thresholds": [0.01, 0.05, 0.2], "values": [0, 0.03, 0.1, 0.4]}
table = {"bits": 2, "mode": "full_scale", "table": {"converters": [codes]}}
noisy = pumice.Device("isaac").replace(array={"analog": {"cells": {"levels": levels}}})
tabled = noisy.replace(laws=None).replaced({"array": {"adc": table}})
for device in ("ideal", "isaac", "puma", noisy, tabled):
    found = pumice.compile("isa.mlir", device=device).run(x).outputs
    print(hashlib.sha256(found.tobytes()).hexdigest())
warnings.simplefilter("ignore")  # costs do not follow
few = pumice.Device("aras").replace(
    array={"rows": 8, "columns": 16, "columns_per_adc": 16},
    levels={"pe": {"holds": 1}, "chip": {"holds": 1}},
)
report = pumice.compile("isa.mlir", device=few, schedule="copies").estimate()
written = [(each.energy_pj, each.counters) for each in (report, report.steady_state)]
print(hashlib.sha256(repr(written).encode()).hexdigest())
"""


def _run(folder, isa: str | None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PUMICE_ISA"}
    if isa is not None:
        environment["PUMICE_ISA"] = isa
    return subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, env=environment, text=True, capture_output=True,
        check=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> str:
    done = _run(tmp_path_factory.mktemp("isa"), None)
    assert len(done.stdout.split()) == 6
    assert len(set(done.stdout.split())) == 4  # ideal cells and lossless sums are the same
    assert "PUMICE_ISA" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512", "avx512vnni"])
def test_all_kernels_give_the_same_bits(plain, tmp_path, isa) -> None:
    done = _run(tmp_path, isa)
    assert done.stdout == plain
    assert not done.stderr


def test_another_word_is_reported(plain, tmp_path) -> None:
    done = _run(tmp_path, "sse9")
    assert done.stdout == plain
    assert done.stderr == (
        "warning: expected PUMICE_ISA to be portable, avx2, avx512 or avx512vnni, got 'sse9'\n"
    )
