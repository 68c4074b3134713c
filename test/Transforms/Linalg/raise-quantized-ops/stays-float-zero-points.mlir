// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops -split-input-file -verify-diagnostics | FileCheck %s
//
// Layers that are not raised, each with the remark that says why.

// CHECK-NOT: quantized_matmul
#id = affine_map<(a, b) -> (a, b)>
#outer = affine_map<(a, b) -> (a)>
// CHECK-LABEL: func @zero_point_per_channel
func.func @zero_point_per_channel(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %zps = arith.constant dense<[0, 1, 0]> : tensor<3xi64>
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
  %dw = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %zps : tensor<3x8xi8>, tensor<3xi64>) outs(%ew : tensor<3x8xf32>) {
  ^bb0(%in: i8, %z: i64, %out: f32):
    %0 = arith.extsi %in : i8 to i64
    %1 = arith.subi %0, %z : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<3x8xf32>
  %et = tensor.empty() : tensor<8x3xf32>
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: the zero points differ between channels}}
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

#id = affine_map<(a, b) -> (a, b)>
#outer = affine_map<(a, b) -> (a)>
// CHECK-LABEL: func @zero_point_is_no_code
func.func @zero_point_is_no_code(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %zps = arith.constant dense<-129> : tensor<3xi64>
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
  %dw = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %zps : tensor<3x8xi8>, tensor<3xi64>) outs(%ew : tensor<3x8xf32>) {
  ^bb0(%in: i8, %z: i64, %out: f32):
    %0 = arith.extsi %in : i8 to i64
    %1 = arith.subi %0, %z : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<3x8xf32>
  %et = tensor.empty() : tensor<8x3xf32>
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: the zero point does not fit the type}}
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
