// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --normalize-integer-layers | FileCheck %s
// RUN: pumice-opt %s --normalize-integer-layers -o %t.once.mlir
// RUN: pumice-opt %t.once.mlir --normalize-integer-layers | diff - %t.once.mlir

// A pad moves with the image, so that the crossbar layer takes it in.
// CHECK-LABEL: func @channels_last
// CHECK-SAME: %[[X:.*]]: tensor<1x5x6x3xi8>, %[[INIT:.*]]: tensor<1x5x6x4xi32>
func.func @channels_last(%x: tensor<1x5x6x3xi8>, %init: tensor<1x5x6x4xi32>) -> tensor<1x5x6x4xi32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<2>
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant -5 : i32
  // CHECK: %[[FIRST:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<1x5x6x3xi8>) outs({{.*}} : tensor<1x3x5x6xi8>)
  // CHECK: %[[PADDED:.*]] = tensor.pad %[[FIRST]] low[0, 0, 1, 2] high[0, 0, 1, 0]
  // CHECK: %[[FILTER:.*]] = linalg.transpose ins(%[[W]] {{.*}} permutation = [0, 3, 1, 2]
  // CHECK: %[[Y:.*]] = linalg.conv_2d_nchw_fchw_q{{.*}} ins(%[[PADDED]], %[[FILTER]], %[[ZERO]], %{{.*}}) {{.*}} -> tensor<1x4x5x6xi32>
  // CHECK: %[[LAST:.*]] = linalg.generic {{.*}} ins(%[[Y]] : {{.*}} outs({{.*}} : tensor<1x5x6x4xi32>)
  // CHECK: linalg.generic {{.*}} ins(%[[LAST]], %[[INIT]]
  // CHECK: arith.addi
  %w = arith.constant dense<2> : tensor<4x3x3x3xi8>
  %zero = arith.constant -5 : i32
  %none = arith.constant 0 : i32
  %pad = arith.constant -5 : i8
  %padded = tensor.pad %x low[0, 1, 2, 0] high[0, 1, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %pad : i8
  } : tensor<1x5x6x3xi8> to tensor<1x7x8x3xi8>
  %y = linalg.conv_2d_nhwc_fhwc_q ins(%padded, %w, %zero, %none : tensor<1x7x8x3xi8>, tensor<4x3x3x3xi8>, i32, i32)
      outs(%init : tensor<1x5x6x4xi32>) -> tensor<1x5x6x4xi32>
  return %y : tensor<1x5x6x4xi32>
}

// Unsigned codes stay visible; without operands for zero points, those are 0.
// CHECK-LABEL: func @unsigned_without_zero_points
func.func @unsigned_without_zero_points(%x: tensor<1x5x5x3xi8>) -> tensor<1x3x3x4xi32> {
  // CHECK: arith.extui {{.*}} : tensor<1x3x5x5xi8> to tensor<1x3x5x5xi16>
  // CHECK: linalg.transpose {{.*}} permutation = [3, 2, 0, 1]
  // CHECK: linalg.conv_2d_nchw_fchw_q {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
  // CHECK-NOT: arith.addi
  // CHECK: return
  %w = arith.constant dense<1> : tensor<3x3x3x4xi8>
  %zero = arith.constant dense<0> : tensor<1x3x3x4xi32>
  %wide = arith.extui %x : tensor<1x5x5x3xi8> to tensor<1x5x5x3xi16>
  %y = linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%wide, %w : tensor<1x5x5x3xi16>, tensor<3x3x3x4xi8>) outs(%zero : tensor<1x3x3x4xi32>) -> tensor<1x3x3x4xi32>
  return %y : tensor<1x3x3x4xi32>
}

// CHECK-LABEL: func @depthwise
func.func @depthwise(%x: tensor<1x5x5x3xi8>, %w: tensor<2xi8>, %zero: tensor<1x3x3x3xi32>,
    %zero2: tensor<1x3x3x3x2xi32>) -> (tensor<1x3x3x3xi32>, tensor<1x3x3x3x2xi32>) {
  // CHECK: linalg.conv_2d_ngchw_gfchw_q{{.*}} : tensor<1x3x1x5x5xi8>, tensor<3x1x1x3x3xi8>, i32, i32)
  // CHECK: linalg.conv_2d_ngchw_gfchw_q{{.*}} : tensor<1x3x1x5x5xi8>, tensor<3x2x1x3x3xi8>, i32, i32)
  // CHECK: tensor.expand_shape {{.*}} into tensor<1x3x3x3x2xi32>
  %w1 = arith.constant dense<1> : tensor<3x3x3xi8>
  %w2 = arith.constant dense<1> : tensor<3x3x3x2xi8>
  %z = arith.constant 3 : i32
  %y1 = linalg.depthwise_conv_2d_nhwc_hwc_q ins(%x, %w1, %z, %z : tensor<1x5x5x3xi8>, tensor<3x3x3xi8>, i32, i32)
      outs(%zero : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  %y2 = linalg.depthwise_conv_2d_nhwc_hwcm_q ins(%x, %w2, %z, %z : tensor<1x5x5x3xi8>, tensor<3x3x3x2xi8>, i32, i32)
      outs(%zero2 : tensor<1x3x3x3x2xi32>) -> tensor<1x3x3x3x2xi32>
  return %y1, %y2 : tensor<1x3x3x3xi32>, tensor<1x3x3x3x2xi32>
}

// CHECK-LABEL: func @products
func.func @products(%x: tensor<1x2x3xi8>, %y: tensor<2x3xi8>) -> (tensor<1x2x4xi32>, tensor<2x4xi32>) {
  // CHECK: linalg.quantized_matmul {{.*}} : tensor<2x3xi8>, tensor<3x4xi8>, i32, i32)
  // CHECK: tensor.expand_shape {{.*}} into tensor<1x2x4xi32>
  // CHECK: linalg.quantized_matmul
  %w = arith.constant dense<1> : tensor<1x3x4xi8>
  %m = arith.constant dense<1> : tensor<3x4xi8>
  %z = arith.constant 3 : i32
  %none = arith.constant 0 : i32
  %zero = arith.constant dense<0> : tensor<1x2x4xi32>
  %zeros = arith.constant dense<0> : tensor<2x4xi32>
  %0 = linalg.quantized_batch_matmul ins(%x, %w, %z, %none : tensor<1x2x3xi8>, tensor<1x3x4xi8>, i32, i32)
      outs(%zero : tensor<1x2x4xi32>) -> tensor<1x2x4xi32>
  %1 = linalg.matmul ins(%y, %m : tensor<2x3xi8>, tensor<3x4xi8>) outs(%zeros : tensor<2x4xi32>) -> tensor<2x4xi32>
  return %0, %1 : tensor<1x2x4xi32>, tensor<2x4xi32>
}

// Batches of matrices, weights that are computed, and floats stay.
// CHECK-LABEL: func @others
func.func @others(%x: tensor<2x2x3xi8>, %y: tensor<2x3xi8>, %v: tensor<3x4xi8>, %f: tensor<2x3xf32>)
    -> (tensor<2x2x4xi32>, tensor<2x4xi32>, tensor<2x4xf32>) {
  // CHECK: linalg.batch_matmul
  // CHECK: linalg.matmul
  // CHECK: linalg.matmul
  %w = arith.constant dense<1> : tensor<2x3x4xi8>
  %g = arith.constant dense<1.0> : tensor<3x4xf32>
  %a = arith.constant dense<0> : tensor<2x2x4xi32>
  %b = arith.constant dense<0> : tensor<2x4xi32>
  %c = arith.constant dense<0.0> : tensor<2x4xf32>
  %0 = linalg.batch_matmul ins(%x, %w : tensor<2x2x3xi8>, tensor<2x3x4xi8>) outs(%a : tensor<2x2x4xi32>) -> tensor<2x2x4xi32>
  %1 = linalg.matmul ins(%y, %v : tensor<2x3xi8>, tensor<3x4xi8>) outs(%b : tensor<2x4xi32>) -> tensor<2x4xi32>
  %2 = linalg.matmul ins(%f, %g : tensor<2x3xf32>, tensor<3x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2 : tensor<2x2x4xi32>, tensor<2x4xi32>, tensor<2x4xf32>
}
