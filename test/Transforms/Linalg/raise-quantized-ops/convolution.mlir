// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s

#id = affine_map<(n, c, h, w) -> (n, c, h, w)>
#outer = affine_map<(n, c, h, w) -> (n)>

// Signed codes, zero point 0 and one scale for all weights: no widening, scale as one number.
// CHECK-LABEL: func @signed_per_tensor
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x5x5xi8>)
func.func @signed_per_tensor(%x: tensor<1x2x5x5xi8>) -> tensor<1x3x3x3xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<3> : tensor<3x2x3x3xi8>
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i32
  // CHECK-DAG: %[[SCALE:.*]] = arith.constant 1.250000e-01 : f32
  %w = arith.constant dense<3> : tensor<3x2x3x3xi8>
  %half = arith.constant 0.5 : f32
  %quarter = arith.constant 0.25 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x2x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x5x5xi8>) outs(%ex : tensor<1x2x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x5x5xf32>
  %ew = tensor.empty() : tensor<3x2x3x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%w : tensor<3x2x3x3xi8>) outs(%ew : tensor<3x2x3x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %quarter : f32
    linalg.yield %1 : f32
  } -> tensor<3x2x3x3xf32>
  %ey = tensor.empty() : tensor<1x3x3x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<1x3x3x3xf32>) -> tensor<1x3x3x3xf32>
  // CHECK: %[[INIT:.*]] = linalg.fill ins(%[[ZERO]] : i32)
  // CHECK: %[[ACC:.*]] = linalg.conv_2d_nchw_fchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
  // CHECK-SAME: ins(%[[X]], %[[W]], %[[ZERO]], %[[ZERO]] : tensor<1x2x5x5xi8>, tensor<3x2x3x3xi8>, i32, i32)
  // CHECK-SAME: outs(%[[INIT]] : tensor<1x3x3x3xi32>)
  // CHECK: linalg.generic {{.*}} ins(%[[ACC]] : tensor<1x3x3x3xi32>)
  // CHECK: %[[F:.*]] = arith.sitofp %{{.*}} : i32 to f32
  // CHECK: %[[P:.*]] = arith.mulf %[[F]], %[[SCALE]] : f32
  // CHECK: linalg.yield %[[P]] : f32
  %y = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%dx, %dw : tensor<1x2x5x5xf32>, tensor<3x2x3x3xf32>) outs(%init : tensor<1x3x3x3xf32>) -> tensor<1x3x3x3xf32>
  return %y : tensor<1x3x3x3xf32>
}

// Unsigned codes are widened so that their range stays visible; the pad by 0.0 becomes one by the zero
// point; a scale per output channel is a table; the bias is added after scaling.
// CHECK-LABEL: func @unsigned_padded_per_channel_with_bias
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x5x5xi8>, %[[BIAS:.*]]: tensor<3xf32>)
func.func @unsigned_padded_per_channel_with_bias(%x: tensor<1x2x5x5xi8>, %bias: tensor<3xf32>) -> tensor<1x3x2x3xf32> {
  // CHECK-DAG: %[[SCALES:.*]] = arith.constant dense<[5.000000e-01, 1.000000e+00, 2.000000e+00]> : tensor<3xf32>
  // CHECK-DAG: %[[ZPX:.*]] = arith.constant 200 : i32
  // CHECK-DAG: %[[ZPW:.*]] = arith.constant -7 : i32
  // The code 200 has the bits of -56.
  // CHECK-DAG: %[[CODE:.*]] = arith.constant -56 : i8
  %w = arith.constant dense<3> : tensor<3x2x3x3xi8>
  %zps = arith.constant dense<-7> : tensor<3xi64>
  %scales = arith.constant dense<[1.0, 2.0, 4.0]> : tensor<3xf32>
  %zp = arith.constant 200 : i64
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x2x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x5x5xi8>) outs(%ex : tensor<1x2x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zp : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<1x2x5x5xf32>
  // CHECK: %[[PAD:.*]] = tensor.pad %[[X]] low[0, 0, 2, 1] high[0, 0, 0, 1]
  // CHECK: tensor.yield %[[CODE]] : i8
  %pad = tensor.pad %dx low[0, 0, 2, 1] high[0, 0, 0, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x2x5x5xf32> to tensor<1x2x7x7xf32>
  %ew = tensor.empty() : tensor<3x2x3x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, #outer, #outer, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%w, %scales, %zps : tensor<3x2x3x3xi8>, tensor<3xf32>, tensor<3xi64>) outs(%ew : tensor<3x2x3x3xf32>) {
  ^bb0(%in: i8, %s: f32, %z: i64, %out: f32):
    %0 = arith.extsi %in : i8 to i64
    %1 = arith.subi %0, %z : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %s : f32
    linalg.yield %3 : f32
  } -> tensor<3x2x3x3xf32>
  %ey = tensor.empty() : tensor<1x3x2x3xf32>
  %init = linalg.broadcast ins(%bias : tensor<3xf32>) outs(%ey : tensor<1x3x2x3xf32>) dimensions = [0, 2, 3]
  // CHECK: %[[WIDE:.*]] = arith.extui %[[PAD]] : tensor<1x2x7x7xi8> to tensor<1x2x7x7xi16>
  // CHECK: %[[ACC:.*]] = linalg.conv_2d_nchw_fchw_q {dilations = dense<[2, 1]> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
  // CHECK-SAME: ins(%[[WIDE]], %{{.*}}, %[[ZPX]], %[[ZPW]] :
  // CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[SCALES]], %[[BIAS]] : tensor<1x3x2x3xi32>, tensor<3xf32>, tensor<3xf32>)
  // CHECK: ^bb0(%[[A:.*]]: i32, %[[S:.*]]: f32, %[[B:.*]]: f32,
  // CHECK: %[[F:.*]] = arith.sitofp %[[A]] : i32 to f32
  // CHECK: %[[P:.*]] = arith.mulf %[[F]], %[[S]] : f32
  // CHECK: %[[Q:.*]] = arith.addf %[[P]], %[[B]] : f32
  %y = linalg.conv_2d_nchw_fchw {dilations = dense<[2, 1]> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%pad, %dw : tensor<1x2x7x7xf32>, tensor<3x2x3x3xf32>) outs(%init : tensor<1x3x2x3xf32>) -> tensor<1x3x2x3xf32>
  return %y : tensor<1x3x2x3xf32>
}
