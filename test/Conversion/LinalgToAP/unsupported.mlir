// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file --convert-linalg-to-ap -verify-diagnostics
//
// What is assigned to processors by hand has to be a ternary layer.

func.func @four_values(%x: tensor<2x3xi8>, %init: tensor<2x2xi32>) -> tensor<2x2xi32> {
  %w = arith.constant dense<[[1, 3], [2, 3], [-1, -4]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  // expected-error @below {{'linalg.quantized_matmul' op is assigned to ap, but its weights are not ternary: 2 of 6 are not -a, 0 or a of their output}}
  %y = linalg.quantized_matmul {pum.target = #pum.target<ap>} ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x2xi8>, i32, i32)
      outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// -----

func.func @computed_weights(%x: tensor<2x3xi8>, %w: tensor<3x2xi8>, %init: tensor<2x2xi32>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  // expected-error @below {{'linalg.quantized_matmul' op is assigned to ap, but its weights are not constant}}
  %y = linalg.quantized_matmul {pum.target = #pum.target<ap>} ins(%x, %w, %zero, %zero : tensor<2x3xi8>, tensor<3x2xi8>, i32, i32)
      outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// -----

func.func @no_layer(%x: tensor<2x3xf32>, %w: tensor<3x2xf32>, %init: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // expected-error @below {{'linalg.matmul' op is assigned to ap, but is not an integer layer}}
  %y = linalg.matmul {pum.target = #pum.target<ap>} ins(%x, %w : tensor<2x3xf32>, tensor<3x2xf32>)
      outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
