// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{adc bits must be between 1 and 32, got 0}}
#adc = #crossbar.adc<bits = 0, mode = clip>

// -----

// expected-error @below {{adc bits must be between 1 and 32, got 33}}
#adc = #crossbar.adc<bits = 33, mode = lossless>

// -----

// expected-error @below {{rows must be between 1 and 65536, got 0}}
#array = #crossbar.array<rows = 0, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// expected-error @below {{columns must be between 1 and 65536, got 65537}}
#array = #crossbar.array<rows = 128, columns = 65537, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// expected-error @below {{cell_bits must be between 1 and 8, got 9}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 9, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// expected-error @below {{weight_bits must be between 1 and 16, got 17}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 1, weight_bits = 17, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// expected-error @below {{input_bits must be between 1 and 16, got 0}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 0,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// expected-error @below {{dac_bits must be between 1 and 8, got 9}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 9, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// A converter serves columns of its own array.
// expected-error @below {{columns_per_adc must be between 1 and 128, got 129}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 129, encoding = offset>

// -----

// expected-error @below {{cell_bits must divide weight_bits, got 3 and 16}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 3, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// -----

// expected-error @below {{a weight takes 16 cells of a wordline, but columns is 8}}
#array = #crossbar.array<rows = 128, columns = 8, cell_bits = 1, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 8, encoding = offset>

// -----

// Both signs of a weight take cells of their own.
// expected-error @below {{a weight takes 16 cells of a wordline, but columns is 15}}
#array = #crossbar.array<rows = 128, columns = 15, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 8, encoding = differential>

// -----

// expected-error @below {{rows_per_read must be between 1 and 128, got 0}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset, rows_per_read = 0>

// -----

// expected-error @below {{rows_per_read must be between 1 and 64, got 65}}
#array = #crossbar.array<rows = 64, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset, rows_per_read = 65>

// -----

// expected-error @+3 {{expected ::pumice::crossbar::Encoding to be one of: offset, offset_flip, differential}}
// expected-error @+2 {{failed to parse}}
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = twos_complement>

// -----

// expected-error @below {{slices must be at least 1, got 0}}
#tiling = #crossbar.tiling<row_tiles = 1, column_tiles = 1, slices = 0, groups_per_array = 1, arrays = 1>

// -----

// expected-error @below {{arrays must be at least 1, got -8}}
#tiling = #crossbar.tiling<row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = -8>

// -----

// expected-error @below {{expected ::pumice::crossbar::AdcMode to be one of: lossless, clip, full_scale, calibrated}}
// expected-error @below {{failed to parse}}
#adc = #crossbar.adc<bits = 8, mode = round>

// -----

// expected-error @below {{a grid has the shape groups x rows x columns, got 2 dimensions}}
func.func private @two_dimensions(!crossbar.grid<27x16xi8, ui8>)

// -----

// expected-error @below {{the sizes of a grid must be at least 1, got 1x0x16}}
func.func private @no_rows(!crossbar.grid<1x0x16xi8, ui8>)

// -----

// expected-error @below {{a grid holds signless integers of at most 16 bits, got 'i32'}}
func.func private @wide_weights(!crossbar.grid<1x27x16xi32, ui8>)

// -----

// expected-error @below {{a grid holds signless integers of at most 16 bits, got 'ui8'}}
func.func private @unsigned_weights(!crossbar.grid<1x27x16xui8, ui8>)

// -----

// expected-error @below {{a grid of 4611686018427387904x4x4 is too large}}
func.func private @overflowing_grid(!crossbar.grid<4611686018427387904x4x4xi8, ui8>)

// -----

// expected-error @below {{a grid streams unsigned or signed integers of 1 to 16 bits, such as ui8, got 'i8'}}
func.func private @signless_stream(!crossbar.grid<1x27x16xi8, i8>)
