// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C2 of ap.mvm
func.func @together(%x: tensor<2x3xi8>, %w: tensor<1x3xi8>) {
  // expected-error @below {{'ap.mvm' op expects thresholds and codes together}}
  %0 = ap.mvm %x, %w {input_bits = 4 : i64, thresholds = dense<1> : tensor<1x2xi64>} : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi8>
  return
}

// -----

// C2 of ap.mvm
func.func @missing(%x: tensor<2x3xi8>, %w: tensor<1x3xi8>) {
  // expected-error @below {{'ap.mvm' op expects thresholds for a result of i8}}
  %0 = ap.mvm %x, %w {input_bits = 4 : i64} : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi8>
  return
}

// -----

// C2 of ap.mvm
func.func @sums(%x: tensor<2x3xi8>, %w: tensor<1x3xi8>) {
  // expected-error @below {{'ap.mvm' op expects a result of i8 with thresholds, got 'tensor<2x1xi32>'}}
  %0 = ap.mvm %x, %w {input_bits = 4 : i64, thresholds = dense<1> : tensor<1x1xi64>, codes = dense<1> : tensor<1x2xi8>}
      : (tensor<2x3xi8>, tensor<1x3xi8>) -> tensor<2x1xi32>
  return
}

// -----

// C2 of ap.conv_2d
func.func @shapes(%x: tensor<1x2x4x4xi8>, %w: tensor<4x2x1x1xi8>) {
  // expected-error @below {{'ap.conv_2d' op expects thresholds of 4xT and codes of 4x(T+1), got 'tensor<4x2xi64>' and 'tensor<4x2xi8>'}}
  %0 = ap.conv_2d %x, %w window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_bits = 4 : i64, thresholds = dense<1> : tensor<4x2xi64>, codes = dense<1> : tensor<4x2xi8>}
      : (tensor<1x2x4x4xi8>, tensor<4x2x1x1xi8>) -> tensor<1x4x4x4xi8>
  return
}

// -----

// C2 of ap.mvm
func.func @order(%x: tensor<2x3xi8>, %w: tensor<2x3xi8>) {
  // expected-error @below {{'ap.mvm' op expects thresholds that ascend, got 1 after 2 for output 1}}
  %0 = ap.mvm %x, %w {input_bits = 4 : i64, thresholds = dense<[[3, 3], [2, 1]]> : tensor<2x2xi64>, codes = dense<1> : tensor<2x3xi8>}
      : (tensor<2x3xi8>, tensor<2x3xi8>) -> tensor<2x2xi8>
  return
}
