// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --linalg-to-simulator=device=ideal -o %t.mlir
// RUN: %npy write %t.x.npy "np.arange(32, dtype=np.int8).reshape(4, 8)"
// RUN: pumice-sim %t.mlir --input %t.x.npy --output %t.y.npy
// RUN: %npy equal %t.y.npy "(np.float32(0.25) * 5 * load('%t.x.npy').sum(axis=1, dtype=np.float32))[:, None].repeat(3, axis=1)"
//
// Weights that are all alike are a splat, which folds in other ways than data. Waits for a fix.
// XFAIL: *

#id = affine_map<(a, b) -> (a, b)>
func.func @straight_weights_per_tensor(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %ew = tensor.empty() : tensor<8x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<8x3xi8>) outs(%ew : tensor<8x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
