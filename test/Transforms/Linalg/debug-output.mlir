// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-integer-matmuls --debug-only=raise-integer-matmuls -o %t.mlir 2>&1 | FileCheck %s --check-prefix=RAISE
// RUN: pumice-opt %s --normalize-integer-layers --debug-only=normalize-integer-layers -o %t.mlir 2>&1 | FileCheck %s --check-prefix=NORMAL
//
// The reason why a pattern does not match is debug output of the pass.
// RAISE: [raise-integer-matmuls] no match at {{.*}}: its input is no widened codes
// NORMAL: [normalize-integer-layers] no match at {{.*}}: is no integer sum of codes and constants
func.func @product(%x: tensor<4x8xi32>, %w: tensor<8x3xi32>) -> tensor<4x3xi32> {
  %e = tensor.empty() : tensor<4x3xi32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xi32>, tensor<8x3xi32>) outs(%e : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}
