// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s
//
// Concatenations of numbers are concatenations of codes.

#id = affine_map<(a, b, c, d) -> (a, b, c, d)>

// CHECK-LABEL: func @concatenation_of_equal_codes
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xi8>, %[[Y:.*]]: tensor<1x3x4x4xi8>)
func.func @concatenation_of_equal_codes(%x: tensor<1x2x4x4xi8>, %y: tensor<1x3x4x4xi8>) -> tensor<1x5x4x4xf32> {
  %scale = arith.constant 0.5 : f32
  %ex = tensor.empty() : tensor<1x2x4x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4x4xi8>) outs(%ex : tensor<1x2x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %scale : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x4x4xf32>
  %ey = tensor.empty() : tensor<1x3x4x4xf32>
  %dy = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%y : tensor<1x3x4x4xi8>) outs(%ey : tensor<1x3x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %scale : f32
    linalg.yield %1 : f32
  } -> tensor<1x3x4x4xf32>
  // CHECK: %[[C:.*]] = tensor.concat dim(1) %[[X]], %[[Y]] : (tensor<1x2x4x4xi8>, tensor<1x3x4x4xi8>) -> tensor<1x5x4x4xi8>
  // CHECK: linalg.generic {{.*}} ins(%[[C]] : tensor<1x5x4x4xi8>)
  %c = tensor.concat dim(1) %dx, %dy : (tensor<1x2x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x5x4x4xf32>
  return %c : tensor<1x5x4x4xf32>
}

// With other parameters, or no codes at all, each part is quantized, then joined.
// CHECK-LABEL: func @concatenation_of_others
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xi8>, %[[Y:.*]]: tensor<1x3x4x4xf32>)
func.func @concatenation_of_others(%x: tensor<1x2x4x4xi8>, %y: tensor<1x3x4x4xf32>) -> tensor<1x1x5x4x4xi8> {
  %scale = arith.constant 0.5 : f32
  %other = arith.constant 0.25 : f32
  %low = arith.constant 0.0 : f32
  %high = arith.constant 255.0 : f32
  %ex = tensor.empty() : tensor<1x2x4x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4x4xi8>) outs(%ex : tensor<1x2x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %scale : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x4x4xf32>
  // CHECK: %[[DX:.*]] = linalg.generic {{.*}} ins(%[[X]] :
  // CHECK: %[[QX:.*]] = linalg.generic {{.*}} ins(%[[DX]] : tensor<1x2x4x4xf32>) outs(%{{.*}} : tensor<1x2x4x4xi8>)
  // CHECK: %[[QY:.*]] = linalg.generic {{.*}} ins(%[[Y]] : tensor<1x3x4x4xf32>) outs(%{{.*}} : tensor<1x3x4x4xi8>)
  // CHECK: %[[C:.*]] = tensor.concat dim(1) %[[QX]], %[[QY]] : (tensor<1x2x4x4xi8>, tensor<1x3x4x4xi8>)
  // CHECK: tensor.expand_shape %[[C]]
  %c = tensor.concat dim(1) %dx, %y : (tensor<1x2x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x5x4x4xf32>
  %e = tensor.expand_shape %c [[0, 1], [2], [3], [4]] output_shape [1, 1, 5, 4, 4] : tensor<1x5x4x4xf32> into tensor<1x1x5x4x4xf32>
  %eq = tensor.empty() : tensor<1x1x5x4x4xi8>
  %q = linalg.generic {indexing_maps = [affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>, affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%e : tensor<1x1x5x4x4xf32>) outs(%eq : tensor<1x1x5x4x4xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %other : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.maximumf %1, %low : f32
    %3 = arith.minimumf %2, %high : f32
    %4 = arith.fptoui %3 : f32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x1x5x4x4xi8>
  return %q : tensor<1x1x5x4x4xi8>
}
