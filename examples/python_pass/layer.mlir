// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A linear layer at the level `quantized`: 8-bit inputs and weights, 32-bit sums.
func.func @main(%x: tensor<1x4xi8>) -> tensor<1x3xi32> {
  %w = arith.constant dense<[[1, -90, 7], [-3, 5, 60], [127, 0, -4], [2, -8, 6]]> : tensor<4x3xi8>
  %none = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<1x3xi32>
  %zeros = linalg.fill ins(%none : i32) outs(%empty : tensor<1x3xi32>) -> tensor<1x3xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %none, %none : tensor<1x4xi8>, tensor<4x3xi8>, i32, i32)
      outs(%zeros : tensor<1x3xi32>) -> tensor<1x3xi32>
  return %y : tensor<1x3xi32>
}
