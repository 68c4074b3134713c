// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac -o %t.mlir
// RUN: %npy write %t.x.npy "np.ones((4, 8), np.int8)"
// RUN: pumice-sim %t.mlir --input %t.x.npy --report %t.run.json --threads 1
// RUN: pumice-sim %t.mlir --input %t.x.npy --report %t.again.json --threads 2
// RUN: pumice-sim %t.mlir --estimate --report %t.estimate.json
// RUN: diff %t.run.json %t.estimate.json
// RUN: diff %t.run.json %t.again.json
// RUN: pumice-sim %t.mlir --estimate --report - | FileCheck %s
// RUN: pumice-sim %t.mlir --estimate | FileCheck %s --check-prefix=SUMMARY
//
// An estimate costs what a run costs, on any number of threads. Four windows of 8 rows and 12 columns
// (3 weights of 4 cells), 8 reads each: 32 reads of 100 ns, which the conversions hide behind.

// CHECK: "counters": {
// CHECK: "array_reads": 32,
// CHECK: "cell_reads": 3072,
// CHECK: "conversions": 384,
// CHECK: "windows": 4,
// CHECK-NEXT: "wordline_drives": 256
// CHECK: "latency_ns": 3200,
// CHECK: "layers": [
// CHECK: "name": "{{.*}}report.mlir{{.*}}:{{[0-9]+}}"
// CHECK: "setup": {
// CHECK: "rows_written": 8,
// SUMMARY: latency {{[0-9.]+}} us, energy {{[0-9.]+}} uJ on device 'isaac'

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
func.func @main(%x: memref<4x8xi8, #simulator.memory<host>>) -> memref<4x3xi32, #simulator.memory<host>> {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to memref<3x8xi8, #simulator.memory<dram>>
  %g, %t0 = simulator.program %w on <0, 1> setup array #array tiling <row_tiles = 1,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
      : memref<3x8xi8, #simulator.memory<dram>> -> !crossbar.grid<1x8x3xi8, si8>
  %y = simulator.buffer : memref<4x3xi32, #simulator.memory<host>>
  %t1 = simulator.mvm %g, %x, %y after (%t0) : !crossbar.grid<1x8x3xi8, si8>,
      memref<4x8xi8, #simulator.memory<host>>, memref<4x3xi32, #simulator.memory<host>>
  return %y : memref<4x3xi32, #simulator.memory<host>>
}
