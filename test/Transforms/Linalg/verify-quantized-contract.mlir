// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --verify-quantized-contract -split-input-file -verify-diagnostics | FileCheck %s

#id = affine_map<(a, b) -> (a, b)>
// A product of two activations may stay in float.
// CHECK-LABEL: func @two_activations
func.func @two_activations(%x: tensor<4x8xf32>, %w: tensor<8x3xf32>) -> tensor<4x3xf32> {
  %e = tensor.empty() : tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

#id = affine_map<(a, b) -> (a, b)>
func.func @quantized_operands(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %half = arith.constant 0.5 : f32
  %ex = tensor.empty() : tensor<4x8xf32>
  // expected-note @below {{its first operand is dequantized here}}
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
  %e = tensor.empty() : tensor<4x3xf32>
  // expected-error @below {{is a float layer on quantized operands: raise-quantized-ops, a part of linalg-to-quantized, makes it an integer layer}}
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xf32>, tensor<8x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// The contract of L0 holds at L1, too.
func.func @dynamic_shape(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{expected tensors of static shape, got 'tensor<?xf32>'}}
  %y = math.tanh %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
