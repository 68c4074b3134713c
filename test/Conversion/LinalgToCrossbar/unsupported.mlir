// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file --convert-linalg-to-crossbar -verify-diagnostics | FileCheck %s
//
// Layers with another target, or none, stay; what is assigned to crossbars by hand has to be a layer.

// CHECK-LABEL: func @not_assigned
func.func @not_assigned(%x: tensor<2x3xi8>, %init: tensor<2x2xi32>) -> tensor<2x2xi32> {
  %w = arith.constant dense<1> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul ins
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x2xi8>, i32, i32)
      outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  // CHECK: linalg.quantized_matmul {pum.target = #pum.target<ap>} ins
  %z = linalg.quantized_matmul {pum.target = #pum.target<ap>} ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x2xi8>, i32, i32)
      outs(%y : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %z : tensor<2x2xi32>
}

// -----

func.func @computed_weights(%x: tensor<2x3xi8>, %w: tensor<3x2xi8>, %init: tensor<2x2xi32>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  // expected-error @below {{'linalg.quantized_matmul' op is assigned to crossbar, but its weights are not constant}}
  %y = linalg.quantized_matmul {pum.target = #pum.target<crossbar>} ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x2xi8>, i32, i32)
      outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}
