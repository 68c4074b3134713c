// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/two-groups-device.mlir --pum-allocate-arrays -verify-diagnostics -split-input-file
//
// A task is assigned to a group with other arrays.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @other_arrays() {
  %w = arith.constant dense<1> : tensor<3x3xi8>
  // expected-error @below {{is assigned to 'small', but device 'two-groups' has no such group with its arrays}}
  %g, %t = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> {pum.target = #pum.target<crossbar in "small">}
      : tensor<3x3xi8> -> !crossbar.grid<1x3x3xi8, si8>
  return
}
