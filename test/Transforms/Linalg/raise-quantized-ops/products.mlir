// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize -split-input-file | FileCheck %s
//
// Products of two activations: one scale and zero point for each.

#id = affine_map<(b, m, n) -> (b, m, n)>
#id4 = affine_map<(a, b, m, n) -> (a, b, m, n)>
// CHECK-LABEL: func @unsigned_batch
// CHECK-SAME: (%[[X:.*]]: tensor<4x7x8xi8>, %[[Y:.*]]: tensor<1x5x4x8xi8>)
func.func @unsigned_batch(%x: tensor<4x7x8xi8>, %y: tensor<1x5x4x8xi8>) -> tensor<4x7x5xf32> {
  // CHECK-DAG: %[[ZX:.*]] = arith.constant 3 : i32
  // CHECK-DAG: %[[ZY:.*]] = arith.constant 130 : i32
  // CHECK-DAG: %[[SCALE:.*]] = arith.constant 1.250000e-01 : f32
  %sx = arith.constant 0.5 : f32
  %sy = arith.constant 0.25 : f32
  %zx = arith.constant 3 : i64
  %zy = arith.constant 130 : i64
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<4x7x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<4x7x8xi8>) outs(%ex : tensor<4x7x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zx : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %sx : f32
    linalg.yield %3 : f32
  } -> tensor<4x7x8xf32>
  %ey = tensor.empty() : tensor<1x5x4x8xf32>
  %dy = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%y : tensor<1x5x4x8xi8>) outs(%ey : tensor<1x5x4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zy : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %sy : f32
    linalg.yield %3 : f32
  } -> tensor<1x5x4x8xf32>
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[Y]] : tensor<1x5x4x8xi8>) {{.*}} permutation = [0, 2, 3, 1]
  // CHECK: %[[C:.*]] = tensor.collapse_shape %[[T]] {{\[\[}}0, 1], [2], [3]] : tensor<1x4x8x5xi8>
  // CHECK: %[[WX:.*]] = arith.extui %[[X]] : tensor<4x7x8xi8> to tensor<4x7x8xi16>
  // CHECK: %[[WY:.*]] = arith.extui %[[C]] : tensor<4x8x5xi8> to tensor<4x8x5xi16>
  %et = tensor.empty() : tensor<1x4x8x5xf32>
  %t = linalg.transpose ins(%dy : tensor<1x5x4x8xf32>) outs(%et : tensor<1x4x8x5xf32>) permutation = [0, 2, 3, 1]
  %c = tensor.collapse_shape %t [[0, 1], [2], [3]] : tensor<1x4x8x5xf32> into tensor<4x8x5xf32>
  %e = tensor.empty() : tensor<4x7x5xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<4x7x5xf32>) -> tensor<4x7x5xf32>
  // CHECK: %[[ACC:.*]] = linalg.quantized_batch_matmul ins(%[[WX]], %[[WY]], %[[ZX]], %[[ZY]] : {{.*}}) {{.*}} -> tensor<4x7x5xi32>
  // CHECK: linalg.generic {{.*}} ins(%[[ACC]] : tensor<4x7x5xi32>)
  // CHECK: %[[F:.*]] = arith.sitofp
  // CHECK: arith.mulf %[[F]], %[[SCALE]] : f32
  // CHECK-NOT: linalg.batch_matmul
  %r = linalg.batch_matmul ins(%dx, %c : tensor<4x7x8xf32>, tensor<4x8x5xf32>) outs(%init : tensor<4x7x5xf32>) -> tensor<4x7x5xf32>
  return %r : tensor<4x7x5xf32>
}

// -----

#id = affine_map<(m, n) -> (m, n)>
// One tensor by itself, transposed, added to another.
// CHECK-LABEL: func @signed_gram
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xi8>, %[[INIT:.*]]: tensor<4x4xf32>)
func.func @signed_gram(%x: tensor<4x8xi8>, %init: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %half = arith.constant 0.5 : f32
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %et = tensor.empty() : tensor<8x4xf32>
  %t = linalg.transpose ins(%dx : tensor<4x8xf32>) outs(%et : tensor<8x4xf32>) permutation = [1, 0]
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[X]] : tensor<4x8xi8>)
  // CHECK: %[[ACC:.*]] = linalg.quantized_matmul ins(%[[X]], %[[T]], %{{.*}}, %{{.*}} : tensor<4x8xi8>, tensor<8x4xi8>, i32, i32)
  // CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[INIT]] : tensor<4x4xi32>, tensor<4x4xf32>)
  // CHECK: arith.addf
  %y = linalg.matmul ins(%dx, %t : tensor<4x8xf32>, tensor<8x4xf32>) outs(%init : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// -----

#id = affine_map<(b, m, n) -> (b, m, n)>
#first = affine_map<(b, m, n) -> (0, m, n)>
// Heads that queries share are repeated as codes.
// CHECK-LABEL: func @repeated_heads
func.func @repeated_heads(%x: tensor<2x3x4xi8>, %y: tensor<1x4x5xi8>) -> tensor<2x3x5xf32> {
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<2x3x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x4xi8>) outs(%ex : tensor<2x3x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x4xf32>
  %ey = tensor.empty() : tensor<1x4x5xf32>
  %dy = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%y : tensor<1x4x5xi8>) outs(%ey : tensor<1x4x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x4x5xf32>
  // CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<1x4x5xi8>) outs(%{{.*}} : tensor<2x4x5xi8>)
  %er = tensor.empty() : tensor<2x4x5xf32>
  %repeated = linalg.generic {indexing_maps = [#first, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%dy : tensor<1x4x5xf32>) outs(%er : tensor<2x4x5xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<2x4x5xf32>
  %e = tensor.empty() : tensor<2x3x5xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  // CHECK: linalg.quantized_batch_matmul
  %r = linalg.batch_matmul ins(%dx, %repeated : tensor<2x3x4xf32>, tensor<2x4x5xf32>) outs(%init : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  return %r : tensor<2x3x5xf32>
}
