// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --assign-targets --convert-linalg-to-crossbar -verify-diagnostics | FileCheck %s
//
// Layers that stay on the digital unit, each with the remark that says why.

// CHECK-NOT: crossbar

// CHECK-LABEL: func @two_activations
func.func @two_activations(%x: tensor<4x8xi8>, %w: tensor<8x3xi8>, %init: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul
  // expected-remark @below {{stays on the digital unit: its weights are not constant}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xi8>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @zero_point_at_run_time
func.func @zero_point_at_run_time(%x: tensor<4x8xi8>, %zp: i32, %init: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul
  // expected-remark @below {{stays on the digital unit: its zero points are not constant}}
  %y = linalg.quantized_matmul ins(%x, %w, %zp, %zero : tensor<4x8xi8>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @wide_codes
func.func @wide_codes(%x: tensor<4x8xi32>, %init: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul
  // expected-remark @below {{stays on the digital unit: its operands are not 8 or 16 bits wide}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xi32>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// 2^15 * 2^15 * 8 needs 35 bits with its sign.
// CHECK-LABEL: func @large_sums
func.func @large_sums(%x: tensor<4x8xi16>, %init: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<8x3xi16>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul
  // expected-remark @below {{stays on the digital unit: its sums take 35 bits, the result has 32}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xi16>, tensor<8x3xi16>, i32, i32)
      outs(%init : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @index_codes
func.func @index_codes(%x: tensor<4x8xindex>, %init: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul
  // expected-remark @below {{stays on the digital unit: its operands are not 8 or 16 bits wide}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xindex>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @sums_of_48_bits
func.func @sums_of_48_bits(%x: tensor<4x8xi8>, %init: tensor<4x3xi48>) -> tensor<4x3xi48> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul
  // expected-remark @below {{stays on the digital unit: its sums are not 32 or 64 bits wide}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xi8>, tensor<8x3xi8>, i32, i32)
      outs(%init : tensor<4x3xi48>) -> tensor<4x3xi48>
  return %y : tensor<4x3xi48>
}
