// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s

#id = affine_map<(n, c, h, w) -> (n, c, h, w)>
#outer = affine_map<(n, c, h, w) -> (n)>
#id3 = affine_map<(c, h, w) -> (c, h, w)>

// Groups are dimensions of their own; scales and bias index the channels joined again.
// CHECK-LABEL: func @two_groups
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x5x5xi8>, %[[BIAS:.*]]: tensor<6xf32>)
func.func @two_groups(%x: tensor<1x4x5x5xi8>, %bias: tensor<6xf32>) -> tensor<1x6x3x3xf32> {
  %w = arith.constant dense<3> : tensor<6x2x3x3xi8>
  %scales = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  %zp = arith.constant 128 : i64
  %half = arith.constant 0.5 : f32
  %ex = tensor.empty() : tensor<1x4x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x4x5x5xi8>) outs(%ex : tensor<1x4x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zp : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<1x4x5x5xf32>
  %ew = tensor.empty() : tensor<6x2x3x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%w, %scales : tensor<6x2x3x3xi8>, tensor<6xf32>) outs(%ew : tensor<6x2x3x3xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<6x2x3x3xf32>
  %ey = tensor.empty() : tensor<1x6x3x3xf32>
  %init = linalg.broadcast ins(%bias : tensor<6xf32>) outs(%ey : tensor<1x6x3x3xf32>) dimensions = [0, 2, 3]
  %gx = tensor.expand_shape %dx [[0], [1, 2], [3], [4]] output_shape [1, 2, 2, 5, 5] : tensor<1x4x5x5xf32> into tensor<1x2x2x5x5xf32>
  %gw = tensor.expand_shape %dw [[0, 1], [2], [3], [4]] output_shape [2, 3, 2, 3, 3] : tensor<6x2x3x3xf32> into tensor<2x3x2x3x3xf32>
  %gi = tensor.expand_shape %init [[0], [1, 2], [3], [4]] output_shape [1, 2, 3, 3, 3] : tensor<1x6x3x3xf32> into tensor<1x2x3x3x3xf32>
  // CHECK: %[[GX:.*]] = tensor.expand_shape %[[X]] {{.*}} : tensor<1x4x5x5xi8> into tensor<1x2x2x5x5xi8>
  // CHECK: %[[WIDE:.*]] = arith.extui %[[GX]] : tensor<1x2x2x5x5xi8> to tensor<1x2x2x5x5xi16>
  // CHECK: %[[ACC:.*]] = linalg.conv_2d_ngchw_gfchw_q {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%[[WIDE]],
  // CHECK-SAME: -> tensor<1x2x3x3x3xi32>
  // CHECK: %[[JOINED:.*]] = tensor.collapse_shape %[[ACC]] {{.*}} into tensor<1x6x3x3xi32>
  // CHECK: linalg.generic {{.*}} ins(%[[JOINED]], %{{.*}}, %[[BIAS]] : tensor<1x6x3x3xi32>, tensor<6xf32>, tensor<6xf32>)
  %g = linalg.conv_2d_ngchw_gfchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%gx, %gw : tensor<1x2x2x5x5xf32>, tensor<2x3x2x3x3xf32>) outs(%gi : tensor<1x2x3x3x3xf32>) -> tensor<1x2x3x3x3xf32>
  %y = tensor.collapse_shape %g [[0], [1, 2], [3], [4]] : tensor<1x2x3x3x3xf32> into tensor<1x6x3x3xf32>
  return %y : tensor<1x6x3x3xf32>
}

// A depthwise layer has one group per channel.
// CHECK-LABEL: func @depthwise
// CHECK-SAME: (%[[X:.*]]: tensor<2x4x5x5xi8>)
func.func @depthwise(%x: tensor<2x4x5x5xi8>) -> tensor<2x4x4x4xf32> {
  // CHECK-DAG: %[[SCALE:.*]] = arith.constant 1.250000e-01 : f32
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<4x1x1x2x2xi8>
  %w = arith.constant dense<[[[1, 2], [3, 4]], [[1, 2], [3, 4]], [[1, 2], [3, 4]], [[1, 2], [3, 4]]]> : tensor<4x2x2xi8>
  %half = arith.constant 0.5 : f32
  %quarter = arith.constant 0.25 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<2x4x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x4x5x5xi8>) outs(%ex : tensor<2x4x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<2x4x5x5xf32>
  %ew = tensor.empty() : tensor<4x2x2xf32>
  %dw = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%w : tensor<4x2x2xi8>) outs(%ew : tensor<4x2x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %quarter, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x2x2xf32>
  %ey = tensor.empty() : tensor<2x4x4x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32>
  // CHECK: %[[GX:.*]] = tensor.expand_shape %[[X]] {{.*}} : tensor<2x4x5x5xi8> into tensor<2x4x1x5x5xi8>
  // CHECK: %[[ACC:.*]] = linalg.conv_2d_ngchw_gfchw_q {{.*}} ins(%[[GX]], %[[W]],
  // CHECK-SAME: -> tensor<2x4x1x4x4xi32>
  // CHECK: %[[JOINED:.*]] = tensor.collapse_shape %[[ACC]] {{.*}} into tensor<2x4x4x4xi32>
  // CHECK: linalg.generic {{.*}} ins(%[[JOINED]] : tensor<2x4x4x4xi32>)
  // CHECK: arith.mulf %{{.*}}, %[[SCALE]] : f32
  %y = linalg.depthwise_conv_2d_nchw_chw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%dx, %dw : tensor<2x4x5x5xf32>, tensor<4x2x2xf32>) outs(%init : tensor<2x4x4x4xf32>) -> tensor<2x4x4x4xf32>
  return %y : tensor<2x4x4x4xf32>
}
