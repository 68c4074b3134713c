// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics
//
// C2 of crossbar.program; pum.program and simulator.program share the check.

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 8, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @weights_too_wide(%w: tensor<16x27xi16>) {
  // expected-error @below {{'crossbar.program' op weights of 16 bits, but the array takes 8}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 8,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi16> -> !crossbar.grid<1x27x16xi16, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @slices(%w: tensor<16x27xi8>) {
  // expected-error @below {{'crossbar.program' op weights of 8 bits take 4 slices of 2 bits, got 8}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 8,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @more_groups_than_there_are(%w: tensor<4x9xi8>) {
  // expected-error @below {{'crossbar.program' op groups_per_array is 5 of 4 groups}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 5, arrays = 1> : tensor<4x9xi8> -> !crossbar.grid<4x9x1xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @row_tiles(%w: tensor<16x300xi8>) {
  // expected-error @below {{'crossbar.program' op row_tiles must be 3 for 300 of 128, got 2}}
  %g = crossbar.program %w array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<16x300xi8> -> !crossbar.grid<1x300x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @column_tiles(%w: tensor<33x27xi8>) {
  // expected-error @below {{'crossbar.program' op column_tiles must be 2 for 33 of 32, got 1}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<33x27xi8> -> !crossbar.grid<1x27x33xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @shared_array_too_small(%w: tensor<4x100xi8>) {
  // expected-error @below {{'crossbar.program' op 2 groups do not fit one array}}
  %g = crossbar.program %w array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
      groups_per_array = 2, arrays = 4> : tensor<4x100xi8> -> !crossbar.grid<4x100x1xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @arrays(%w: tensor<33x300xi8>) {
  // expected-error @below {{'crossbar.program' op the tiling takes 6 arrays, got 5}}
  %g = crossbar.program %w array #array tiling <row_tiles = 3, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 5> : tensor<33x300xi8> -> !crossbar.grid<1x300x33xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = differential>
func.func @slices_of_both_signs(%w: tensor<16x27xi8>) {
  // expected-error @below {{'crossbar.program' op weights of 8 bits take 8 slices of 2 bits, got 4}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @inputs_too_wide(%w: tensor<16x27xi8>) {
  // expected-error @below {{'crossbar.program' op inputs of 9 bits, but the array takes 8}}
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui9>
  return
}
