// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --crossbar-tile-to-arrays --canonicalize -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=isaac --crossbar-tile-to-arrays --crossbar-tile-to-arrays --canonicalize -split-input-file | FileCheck %s
//
// isaac: arrays of 128 x 128 cells of 2 bits; 8-bit weights take 4 cells.

// CHECK-LABEL: func @rows_and_columns_are_cut
// CHECK-SAME: (%[[X:.*]]: tensor<4x300xi8>)
func.func @rows_and_columns_are_cut(%x: tensor<4x300xi8>) -> tensor<4x70xi32> {
  // CHECK: %[[W:.*]] = arith.constant
  // CHECK: %[[G:.*]] = crossbar.program %[[W]] array #array tiling <row_tiles = 3, column_tiles = 3, slices = 4, groups_per_array = 1, arrays = 9>
  // CHECK-SAME: : tensor<70x300xi8> -> !crossbar.grid<1x300x70xi8, ui8>
  // CHECK: crossbar.mvm %[[X]], %[[G]] {input_zero_point = 3 : i64} : (tensor<4x300xi8>, !crossbar.grid<1x300x70xi8, ui8>)
  %w = arith.constant dense<1> : tensor<70x300xi8>
  %y = crossbar.mvm %x, %w {input_unsigned, input_zero_point = 3 : i64}
      : (tensor<4x300xi8>, tensor<70x300xi8>) -> tensor<4x70xi32>
  return %y : tensor<4x70xi32>
}

// -----

// CHECK-LABEL: func @filters_are_columns
func.func @filters_are_columns(%x: tensor<1x3x8x8xi8>) -> tensor<1x32x6x6xi32> {
  // CHECK: crossbar.program %{{.*}} tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
  // CHECK-SAME: : tensor<32x3x3x3xi8> -> !crossbar.grid<1x27x32xi8, si8>
  // CHECK: crossbar.conv_2d %{{.*}} window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
  %w = arith.constant dense<1> : tensor<32x3x3x3xi8>
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      : (tensor<1x3x8x8xi8>, tensor<32x3x3x3xi8>) -> tensor<1x32x6x6xi32>
  return %y : tensor<1x32x6x6xi32>
}

// -----

// 14 groups of 9 rows fit 128 rows: 32 depthwise channels take 3 arrays.
// CHECK-LABEL: func @small_groups_share_an_array
func.func @small_groups_share_an_array(%x: tensor<1x32x8x8xi8>) -> tensor<1x32x6x6xi32> {
  // CHECK: crossbar.program %{{.*}} tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 14, arrays = 3>
  // CHECK-SAME: -> !crossbar.grid<32x9x1xi8, si8>
  %w = arith.constant dense<1> : tensor<32x1x3x3xi8>
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 32
      : (tensor<1x32x8x8xi8>, tensor<32x1x3x3xi8>) -> tensor<1x32x6x6xi32>
  return %y : tensor<1x32x6x6xi32>
}

// -----

// CHECK-LABEL: func @tied_weights_share_a_grid
func.func @tied_weights_share_a_grid(%x: tensor<4x8xi8>, %z: tensor<2x8xi8>, %v: tensor<4x8xi16>)
    -> (tensor<4x3xi32>, tensor<2x3xi32>, tensor<4x3xi32>) {
  // CHECK: %[[G:.*]] = crossbar.program
  // CHECK: crossbar.mvm %{{.*}}, %[[G]]
  // CHECK-NOT: crossbar.program
  // CHECK: crossbar.mvm %{{.*}}, %[[G]]
  // Codes of another width stream in another number of reads.
  // CHECK: %[[H:.*]] = crossbar.program
  // CHECK: crossbar.mvm %{{.*}}, %[[H]]
  %w = arith.constant dense<1> : tensor<3x8xi8>
  %0 = crossbar.mvm %x, %w : (tensor<4x8xi8>, tensor<3x8xi8>) -> tensor<4x3xi32>
  %1 = crossbar.mvm %z, %w : (tensor<2x8xi8>, tensor<3x8xi8>) -> tensor<2x3xi32>
  %2 = crossbar.mvm %v, %w : (tensor<4x8xi16>, tensor<3x8xi8>) -> tensor<4x3xi32>
  return %0, %1, %2 : tensor<4x3xi32>, tensor<2x3xi32>, tensor<4x3xi32>
}

// -----

// Signed and unsigned codes stream in another way, too.
// CHECK-LABEL: func @tied_weights_of_two_signs
func.func @tied_weights_of_two_signs(%x: tensor<4x8xi8>) -> (tensor<4x3xi32>, tensor<4x3xi32>) {
  // CHECK: %[[G:.*]] = crossbar.program {{.*}} -> !crossbar.grid<1x8x3xi8, ui8>
  // CHECK: crossbar.mvm %{{.*}}, %[[G]] :
  // CHECK: %[[H:.*]] = crossbar.program {{.*}} -> !crossbar.grid<1x8x3xi8, si8>
  // CHECK: crossbar.mvm %{{.*}}, %[[H]] :
  %w = arith.constant dense<1> : tensor<3x8xi8>
  %0 = crossbar.mvm %x, %w {input_unsigned} : (tensor<4x8xi8>, tensor<3x8xi8>) -> tensor<4x3xi32>
  %1 = crossbar.mvm %x, %w : (tensor<4x8xi8>, tensor<3x8xi8>) -> tensor<4x3xi32>
  return %0, %1 : tensor<4x3xi32>, tensor<4x3xi32>
}
