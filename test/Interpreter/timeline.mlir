// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: cat %t/types.mlir %t/one-grid.mlir | pumice-opt --pum-attach-device=device=isaac | pumice-sim - --estimate --report - | FileCheck %t/one-grid.mlir
// RUN: cat %t/types.mlir %t/two-grids.mlir | pumice-opt --pum-attach-device=device=isaac | pumice-sim - --estimate --report - | FileCheck %t/two-grids.mlir
// RUN: cat %t/types.mlir %t/tokens.mlir | pumice-opt --pum-attach-device=device=isaac | pumice-sim - --estimate --report - | FileCheck %t/tokens.mlir
// RUN: cat %t/types.mlir %t/replicas.mlir | pumice-opt --pum-attach-device=device=isaac | pumice-sim - --estimate --report - | FileCheck %t/replicas.mlir
// RUN: cat %t/types.mlir %t/rewrite.mlir | pumice-opt --pum-attach-device=device=isaac | pumice-sim - --estimate --report - | FileCheck %t/rewrite.mlir
//
// A layer of 4 windows, 8 reads of 100 ns each, holds its arrays for 3200 ns.

//--- types.mlir
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
#tiling = #crossbar.tiling<row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
!weights = memref<3x8xi8, #simulator.memory<dram>>
!codes = memref<4x8xi8, #simulator.memory<buffer>>
!sums = memref<4x3xi32, #simulator.memory<buffer>>
!grid = !crossbar.grid<1x8x3xi8, ui8>

//--- one-grid.mlir
// Two layers on one grid take turns.
// CHECK: "latency_ns": 6400,
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<0, 1>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t1 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  %b = simulator.buffer : !sums
  %t2 = simulator.mvm %g, %x, %b after (%t0) : !grid, !codes, !sums
  return
}
//--- two-grids.mlir
// On arrays of their own they run at once.
// CHECK: "latency_ns": 3200,
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<0, 1>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %h, %t1 = "simulator.program"(%w) {placement = #pum.placement<1, 2>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t2 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  %b = simulator.buffer : !sums
  %t3 = simulator.mvm %h, %x, %b after (%t1) : !grid, !codes, !sums
  return
}
//--- tokens.mlir
// A token makes one wait for the other, whatever the arrays.
// CHECK: "latency_ns": 6400,
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<0, 1>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %h, %t1 = "simulator.program"(%w) {placement = #pum.placement<1, 2>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t2 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  %b = simulator.buffer : !sums
  %t3 = simulator.mvm %h, %x, %b after (%t1, %t2) : !grid, !codes, !sums
  return
}
//--- replicas.mlir
// Four copies of the weights take a window each; all are written.
// CHECK: "latency_ns": 800,
// CHECK: "setup": {
// CHECK: "cells_written": 384,
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<0, 4>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t1 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  return
}
//--- rewrite.mlir
// Programming during the inference counts: 8 rows of 85.7 ns before the layer.
// CHECK: "latency_ns": 3885.{{6|5999}}
// CHECK: "setup": {
// CHECK: "latency_ns": 0,
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<0, 1>, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t1 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  return
}
