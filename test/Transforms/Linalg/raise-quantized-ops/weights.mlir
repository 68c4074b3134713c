// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>

// Unsigned weights become signed: their top bit changes, and so does their zero point.
// CHECK-LABEL: func @unsigned_weights
func.func @unsigned_weights(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  // CHECK-DAG: %[[TOP:.*]] = arith.constant dense<-128> : tensor<8x3xi8>
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant -128 : i32
  // CHECK: %[[W:.*]] = arith.xori %{{.*}}, %[[TOP]]
  // CHECK: linalg.quantized_matmul ins(%{{.*}}, %[[W]], %{{.*}}, %[[ZERO]]
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
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<3x8xf32>
  %et = tensor.empty() : tensor<8x3xf32>
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// A matrix that is not transposed has its outputs behind; zero points may be narrow vectors.
// CHECK-LABEL: func @straight_weights_per_channel
func.func @straight_weights_per_channel(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 2 : i32
  // CHECK: linalg.quantized_matmul ins(%{{.*}}, %{{.*}}, %{{.*}}, %[[ZERO]]
  // CHECK: linalg.generic
  // CHECK: arith.sitofp
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %scales = arith.constant dense<[0.5, 0.25, 2.0]> : tensor<3xf32>
  %zeros = arith.constant dense<[2, 2, 2]> : tensor<3xi8>
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %ew = tensor.empty() : tensor<8x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (j)>, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%w, %scales, %zeros : tensor<8x3xi8>, tensor<3xf32>, tensor<3xi8>) outs(%ew : tensor<8x3xf32>) {
  ^bb0(%in: i8, %scale: f32, %narrow: i8, %out: f32):
    %0 = arith.extsi %narrow : i8 to i16
    %1 = arith.extsi %in : i8 to i16
    %2 = arith.subi %1, %0 : i16
    %3 = arith.sitofp %2 : i16 to f32
    %4 = arith.mulf %3, %scale : f32
    linalg.yield %4 : f32
  } -> tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// Narrow zero points of unsigned codes are unsigned.
// CHECK-LABEL: func @unsigned_weights_with_zero_points
func.func @unsigned_weights_with_zero_points(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 72 : i32
  // CHECK: linalg.quantized_matmul ins(%{{.*}}, %{{.*}}, %{{.*}}, %[[ZERO]]
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %zeros = arith.constant dense<[-56, -56, -56]> : tensor<3xi8>
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %ew = tensor.empty() : tensor<8x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %zeros : tensor<8x3xi8>, tensor<3xi8>) outs(%ew : tensor<8x3xf32>) {
  ^bb0(%in: i8, %narrow: i8, %out: f32):
    %0 = arith.extui %narrow : i8 to i16
    %1 = arith.extui %in : i8 to i16
    %2 = arith.subi %1, %0 : i16
    %3 = arith.sitofp %2 : i16 to f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
