// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --pum-allocate-arrays -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=isaac --pum-allocate-arrays --pum-allocate-arrays -split-input-file | FileCheck %s

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// CHECK-LABEL: func @lowest_free_arrays
func.func @lowest_free_arrays() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %v = arith.constant dense<5> : tensor<70x300xi8>
  // CHECK: pum.program %{{.*}} on <0, 1> array
  %a, %t0 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  // A placement that is there is kept, and avoided: 9 arrays in three ranges.
  // CHECK: pum.program %{{.*}} on <3, 4> array
  %b, %t1 = pum.program %w on <3, 4> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  // CHECK: pum.program %{{.*}} on <1, 3, 4, 11> array
  %c, %t2 = pum.program %v array #array tiling <row_tiles = 3, column_tiles = 3, slices = 4,
      groups_per_array = 1, arrays = 9> : tensor<70x300xi8> -> !crossbar.grid<1x300x70xi8, ui8>
  // CHECK: pum.program %{{.*}} on <11, 12> setup array
  %d, %t3 = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// Arrays of all functions of a module are one set.
// CHECK-LABEL: func @first
func.func @first() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // CHECK: pum.program %{{.*}} on <0, 1> array
  %a, %t0 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}
// CHECK-LABEL: func private @second
func.func private @second() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // CHECK: pum.program %{{.*}} on <1, 2> array
  %a, %t0 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}
