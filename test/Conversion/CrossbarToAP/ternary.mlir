// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --convert-crossbar-to-ap --canonicalize | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=ideal --convert-crossbar-to-ap | FileCheck %s --check-prefix=OTHER
//
// Weights of three values, and a multiplication where the values are not -1, 0 and 1.

// OTHER-NOT: ap.

// CHECK-LABEL: func @ternary
func.func @ternary(%x: tensor<2x3xi8>) -> tensor<2x2xi32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[\[}}1, 0, -1], [0, 1, 1]]> : tensor<2x3xi8>
  // CHECK: %[[Y:.*]] = ap.mvm %{{.*}}, %[[W]] {input_bits = 8 : i64, input_unsigned, input_zero_point = 7 : i64}
  // CHECK: return %[[Y]]
  %w = arith.constant dense<[[1, 0, -1], [0, 1, 1]]> : tensor<2x3xi8>
  %y = crossbar.mvm %x, %w {input_unsigned, input_zero_point = 7 : i64}
      : (tensor<2x3xi8>, tensor<2x3xi8>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// CHECK-LABEL: func @a_scale_per_output
func.func @a_scale_per_output(%x: tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xi32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}1{{.*}}-1{{.*}}0{{.*}}1{{.*}}> : tensor<2x2x1x1xi8>
  // CHECK-DAG: %[[S:.*]] = arith.constant dense<[127, 3]> : tensor<2xi32>
  // CHECK: %[[Y:.*]] = ap.conv_2d %{{.*}}, %[[W]] kernel [1, 1] {{.*}} {input_bits = 4 : i64}
  // CHECK: linalg.generic {{.*}} ins(%[[Y]], %[[S]]
  // CHECK: arith.muli
  %w = arith.constant dense<[[[[127]], [[-127]]], [[[0]], [[3]]]]> : tensor<2x2x1x1xi8>
  %y = crossbar.conv_2d %x, %w kernel [1, 1] strides [1, 1] dilations [1, 1] padding [0, 0, 0, 0] groups 1
      {input_bits = 4 : i64} : (tensor<1x2x4x4xi8>, tensor<2x2x1x1xi8>) -> tensor<1x2x4x4xi32>
  return %y : tensor<1x2x4x4xi32>
}

// A zero point of weights is taken off: 5 - 3, 3 - 3, 1 - 3.
// CHECK-LABEL: func @weight_zero_point
func.func @weight_zero_point(%x: tensor<2x3xi8>) -> tensor<2x1xi32> {
  // CHECK-DAG: arith.constant dense<{{\[\[}}1, 0, -1]]> : tensor<1x3xi8>
  // CHECK-DAG: arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[5, 3, 1]]> : tensor<1x3xi8>
  %y = crossbar.mvm %x, %w {weight_zero_point = 3 : i64} : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}

// Codes that are clamped to 0 .. 9 take 4 bits.
// CHECK-LABEL: func @narrow_codes
func.func @narrow_codes(%f: tensor<2x3xf32>) -> tensor<2x1xi32> {
  // CHECK: ap.mvm {{.*}} {input_bits = 4 : i64, input_unsigned}
  %low = arith.constant 0.0 : f32
  %high = arith.constant 9.0 : f32
  %e = tensor.empty() : tensor<2x3xi8>
  %x = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%f : tensor<2x3xf32>) outs(%e : tensor<2x3xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = math.roundeven %in : f32
    %1 = arith.maximumf %0, %low : f32
    %2 = arith.minimumf %1, %high : f32
    %3 = arith.fptoui %2 : f32 to i8
    linalg.yield %3 : i8
  } -> tensor<2x3xi8>
  %w = arith.constant dense<[[1, 0, -1]]> : tensor<1x3xi8>
  %y = crossbar.mvm %x, %w {input_unsigned} : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}
