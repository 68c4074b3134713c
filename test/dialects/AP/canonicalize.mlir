// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @pooling_of_one_position
// CHECK-SAME: %[[X:.*]]: tensor<1x2x4x4xi8>
// CHECK-NEXT: return %[[X]]
func.func @pooling_of_one_position(%x: tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xi8> {
  %y = ap.max_pool_2d %x window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      {input_unsigned, input_bits = 4 : i64} : tensor<1x2x4x4xi8> -> tensor<1x2x4x4xi8>
  return %y : tensor<1x2x4x4xi8>
}

// A stride drops elements, and padding adds some.
// CHECK-LABEL: func @other_windows
// CHECK-COUNT-2: ap.max_pool_2d
func.func @other_windows(%x: tensor<1x2x4x4xi8>) -> (tensor<1x2x2x2xi8>, tensor<1x2x5x4xi8>) {
  %y = ap.max_pool_2d %x window <kernel = [1, 1], strides = [2, 2], dilations = [1, 1], padding = [0, 0, 0, 0]>
      {input_unsigned, input_bits = 4 : i64} : tensor<1x2x4x4xi8> -> tensor<1x2x2x2xi8>
  %z = ap.max_pool_2d %x window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [1, 0, 0, 0]>
      {input_unsigned, input_bits = 4 : i64} : tensor<1x2x4x4xi8> -> tensor<1x2x5x4xi8>
  return %y, %z : tensor<1x2x2x2xi8>, tensor<1x2x5x4xi8>
}
