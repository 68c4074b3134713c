// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// An array's shape is printed once, as an alias.
// CHECK: #array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16,
  input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128,
  encoding = offset>

// CHECK-LABEL: func @program
// CHECK-SAME: (%[[W:.*]]: tensor<16x3x3x3xi8>) -> !crossbar.grid<1x27x16xi8, ui8>
func.func @program(%w: tensor<16x3x3x3xi8>) -> !crossbar.grid<1x27x16xi8, ui8> {
  // CHECK: %[[G:.*]] = crossbar.program %[[W]] array #array
  // CHECK-SAME: tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
  // CHECK-SAME: : tensor<16x3x3x3xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1>
      : tensor<16x3x3x3xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  // CHECK: return %[[G]]
  return %g : !crossbar.grid<1x27x16xi8, ui8>
}

// CHECK-LABEL: func @program_many_arrays
func.func @program_many_arrays(%w: tensor<100x300xi16>) -> !crossbar.grid<1x300x100xi16, ui8> {
  // 300 rows take 3 arrays, 100 weights of 8 cells 7.
  // CHECK: crossbar.program
  // CHECK-SAME: tiling <row_tiles = 3, column_tiles = 7, slices = 8, groups_per_array = 1, arrays = 21>
  %g = crossbar.program %w array #array tiling <row_tiles = 3, column_tiles = 7,
      slices = 8, groups_per_array = 1, arrays = 21>
      : tensor<100x300xi16> -> !crossbar.grid<1x300x100xi16, ui8>
  return %g : !crossbar.grid<1x300x100xi16, ui8>
}

// CHECK-LABEL: func @program_groups_on_one_array
func.func @program_groups_on_one_array(%w: tensor<32x1x3x3xi8>) -> !crossbar.grid<32x9x1xi8, ui8> {
  // CHECK: crossbar.program
  // CHECK-SAME: tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 14, arrays = 3>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 14, arrays = 3>
      : tensor<32x1x3x3xi8> -> !crossbar.grid<32x9x1xi8, ui8>
  return %g : !crossbar.grid<32x9x1xi8, ui8>
}

// CHECK-LABEL: func @program_with_a_range
func.func @program_with_a_range(%w: tensor<100x300xi8>) -> !crossbar.grid<1x300x100xi8, ui8> {
  // CHECK: crossbar.program
  // CHECK-SAME: arrays = 12> {adc_range = 2147483647 : i64} : tensor<100x300xi8>
  %g = crossbar.program %w array #array tiling <row_tiles = 3, column_tiles = 4,
      slices = 4, groups_per_array = 1, arrays = 12> {adc_range = 2147483647 : i64}
      : tensor<100x300xi8> -> !crossbar.grid<1x300x100xi8, ui8>
  return %g : !crossbar.grid<1x300x100xi8, ui8>
}

// CHECK-LABEL: func @mvm_on_weights
// CHECK-SAME: (%[[X:.*]]: tensor<8x64xi8>, %[[W:.*]]: tensor<10x64xi8>)
func.func @mvm_on_weights(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) -> tensor<8x10xi32> {
  // CHECK: crossbar.mvm %[[X]], %[[W]] {input_unsigned, input_zero_point = 3 : i64, weight_zero_point = -1 : i64}
  // CHECK-SAME: : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  %y = crossbar.mvm %x, %w {input_unsigned, input_zero_point = 3 : i64,
      weight_zero_point = -1 : i64} : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return %y : tensor<8x10xi32>
}

// CHECK-LABEL: func @mvm_on_grid
// CHECK-SAME: (%[[X:.*]]: tensor<8x64xi16>, %[[G:.*]]: !crossbar.grid<1x64x10xi16, si16>)
func.func @mvm_on_grid(%x: tensor<8x64xi16>, %g: !crossbar.grid<1x64x10xi16, si16>) -> tensor<8x10xi64> {
  // CHECK: crossbar.mvm %[[X]], %[[G]] : (tensor<8x64xi16>, !crossbar.grid<1x64x10xi16, si16>) -> tensor<8x10xi64>
  %y = crossbar.mvm %x, %g
      : (tensor<8x64xi16>, !crossbar.grid<1x64x10xi16, si16>) -> tensor<8x10xi64>
  return %y : tensor<8x10xi64>
}

// CHECK-LABEL: func @conv_2d_on_weights
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x32x31xi8>, %[[W:.*]]: tensor<16x3x3x5xi8>)
func.func @conv_2d_on_weights(%x: tensor<1x3x32x31xi8>, %w: tensor<16x3x3x5xi8>)
    -> tensor<1x16x16x11xi32> {
  // CHECK: crossbar.conv_2d %[[X]], %[[W]] window <kernel = [3, 5], strides = [2, 3], dilations = [1, 1], padding = [1, 2, 0, 3]>
  // CHECK-SAME: groups 1 {input_unsigned, input_zero_point = 127 : i64}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 5], strides = [2, 3], dilations = [1, 1], padding = [1, 2, 0, 3]> groups 1 {input_unsigned, input_zero_point = 127 : i64}
      : (tensor<1x3x32x31xi8>, tensor<16x3x3x5xi8>) -> tensor<1x16x16x11xi32>
  return %y : tensor<1x16x16x11xi32>
}

// CHECK-LABEL: func @conv_2d_grouped_on_grid
func.func @conv_2d_grouped_on_grid(%x: tensor<2x8x9x9xi8>, %g: !crossbar.grid<4x18x3xi8, si8>)
    -> tensor<2x12x5x5xi32> {
  // CHECK: crossbar.conv_2d %{{.*}}, %{{.*}} window <kernel = [3, 3], strides = [1, 1], dilations = [2, 2], padding = [0, 0, 0, 0]> groups 4
  // CHECK-SAME: : (tensor<2x8x9x9xi8>, !crossbar.grid<4x18x3xi8, si8>) -> tensor<2x12x5x5xi32>
  %y = crossbar.conv_2d %x, %g window <kernel = [3, 3], strides = [1, 1], dilations = [2, 2], padding = [0, 0, 0, 0]> groups 4
      : (tensor<2x8x9x9xi8>, !crossbar.grid<4x18x3xi8, si8>) -> tensor<2x12x5x5xi32>
  return %y : tensor<2x12x5x5xi32>
}
