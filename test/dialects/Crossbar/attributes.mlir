// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s

// CHECK-LABEL: func private @lossless_converter
// CHECK-SAME: test.adc = #crossbar.adc<bits = 9, mode = lossless>
func.func private @lossless_converter() attributes {
  test.adc = #crossbar.adc<bits = 9, mode = lossless>}

// CHECK-LABEL: func private @clip_converter
// CHECK-SAME: test.adc = #crossbar.adc<bits = 1, mode = clip>
func.func private @clip_converter() attributes {test.adc = #crossbar.adc<bits = 1, mode = clip>}

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
// CHECK-SAME: (!crossbar.grid<2x300x7xi4>)
func.func private @narrow_grid(!crossbar.grid<2x300x7xi4>)
