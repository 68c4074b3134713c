// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops -verify-diagnostics | FileCheck %s

#id4 = affine_map<(n, c, h, w) -> (n, c, h, w)>
#id = affine_map<(a, n, c, h, w) -> (a, n, c, h, w)>
#outer = affine_map<(a, n, c, h, w) -> (a)>
// Two scales for six output channels: they cannot be applied per output channel.
// CHECK-LABEL: func @scales_of_a_split_dimension
func.func @scales_of_a_split_dimension(%x: tensor<1x2x5x5xi8>) -> tensor<1x6x3x3xf32> {
  %w = arith.constant dense<3> : tensor<2x3x2x3x3xi8>
  %half = arith.constant 0.5 : f32
  %scales = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x2x5x5xf32>
  %dx = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x5x5xi8>) outs(%ex : tensor<1x2x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x5x5xf32>
  %ew = tensor.empty() : tensor<2x3x2x3x3xf32>
  %dw5 = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%w, %scales : tensor<2x3x2x3x3xi8>, tensor<2xf32>) outs(%ew : tensor<2x3x2x3x3xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x2x3x3xf32>
  %dw = tensor.collapse_shape %dw5 [[0, 1], [2], [3], [4]] : tensor<2x3x2x3x3xf32> into tensor<6x2x3x3xf32>
  %ey = tensor.empty() : tensor<1x6x3x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
  // CHECK: linalg.conv_2d_nchw_fchw {
  // expected-remark @below {{stays in float: its weights are not quantized per output channel}}
  %y = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%dx, %dw : tensor<1x2x5x5xf32>, tensor<6x2x3x3xf32>) outs(%init : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
  return %y : tensor<1x6x3x3xf32>
}
