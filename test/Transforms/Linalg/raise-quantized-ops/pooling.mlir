// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s

#id = affine_map<(n, c, h, w) -> (n, c, h, w)>

// A pad by -inf becomes one by the least code, which never is the maximum; the scale is applied after.
// CHECK-LABEL: func @signed_codes_with_padding
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x5x5xi8>)
func.func @signed_codes_with_padding(%x: tensor<1x2x5x5xi8>) -> tensor<1x2x3x3xf32> {
  // CHECK-DAG: %[[LEAST:.*]] = arith.constant -128 : i8
  // CHECK-DAG: %[[ZP:.*]] = arith.constant 3 : i32
  // CHECK-DAG: %[[SCALE:.*]] = arith.constant 5.000000e-01 : f32
  %zp = arith.constant 3 : i64
  %half = arith.constant 0.5 : f32
  %least = arith.constant 0xFF800000 : f32
  %ex = tensor.empty() : tensor<1x2x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x5x5xi8>) outs(%ex : tensor<1x2x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extsi %in : i8 to i64
    %1 = arith.subi %0, %zp : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<1x2x5x5xf32>
  // CHECK: %[[INIT:.*]] = linalg.fill ins(%[[LEAST]] : i8)
  // CHECK: %[[PAD:.*]] = tensor.pad %[[X]] low[0, 0, 1, 1] high[0, 0, 1, 1]
  // CHECK: tensor.yield %[[LEAST]] : i8
  %pad = tensor.pad %dx low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %least : f32
  } : tensor<1x2x5x5xf32> to tensor<1x2x7x7xf32>
  %window = tensor.empty() : tensor<3x3xf32>
  %ey = tensor.empty() : tensor<1x2x3x3xf32>
  %init = linalg.fill ins(%least : f32) outs(%ey : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // CHECK: %[[MAX:.*]] = linalg.generic {{.*}} ins(%[[PAD]], %{{.*}} : tensor<1x2x7x7xi8>, tensor<3x3xi8>) outs(%[[INIT]] :
  // CHECK: arith.maxsi
  // CHECK: linalg.generic {{.*}} ins(%[[MAX]] : tensor<1x2x3x3xi8>)
  // CHECK: %[[I:.*]] = arith.extsi %{{.*}} : i8 to i32
  // CHECK: %[[D:.*]] = arith.subi %[[I]], %[[ZP]] : i32
  // CHECK: %[[F:.*]] = arith.sitofp %[[D]] : i32 to f32
  // CHECK: arith.mulf %[[F]], %[[SCALE]] : f32
  %y = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%pad, %window : tensor<1x2x7x7xf32>, tensor<3x3xf32>) outs(%init : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  return %y : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: func @unsigned_codes
func.func @unsigned_codes(%x: tensor<1x2x4x4xi8>) -> tensor<1x2x2x2xf32> {
  // CHECK: %[[LEAST:.*]] = arith.constant 0 : i8
  %half = arith.constant 0.5 : f32
  %least = arith.constant 0xFF800000 : f32
  %ex = tensor.empty() : tensor<1x2x4x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4x4xi8>) outs(%ex : tensor<1x2x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %ey = tensor.empty() : tensor<1x2x2x2xf32>
  %init = linalg.fill ins(%least : f32) outs(%ey : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  // CHECK: linalg.fill ins(%[[LEAST]] : i8)
  // CHECK: arith.maxui
  // CHECK: arith.extui
  %y = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%dx, %window : tensor<1x2x4x4xf32>, tensor<2x2xf32>) outs(%init : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// A window that holds nothing but padding gives -inf, which is no code.
// CHECK-LABEL: func @window_in_the_padding
func.func @window_in_the_padding(%x: tensor<1x1x1x1xi8>) -> tensor<1x1x1x2xf32> {
  %half = arith.constant 0.5 : f32
  %least = arith.constant 0xFF800000 : f32
  %ex = tensor.empty() : tensor<1x1x1x1xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x1x1x1xi8>) outs(%ex : tensor<1x1x1x1xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x1x1x1xf32>
  %pad = tensor.pad %dx low[0, 0, 0, 1] high[0, 0, 0, 2] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %least : f32
  } : tensor<1x1x1x1xf32> to tensor<1x1x1x4xf32>
  %window = tensor.empty() : tensor<1x2xf32>
  %ey = tensor.empty() : tensor<1x1x1x2xf32>
  %init = linalg.fill ins(%least : f32) outs(%ey : tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  // CHECK: linalg.pooling_nchw_max
  %y = linalg.pooling_nchw_max {dilations = dense<[1, 2]> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%pad, %window : tensor<1x1x1x4xf32>, tensor<1x2xf32>) outs(%init : tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  return %y : tensor<1x1x1x2xf32>
}

// A pool that also takes the maximum with another number than -inf is not one of codes.
// CHECK-LABEL: func @pool_from_zero_stays
func.func @pool_from_zero_stays(%x: tensor<1x2x4x4xi8>) -> tensor<1x2x2x2xf32> {
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x2x4x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4x4xi8>) outs(%ex : tensor<1x2x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %ey = tensor.empty() : tensor<1x2x2x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  // CHECK: linalg.pooling_nchw_max
  %y = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%dx, %window : tensor<1x2x4x4xf32>, tensor<2x2xf32>) outs(%init : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}
