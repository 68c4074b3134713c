// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A linear layer on arrays, the level `crossbar`.
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16,
  input_bits = 16, dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128,
  encoding = offset>

func.func @main() -> !crossbar.grid<1x200x100xi8, ui8> {
  %w = arith.constant dense<1> : tensor<100x200xi8>
  %g = crossbar.program %w array #array
      tiling <row_tiles = 2, column_tiles = 4, slices = 4, groups_per_array = 1, arrays = 8>
    : tensor<100x200xi8> -> !crossbar.grid<1x200x100xi8, ui8>
  return %g : !crossbar.grid<1x200x100xi8, ui8>
}
