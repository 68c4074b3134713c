// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics
//
// C5 of crossbar.mvm and crossbar.conv_2d, C1 of crossbar.join.

// expected-error @below {{first_row must be between 0 and 3, got 4}}
#part = #crossbar.part<groups = 1, rows = 4, columns = 2, first_group = 0, first_row = 4, first_column = 0>

// -----

// expected-error @below {{expects a matrix of fewer than 2^63 weights, got 4294967296 groups of 4294967296x2}}
#part = #crossbar.part<groups = 4294967296, rows = 4294967296, columns = 2, first_group = 0, first_row = 0, first_column = 0>

// -----

func.func @no_grid(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) {
  // expected-error @below {{'crossbar.mvm' op has a part, but no grid that holds it}}
  %y = crossbar.mvm %x, %w {part = #crossbar.part<groups = 1, rows = 64, columns = 10, first_group = 0, first_row = 0, first_column = 0>}
      : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @beyond(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x32x10xi8, si8>) {
  // expected-error @below {{'crossbar.mvm' op expects a part within 64 rows, got 32 from 40}}
  %y = crossbar.mvm %x, %g {part = #crossbar.part<groups = 1, rows = 64, columns = 10, first_group = 0, first_row = 40, first_column = 0>}
      : (tensor<8x64xi8>, !crossbar.grid<1x32x10xi8, si8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @result_of_whole(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x64x4xi8, si8>) {
  // expected-error @below {{'crossbar.mvm' op cannot multiply 'tensor<8x64xi8>' by 64x4 weights to 'tensor<8x10xi32>'}}
  %y = crossbar.mvm %x, %g {part = #crossbar.part<groups = 1, rows = 64, columns = 10, first_group = 0, first_row = 0, first_column = 4>}
      : (tensor<8x64xi8>, !crossbar.grid<1x64x4xi8, si8>) -> tensor<8x10xi32>
  return
}

// -----

func.func @groups(%x: tensor<1x8x5x5xi8>, %g: !crossbar.grid<2x18x3xi8, si8>) {
  // expected-error @below {{'crossbar.conv_2d' op expects a grid of 4 groups, got 2}}
  %y = crossbar.conv_2d %x, %g window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 4
      {part = #crossbar.part<groups = 4, rows = 18, columns = 3, first_group = 1, first_row = 0, first_column = 0>}
      : (tensor<1x8x5x5xi8>, !crossbar.grid<2x18x3xi8, si8>) -> tensor<1x6x3x3xi32>
  return
}

// -----

func.func @channels(%x: tensor<1x8x5x5xi8>, %g: !crossbar.grid<2x18x3xi8, si8>) {
  // expected-error @below {{'crossbar.conv_2d' op expects a result of 6 channels (those of the grid), got [1, 12, 3, 3]}}
  %y = crossbar.conv_2d %x, %g window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 2
      {part = #crossbar.part<groups = 4, rows = 18, columns = 3, first_group = 1, first_row = 0, first_column = 0>}
      : (tensor<1x8x5x5xi8>, !crossbar.grid<2x18x3xi8, si8>) -> tensor<1x12x3x3xi32>
  return
}

// -----

func.func @rows(%x: tensor<1x8x5x5xi8>, %g: !crossbar.grid<1x18x3xi8, si8>) {
  // expected-error @below {{'crossbar.conv_2d' op expects a part of a matrix of 72 rows, got 70}}
  %y = crossbar.conv_2d %x, %g window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {part = #crossbar.part<groups = 1, rows = 70, columns = 3, first_group = 0, first_row = 8, first_column = 0>}
      : (tensor<1x8x5x5xi8>, !crossbar.grid<1x18x3xi8, si8>) -> tensor<1x3x3x3xi32>
  return
}

// -----

func.func @join_of_others(%g: !crossbar.grid<1x18x3xi8, si8>) {
  // expected-error @below {{'crossbar.join' op joins '!crossbar.grid<1x18x3xi8, si8>' to '!crossbar.grid<1x18x4xi8, si8>'}}
  %j = "crossbar.join"(%g) : (!crossbar.grid<1x18x3xi8, si8>) -> !crossbar.grid<1x18x4xi8, si8>
  return
}

// -----

func.func @join_of_nothing() {
  // expected-error @below {{'crossbar.join' op joins no grids}}
  %j = "crossbar.join"() : () -> !crossbar.grid<1x18x4xi8, si8>
  return
}
