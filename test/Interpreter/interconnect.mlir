// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: sed 's/^  laws = /  interconnect = <topology = mesh, level = "tile", rows = 12, columns = 14, tile_pitch_mm = 1, bandwidth_bytes_per_ns = 0.01, router_ns = 10, wire_ns_per_mm = 2, router_pj_per_bit = 0.1, wire_pj_per_bit_mm = 0.4>, laws = /' %presets/isaac.mlir > %t/mesh.mlir
// RUN: sed 's/topology = mesh, level = "tile", rows = 12, columns = 14/topology = htree, level = "tile", branching = 4/' %t/mesh.mlir > %t/htree.mlir
// RUN: cat %t/types.mlir %t/near.mlir | pumice-opt --pum-attach-device=device=%t/mesh.mlir | pumice-sim - --estimate --report - | FileCheck %t/near.mlir
// RUN: cat %t/types.mlir %t/far.mlir | pumice-opt --pum-attach-device=device=%t/mesh.mlir | pumice-sim - --estimate --report - | FileCheck %t/far.mlir
// RUN: cat %t/types.mlir %t/far.mlir | pumice-opt --pum-attach-device=device=%t/htree.mlir | pumice-sim - --estimate --report - | FileCheck %t/far.mlir --check-prefix=TREE
// RUN: cat %t/types.mlir %t/two.mlir | pumice-opt --pum-attach-device=device=%t/mesh.mlir | pumice-sim - --estimate --report - | FileCheck %t/two.mlir
//
// A layer of 4 windows gets 4 x 8 bytes and sends 4 x 3 sums of 4 bytes: 3200 and 4800 ns for a
// link, 12 ns for a hop, 0.5 pJ for a bit and hop.

//--- types.mlir
#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
#tiling = #crossbar.tiling<row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
!weights = memref<3x8xi8, #simulator.memory<dram>>
!codes = memref<4x8xi8, #simulator.memory<buffer>>
!sums = memref<4x3xi32, #simulator.memory<buffer>>
!grid = !crossbar.grid<1x8x3xi8, ui8>

//--- near.mlir
// On tile 0, where the memories are.
// CHECK-NOT: "link_bytes"
// CHECK: "latency_ns": 3200,
// CHECK: "links": [],
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<"arrays", 0, 1>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t1 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  return
}
//--- far.mlir
// On tile 31, row 2 and column 3: 5 hops each way. In the tree: 4 levels of 1, 2, 4 and 8 mm.
// CHECK: "link_bytes": 400
// CHECK: "interconnect": 1600,
// CHECK: "latency_ns": 4920,
// CHECK: "busy_ns": 3200,
// CHECK-NEXT: "link": 0,
// CHECK-NEXT: "name": "0,0>0,1",
// CHECK-NEXT: "share": 0.65
// CHECK-NEXT: "waiting_ns": 0
// CHECK: "name": "2,1>2,0",
// CHECK: "name": "1,3>2,3",
// TREE: "interconnect": 4096
// TREE: "latency_ns": 4940,
// TREE: "name": "0.31>1.7",
// TREE: "name": "3.0>4.0",
// TREE: "name": "1.7>0.31",
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<"arrays", 2976, 2977>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t1 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  return
}
//--- two.mlir
// On tiles 1 and 2 they share the links between tiles 0 and 1: the second one waits.
// CHECK: "latency_ns": 9648,
// CHECK: "name": "0,1>0,0",
// CHECK-NEXT: "share":
// CHECK-NEXT: "waiting_ns": 4800
// CHECK: "link": 4800,
func.func @main(%x: !codes) {
  %w = simulator.constant dense<1> : tensor<3x8xi8> to !weights
  %g, %t0 = "simulator.program"(%w) {placement = #pum.placement<"arrays", 96, 97>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %h, %t1 = "simulator.program"(%w) {placement = #pum.placement<"arrays", 192, 193>, setup, tiling = #tiling, array = #array, operandSegmentSizes = array<i32: 1, 0, 0>} : (!weights) -> (!grid, !simulator.token)
  %a = simulator.buffer : !sums
  %t2 = simulator.mvm %g, %x, %a after (%t0) : !grid, !codes, !sums
  %b = simulator.buffer : !sums
  %t3 = simulator.mvm %h, %x, %b after (%t1) : !grid, !codes, !sums
  return
}
