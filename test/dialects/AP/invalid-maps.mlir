// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1 of ap.max_pool_2d
func.func @window(%x: tensor<1x2x4x4xi8>) {
  // expected-error @below {{'ap.max_pool_2d' op dimension 2 of the result must be 2, got 4}}
  %0 = ap.max_pool_2d %x window <kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding = [0, 0, 0, 0]> {input_bits = 4 : i64}
     : tensor<1x2x4x4xi8> -> tensor<1x2x4x4xi8>
  return
}

// -----

// C1 of ap.max_pool_2d
func.func @channels(%x: tensor<1x2x4x4xi8>) {
  // expected-error @below {{'ap.max_pool_2d' op expects a result of 2 channels, got 3}}
  %0 = ap.max_pool_2d %x window <kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding = [0, 0, 0, 0]> {input_bits = 4 : i64}
     : tensor<1x2x4x4xi8> -> tensor<1x3x2x2xi8>
  return
}

// -----

// C1 of ap.weighted_sum
func.func @factors(%x: tensor<1x2x4x4xi8>) {
  // expected-error @below {{'ap.weighted_sum' op expects 4 dimensions and 2 factors, got 4 and 1}}
  %0 = ap.weighted_sum %x, %x by [2] {input_bits = 4 : i64, thresholds = dense<1> : tensor<2x1xi64>, codes = dense<1> : tensor<2x2xi8>}
     : tensor<1x2x4x4xi8>
  return
}

// -----

// C2 of ap.weighted_sum
func.func @codes(%x: tensor<1x2x4x4xi8>) {
  // expected-error @below {{'ap.weighted_sum' op expects thresholds of 2xT and codes of 2x(T+1), got 'tensor<1x1xi64>' and 'tensor<2x2xi8>'}}
  %0 = ap.weighted_sum %x, %x by [2, 1] {input_bits = 4 : i64, thresholds = dense<1> : tensor<1x1xi64>, codes = dense<1> : tensor<2x2xi8>}
     : tensor<1x2x4x4xi8>
  return
}

// -----

// C1 of ap.run
func.func @types(%x: tensor<4x2xi8>, %z: tensor<4x3xi8>) {
  // expected-error @below {{'ap.run' op expects inputs of one type, got 'tensor<4x2xi8>' and 'tensor<4x3xi8>'}}
  %0 = ap.run %x with %z program dense<[80, 65]> : tensor<2xi8> : tensor<4x2xi8> with tensor<4x3xi8> -> tensor<4x1xi32>
  return
}
