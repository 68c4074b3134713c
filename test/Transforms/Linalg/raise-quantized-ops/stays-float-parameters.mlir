// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops -split-input-file -verify-diagnostics | FileCheck %s
//
// Layers that are not raised, each with the remark that says why.

// CHECK-NOT: quantized_matmul
#id = affine_map<(a, b) -> (a, b)>
// CHECK-LABEL: func @scale_per_element
func.func @scale_per_element(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %scales = arith.constant dense<2.0> : tensor<3x8xf32>
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
  %dw = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %scales : tensor<3x8xi8>, tensor<3x8xf32>) outs(%ew : tensor<3x8xf32>) {
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
  // expected-remark @below {{stays in float: the scale is not per tensor or per channel}}
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

#id = affine_map<(a, b) -> (a, b)>
// CHECK-LABEL: func @scale_at_run_time
func.func @scale_at_run_time(%x: tensor<4x8xi8>, %scale: f32) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
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
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<3x8xi8>) outs(%ew : tensor<3x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %scale : f32
    linalg.yield %1 : f32
  } -> tensor<3x8xf32>
  %et = tensor.empty() : tensor<8x3xf32>
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: the scale is not constant}}
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
