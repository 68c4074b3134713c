// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --assign-targets 2>/dev/null | FileCheck %s
// RUN: pumice-opt %s --assign-targets 2>/dev/null | pumice-opt --assign-targets 2>/dev/null | FileCheck %s
//
// Every product that stays says why; what says so already keeps it; poolings and sums are no products.

// CHECK-LABEL: func @of_floats
func.func @of_floats(%x: tensor<4x8xf32>, %w: tensor<8x3xf32>, %i: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // CHECK: linalg.matmul {pum.reason = "its operands are not quantized", pum.target = #pum.target<digital>}
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x3xf32>) outs(%i : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// CHECK-LABEL: func @known
func.func @known(%x: tensor<4x8xf32>, %w: tensor<8x3xf32>, %i: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // CHECK: linalg.matmul {pum.reason = "its weights are not quantized", pum.target = #pum.target<digital>}
  %y = linalg.matmul {pum.reason = "its weights are not quantized"} ins(%x, %w : tensor<4x8xf32>, tensor<8x3xf32>)
      outs(%i : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// CHECK-LABEL: func @with_remark
func.func @with_remark(%x: tensor<4x8xi8>, %w: tensor<8x3xi8>, %i: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %zero = arith.constant 0 : i32
  // CHECK: linalg.quantized_matmul {pum.reason = "its weights are not constant", pum.target = #pum.target<digital>}
  %y = linalg.quantized_matmul ins(%x, %w, %zero, %zero : tensor<4x8xi8>, tensor<8x3xi8>, i32, i32)
      outs(%i : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @computed
func.func @computed(%x: tensor<4x8xi8>, %w: tensor<8x3xi8>, %i: tensor<4x3xi32>) -> tensor<4x3xi32> {
  // CHECK: linalg.matmul {pum.reason = "its weights are not constant", pum.target = #pum.target<digital>}
  %y = linalg.matmul ins(%x, %w : tensor<4x8xi8>, tensor<8x3xi8>) outs(%i : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @wide
func.func @wide(%x: tensor<4x8xi32>, %i: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<2> : tensor<8x3xi32>
  // CHECK: linalg.matmul {pum.reason = "its operands are not 8 or 16 bits wide", pum.target = #pum.target<digital>}
  %y = linalg.matmul ins(%x, %w : tensor<4x8xi32>, tensor<8x3xi32>) outs(%i : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// CHECK-LABEL: func @narrow_sums
func.func @narrow_sums(%x: tensor<4x8xi8>, %i: tensor<4x3xi16>) -> tensor<4x3xi16> {
  %w = arith.constant dense<2> : tensor<8x3xi8>
  // CHECK: linalg.matmul {pum.reason = "its sums are not 32 or 64 bits wide", pum.target = #pum.target<digital>}
  %y = linalg.matmul ins(%x, %w : tensor<4x8xi8>, tensor<8x3xi8>) outs(%i : tensor<4x3xi16>) -> tensor<4x3xi16>
  return %y : tensor<4x3xi16>
}

// CHECK-LABEL: func @zero_point_at_run_time
func.func @zero_point_at_run_time(%x: tensor<1x4x4x2xi8>, %zp: i32, %i: tensor<1x3x3x5xi32>) -> tensor<1x3x3x5xi32> {
  %w = arith.constant dense<2> : tensor<2x2x2x5xi8>
  %zero = arith.constant 0 : i32
  // CHECK: linalg.conv_2d_nhwc_hwcf_q {pum.reason = "its zero points are not constant", pum.target = #pum.target<digital>}
  %y = linalg.conv_2d_nhwc_hwcf_q ins(%x, %w, %zp, %zero : tensor<1x4x4x2xi8>, tensor<2x2x2x5xi8>, i32, i32)
      outs(%i : tensor<1x3x3x5xi32>) -> tensor<1x3x3x5xi32>
  return %y : tensor<1x3x3x5xi32>
}

// CHECK-LABEL: func @no_such_layer
func.func @no_such_layer(%x: tensor<8xf32>, %y: tensor<8xf32>, %i: tensor<f32>) -> tensor<f32> {
  // CHECK: linalg.dot {pum.reason = "crossbars have no 'dot'", pum.target = #pum.target<digital>}
  %z = linalg.dot ins(%x, %y : tensor<8xf32>, tensor<8xf32>) outs(%i : tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// CHECK-LABEL: func @no_products
// CHECK-NOT: pum.reason
func.func @no_products(%x: tensor<1x2x4x4xf32>, %i: tensor<1x2x2x2xf32>, %s: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %window = tensor.empty() : tensor<3x3xf32>
  %p = linalg.pooling_nchw_sum ins(%x, %window : tensor<1x2x4x4xf32>, tensor<3x3xf32>)
      outs(%i : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %r = linalg.reduce {arith.addf} ins(%p : tensor<1x2x2x2xf32>) outs(%s : tensor<1x2x2xf32>) dimensions = [3]
  return %r : tensor<1x2x2xf32>
}
