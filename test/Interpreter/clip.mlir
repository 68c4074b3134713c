// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed -e 's/rows = 128/rows = 100/' -e 's/bits = 8, mode/bits = 4, mode/' %presets/isaac.mlir > %t.device.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.device.mlir -o %t.mlir
// RUN: %npy write %t.x.npy "np.random.default_rng(1).integers(0, 256, (5, 200), dtype=np.uint8)"
// RUN: pumice-sim %t.mlir --input %t.x.npy --output %t.y.npy
// RUN: %python %s.py %t.x.npy %t.y.npy
//
// Converters of 4 bits saturate on 100 rows of equal weights: bit by bit, as the numerics say.

#array = #crossbar.array<rows = 100, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 4, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<5x200xi8, #simulator.memory<host>>) -> memref<5x2xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<37> : tensor<2x200xi8> to memref<2x200xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 2> setup array #array tiling <row_tiles = 2,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 2>
      : memref<2x200xi8, #simulator.memory<dram>> -> !crossbar.grid<1x200x2xi8, ui8>
  %y = simulator.buffer : memref<5x2xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0) {input_zero_point = 9 : i64}
      : !crossbar.grid<1x200x2xi8, ui8>, memref<5x200xi8, #simulator.memory<host>>,
        memref<5x2xi32, #simulator.memory<host>>
  return %y : memref<5x2xi32, #simulator.memory<host>>
}
