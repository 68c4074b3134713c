// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --pum-allocate-arrays -split-input-file -verify-diagnostics
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --pum-allocate-arrays -split-input-file 2>&1 | FileCheck %s
// CHECK: 'pum.compute' op runs on associative processors, but device 'isaac' has none

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @no_arrays() {
  %w = arith.constant dense<5> : tensor<3x8xi8>
  // expected-error @below {{'pum.program' op runs on crossbar arrays, but device 'rtm-ap' has none}}
  %g, %t = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  return
}

// -----

func.func @lookup(%x: tensor<5x3xi8>) {
  %d, %t = pum.compute (%x) : (tensor<5x3xi8>) -> tensor<5x1xi32> {
  ^bb0(%a: tensor<5x3xi8>):
    %0 = ap.lookup %a in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact : tensor<5x3xi8> -> tensor<5x1xi32>
    pum.yield %0 : tensor<5x1xi32>
  }
  return
}
