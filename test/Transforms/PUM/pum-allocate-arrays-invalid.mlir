// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed -e 's/tiles = 168/tiles = 1/' -e 's/imas_per_tile = 12/imas_per_tile = 1/' -e 's/arrays_per_ima = 8/arrays_per_ima = 2/' %presets/isaac.mlir > %t.device.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.device.mlir --pum-allocate-arrays -verify-diagnostics

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// expected-error @below {{the model needs 3 arrays, but device 'isaac' has 2}}
module {
  func.func @too_large() {
    %w = arith.constant dense<5> : tensor<3x8xi8>
    %a, %t0 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
    %b, %t1 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
    %c, %t2 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
    return
  }
}
