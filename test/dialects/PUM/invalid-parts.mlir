// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics
//
// C5 of pum.program.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @tiles(%w: tensor<6x20xi8>) {
  // expected-error @below {{'pum.program' op expects the first and the number of tiles within 6, got [5, 2]}}
  %g, %t = pum.program %w tiles [5, 2] array #array tiling <row_tiles = 3, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 6> : tensor<6x20xi8> -> !crossbar.grid<1x20x6xi8, si8>
  return
}

// -----

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @copies(%w: tensor<6x20xi8>) {
  // expected-error @below {{'pum.program' op is placed on 3 arrays, but every copy of its tiles takes 2}}
  %g, %t = pum.program %w tiles [1, 2] on <"arrays", 0, 3> array #array tiling <row_tiles = 3, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 6> : tensor<6x20xi8> -> !crossbar.grid<1x20x6xi8, si8>
  return
}

// -----

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @weights_of_the_part(%w: tensor<2x12xi8>) {
  // expected-error @below {{'pum.program' op cannot program weights 'tensor<2x12xi8>' into '!crossbar.grid<1x12x2xi8, si8>'}}
  %g, %t = pum.program %w part <groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 8, first_column = 4>
      array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<2x12xi8> -> !crossbar.grid<1x12x2xi8, si8>
  return
}

// -----

// expected-error @below {{pum.schedule must be a dictionary on a module}}
module attributes {pum.schedule = 5 : i64} {}
