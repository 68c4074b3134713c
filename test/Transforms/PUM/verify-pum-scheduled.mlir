// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --verify-pum-scheduled -split-input-file -verify-diagnostics | FileCheck %s

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// The second program waits for the token of the task that reads what it replaces.
// CHECK-LABEL: func @rewritten_in_order
func.func @rewritten_in_order(%x: tensor<4x8xi8>) -> tensor<4x3xi32> {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g, %t0 = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %y, %t1 = pum.compute (%x, %g) : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32> {
  ^bb0(%a: tensor<4x8xi8>, %b: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
    pum.yield %0 : tensor<4x3xi32>
  }
  %h, %t2 = pum.program %w on <0, 1> replacing (%g : !crossbar.grid<1x8x3xi8, si8>) after (%t1) array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %i, %t3 = pum.program %w on <0, 1> replacing (%h : !crossbar.grid<1x8x3xi8, si8>) array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  return %y : tensor<4x3xi32>
}

// -----

func.func @two_blocks(%x: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<4xf32>
} // expected-error @-4 {{expected a function of one block}}

// -----

func.func @op_between_tasks(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected tasks, got 'math.tanh'}}
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @no_placement() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op has no placement (pum-allocate-arrays)}}
  %g, %t0 = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// isaac has 8 * 12 * 168 arrays.
func.func @placement_beyond_device() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op is placed on array 16128, but device 'isaac' has 16128}}
  %g, %t0 = pum.program %w on <16128, 16129> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}

// -----

// One row less than the device's arrays.
#array = #crossbar.array<rows = 127, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @other_array() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op is made for another array than that of device 'isaac'}}
  %g, %t0 = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}
