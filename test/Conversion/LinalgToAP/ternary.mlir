// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --assign-targets --convert-linalg-to-ap --canonicalize | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=ideal --assign-targets --convert-linalg-to-ap | FileCheck %s --check-prefix=OTHER
//
// Weights of three values, and a multiplication where the values are not -1, 0 and 1.

// OTHER-NOT: ap.

// CHECK-LABEL: func @ternary
func.func @ternary(%x: tensor<2x3xi8>) -> tensor<2x2xi32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[\[}}1, 0, -1], [0, 1, 1]]> : tensor<2x3xi8>
  // CHECK: %[[Y:.*]] = ap.mvm %{{.*}}, %[[W]] {input_bits = 8 : i64, input_unsigned, input_zero_point = 7 : i64}
  // CHECK: return %[[Y]]
  %w = arith.constant dense<[[1, 0], [0, 1], [-1, 1]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %z = arith.constant 7 : i32
  %init = arith.constant dense<0> : tensor<2x2xi32>
  %wide = arith.extui %x : tensor<2x3xi8> to tensor<2x3xi16>
  %y = linalg.quantized_matmul ins(%wide, %w, %z, %zero : tensor<2x3xi16>, tensor<3x2xi8>, i32, i32)
      outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// CHECK-LABEL: func @a_scale_per_output
func.func @a_scale_per_output(%x: tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xi32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}1{{.*}}-1{{.*}}0{{.*}}1{{.*}}> : tensor<2x2x1x1xi8>
  // CHECK-DAG: %[[S:.*]] = arith.constant dense<[127, 3]> : tensor<2xi32>
  // CHECK: %[[Y:.*]] = ap.conv_2d %{{.*}}, %[[W]] window <kernel = [1, 1], {{.*}} {input_bits = 8 : i64}
  // CHECK: linalg.generic {{.*}} ins(%[[Y]], %[[S]]
  // CHECK: arith.muli
  %w = arith.constant dense<[[[[127]], [[-127]]], [[[0]], [[3]]]]> : tensor<2x2x1x1xi8>
  %zero = arith.constant 0 : i32
  %init = arith.constant dense<0> : tensor<1x2x4x4xi32>
  %y = linalg.conv_2d_nchw_fchw_q ins(%x, %w, %zero, %zero : tensor<1x2x4x4xi8>, tensor<2x2x1x1xi8>, i32, i32)
      outs(%init : tensor<1x2x4x4xi32>) -> tensor<1x2x4x4xi32>
  return %y : tensor<1x2x4x4xi32>
}

// Groups, padding by the zero point, and sums to add to.
// CHECK-LABEL: func @grouped
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xi8>, %[[I:.*]]: tensor<1x2x1x4x4xi32>)
func.func @grouped(%x: tensor<1x2x4x4xi8>, %init: tensor<1x2x1x4x4xi32>) -> tensor<1x2x1x4x4xi32> {
  // CHECK: %[[S:.*]] = ap.conv_2d %[[X]], %{{.*}} window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]> groups 2
  // CHECK-SAME: {input_bits = 8 : i64, input_zero_point = 5 : i64} : (tensor<1x2x4x4xi8>, tensor<2x1x3x3xi8>)
  // CHECK: %[[E:.*]] = tensor.expand_shape %[[S]]
  // CHECK: arith.addi %[[E]], %[[I]]
  %w = arith.constant dense<1> : tensor<2x1x1x3x3xi8>
  %zero = arith.constant 0 : i32
  %z = arith.constant 5 : i32
  %code = arith.constant 5 : i8
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%n: index, %c: index, %h: index, %v: index):
    tensor.yield %code : i8
  } : tensor<1x2x4x4xi8> to tensor<1x2x6x6xi8>
  %g = tensor.expand_shape %p [[0], [1, 2], [3], [4]] output_shape [1, 2, 1, 6, 6] : tensor<1x2x6x6xi8> into tensor<1x2x1x6x6xi8>
  %y = linalg.conv_2d_ngchw_gfchw_q ins(%g, %w, %z, %zero : tensor<1x2x1x6x6xi8>, tensor<2x1x1x3x3xi8>, i32, i32)
      outs(%init : tensor<1x2x1x4x4xi32>) -> tensor<1x2x1x4x4xi32>
  return %y : tensor<1x2x1x4x4xi32>
}

// A zero point of weights is taken off: 5 - 3, 3 - 3, 1 - 3.
// CHECK-LABEL: func @weight_zero_point
func.func @weight_zero_point(%x: tensor<2x3xi8>) -> tensor<2x1xi32> {
  // CHECK-DAG: arith.constant dense<{{\[\[}}1, 0, -1]]> : tensor<1x3xi8>
  // CHECK-DAG: arith.constant dense<2> : tensor<1xi32>
  %w = arith.constant dense<[[5], [3], [1]]> : tensor<3x1xi8>
  %zero = arith.constant 0 : i32
  %three = arith.constant 3 : i32
  %init = arith.constant dense<0> : tensor<2x1xi32>
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %three : tensor<2x3xi8>, tensor<3x1xi8>, i32, i32)
      outs(%init : tensor<2x1xi32>) -> tensor<2x1xi32>
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
  %w = arith.constant dense<[[1], [0], [-1]]> : tensor<3x1xi8>
  %zero = arith.constant 0 : i32
  %init = arith.constant dense<0> : tensor<2x1xi32>
  %wide = arith.extui %x : tensor<2x3xi8> to tensor<2x3xi16>
  %y = linalg.quantized_matmul ins(%wide, %w, %zero, %zero : tensor<2x3xi16>, tensor<3x1xi8>, i32, i32)
      outs(%init : tensor<2x1xi32>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}
