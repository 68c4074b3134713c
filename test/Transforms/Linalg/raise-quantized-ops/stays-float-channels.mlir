// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops -split-input-file -verify-diagnostics | FileCheck %s
//
// Layers that are not raised, each with the remark that says why.

// CHECK-NOT: quantized_matmul
#id = affine_map<(a, b) -> (a, b)>
#outer = affine_map<(a, b) -> (a)>
#inner = affine_map<(a, b) -> (b)>
// The scale cannot leave the sum over these channels.
// CHECK-LABEL: func @input_per_channel
func.func @input_per_channel(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %scales = arith.constant dense<[1.0, 2.0, 4.0]> : tensor<3xf32>
  %xscales = arith.constant dense<2.0> : tensor<8xf32>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #inner, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %xscales : tensor<4x8xi8>, tensor<8xf32>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %ew = tensor.empty() : tensor<3x8xf32>
  %dw = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %scales : tensor<3x8xi8>, tensor<3xf32>) outs(%ew : tensor<3x8xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<3x8xf32>
  %et = tensor.empty() : tensor<8x3xf32>
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: its input is quantized per channel}}
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

#id = affine_map<(a, b) -> (a, b)>
#inner = affine_map<(a, b) -> (b)>
// CHECK-LABEL: func @weights_per_input_channel
func.func @weights_per_input_channel(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %scales = arith.constant dense<2.0> : tensor<8xf32>
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
  %ew = tensor.empty() : tensor<3x8xf32>
  %dw = linalg.generic {indexing_maps = [#id, #inner, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %scales : tensor<3x8xi8>, tensor<8xf32>) outs(%ew : tensor<3x8xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<3x8xf32>
  %et = tensor.empty() : tensor<8x3xf32>
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: its weights are not quantized per output channel}}
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

#id = affine_map<(a, b) -> (a, b)>
#outer = affine_map<(a, b) -> (a)>
// CHECK-LABEL: func @straight_weights_per_row
func.func @straight_weights_per_row(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %scales = arith.constant dense<2.0> : tensor<8xf32>
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
  %dw = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %scales : tensor<8x3xi8>, tensor<8xf32>) outs(%ew : tensor<8x3xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: its weights are not quantized per output channel}}
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
