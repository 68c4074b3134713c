// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops -split-input-file -verify-diagnostics | FileCheck %s
//
// Products that are not raised, each with the remark that says why.

// CHECK-NOT: quantized
#id = affine_map<(b, m, n) -> (b, m, n)>
#last = affine_map<(b, m, n) -> (n)>
func.func @per_channel(%x: tensor<2x3x4xi8>, %scales: tensor<4xf32>) -> tensor<2x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<2x3x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #last, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %scales : tensor<2x3x4xi8>, tensor<4xf32>) outs(%ex : tensor<2x3x4xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x4xf32>
  %et = tensor.empty() : tensor<2x4x3xf32>
  %t = linalg.transpose ins(%dx : tensor<2x3x4xf32>) outs(%et : tensor<2x4x3xf32>) permutation = [0, 2, 1]
  %e = tensor.empty() : tensor<2x3x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  // CHECK: linalg.batch_matmul
  // expected-remark @below {{stays in float: a factor is quantized per channel}}
  %r = linalg.batch_matmul ins(%dx, %t : tensor<2x3x4xf32>, tensor<2x4x3xf32>) outs(%init : tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
  return %r : tensor<2x3x3xf32>
}

// -----

#id = affine_map<(b, m, n) -> (b, m, n)>
// 128 * 128 * 131072 is 2^31.
func.func @long_sums(%x: tensor<1x1x131072xi8>) -> tensor<1x1x1xf32> {
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x1x131072xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x1x131072xi8>) outs(%ex : tensor<1x1x131072xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x1x131072xf32>
  %et = tensor.empty() : tensor<1x131072x1xf32>
  %t = linalg.transpose ins(%dx : tensor<1x1x131072xf32>) outs(%et : tensor<1x131072x1xf32>) permutation = [0, 2, 1]
  %e = tensor.empty() : tensor<1x1x1xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  // CHECK: linalg.batch_matmul
  // expected-remark @below {{stays in float: its sums take more than 32 bits}}
  %r = linalg.batch_matmul ins(%dx, %t : tensor<1x1x131072xf32>, tensor<1x131072x1xf32>) outs(%init : tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
  return %r : tensor<1x1x1xf32>
}

// -----

#id = affine_map<(m, n) -> (m, n)>
#first = affine_map<(m, n) -> (m, 0)>
func.func @repeated_weights(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1], [2], [3], [4], [5], [6], [7], [8]]> : tensor<8x1xi8>
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
  %ew = tensor.empty() : tensor<8x1xf32>
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<8x1xi8>) outs(%ew : tensor<8x1xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<8x1xf32>
  %er = tensor.empty() : tensor<8x3xf32>
  %repeated = linalg.generic {indexing_maps = [#first, #id], iterator_types = ["parallel", "parallel"]}
      ins(%dw : tensor<8x1xf32>) outs(%er : tensor<8x3xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{stays in float: its weights are repeated}}
  %y = linalg.matmul ins(%dx, %repeated : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
