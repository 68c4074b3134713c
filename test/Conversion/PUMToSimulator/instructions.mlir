// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --convert-pum-to-simulator -split-input-file | FileCheck %s
// RUN: pumice-opt %s --convert-pum-to-simulator --convert-pum-to-simulator -split-input-file | FileCheck %s

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// Tensors become buffers, data dependencies tokens, the region a function.
// CHECK-LABEL: func @every_task
// CHECK-SAME: (%[[ARG:.*]]: memref<1x2x5x5xi8, #simulator.memory<host>>) -> memref<1x3x3x3xf32, #simulator.memory<host>>
func.func @every_task(%arg: tensor<1x2x5x5xi8>) -> tensor<1x3x3x3xf32> {
  // CHECK: %[[X:.*]] = simulator.buffer : memref<1x2x5x5xi8, #simulator.memory<buffer>>
  // CHECK: %[[T0:.*]] = simulator.transfer %[[ARG]] to %[[X]] :
  %x, %t0 = pum.load %arg : tensor<1x2x5x5xi8>
  // CHECK: %[[W:.*]] = simulator.constant dense<5> : tensor<3x2x3x3xi8> to memref<3x2x3x3xi8, #simulator.memory<dram>>
  // CHECK: %[[G:.*]], %[[T1:.*]] = simulator.program %[[W]] on <2, 4> setup array #array
  %w = arith.constant dense<5> : tensor<3x2x3x3xi8>
  %g, %t1 = pum.program %w on <2, 4> setup array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1> : tensor<3x2x3x3xi8> -> !crossbar.grid<1x18x3xi8, ui8>
  // CHECK: %[[S:.*]] = simulator.buffer : memref<1x3x3x3xi32, #simulator.memory<buffer>>
  // CHECK: %[[T2:.*]] = simulator.mvm %[[G]], %[[X]], %[[S]] after(%[[T0]], %[[T1]]) window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
  // CHECK-SAME: {input_zero_point = 9 : i64} : !crossbar.grid<1x18x3xi8, ui8>
  %s, %t2 = pum.compute (%x, %g)
      : (tensor<1x2x5x5xi8>, !crossbar.grid<1x18x3xi8, ui8>) -> tensor<1x3x3x3xi32> {
  ^bb0(%a: tensor<1x2x5x5xi8>, %b: !crossbar.grid<1x18x3xi8, ui8>):
    %0 = crossbar.conv_2d %a, %b window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
        groups 1 {input_zero_point = 9 : i64}
        : (tensor<1x2x5x5xi8>, !crossbar.grid<1x18x3xi8, ui8>) -> tensor<1x3x3x3xi32>
    pum.yield %0 : tensor<1x3x3x3xi32>
  }
  // CHECK: %[[D:.*]] = simulator.buffer : memref<1x3x3x3xf32, #simulator.memory<buffer>>
  // CHECK: %[[T3:.*]] = simulator.digital @[[DIGITAL:.*]](%[[S]]) to(%[[D]]) after(%[[T2]])
  %d, %t3 = pum.digital (%s) : (tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xf32> {
  ^bb0(%a: tensor<1x3x3x3xi32>):
    %0 = arith.sitofp %a : tensor<1x3x3x3xi32> to tensor<1x3x3x3xf32>
    pum.yield %0 : tensor<1x3x3x3xf32>
  }
  // CHECK: %[[Y:.*]] = simulator.buffer : memref<1x3x3x3xf32, #simulator.memory<host>>
  // CHECK: simulator.transfer %[[D]] to %[[Y]] after(%[[T3]])
  // CHECK: return %[[Y]]
  %y, %t4 = pum.store %d : tensor<1x3x3x3xf32>
  return %y : tensor<1x3x3x3xf32>
}
// CHECK: func private @[[DIGITAL]](%[[A:.*]]: tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xf32>
// CHECK-NEXT: %[[F:.*]] = arith.sitofp %[[A]]
// CHECK-NEXT: return %[[F]]

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// Two grids of the same weights read them once from memory; a rewrite waits for what is replaced and for
// the token of the reader.
// CHECK-LABEL: func @rewritten_arrays
func.func @rewritten_arrays(%arg: tensor<4x8xi8>) -> (tensor<4x3xi32>, tensor<4x3xi32>) {
  // CHECK: %[[T0:.*]] = simulator.transfer
  %x, %t0 = pum.load %arg : tensor<4x8xi8>
  // CHECK: %[[W:.*]] = simulator.constant
  // CHECK: %[[G:.*]], %[[T1:.*]] = simulator.program %[[W]] on <0, 1> array
  // CHECK-NOT: simulator.constant
  // CHECK: %[[T2:.*]] = simulator.mvm %[[G]], %{{.*}}, %{{.*}} after(%[[T0]], %[[T1]]) : !crossbar.grid
  // CHECK: %[[H:.*]], %[[T3:.*]] = simulator.program %[[W]] on <0, 1> replacing(%[[G]] : !crossbar.grid<1x8x3xi8, si8>) after(%[[T2]], %[[T1]])
  // CHECK: simulator.mvm %[[H]], %{{.*}}, %{{.*}} after(%[[T0]], %[[T3]])
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g, %t1 = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1,
      slices = 4, groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %s, %t2 = pum.compute (%x, %g) : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32> {
  ^bb0(%a: tensor<4x8xi8>, %b: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
    pum.yield %0 : tensor<4x3xi32>
  }
  %h, %t3 = pum.program %w on <0, 1> replacing (%g : !crossbar.grid<1x8x3xi8, si8>) after (%t2)
      array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1,
      arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %r, %t4 = pum.compute (%x, %h) : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32> {
  ^bb0(%a: tensor<4x8xi8>, %b: !crossbar.grid<1x8x3xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
    pum.yield %0 : tensor<4x3xi32>
  }
  %y, %t5 = pum.store %s : tensor<4x3xi32>
  %z, %t6 = pum.store %r : tensor<4x3xi32>
  return %y, %z : tensor<4x3xi32>, tensor<4x3xi32>
}

// -----

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>
// Weights that a task makes are written from the buffer, once they are there.
// CHECK-LABEL: func @temporary_weights
func.func @temporary_weights(%arg: tensor<2x3x8xi8>, %key: tensor<2x4x8xi8>) -> tensor<2x3x4xi32> {
  // CHECK: %[[LOADED:.*]] = simulator.transfer %{{.*}} to %[[W:.*]] : memref<2x4x8xi8, #simulator.memory<host>>
  // CHECK: %[[G:.*]], %[[WRITTEN:.*]] = simulator.program %[[W]] on <0, 2> after(%[[LOADED]])
  // CHECK-SAME: : memref<2x4x8xi8, #simulator.memory<buffer>> -> !crossbar.grid<2x8x4xi8, si8>
  // CHECK: simulator.mvm %[[G]], %{{.*}}, %{{.*}} after(%{{.*}}, %[[WRITTEN]]) : !crossbar.grid<2x8x4xi8, si8>,
  // CHECK-SAME: memref<2x3x8xi8, #simulator.memory<buffer>>, memref<2x3x4xi32, #simulator.memory<buffer>>
  %x, %t0 = pum.load %arg : tensor<2x3x8xi8>
  %w, %t1 = pum.load %key : tensor<2x4x8xi8>
  %g, %t2 = pum.program %w on <0, 2> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 2, arrays = 1> : tensor<2x4x8xi8> -> !crossbar.grid<2x8x4xi8, si8>
  %s, %t3 = pum.compute (%x, %g) : (tensor<2x3x8xi8>, !crossbar.grid<2x8x4xi8, si8>) -> tensor<2x3x4xi32> {
  ^bb0(%a: tensor<2x3x8xi8>, %b: !crossbar.grid<2x8x4xi8, si8>):
    %0 = crossbar.mvm %a, %b : (tensor<2x3x8xi8>, !crossbar.grid<2x8x4xi8, si8>) -> tensor<2x3x4xi32>
    pum.yield %0 : tensor<2x3x4xi32>
  }
  %y, %t4 = pum.store %s : tensor<2x3x4xi32>
  return %y : tensor<2x3x4xi32>
}
