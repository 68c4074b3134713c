// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics
//
// The range of calibrated converters, on the ops of all levels.

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
// C3 of crossbar.program
func.func @zero(%w: tensor<16x27xi8>) {
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      // expected-error @below {{'crossbar.program' op attribute 'adc_range' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
      groups_per_array = 1, arrays = 1> {adc_range = 0 : i64} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
// C3 of crossbar.program
func.func @negative(%w: tensor<16x27xi8>) {
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      // expected-error @below {{'crossbar.program' op attribute 'adc_range' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
      groups_per_array = 1, arrays = 1> {adc_range = -384 : i64} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
// C3 of crossbar.program
func.func @too_large(%w: tensor<16x27xi8>) {
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      // expected-error @below {{'crossbar.program' op attribute 'adc_range' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
      groups_per_array = 1, arrays = 1> {adc_range = 2147483648 : i64} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
func.func @of_32_bits(%w: tensor<16x27xi8>) {
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      // expected-error @below {{'crossbar.program' op attribute 'adc_range' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
      groups_per_array = 1, arrays = 1> {adc_range = 384 : i32} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
func.func @pum_zero(%w: tensor<16x27xi8>) {
  %g, %t = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      // expected-error @below {{'pum.program' op attribute 'adc_range' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
      groups_per_array = 1, arrays = 1> {adc_range = 0 : i64} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
func.func @simulator_too_large(%w: memref<16x27xi8, #simulator.memory<dram>>) {
  %g, %t = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      // expected-error @below {{'simulator.program' op attribute 'adc_range' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 2147483647}}
      groups_per_array = 1, arrays = 1> {adc_range = 9223372036854775807 : i64}
      : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}
