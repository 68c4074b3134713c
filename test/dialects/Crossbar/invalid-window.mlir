// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics
//
// C1 to C3 of crossbar.conv_2d; simulator.mvm shares the check of the window.

func.func @kernel_of_one_value(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{kernel must have 2 values, got 1}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

func.func @stride_zero(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{strides must be between 1 and 2147483647, got 0}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 0], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

func.func @negative_padding(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{padding must be between 0 and 2147483647, got -1}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, -1, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x5x6xi32>
  return
}

// -----

func.func @rank(%x: tensor<3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op input and result must have 4 dimensions, got 3 and 4}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

func.func @batch(%x: tensor<2x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op input and result differ in batch size: 2 and 1}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<2x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

func.func @groups(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op groups must divide the 3 input and the 16 output channels, got 2}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 2
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

func.func @kernel_beyond_input(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op the kernel covers 9 positions of a padded input of 8}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 4], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x0xi32>
  return
}

// -----

func.func @result_size(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x3xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op dimension 3 of the result must be 7, got 6}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 1, 0, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

func.func @shape_of_weights(%x: tensor<1x3x8x8xi8>, %w: tensor<16x3x3x2xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op expects weights of shape [16, 3, 3, 3], got [16, 3, 3, 2]}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<16x3x3x2xi8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

// C2
func.func @shape_of_grid(%x: tensor<1x4x8x8xi8>, %g: !crossbar.grid<1x36x16xi8, si8>) {
  // expected-error @below {{'crossbar.conv_2d' op expects a grid of 2x18x8, got '!crossbar.grid<1x36x16xi8, si8>'}}
  %y = crossbar.conv_2d %x, %g window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 2
      : (tensor<1x4x8x8xi8>, !crossbar.grid<1x36x16xi8, si8>) -> tensor<1x16x6x6xi32>
  return
}

// -----

// C3: a zero point outside the codes widens the product
func.func @accumulator(%x: tensor<1x1x1x1xi8>, %w: tensor<1x1x1x1xi8>) {
  // expected-error @below {{'crossbar.conv_2d' op needs accumulators of 33 bits, but the result has 32}}
  %y = crossbar.conv_2d %x, %w window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_zero_point = 16777216 : i64}
      : (tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi32>
  return
}

// -----

// The extent of the window would overflow.
func.func @huge_dilation(%x: tensor<1x1x8x8xi8>, %w: tensor<1x1x3x3xi8>) {
  // expected-error @below {{dilations must be between 1 and 2147483647, got 9223372036854775807}}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [9223372036854775807, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x1x8x8xi8>, tensor<1x1x3x3xi8>) -> tensor<1x1x10x6xi32>
  return
}
