// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%inputs/mixed-device.mlir --verify-simulator-program -split-input-file -verify-diagnostics
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --verify-simulator-program -split-input-file 2>&1 | FileCheck %s
// CHECK: 'simulator.ap_lookup' op runs on associative processors, but device 'isaac' has none

func.func @lookup_on_arrays(%q: memref<5x3xi8, #simulator.memory<buffer>>) {
  %d = simulator.buffer : memref<5x1xi32, #simulator.memory<buffer>>
  // expected-error @below {{'simulator.ap_lookup' op is placed on 'arrays', which is not a group of associative processors of device 'mixed'}}
  %t = simulator.ap_lookup %q, %d on <"arrays", 0, 1> in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact
      : memref<5x3xi8, #simulator.memory<buffer>>, memref<5x1xi32, #simulator.memory<buffer>>
  return
}

// -----

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8, dac_bits = 1,
  adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
func.func @weights_on_processors() {
  %w = simulator.constant dense<5> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  // expected-error @below {{'simulator.program' op is placed on 'processors', which is not a group of crossbar arrays of device 'mixed'}}
  %g, %t = simulator.program %w on <"processors", 0, 1> setup array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, si8>
  return
}
