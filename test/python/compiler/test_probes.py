# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Probes: what they show is what the program computes, they cost nothing and change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pumice._mlir_libs._pumice")

import pumice
from pumice import PumiceError
from pumice.compiler import compile_file

TEXT = """
func.func @main(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %c = arith.constant dense<0.5> : tensor<3x5xf32>
  %a = arith.mulf %x, %c : tensor<3x5xf32>
  PROBE_A
  %b = math.exp %a : tensor<3x5xf32>
  %y = arith.addf %b, %c : tensor<3x5xf32>
  PROBE_Y
  return %y : tensor<3x5xf32>
}
"""
PROBE_A = 'pum.probe %a as "half" : tensor<3x5xf32>'
PROBE_Y = 'pum.probe %y as "y" : tensor<3x5xf32>'


def program_of(folder: Path, first: str = PROBE_A, last: str = PROBE_Y) -> pumice.Program:
    file = folder / "network.mlir"
    file.write_text(TEXT.replace("PROBE_A", first).replace("PROBE_Y", last))
    return compile_file(file, device="ideal")


def inputs(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.normal(0, 3, (3, 5)).astype(np.float32) for _ in range(count)]


def test_every_element_is_seen(tmp_path) -> None:
    batches = inputs(4)
    found = program_of(tmp_path).observe(batches, samples=1000)
    half = np.concatenate([(x * np.float32(0.5)).ravel() for x in batches]).astype(float)
    assert list(found) == ["half", "y"]
    seen = found["half"]
    assert (seen.count, seen.non_finite) == (60, 0)
    assert (seen.min, seen.max) == (half.min(), half.max())
    np.testing.assert_array_equal(seen.samples, half)
    expected, _ = np.histogram(half, seen.edges)
    np.testing.assert_array_equal(seen.counts, expected)
    assert seen.counts.sum() == 60
    assert seen.counts[0]
    assert seen.counts[-1]
    # Powers of two, as wide as half of the bins need.
    width = seen.edges[1] - seen.edges[0]
    assert width == 2.0 ** np.ceil(np.log2(np.abs(half).max())) / 1024


def test_the_histogram_does_not_depend_on_the_order(tmp_path) -> None:
    program = program_of(tmp_path)
    batches = [x * np.float32(10.0**k) for k, x in enumerate(inputs(5))]
    up, down = program.observe(batches)["half"], program.observe(batches[::-1])["half"]
    np.testing.assert_array_equal(up.counts, down.counts)
    np.testing.assert_array_equal(up.edges, down.edges)
    half = np.concatenate([(x * np.float32(0.5)).ravel() for x in batches]).astype(float)
    np.testing.assert_array_equal(up.counts, np.histogram(half, up.edges)[0])


def test_samples_are_limited(tmp_path) -> None:
    program, batches = program_of(tmp_path), inputs(20)
    half = np.concatenate([(x * np.float32(0.5)).ravel() for x in batches]).astype(float)
    seen = program.observe(batches, samples=16)["half"]
    assert len(seen.samples) == 16
    assert set(seen.samples) < set(half)
    # Not the first ones; the same ones in each run.
    assert set(seen.samples) - set(half[:150])
    again = program.observe(batches, samples=16)["half"]
    np.testing.assert_array_equal(seen.samples, again.samples)
    assert len(program.observe(batches)["half"].samples) == 0
    with pytest.raises(PumiceError, match="expected a number of samples of at least 0, got -1"):
        program.observe(batches, samples=-1)


def test_numbers_that_are_not_finite(tmp_path) -> None:
    x = np.zeros((3, 5), np.float32)
    x[0, 0], x[1, 1], x[2, 2] = np.nan, np.inf, -1.0
    seen = program_of(tmp_path).observe([x])["half"]
    assert (seen.count, seen.non_finite, seen.min, seen.max) == (13, 2, -0.5, 0.0)
    assert seen.counts.sum() == 13
    nothing = program_of(tmp_path).observe([np.full((3, 5), np.nan, np.float32)])["half"]
    assert (nothing.count, nothing.non_finite) == (0, 15)
    assert np.isnan(nothing.min)
    assert len(nothing.counts) == 0


def test_results_and_costs_are_those_without(tmp_path) -> None:
    """At L4, where a probe is of a buffer that is there anyway."""
    plain, probed = program_of(tmp_path, "", ""), program_of(tmp_path, "", PROBE_Y)
    assert "simulator.probe" in probed.ir()
    assert "simulator.probe" not in plain.ir()
    x = inputs(1)[0]
    results = [program.run(x) for program in (plain, probed)]
    np.testing.assert_array_equal(results[0].outputs, results[1].outputs)
    reports = [json.loads(result.report.to_json()) for result in results]
    for report in reports:
        del report["timings_s"]
        report.pop("code", None)
    assert reports[0] == reports[1]
    assert plain.observe([x]) == {}


def test_probes_survive_saving(tmp_path) -> None:
    program_of(tmp_path).save(tmp_path / "p.mlirbc")
    batches = inputs(1)
    seen = pumice.load(tmp_path / "p.mlirbc").observe(batches, samples=15)["y"]
    halves = batches[0] * np.float32(0.5)
    np.testing.assert_allclose(seen.samples, np.exp(halves).ravel() + 0.5, rtol=1e-6)


def test_codes_are_seen_as_integers(tmp_path) -> None:
    file = tmp_path / "codes.mlir"
    file.write_text("""
func.func @main(%x: tensor<6xi8>) -> tensor<6xi8> {
  pum.probe %x as "codes" : tensor<6xi8>
  return %x : tensor<6xi8>
}
""")
    x = np.array([-128, -1, 0, 1, 5, 127], np.int8)
    seen = compile_file(file, device="ideal").observe([x], samples=6)["codes"]
    np.testing.assert_array_equal(seen.samples, x)
    assert (seen.min, seen.max) == (-128, 127)
    np.testing.assert_array_equal(seen.counts, np.histogram(x, seen.edges)[0])


def test_probes_by_compile_options() -> None:
    """Of a node's accumulators, and of a nonlinear function's argument and result."""
    torch = pytest.importorskip("torch")
    from torch import nn

    torch.manual_seed(0)
    x = torch.randn(4, 6)
    model = nn.Sequential(nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 3)).eval()
    quantized = pumice.quantize(model, [x])
    plain = pumice.compile(quantized, x)
    probed = pumice.compile(
        quantized, x, options={"probe_nodes": ["linear"], "probe_kinds": ["gelu"]}
    )
    assert (plain.run(x).outputs == probed.run(x).outputs).all()
    found = probed.observe([x], samples=20)
    assert sorted(found) == ["gelu", "gelu.input", "linear"]
    # The product and its scale: integers, and what GELU sees of them.
    argument, result = found["gelu.input"].samples, found["gelu"].samples
    expected = nn.functional.gelu(torch.from_numpy(argument)).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    assert found["linear"].count == 4 * 5
    with pytest.raises(pumice.CompileError, match="a node of the network to probe, got 'conv'"):
        pumice.compile(quantized, x, options={"probe_nodes": ["conv"]})


def test_half_precision(tmp_path) -> None:
    file = tmp_path / "half.mlir"
    file.write_text("""
func.func @main(%x: tensor<5xf16>) -> tensor<5xf16> {
  pum.probe %x as "half" : tensor<5xf16>
  return %x : tensor<5xf16>
}
""")
    x = np.array([0.1, -2.5, 65504, 6e-8, np.inf], np.float16)
    seen = compile_file(file, device="ideal").observe([x], samples=5)["half"]
    np.testing.assert_array_equal(seen.samples, x[:4].astype(float))
    assert (seen.count, seen.non_finite) == (4, 1)
