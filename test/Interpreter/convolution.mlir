// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.mlir
// RUN: %npy write %t.x.npy "np.arange(36, dtype=np.int8).reshape(1, 2, 3, 6) - 18"
// RUN: pumice-sim %t.mlir --input %t.x.npy --output %t.y.npy
// RUN: %python %s.py %t.x.npy %t.y.npy
//
// Two groups, uneven padding, strides and dilations, a zero point that the padding holds.

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 9, mode = lossless>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<1x2x3x6xi8, #simulator.memory<host>>) -> memref<1x4x2x3xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<[[[[1, -2, 3], [4, 5, -6]]], [[[7, 8, 9], [-128, 127, 0]]],
      [[[1, 0, 0], [0, 0, 0]]], [[[0, 0, 0], [0, 0, 1]]]]> : tensor<4x1x2x3xi8>
      to memref<4x1x2x3xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 1> setup array #array tiling <row_tiles = 1,
      column_tiles = 1, slices = 4, groups_per_array = 2, arrays = 1>
      : memref<4x1x2x3xi8, #simulator.memory<dram>> -> !crossbar.grid<2x6x2xi8, si8>
  %y = simulator.buffer : memref<1x4x2x3xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0) window <kernel = [2, 3], strides = [1, 2], dilations = [2, 1], padding = [1, 2, 0, 0]> {input_zero_point = -5 : i64}
      : !crossbar.grid<2x6x2xi8, si8>, memref<1x2x3x6xi8, #simulator.memory<host>>,
        memref<1x4x2x3xi32, #simulator.memory<host>>
  return %y : memref<1x4x2x3xi32, #simulator.memory<host>>
}
