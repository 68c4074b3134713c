// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --assign-targets --convert-linalg-to-crossbar --canonicalize | FileCheck %s
//
// Widening, padding and grouping come in any order that keeps the padding next to the codes.

// CHECK-LABEL: func @padded_then_grouped_then_widened
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x3x3xi8>)
func.func @padded_then_grouped_then_widened(%x: tensor<1x4x3x3xi8>) -> tensor<1x2x2x3x3xi32> {
  // CHECK: %[[Y:.*]] = crossbar.conv_2d %[[X]], %{{.*}} window <{{.*}} padding = [1, 1, 1, 1]> groups 2 {input_unsigned, input_zero_point = 128 : i64}
  // CHECK-SAME: -> tensor<1x4x3x3xi32>
  // CHECK: tensor.expand_shape %[[Y]] {{.*}} : tensor<1x4x3x3xi32> into tensor<1x2x2x3x3xi32>
  %w = arith.constant dense<3> : tensor<2x2x2x3x3xi8>
  %code = arith.constant -128 : i8
  %zp = arith.constant 128 : i32
  %zero = arith.constant 0 : i32
  %pad = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %code : i8
  } : tensor<1x4x3x3xi8> to tensor<1x4x5x5xi8>
  %gx = tensor.expand_shape %pad [[0], [1, 2], [3], [4]] output_shape [1, 2, 2, 5, 5] : tensor<1x4x5x5xi8> into tensor<1x2x2x5x5xi8>
  %wide = arith.extui %gx : tensor<1x2x2x5x5xi8> to tensor<1x2x2x5x5xi16>
  %init = arith.constant dense<0> : tensor<1x2x2x3x3xi32>
  %y = linalg.conv_2d_ngchw_gfchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%wide, %w, %zp, %zero : tensor<1x2x2x5x5xi16>, tensor<2x2x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x2x2x3x3xi32>) -> tensor<1x2x2x3x3xi32>
  return %y : tensor<1x2x2x3x3xi32>
}

// CHECK-LABEL: func @widened_then_grouped
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x5x5xi8>)
func.func @widened_then_grouped(%x: tensor<1x4x5x5xi8>) -> tensor<1x2x2x3x3xi32> {
  // CHECK: crossbar.conv_2d %[[X]], %{{.*}} window <{{.*}} padding = [0, 0, 0, 0]> groups 2 {input_unsigned}
  %w = arith.constant dense<3> : tensor<2x2x2x3x3xi8>
  %zero = arith.constant 0 : i32
  %wide = arith.extui %x : tensor<1x4x5x5xi8> to tensor<1x4x5x5xi16>
  %gx = tensor.expand_shape %wide [[0], [1, 2], [3], [4]] output_shape [1, 2, 2, 5, 5] : tensor<1x4x5x5xi16> into tensor<1x2x2x5x5xi16>
  %init = arith.constant dense<0> : tensor<1x2x2x3x3xi32>
  %y = linalg.conv_2d_ngchw_gfchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%gx, %w, %zero, %zero : tensor<1x2x2x5x5xi16>, tensor<2x2x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x2x2x3x3xi32>) -> tensor<1x2x2x3x3xi32>
  return %y : tensor<1x2x2x3x3xi32>
}

// Input channels that were never split are used as they come.
// CHECK-LABEL: func @grouped_from_the_start
func.func @grouped_from_the_start(%x: tensor<1x2x2x5x5xi16>) -> tensor<1x2x2x3x3xi64> {
  // CHECK: %[[X:.*]] = tensor.collapse_shape %{{.*}} : tensor<1x2x2x5x5xi16> into tensor<1x4x5x5xi16>
  // CHECK: crossbar.conv_2d %[[X]], %{{.*}} groups 2 : (tensor<1x4x5x5xi16>, tensor<4x2x3x3xi8>) -> tensor<1x4x3x3xi64>
  %w = arith.constant dense<3> : tensor<2x2x2x3x3xi8>
  %zero = arith.constant 0 : i32
  %init = arith.constant dense<0> : tensor<1x2x2x3x3xi64>
  %y = linalg.conv_2d_ngchw_gfchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%x, %w, %zero, %zero : tensor<1x2x2x5x5xi16>, tensor<2x2x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x2x2x3x3xi64>) -> tensor<1x2x2x3x3xi64>
  return %y : tensor<1x2x2x3x3xi64>
}
