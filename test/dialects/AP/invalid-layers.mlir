// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// C1 of ap.mvm
func.func @mvm_shapes(%x: tensor<2x3xi8>, %w: tensor<5x4xi8>) {
  // expected-error @below {{'ap.mvm' op cannot multiply 'tensor<2x3xi8>' by 'tensor<5x4xi8>' to 'tensor<2x5xi32>'}}
  %0 = ap.mvm %x, %w {input_bits = 4 : i64} : (tensor<2x3xi8>, tensor<5x4xi8>) -> tensor<2x5xi32>
  return
}

// -----

// Bits of an input
func.func @input_bits(%x: tensor<2x3xi8>, %w: tensor<5x3xi8>) {
  // expected-error @below {{'ap.mvm' op attribute 'input_bits' failed to satisfy constraint}}
  %0 = ap.mvm %x, %w {input_bits = 9 : i64} : (tensor<2x3xi8>, tensor<5x3xi8>) -> tensor<2x5xi32>
  return
}

// -----

// C1 of ap.conv_2d
func.func @conv_window(%x: tensor<1x2x4x4xi8>, %w: tensor<4x2x3x3xi8>) {
  // expected-error @below {{'ap.conv_2d' op dimension 2 of the result must be 2, got 4}}
  %0 = ap.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_bits = 4 : i64} : (tensor<1x2x4x4xi8>, tensor<4x2x3x3xi8>) -> tensor<1x4x4x4xi32>
  return
}

// -----

// C1 of ap.conv_2d
func.func @conv_weights(%x: tensor<1x2x4x4xi8>, %w: tensor<4x2x3x3xi8>) {
  // expected-error @below {{'ap.conv_2d' op expects weights of 4x1x3x3, got 'tensor<4x2x3x3xi8>'}}
  %0 = ap.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [1, 1, 1, 1]> groups 2
      {input_bits = 4 : i64} : (tensor<1x2x4x4xi8>, tensor<4x2x3x3xi8>) -> tensor<1x4x4x4xi32>
  return
}

// -----

// C2 of ap.run
func.func @run_bytes(%x: tensor<2x3xi8>) {
  // expected-error @below {{'ap.run' op expects the bytes of a microprogram, got 'tensor<2xi16>'}}
  %0 = ap.run %x program dense<[80, 65]> : tensor<2xi16> : tensor<2x3xi8> -> tensor<2x5xi32>
  return
}

// -----

// C1 of ap.run
func.func @run_rows(%x: tensor<2x3xi8>) {
  // expected-error @below {{'ap.run' op expects matrices of as many rows without a window}}
  %0 = ap.run %x program dense<[80, 65]> : tensor<2xi8> : tensor<2x3xi8> -> tensor<3x5xi32>
  return
}

// -----

// C1 of ap.run
func.func @run_window(%x: tensor<2x3xi8>) {
  // expected-error @below {{'ap.run' op input and result must have 4 dimensions, got 2 and 2}}
  %0 = ap.run %x program dense<80> : tensor<1xi8>
      window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      : tensor<2x3xi8> -> tensor<2x5xi32>
  return
}

// -----

// C1 of ap.lookup
func.func @lookup_shapes(%q: tensor<2x4xi8>) {
  // expected-error @below {{'ap.lookup' op cannot look up queries of [2, 4] in 'tensor<1x3xi8>' with a result of [2, 1]}}
  %0 = ap.lookup %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact : tensor<2x4xi8> -> tensor<2x1xi32>
  return
}

// -----

func.func @lookup_method(%q: tensor<2x3xi8>) {
  // expected-error @below {{expected ::pumice::ap::LookupMethod to be one of: exact, ternary, hamming}}
  // expected-error @below {{failed to parse}}
  %0 = ap.lookup %q in dense<[[0, 1, 1]]> : tensor<1x3xi8> by nearest : tensor<2x3xi8> -> tensor<2x1xi32>
  return
}
