// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s
//
// quantize(dequantize(x)) of a reshaped x, with equal and with other parameters.

#id = affine_map<(a, b) -> (a, b)>
#id1 = affine_map<(a) -> (a)>

// CHECK-LABEL: func @equal_parameters_are_dropped
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xi8>)
func.func @equal_parameters_are_dropped(%x: tensor<2x3xi8>) -> tensor<6xi8> {
  %zp = arith.constant 7 : i64
  %zpf = arith.constant 7.0 : f32
  %half = arith.constant 0.5 : f32
  %low = arith.constant 0.0 : f32
  %high = arith.constant 255.0 : f32
  %ex = tensor.empty() : tensor<2x3xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x3xi8>) outs(%ex : tensor<2x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zp : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<2x3xf32>
  %flat = tensor.collapse_shape %dx [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  %ey = tensor.empty() : tensor<6xi8>
  // CHECK-NEXT: %[[Y:.*]] = tensor.collapse_shape %[[X]] {{.*}} : tensor<2x3xi8> into tensor<6xi8>
  // CHECK-NEXT: return %[[Y]]
  %y = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%flat : tensor<6xf32>) outs(%ey : tensor<6xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %half : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.addf %1, %zpf : f32
    %3 = arith.maximumf %2, %low : f32
    %4 = arith.minimumf %3, %high : f32
    %5 = arith.fptoui %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<6xi8>
  return %y : tensor<6xi8>
}

// CHECK-LABEL: func @other_scale_is_kept
func.func @other_scale_is_kept(%x: tensor<6xi8>) -> tensor<6xi8> {
  %half = arith.constant 0.5 : f32
  %scale = arith.constant 0.25 : f32
  %low = arith.constant -128.0 : f32
  %high = arith.constant 127.0 : f32
  %ex = tensor.empty() : tensor<6xf32>
  // CHECK-COUNT-2: linalg.generic
  %dx = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%x : tensor<6xi8>) outs(%ex : tensor<6xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<6xf32>
  %ey = tensor.empty() : tensor<6xi8>
  %y = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%dx : tensor<6xf32>) outs(%ey : tensor<6xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %scale : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.maximumf %1, %low : f32
    %3 = arith.minimumf %2, %high : f32
    %4 = arith.fptosi %3 : f32 to i8
    linalg.yield %4 : i8
  } -> tensor<6xi8>
  return %y : tensor<6xi8>
}

// A clamp to fewer codes than the type has (ReLU6 and the like) changes values.
// CHECK-LABEL: func @narrow_clamp_is_kept
func.func @narrow_clamp_is_kept(%x: tensor<6xi8>) -> tensor<6xi8> {
  %half = arith.constant 0.5 : f32
  %low = arith.constant 0.0 : f32
  %high = arith.constant 127.0 : f32
  %ex = tensor.empty() : tensor<6xf32>
  // CHECK-COUNT-2: linalg.generic
  %dx = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%x : tensor<6xi8>) outs(%ex : tensor<6xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<6xf32>
  %ey = tensor.empty() : tensor<6xi8>
  %y = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%dx : tensor<6xf32>) outs(%ey : tensor<6xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %half : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.maximumf %1, %low : f32
    %3 = arith.minimumf %2, %high : f32
    %4 = arith.fptosi %3 : f32 to i8
    linalg.yield %4 : i8
  } -> tensor<6xi8>
  return %y : tensor<6xi8>
}
