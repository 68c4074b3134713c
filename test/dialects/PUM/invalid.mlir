// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of pum.program: the tiling
func.func @program_tiling(%w: tensor<16x300xi8>) {
  // expected-error @below {{'pum.program' op row_tiles must be 3 for 300 of 128, got 1}}
  %g, %t = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<16x300xi8> -> !crossbar.grid<1x300x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C1 of pum.program: the weights
func.func @program_weights(%w: tensor<16x26xi8>) {
  // expected-error @below {{'pum.program' op cannot program weights 'tensor<16x26xi8>' into '!crossbar.grid<1x27x16xi8, ui8>'}}
  %g, %t = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<16x26xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// C2 of pum.program
func.func @program_placement(%w: tensor<16x200xi8>) {
  // expected-error @below {{'pum.program' op is placed on 3 arrays, but every copy of its tiling takes 2}}
  %g, %t = pum.program %w on <0, 3> array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<16x200xi8> -> !crossbar.grid<1x200x16xi8, ui8>
  return
}

// -----

// C1 of pum.compute: arguments
func.func @compute_arguments(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x64x10xi8, si8>) {
  // expected-error @below {{'pum.compute' op has region arguments '!crossbar.grid<1x64x10xi8, si8>', 'tensor<8x64xi8>' for inputs 'tensor<8x64xi8>', '!crossbar.grid<1x64x10xi8, si8>'}}
  %y, %t = pum.compute (%x, %g) : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, si8>) -> tensor<8x10xi32> {
  ^bb0(%b: !crossbar.grid<1x64x10xi8, si8>, %a: tensor<8x64xi8>):
    %0 = crossbar.mvm %a, %b : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, si8>) -> tensor<8x10xi32>
    pum.yield %0 : tensor<8x10xi32>
  }
  return
}

// -----

// C1 of pum.compute: results
func.func @compute_results(%x: tensor<8x64xi8>, %g: !crossbar.grid<1x64x10xi8, si8>) {
  // expected-error @below {{'pum.compute' op yields 'tensor<8x10xi32>' for results 'tensor<8x10xi64>'}}
  %y, %t = pum.compute (%x, %g) : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, si8>) -> tensor<8x10xi64> {
  ^bb0(%a: tensor<8x64xi8>, %b: !crossbar.grid<1x64x10xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<8x64xi8>, !crossbar.grid<1x64x10xi8, si8>) -> tensor<8x10xi32>
    pum.yield %0 : tensor<8x10xi32>
  }
  return
}

// -----

// C2 of pum.compute
func.func @compute_without_grid(%x: tensor<8x64xi8>) {
  // expected-error @below {{'pum.compute' op reads no grid}}
  %y, %t = pum.compute (%x) : (tensor<8x64xi8>) -> tensor<8x64xi8> {
  ^bb0(%a: tensor<8x64xi8>):
    pum.yield %a : tensor<8x64xi8>
  }
  return
}

// -----

// C2 of pum.digital
func.func @digital_on_grid(%g: !crossbar.grid<1x64x10xi8, ui8>) {
  // expected-error @below {{'pum.digital' op expects tensors, got '!crossbar.grid<1x64x10xi8, ui8>'}}
  %y, %t = pum.digital (%g) : (!crossbar.grid<1x64x10xi8, ui8>) -> tensor<1xi8> {
  ^bb0(%a: !crossbar.grid<1x64x10xi8, ui8>):
    %0 = arith.constant dense<1> : tensor<1xi8>
    pum.yield %0 : tensor<1xi8>
  }
  return
}

// -----

func.func @yield_outside(%x: tensor<4xf32>) {
  // expected-error @below {{'pum.yield' op expects parent op to be one of 'pum.compute, pum.digital, pum.nonlinear'}}
  pum.yield %x : tensor<4xf32>
}

// -----

func.func @other_terminator(%x: tensor<4xf32>) {
  // expected-note @+2 {{in custom textual format, the absence of terminator implies 'pum.yield'}}
  // expected-error @below {{'pum.digital' op expects regions to end with 'pum.yield', found 'llvm.unreachable'}}
  %y, %t = "pum.digital"(%x) ({
  ^bb0(%a: tensor<4xf32>):
    llvm.unreachable
  }) {operandSegmentSizes = array<i32: 1, 0>} : (tensor<4xf32>) -> (tensor<4xf32>, !pum.token)
  return
}
