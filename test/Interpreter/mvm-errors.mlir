// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: %npy write %t/x.npy "np.ones((4, 8), np.int8)"
// RUN: %npy write %t/w.npy "np.ones((3, 8), np.int8)"
// RUN: %npy write %t/long.npy "np.ones((1, 100000), np.int8)"
// RUN: pumice-opt %t/input-zero-point.mlir --pum-attach-device=device=isaac -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/input-zero-point.mlir
// RUN: pumice-opt %t/weight-zero-point.mlir --pum-attach-device=device=isaac -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/weight-zero-point.mlir
// RUN: pumice-opt %t/clipped-sums.mlir --pum-attach-device=device=isaac -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/long.npy 2>&1 | FileCheck %t/clipped-sums.mlir
// RUN: pumice-opt %t/beyond-device.mlir --pum-attach-device=device=isaac -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --estimate 2>&1 | FileCheck %t/beyond-device.mlir
// RUN: sed -e "s/mode = clip/mode = calibrated/" %presets/isaac.mlir > %t/calibrated.mlir
// RUN: pumice-opt %t/not-calibrated.mlir --pum-attach-device=device=%t/calibrated.mlir -o %t/p.mlir
// RUN: not pumice-sim %t/p.mlir --input %t/x.npy 2>&1 | FileCheck %t/not-calibrated.mlir
// RUN: pumice-sim %t/p.mlir --estimate

//--- not-calibrated.mlir
// CHECK: pumice-sim: error: expected an adc_range for a calibrated converter, got none (calibrate the program first) (at
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = calibrated>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) -> memref<4x3xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, si8>
  %y = simulator.buffer : memref<4x3xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0)
      : !crossbar.grid<1x8x3xi8, si8>, memref<4x8xi8, #simulator.memory<host>>, memref<4x3xi32, #simulator.memory<host>>
  return %y : memref<4x3xi32, #simulator.memory<host>>
}

//--- input-zero-point.mlir
// CHECK: pumice-sim: error: expected input zero point in [-128, 127], got 200 (at
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) -> memref<4x3xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, si8>
  %y = simulator.buffer : memref<4x3xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0) {input_zero_point = 200 : i64}
      : !crossbar.grid<1x8x3xi8, si8>, memref<4x8xi8, #simulator.memory<host>>, memref<4x3xi32, #simulator.memory<host>>
  return %y : memref<4x3xi32, #simulator.memory<host>>
}

//--- weight-zero-point.mlir
// CHECK: pumice-sim: error: expected weight zero point in [-128, 127], got -129 (at
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) -> memref<4x3xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, si8>
  %y = simulator.buffer : memref<4x3xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0) {weight_zero_point = -129 : i64}
      : !crossbar.grid<1x8x3xi8, si8>, memref<4x8xi8, #simulator.memory<host>>, memref<4x3xi32, #simulator.memory<host>>
  return %y : memref<4x3xi32, #simulator.memory<host>>
}

//--- clipped-sums.mlir
// Exact sums of 100000 products fit 32 bits; what saturating converters make of them need not.
// CHECK: pumice-sim: error: expected accumulators of at least 33 bits for 100000 products of 8-bit inputs and 8-bit weights, got 32 (at
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<1x100000xi8, #simulator.memory<host>>) -> memref<1x1xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<1> : tensor<1x100000xi8> to memref<1x100000xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 782> array #array tiling <row_tiles = 782, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 782> : memref<1x100000xi8, #simulator.memory<dram>> -> !crossbar.grid<1x100000x1xi8, si8>
  %y = simulator.buffer : memref<1x1xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0) : !crossbar.grid<1x100000x1xi8, si8>,
      memref<1x100000xi8, #simulator.memory<host>>, memref<1x1xi32, #simulator.memory<host>>
  return %y : memref<1x1xi32, #simulator.memory<host>>
}

//--- beyond-device.mlir
// CHECK: pumice-sim: error: {{.*}}expected arrays below 16128 (arrays of the device), got 1 from 16128
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <16128, 16129> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, ui8>
  return
}
