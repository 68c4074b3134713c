// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/temporary-weights.mlir --pum-allocate-arrays --verify-pum-scheduled | FileCheck %s
//
// Three arrays: one for constants, two for temporary weights, which take turns.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 1, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
// CHECK-LABEL: func @arrays_take_turns
func.func @arrays_take_turns(%arg: tensor<3x8xi8>, %wide: tensor<8x8xi8>) {
  %x, %t0 = pum.load %arg : tensor<3x8xi8>
  %v, %t1 = pum.load %wide : tensor<8x8xi8>
  // CHECK: %[[A:.*]], %{{.*}} = pum.program %{{.*}} on <1, 2> array
  %a, %t2 = pum.program %x array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  // CHECK: %[[B:.*]], %{{.*}} = pum.program %{{.*}} on <2, 3> array
  %b, %t3 = pum.program %x array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  // CHECK: %{{.*}}, %[[READ_B:.*]] = pum.compute(%{{.*}}, %[[B]])
  %y, %t4 = pum.compute (%x, %b) : (tensor<3x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<3x3xi32> {
  ^bb0(%i: tensor<3x8xi8>, %g: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %i, %g : (tensor<3x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<3x3xi32>
    pum.yield %0 : tensor<3x3xi32>
  }
  // The constant comes first wherever it is written.
  // CHECK: pum.program %{{.*}} on <0, 1> setup array
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %c, %t5 = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  // The first grid is still to be read: this one takes the place of the second.
  // CHECK: %[[D:.*]], %{{.*}} = pum.program %{{.*}} on <2, 3> replacing(%[[B]] : !crossbar.grid<1x8x3xi8, si8>) after(%[[READ_B]]) array
  %d, %t6 = pum.program %x array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  // CHECK: %{{.*}}, %[[READ_A:.*]] = pum.compute(%{{.*}}, %[[A]])
  %z, %t7 = pum.compute (%x, %a) : (tensor<3x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<3x3xi32> {
  ^bb0(%i: tensor<3x8xi8>, %g: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %i, %g : (tensor<3x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<3x3xi32>
    pum.yield %0 : tensor<3x3xi32>
  }
  // CHECK: %{{.*}}, %[[READ_D:.*]] = pum.compute(%{{.*}}, %[[D]])
  %u, %t8 = pum.compute (%x, %d) : (tensor<3x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<3x3xi32> {
  ^bb0(%i: tensor<3x8xi8>, %g: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %i, %g : (tensor<3x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<3x3xi32>
    pum.yield %0 : tensor<3x3xi32>
  }
  // Two arrays that held one grid each.
  // CHECK: pum.program %{{.*}} on <1, 3> replacing(%[[A]], %[[D]] : !crossbar.grid<1x8x3xi8, si8>, !crossbar.grid<1x8x3xi8, si8>) after(%[[READ_A]], %[[READ_D]]) array
  %e, %t9 = pum.program %v array #array tiling <row_tiles = 1, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<8x8xi8> -> !crossbar.grid<1x8x8xi8, si8>
  return
}
