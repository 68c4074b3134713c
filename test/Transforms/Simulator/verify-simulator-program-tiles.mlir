// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-simulator-program -split-input-file -verify-diagnostics
//
// Grids that several instructions write.

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @complete(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w tiles [0, 2] on <"arrays", 0, 2> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %w tiles [2, 1] on <"arrays", 2, 3> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  %t2 = simulator.mvm %g, %x, %y joining (%h : !grid) after (%t0, %t1) : !grid, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @missing(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w tiles [0, 2] on <"arrays", 0, 2> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %w tiles [2, 1] on <"arrays", 2, 3> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op reads grids that hold tile 2 not}}
  %t2 = simulator.mvm %g, %x, %y after (%t0, %t1) : !grid, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @gap(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w tiles [0, 1] on <"arrays", 0, 1> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %w tiles [2, 1] on <"arrays", 2, 3> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op reads grids that hold tile 1 not}}
  %t2 = simulator.mvm %g, %x, %y joining (%h : !grid) after (%t0, %t1) : !grid, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @twice(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w tiles [0, 2] on <"arrays", 0, 2> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %w tiles [1, 2] on <"arrays", 2, 4> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op reads grids that hold tile 1 twice}}
  %t2 = simulator.mvm %g, %x, %y joining (%h : !grid) after (%t0, %t1) : !grid, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @other_weights(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w tiles [0, 2] on <"arrays", 0, 2> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %v tiles [2, 1] on <"arrays", 2, 3> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op joins grids of other weights, tilings, copies or groups than the first}}
  %t2 = simulator.mvm %g, %x, %y joining (%h : !grid) after (%t0, %t1) : !grid, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @copies(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w tiles [0, 2] on <"arrays", 0, 2> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %w tiles [2, 1] on <"arrays", 2, 4> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op joins grids of other weights, tilings, copies or groups than the first}}
  %t2 = simulator.mvm %g, %x, %y joining (%h : !grid) after (%t0, %t1) : !grid, !codes, !sums
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
!weights = memref<3x300xi8, #simulator.memory<dram>>
!codes = memref<4x300xi8, #simulator.memory<host>>
!sums = memref<4x3xi32, #simulator.memory<host>>
!grid = !crossbar.grid<1x300x3xi8, si8>
func.func @part(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x300xi8> to !weights
  %v = simulator.constant dense<2> : tensor<3x300xi8> to !weights
  %g, %t0 = simulator.program %w part <groups = 1, rows = 300, columns = 3, first_group = 0, first_row = 0, first_column = 0> on <"arrays", 0, 3> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %h, %t1 = simulator.program %w on <"arrays", 3, 6> array #array tiling <row_tiles = 3, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 3> : !weights -> !grid
  %y = simulator.buffer : !sums
  // expected-error @below {{'simulator.mvm' op reads a grid that holds another part}}
  %t2 = simulator.mvm %g, %x, %y after (%t0, %t1) : !grid, !codes, !sums
  return
}
