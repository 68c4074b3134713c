// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=ideal -o %t.ideal.mlir
// RUN: pumice-opt %s --pum-attach-device=device=ideal --emit-bytecode -o %t.ideal.mlirbc
// RUN: %npy write %t.x.npy "np.arange(32, dtype=np.uint8).reshape(4, 8) * 8"
// RUN: pumice-sim %t.ideal.mlir --input %t.x.npy --output %t.y.npy | FileCheck %s
// RUN: pumice-sim %t.ideal.mlirbc --input %t.x.npy --output %t.z.npy --threads 2 | FileCheck %s
// RUN: %npy equal %t.y.npy "((load('%t.x.npy').astype(np.int32) - 3) @ (np.arange(24, dtype=np.int32).reshape(3, 8) - 11 + 1).T)"
// RUN: %npy equal %t.z.npy "load('%t.y.npy')"
//
// Unsigned codes with zero points, against a product of integers.

// CHECK: latency {{[0-9.]+}} us, energy {{[0-9.]+}} uJ on device 'ideal'

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 9, mode = lossless>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) -> memref<4x3xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<[[-11, -10, -9, -8, -7, -6, -5, -4], [-3, -2, -1, 0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9, 10, 11, 12]]> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 1> setup array #array tiling <row_tiles = 1,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
      : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, ui8>
  %b = simulator.buffer : memref<4x8xi8, #simulator.memory<buffer>>
  %t1 = simulator.transfer %x to %b
      : memref<4x8xi8, #simulator.memory<host>> to memref<4x8xi8, #simulator.memory<buffer>>
  %s = simulator.buffer : memref<4x3xi32, #simulator.memory<buffer>>
  %t2 = simulator.mvm %g, %b, %s after (%t0, %t1)
      {input_zero_point = 3 : i64, weight_zero_point = -1 : i64}
      : !crossbar.grid<1x8x3xi8, ui8>, memref<4x8xi8, #simulator.memory<buffer>>,
        memref<4x3xi32, #simulator.memory<buffer>>
  %y = simulator.buffer : memref<4x3xi32, #simulator.memory<host>>
  %t3 = simulator.transfer %s to %y after (%t2)
      : memref<4x3xi32, #simulator.memory<buffer>> to memref<4x3xi32, #simulator.memory<host>>
  return %y : memref<4x3xi32, #simulator.memory<host>>
}
