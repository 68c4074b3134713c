// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/mixed-device.mlir --verify-pum-scheduled -split-input-file -verify-diagnostics

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @no_such_group() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op is placed on 'others', but device 'mixed' has no such group}}
  %g, %t0 = pum.program %w on <"others", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  return
}

// -----

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @weights_on_processors() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op is placed on 'processors', which is not a group of crossbar arrays of device 'mixed'}}
  %g, %t0 = pum.program %w on <"processors", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  return
}

// -----

// The same numbers in two groups are different units.
#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @same_numbers(%q: tensor<5x3xi8>) {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g, %t0 = pum.program %w on <"arrays", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %x, %t1 = pum.load %q : tensor<5x3xi8>
  %d, %t2 = pum.compute (%x) on <"processors", 0, 1> : (tensor<5x3xi8>) -> tensor<5x1xi32> {
  ^bb0(%a: tensor<5x3xi8>):
    %0 = ap.lookup %a in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact : tensor<5x3xi8> -> tensor<5x1xi32>
    pum.yield %0 : tensor<5x1xi32>
  }
  return
}

// -----

func.func @layer_without_placement(%x: tensor<5x3xi8>) {
  // expected-error @below {{'pum.compute' op has no placement (pum-allocate-arrays)}}
  %d, %t = pum.compute (%x) : (tensor<5x3xi8>) -> tensor<5x1xi32> {
  ^bb0(%a: tensor<5x3xi8>):
    %0 = ap.lookup %a in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact : tensor<5x3xi8> -> tensor<5x1xi32>
    pum.yield %0 : tensor<5x1xi32>
  }
  return
}

// -----

func.func @layer_on_arrays(%x: tensor<5x3xi8>) {
  // expected-error @below {{'pum.compute' op is placed on 'arrays', which is not a group of associative processors of device 'mixed'}}
  %d, %t = pum.compute (%x) on <"arrays", 0, 1> : (tensor<5x3xi8>) -> tensor<5x1xi32> {
  ^bb0(%a: tensor<5x3xi8>):
    %0 = ap.lookup %a in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact : tensor<5x3xi8> -> tensor<5x1xi32>
    pum.yield %0 : tensor<5x1xi32>
  }
  return
}

// -----

func.func @layer_beyond_device(%x: tensor<5x3xi8>) {
  // expected-error @below {{'pum.compute' op is placed on array 4, but device 'mixed' has 4}}
  %d, %t = pum.compute (%x) on <"processors", 4, 5> : (tensor<5x3xi8>) -> tensor<5x1xi32> {
  ^bb0(%a: tensor<5x3xi8>):
    %0 = ap.lookup %a in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact : tensor<5x3xi8> -> tensor<5x1xi32>
    pum.yield %0 : tensor<5x1xi32>
  }
  return
}
