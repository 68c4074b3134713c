// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file --pum-attach-device=device=rtm-ap --ap-compile-programs -verify-diagnostics

// 17 x 17 inputs of one channel do not fit 256 columns.
func.func @columns(%x: tensor<1x1x17x17xi8>) -> tensor<1x1x1x1xi32> {
  %w = arith.constant dense<1> : tensor<1x1x17x17xi8>
  // expected-error @below {{cannot be compiled: needs at least 293 columns and 14 domains, but processors have 256 and 64}}
  %y = ap.conv_2d %x, %w window <kernel = [17, 17], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, input_bits = 4 : i64} : (tensor<1x1x17x17xi8>, tensor<1x1x17x17xi8>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

func.func @zero_point(%x: tensor<4x2xi8>) -> tensor<4x1xi32> {
  %w = arith.constant dense<1> : tensor<1x2xi8>
  // expected-error @below {{cannot be compiled: expected a zero point in the range of the inputs, 0 to 15, got 16}}
  %y = ap.mvm %x, %w {input_unsigned, input_zero_point = 16 : i64, input_bits = 4 : i64}
      : (tensor<4x2xi8>, tensor<1x2xi8>) -> tensor<4x1xi32>
  return %y : tensor<4x1xi32>
}

// -----

func.func @weights(%x: tensor<4x2xi8>, %w: tensor<1x2xi8>) -> tensor<4x1xi32> {
  // expected-error @below {{expects weights that are one constant}}
  %y = ap.mvm %x, %w {input_bits = 4 : i64} : (tensor<4x2xi8>, tensor<1x2xi8>) -> tensor<4x1xi32>
  return %y : tensor<4x1xi32>
}
