// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops | FileCheck %s

#id4 = affine_map<(n, c, h, w) -> (n, c, h, w)>
// Strides and dilations default to 1.
// CHECK-LABEL: func @no_window_attributes
func.func @no_window_attributes(%x: tensor<1x2x5x5xi8>) -> tensor<1x6x3x3xf32> {
  %w = arith.constant dense<3> : tensor<6x2x3x3xi8>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x2x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x5x5xi8>) outs(%ex : tensor<1x2x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x5x5xf32>
  %ew = tensor.empty() : tensor<6x2x3x3xf32>
  %dw = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%w : tensor<6x2x3x3xi8>) outs(%ew : tensor<6x2x3x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %half, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<6x2x3x3xf32>
  %ey = tensor.empty() : tensor<1x6x3x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
  // CHECK: linalg.conv_2d_nchw_fchw_q
  // CHECK-SAME: -> tensor<1x6x3x3xi32>
  %y = linalg.conv_2d_nchw_fchw
      ins(%dx, %dw : tensor<1x2x5x5xf32>, tensor<6x2x3x3xf32>) outs(%init : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
  return %y : tensor<1x6x3x3xf32>
}
