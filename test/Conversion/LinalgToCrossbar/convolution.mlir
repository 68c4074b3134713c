// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --assign-targets --convert-linalg-to-crossbar --canonicalize | FileCheck %s
// RUN: pumice-opt %s --assign-targets --convert-linalg-to-crossbar --convert-linalg-to-crossbar --canonicalize | FileCheck %s

// The widening of unsigned codes and the pad by the zero point become attributes of the layer.
// CHECK-LABEL: func @unsigned_and_padded
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x5x6xi8>)
func.func @unsigned_and_padded(%x: tensor<1x2x5x6xi8>) -> tensor<1x3x2x3xi32> {
  // CHECK: %[[W:.*]] = arith.constant dense<3> : tensor<3x2x3x3xi8>
  // CHECK: %[[Y:.*]] = crossbar.conv_2d %[[X]], %[[W]] window <kernel = [3, 3], strides = [2, 3], dilations = [2, 1], padding = [2, 1, 0, 3]> groups 1
  // CHECK-SAME: {input_unsigned, input_zero_point = 200 : i64, weight_zero_point = -7 : i64}
  // CHECK-NOT: linalg
  // CHECK: return %[[Y]]
  %w = arith.constant dense<3> : tensor<3x2x3x3xi8>
  %code = arith.constant -56 : i8
  %zpx = arith.constant 200 : i32
  %zpw = arith.constant -7 : i32
  %zero = arith.constant 0 : i32
  %pad = tensor.pad %x low[0, 0, 2, 1] high[0, 0, 0, 3] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %code : i8
  } : tensor<1x2x5x6xi8> to tensor<1x2x7x10xi8>
  %wide = arith.extui %pad : tensor<1x2x7x10xi8> to tensor<1x2x7x10xi16>
  %e = tensor.empty() : tensor<1x3x2x3xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x2x3xi32>) -> tensor<1x3x2x3xi32>
  %y = linalg.conv_2d_nchw_fchw_q {dilations = dense<[2, 1]> : vector<2xi64>, strides = dense<[2, 3]> : vector<2xi64>}
      ins(%wide, %w, %zpx, %zpw : tensor<1x2x7x10xi16>, tensor<3x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x3x2x3xi32>) -> tensor<1x3x2x3xi32>
  return %y : tensor<1x3x2x3xi32>
}

// A pad by another code than the zero point contributes to the sums and stays.
// CHECK-LABEL: func @other_pad_stays
func.func @other_pad_stays(%x: tensor<1x2x3x3xi8>) -> tensor<1x3x3x3xi32> {
  // CHECK: %[[PAD:.*]] = tensor.pad
  // CHECK: crossbar.conv_2d %[[PAD]], %{{.*}} window <{{.*}} padding = [0, 0, 0, 0]>
  %w = arith.constant dense<3> : tensor<3x2x3x3xi8>
  %code = arith.constant 1 : i8
  %zero = arith.constant 0 : i32
  %pad = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %code : i8
  } : tensor<1x2x3x3xi8> to tensor<1x2x5x5xi8>
  %e = tensor.empty() : tensor<1x3x3x3xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  %y = linalg.conv_2d_nchw_fchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%pad, %w, %zero, %zero : tensor<1x2x5x5xi8>, tensor<3x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  return %y : tensor<1x3x3x3xi32>
}

// Sums that a layer adds to stay an addition.
// CHECK-LABEL: func @other_init_is_added
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x5x5xi8>, %[[INIT:.*]]: tensor<1x3x3x3xi32>)
func.func @other_init_is_added(%x: tensor<1x2x5x5xi8>, %init: tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32> {
  // CHECK: %[[SUM:.*]] = crossbar.conv_2d %[[X]]
  // CHECK: %[[Y:.*]] = arith.addi %[[SUM]], %[[INIT]] : tensor<1x3x3x3xi32>
  // CHECK: return %[[Y]]
  %w = arith.constant dense<3> : tensor<3x2x3x3xi8>
  %zero = arith.constant 0 : i32
  %y = linalg.conv_2d_nchw_fchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%x, %w, %zero, %zero : tensor<1x2x5x5xi8>, tensor<3x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  return %y : tensor<1x3x3x3xi32>
}

// The split of the channels into groups becomes `groups`.
// CHECK-LABEL: func @grouped
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x5x5xi8>)
func.func @grouped(%x: tensor<1x4x5x5xi8>) -> tensor<1x6x3x3xi32> {
  // CHECK: %[[W:.*]] = arith.constant dense<3> : tensor<6x2x3x3xi8>
  // CHECK: %[[Y:.*]] = crossbar.conv_2d %[[X]], %[[W]] window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 2 {input_unsigned}
  // CHECK: return %[[Y]]
  %w = arith.constant dense<3> : tensor<2x3x2x3x3xi8>
  %zero = arith.constant 0 : i32
  %gx = tensor.expand_shape %x [[0], [1, 2], [3], [4]] output_shape [1, 2, 2, 5, 5] : tensor<1x4x5x5xi8> into tensor<1x2x2x5x5xi8>
  %wide = arith.extui %gx : tensor<1x2x2x5x5xi8> to tensor<1x2x2x5x5xi16>
  %e = tensor.empty() : tensor<1x2x3x3x3xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2x3x3x3xi32>) -> tensor<1x2x3x3x3xi32>
  %g = linalg.conv_2d_ngchw_gfchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%wide, %w, %zero, %zero : tensor<1x2x2x5x5xi16>, tensor<2x3x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x2x3x3x3xi32>) -> tensor<1x2x3x3x3xi32>
  %y = tensor.collapse_shape %g [[0], [1, 2], [3], [4]] : tensor<1x2x3x3x3xi32> into tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}
