// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --assign-targets --convert-linalg-to-crossbar --canonicalize | FileCheck %s

// Crossbars take weights outputs first: a transpose that is there cancels.
// CHECK-LABEL: func @transpose_cancels
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xi8>)
func.func @transpose_cancels(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  // CHECK: %[[W:.*]] = arith.constant dense<5> : tensor<3x8xi8>
  // CHECK: %[[Y:.*]] = crossbar.mvm %[[X]], %[[W]] {input_unsigned, input_zero_point = 7 : i64} : (tensor<4x8xi8>, tensor<3x8xi8>) -> tensor<4x3xi32>
  // CHECK: return %[[Y]]
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %zp = arith.constant 7 : i32
  %zero = arith.constant 0 : i32
  %et = tensor.empty() : tensor<8x3xi8>
  %wt = linalg.transpose ins(%w : tensor<3x8xi8>) outs(%et : tensor<8x3xi8>) permutation = [1, 0]
  %wide = arith.extui %x : tensor<4x8xi8> to tensor<4x8xi16>
  %e = tensor.empty() : tensor<4x3xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<4x3xi32>) -> tensor<4x3xi32>
  %y = linalg.quantized_matmul ins(%wide, %wt, %zp, %zero : tensor<4x8xi16>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @straight_weights_are_transposed
func.func @straight_weights_are_transposed(%x: tensor<4x8xi16>) -> tensor<4x3xi64> {
  // CHECK: %[[W:.*]] = arith.constant dense<5> : tensor<8x3xi8>
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[W]] : tensor<8x3xi8>) outs(%{{.*}} : tensor<3x8xi8>) permutation = [1, 0]
  // CHECK: crossbar.mvm %{{.*}}, %[[T]] : (tensor<4x8xi16>, tensor<3x8xi8>) -> tensor<4x3xi64>
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %zero = arith.constant 0 : i32
  %init = arith.constant dense<0> : tensor<4x3xi64>
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xi16>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi64>) -> tensor<4x3xi64>
  return %y : tensor<4x3xi64>
}
