// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../Inputs/temporary-weights.mlir -o %t.mlir
// RUN: %npy write %t.x.npy "(np.arange(48, dtype=np.uint8) * 5).reshape(2, 3, 8)"
// RUN: %npy write %t.w.npy "(np.arange(64, dtype=np.int32) % 23 - 11).astype(np.int8).reshape(2, 4, 8)"
// RUN: pumice-sim %t.mlir --input %t.x.npy --input %t.w.npy --output %t.y.npy
// RUN: %npy equal %t.y.npy "(load('%t.x.npy').astype(np.int32) - 3) @ (load('%t.w.npy').astype(np.int32) + 1).transpose(0, 2, 1)"
//
// A hand-written program that writes an input into arrays: two groups, an array each.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!codes = memref<2x3x8xi8, #simulator.memory<buffer>>
!weights = memref<2x4x8xi8, #simulator.memory<buffer>>
!sums = memref<2x3x4xi32, #simulator.memory<buffer>>
!result = memref<2x3x4xi32, #simulator.memory<host>>
func.func @main(%x: memref<2x3x8xi8, #simulator.memory<host>>, %w: memref<2x4x8xi8, #simulator.memory<host>>) -> !result {
  %a = simulator.buffer : !codes
  %t0 = simulator.transfer %x to %a : memref<2x3x8xi8, #simulator.memory<host>> to !codes
  %b = simulator.buffer : !weights
  %t1 = simulator.transfer %w to %b : memref<2x4x8xi8, #simulator.memory<host>> to !weights
  %g, %t2 = simulator.program %b on <1, 3> after (%t1) array #array tiling <row_tiles = 1,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 2>
      : !weights -> !crossbar.grid<2x8x4xi8, ui8>
  %s = simulator.buffer : !sums
  %t3 = simulator.mvm %g, %a, %s after (%t0, %t2)
      {input_zero_point = 3 : i64, weight_zero_point = -1 : i64}
      : !crossbar.grid<2x8x4xi8, ui8>, !codes, !sums
  %y = simulator.buffer : !result
  %t4 = simulator.transfer %s to %y after (%t3) : !sums to !result
  return %y : !result
}
