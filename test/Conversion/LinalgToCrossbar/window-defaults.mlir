// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --assign-targets --convert-linalg-to-crossbar | FileCheck %s

// CHECK-LABEL: func @strides_and_dilations_default_to_1
func.func @strides_and_dilations_default_to_1(%x: tensor<1x2x5x5xi8>) -> tensor<1x6x3x3xi32> {
  %w = arith.constant dense<3> : tensor<6x2x3x3xi8>
  %z = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x6x3x3xi32>
  %i = linalg.fill ins(%z : i32) outs(%e : tensor<1x6x3x3xi32>) -> tensor<1x6x3x3xi32>
  // CHECK: crossbar.conv_2d %{{.*}}, %{{.*}} window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding
  %y = linalg.conv_2d_nchw_fchw_q ins(%x, %w, %z, %z : tensor<1x2x5x5xi8>, tensor<6x2x3x3xi8>, i32, i32) outs(%i : tensor<1x6x3x3xi32>) -> tensor<1x6x3x3xi32>
  return %y : tensor<1x6x3x3xi32>
}
