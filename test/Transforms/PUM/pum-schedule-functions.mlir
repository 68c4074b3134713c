// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/few-arrays.mlir --crossbar-map-functions --crossbar-to-pum --pum-schedule=algorithm=overlap --pum-allocate-arrays --verify-pum-scheduled -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: pumice-opt %t.mlir --pum-to-simulator -o /dev/null
//
// A table that two tasks apply keeps its array, which schedules do not use. Of
// four arrays, two in each element, one element is left for the weights.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 8, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!grid = !crossbar.grid<1x8x8xi8, si8>

crossbar.table @table input <bits = 3, low = -0.5, high = 0.5>
  output <bits = 8, low = 0, high = 2> values dense<[0, 1, 20, 100, 127, 5, 6, 7]> : tensor<8xi16>

// CHECK-LABEL: func @main
func.func @main(%x: tensor<6x8xi8>, %y: tensor<32xf32>) -> (tensor<6x8xi32>, tensor<32xf32>) {
  %v = arith.constant dense<1> : tensor<8x8xi8>
  %w = arith.constant dense<2> : tensor<8x8xi8>
  // CHECK: %[[TABLE:.*]], %{{.*}} = pum.program %{{.*}} on <"arrays", 2, 3> setup array
  // CHECK: pum.program %{{.*}} on <"arrays", 0, 2> array
  // CHECK: crossbar.apply
  // CHECK: pum.program %{{.*}} on <"arrays", 0, 2> replacing
  // CHECK-NOT: pum.program
  // CHECK: crossbar.apply
  %a = crossbar.program %v array #array tiling <row_tiles = 1, column_tiles = 2,
      slices = 4, groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !grid
  %b = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 2,
      slices = 4, groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !grid
  %0 = crossbar.mvm %x, %a : (tensor<6x8xi8>, !grid) -> tensor<6x8xi32>
  %1 = crossbar.apply @table(%y) copies 1 : tensor<32xf32>
  %2 = arith.trunci %0 : tensor<6x8xi32> to tensor<6x8xi8>
  %3 = crossbar.mvm %2, %b : (tensor<6x8xi8>, !grid) -> tensor<6x8xi32>
  %4 = crossbar.apply @table(%1) copies 1 : tensor<32xf32>
  return %3, %4 : tensor<6x8xi32>, tensor<32xf32>
}
