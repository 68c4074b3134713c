// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --assign-targets -verify-diagnostics | FileCheck %s
//
// A device with associative processors and no crossbars takes ternary layers only.

// CHECK-LABEL: func @ternary
func.func @ternary(%x: tensor<4x2xi8>, %init: tensor<4x2xi32>) -> tensor<4x2xi32> {
  // Of the second output, [-5, 0]. Weights are [K, N].
  %w = arith.constant dense<[[1, -5], [-1, 0]]> : tensor<2x2xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul {pum.target = #pum.target<ap>}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x2xi8>, tensor<2x2xi8>, i32, i32)
      outs(%init : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// CHECK-LABEL: func @not_ternary
func.func @not_ternary(%x: tensor<4x2xi8>, %init: tensor<4x2xi32>) -> tensor<4x2xi32> {
  %w = arith.constant dense<[[1, -5], [-2, 4]]> : tensor<2x2xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul {pum.reason = {{.*}}, pum.target = #pum.target<digital>}
  // expected-remark @below {{stays on the digital unit: its weights are not ternary: 2 of 4 are not -a, 0 or a of their output}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x2xi8>, tensor<2x2xi8>, i32, i32)
      outs(%init : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// CHECK-LABEL: func @wide_weights
func.func @wide_weights(%x: tensor<4x2xi8>, %init: tensor<4x2xi32>) -> tensor<4x2xi32> {
  %w = arith.constant dense<1> : tensor<2x2xi16>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul {pum.reason = {{.*}}, pum.target = #pum.target<digital>}
  // expected-remark @below {{stays on the digital unit: its weights are not 8-bit constants}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x2xi8>, tensor<2x2xi16>, i32, i32)
      outs(%init : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// CHECK-LABEL: func @wide_codes
func.func @wide_codes(%x: tensor<4x2xi16>, %init: tensor<4x2xi32>) -> tensor<4x2xi32> {
  %w = arith.constant dense<1> : tensor<2x2xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul {pum.reason = {{.*}}, pum.target = #pum.target<digital>}
  // expected-remark @below {{stays on the digital unit: its inputs are wider than 8 bits}}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x2xi16>, tensor<2x2xi8>, i32, i32)
      outs(%init : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// CHECK-LABEL: func @wide_zero_point
func.func @wide_zero_point(%x: tensor<4x2xi8>, %init: tensor<4x2xi32>) -> tensor<4x2xi32> {
  %w = arith.constant dense<1> : tensor<2x2xi8>
  %zero = arith.constant 0 : i32
  %z = arith.constant 200 : i32
  // CHECK: linalg.quantized_matmul {pum.reason = {{.*}}, pum.target = #pum.target<digital>}
  // expected-remark @below {{stays on the digital unit: its inputs and their zero point take 9 bits}}
  %y = linalg.quantized_matmul ins(%x, %w, %z, %zero : tensor<4x2xi8>, tensor<2x2xi8>, i32, i32)
      outs(%init : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// CHECK-LABEL: func @batch
func.func @batch(%x: tensor<3x4x2xi8>, %init: tensor<3x4x2xi32>) -> tensor<3x4x2xi32> {
  %w = arith.constant dense<1> : tensor<3x2x2xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_batch_matmul {pum.reason = {{.*}}, pum.target = #pum.target<digital>}
  // expected-remark @below {{stays on the digital unit: associative processors do not support batches of products}}
  %y = linalg.quantized_batch_matmul ins(%x, %w, %zero, %zero : tensor<3x4x2xi8>, tensor<3x2x2xi8>, i32, i32)
      outs(%init : tensor<3x4x2xi32>) -> tensor<3x4x2xi32>
  return %y : tensor<3x4x2xi32>
}
