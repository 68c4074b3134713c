# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors without elements in digital regions: MLIR does not lower buffers such as memref<4x0>."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pumice

TEXT = """
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<4xSxf32>, %y: tensor<4xf32>)
    -> (tensor<4xSxf32>, tensor<4xf32>, tensor<4xPxf32>, tensor<4xCxf32>, tensor<4x3xf32>) {
  %c = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<4xSxf32>
  %sum = linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> (d0)>, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<4xSxf32>, tensor<4xf32>) outs(%e : tensor<4xSxf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4xSxf32>
  %reduced = linalg.reduce ins(%sum : tensor<4xSxf32>) outs(%y : tensor<4xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %s = arith.addf %in, %init : f32
        linalg.yield %s : f32
      }
  %padded = tensor.pad %sum low[0, 1] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %c : f32
  } : tensor<4xSxf32> to tensor<4xPxf32>
  %joined = tensor.concat dim(1) %sum, %padded, %sum
      : (tensor<4xSxf32>, tensor<4xPxf32>, tensor<4xSxf32>) -> tensor<4xCxf32>
  %e3 = tensor.empty() : tensor<4x3xf32>
  %filled = linalg.fill ins(%c : f32) outs(%e3 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %inserted = tensor.insert_slice %sum into %filled[0, 0] [4, S] [1, 1]
      : tensor<4xSxf32> into tensor<4x3xf32>
  return %sum, %reduced, %padded, %joined, %inserted
      : tensor<4xSxf32>, tensor<4xf32>, tensor<4xPxf32>, tensor<4xCxf32>, tensor<4x3xf32>
}
"""


@pytest.mark.parametrize("size", [0, 1, 3])
def test_the_results_are_those_of_numpy(tmp_path: Path, size: int) -> None:
    """Sums over nothing, and pads, concatenations and insertions of nothing."""
    sizes = {"S": size, "P": size + 2, "C": 3 * size + 2}
    text = TEXT
    for name, extent in sizes.items():
        text = text.replace(f"4x{name}x", f"4x{extent}x").replace(f"[4, {name}]", f"[4, {extent}]")
    (tmp_path / "p.mlir").write_text(text)
    x = np.arange(4 * size, dtype=np.float32).reshape(4, size)
    y = np.arange(4, dtype=np.float32)
    found = pumice.compile(tmp_path / "p.mlir", device="ideal").run(x, y).outputs
    sums = x + y[:, None]
    padded = np.pad(sums, ((0, 0), (1, 1)), constant_values=2)
    inserted = np.full((4, 3), 2, np.float32)
    inserted[:, :size] = sums
    expected = (sums, y + sums.sum(1), padded, np.hstack([sums, padded, sums]), inserted)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other)


def test_what_reads_nothing_out_of_bounds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.mlir").write_text("""
func.func @main(%x: tensor<1x4x0x0xi8>) -> tensor<1x4x3x3xi8> {
  %c = arith.constant 7 : i8
  %e = tensor.empty() : tensor<1x4x3x3xi8>
  %f = linalg.fill ins(%c : i8) outs(%e : tensor<1x4x3x3xi8>) -> tensor<1x4x3x3xi8>
  %w = tensor.empty() : tensor<3x3xi8>
  %p = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>,
      strides = dense<2> : vector<2xi64>}
      ins(%x, %w : tensor<1x4x0x0xi8>, tensor<3x3xi8>) outs(%f : tensor<1x4x3x3xi8>)
      -> tensor<1x4x3x3xi8>
  return %p : tensor<1x4x3x3xi8>
}
""")
    program = pumice.compile(tmp_path / "p.mlir", device="ideal")
    with pytest.raises(pumice.PumiceError, match="cannot prove that the index of dimension 2"):
        program.run(np.zeros((1, 4, 0, 0), np.int8))
