// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s

#id = affine_map<(a, b) -> (a, b)>
#outer = affine_map<(a, b) -> (a)>

// torch.nn.Linear: weights [N, K] with a scale per output, transposed before the product. The bias is a
// fill: a splat of one number.
// CHECK-LABEL: func @transposed_weights_per_channel
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xi8>)
func.func @transposed_weights_per_channel(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<5> : tensor<3x8xi8>
  // CHECK-DAG: %[[SCALES:.*]] = arith.constant dense<[5.000000e-01, 1.000000e+00, 2.000000e+00]> : tensor<3xf32>
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i32
  // CHECK-DAG: %[[ZPX:.*]] = arith.constant 7 : i32
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %scales = arith.constant dense<[1.0, 2.0, 4.0]> : tensor<3xf32>
  %zp = arith.constant 7 : i64
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zp : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
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
  // CHECK-DAG: %[[T:.*]] = linalg.transpose ins(%[[W]] : tensor<3x8xi8>) {{.*}} permutation = [1, 0]
  %wt = linalg.transpose ins(%dw : tensor<3x8xf32>) outs(%et : tensor<8x3xf32>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<4x3xf32>
  // CHECK-DAG: %[[BIAS:.*]] = linalg.fill ins(%[[ONE]] : f32) {{.*}} -> tensor<4x3xf32>
  %init = linalg.fill ins(%one : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK-DAG: %[[WIDE:.*]] = arith.extui %[[X]] : tensor<4x8xi8> to tensor<4x8xi16>
  // CHECK: %[[ACC:.*]] = linalg.quantized_matmul ins(%[[WIDE]], %[[T]], %[[ZPX]], %[[ZERO]] : tensor<4x8xi16>, tensor<8x3xi8>, i32, i32)
  // CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[SCALES]], %[[BIAS]] : tensor<4x3xi32>, tensor<3xf32>, tensor<4x3xf32>)
  %y = linalg.matmul ins(%dx, %wt : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// Weights [K, N] with one scale need no transpose.
// CHECK-LABEL: func @straight_weights_per_tensor
func.func @straight_weights_per_tensor(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<5> : tensor<8x3xi8>
  %w = arith.constant dense<5> : tensor<8x3xi8>
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
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<8x3xi8>) outs(%ew : tensor<8x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.quantized_matmul ins(%{{.*}}, %[[W]], %{{.*}}, %{{.*}} : tensor<4x8xi8>, tensor<8x3xi8>, i32, i32)
  // CHECK-NOT: linalg.matmul
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
