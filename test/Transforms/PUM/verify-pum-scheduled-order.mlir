// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-pum-scheduled -split-input-file -verify-diagnostics

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @weights_at_run_time(%w: tensor<3x8xi8>) {
  // expected-error @below {{'pum.program' op programs weights that are not constant}}
  %g, %t0 = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @replaced_grid_is_not_named() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-note @below {{they are programmed here}}
  %g, %t0 = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  // expected-error @below {{'pum.program' op writes arrays that hold another grid, which it does not name as replaced}}
  %h, %t1 = pum.program %w on <0, 1> after (%t0) array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @partial_overlap() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %v = arith.constant dense<5> : tensor<70x300xi8>
  // expected-note @below {{they are programmed here}}
  %g, %t0 = pum.program %v on <1, 3, 4, 11> array #array tiling <row_tiles = 3, column_tiles = 3, slices = 4,
      groups_per_array = 1, arrays = 9> : tensor<70x300xi8> -> !crossbar.grid<1x300x70xi8, ui8>
  %f, %t1 = pum.program %w on <3, 4> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  // expected-error @below {{'pum.program' op writes arrays that hold another grid, which it does not name as replaced}}
  %h, %t2 = pum.program %w on <10, 11> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @replaced_while_read(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g, %t0 = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  // expected-note @below {{it is read here}}
  %y, %t1 = pum.compute (%x, %g) : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32> {
  ^bb0(%a: tensor<4x8xi8>, %b: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
    pum.yield %0 : tensor<4x3xi32>
  }
  // expected-error @below {{'pum.program' op replaces a grid without waiting for a task that reads it}}
  %h, %t2 = pum.program %w on <0, 1> replacing (%g : !crossbar.grid<1x8x3xi8, si8>) after (%t0) array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  return %y : tensor<4x3xi32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C4 of pum.program: before the first run nothing is computed.
func.func @computed_weights_in_setup(%arg: tensor<3x8xi8>) {
  %w, %t0 = pum.load %arg : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op programs weights that are not constant}}
  %g, %t1 = pum.program %w on <0, 1> setup array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}
