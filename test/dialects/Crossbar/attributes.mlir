// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

// CHECK: #array = #crossbar.array<rows = 1, {{.*}} adc = <bits = 8, mode = full_scale>, columns_per_adc = 8, encoding = offset_flip>
// CHECK: #array1 = #crossbar.array<rows = 64, {{.*}} adc = <bits = 8, mode = calibrated>, columns_per_adc = 1, encoding = differential, rows_per_read = 64>

// CHECK-LABEL: func private @lossless_converter
// CHECK-SAME: test.adc = #crossbar.adc<bits = 9, mode = lossless>
func.func private @lossless_converter() attributes {
  test.adc = #crossbar.adc<bits = 9, mode = lossless>}

// CHECK-LABEL: func private @clip_converter
// CHECK-SAME: test.adc = #crossbar.adc<bits = 1, mode = clip>
func.func private @clip_converter() attributes {test.adc = #crossbar.adc<bits = 1, mode = clip>}

// CHECK-LABEL: func private @full_scale_converter
// CHECK-SAME: test.adc = #crossbar.adc<bits = 6, mode = full_scale>
func.func private @full_scale_converter() attributes {
  test.adc = #crossbar.adc<bits = 6, mode = full_scale>}

// CHECK-LABEL: func private @calibrated_converter
// CHECK-SAME: test.adc = #crossbar.adc<bits = 5, mode = calibrated>
func.func private @calibrated_converter() attributes {
  test.adc = #crossbar.adc<bits = 5, mode = calibrated>}

// CHECK-LABEL: func private @flipped_columns
// CHECK-SAME: test.array = #array}
func.func private @flipped_columns() attributes {
  test.array = #crossbar.array<rows = 1, columns = 8, cell_bits = 2, weight_bits = 16, input_bits = 1,
    dac_bits = 8, adc = <bits = 8, mode = full_scale>, columns_per_adc = 8, encoding = offset_flip>}

// All cells of a weight, of both signs, fit one wordline exactly; one read drives all rows.
// CHECK-LABEL: func private @differential_columns
// CHECK-SAME: test.array = #array1}
func.func private @differential_columns() attributes {
  test.array = #crossbar.array<rows = 64, columns = 16, cell_bits = 2, weight_bits = 16, input_bits = 16,
    dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 1, encoding = differential,
    rows_per_read = 64>}

// CHECK-LABEL: func private @fields_in_any_order
// CHECK-SAME: test.adc = #crossbar.adc<bits = 32, mode = clip>
func.func private @fields_in_any_order() attributes {
  test.adc = #crossbar.adc<mode = clip, bits = 32>}

// CHECK-LABEL: func private @tiling
// CHECK-SAME: test.tiling = #crossbar.tiling<row_tiles = 2, column_tiles = 4, slices = 4, groups_per_array = 1, arrays = 8>
func.func private @tiling() attributes {
  test.tiling = #crossbar.tiling<row_tiles = 2, column_tiles = 4, slices = 4,
    groups_per_array = 1, arrays = 8>}

// CHECK-LABEL: func private @narrow_grid
// CHECK-SAME: (!crossbar.grid<2x300x7xi4, ui8>)
func.func private @narrow_grid(!crossbar.grid<2x300x7xi4, ui8>)

// CHECK-LABEL: func private @window
// CHECK-SAME: test.window = #crossbar.window<kernel = [3, 5], strides = [2, 1], dilations = [1, 4], padding = [0, 1, 2, 3]>
func.func private @window() attributes {
  test.window = #crossbar.window<kernel = [3, 5], strides = [2, 1], dilations = [1, 4], padding = [0, 1, 2, 3]>}
