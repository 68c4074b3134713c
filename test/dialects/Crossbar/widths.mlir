// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
//
// Codes may be narrower than the elements that hold them.

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// CHECK-LABEL: func @linear
func.func @linear(%x: tensor<8x64xi8>, %w: tensor<10x64xi16>) -> tensor<8x10xi32> {
  // CHECK: crossbar.mvm {{.*}} {input_bits = 4 : i64, weight_bits = 10 : i64}
  %y = crossbar.mvm %x, %w {input_bits = 4 : i64, weight_bits = 10 : i64}
      : (tensor<8x64xi8>, tensor<10x64xi16>) -> tensor<8x10xi32>
  return %y : tensor<8x10xi32>
}

// CHECK-LABEL: func @convolution
func.func @convolution(%x: tensor<1x3x8x8xi16>, %w: tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32> {
  // CHECK: crossbar.conv_2d {{.*}} {input_bits = 9 : i64, weight_bits = 1 : i64}
  %y = crossbar.conv_2d %x, %w window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_bits = 9 : i64, weight_bits = 1 : i64} : (tensor<1x3x8x8xi16>, tensor<16x3x3x3xi8>) -> tensor<1x16x6x6xi32>
  return %y : tensor<1x16x6x6xi32>
}

// CHECK-LABEL: func @grids
func.func @grids(%x: tensor<8x27xi8>, %w: tensor<16x27xi8>, %m: memref<16x27xi8, #simulator.memory<dram>>,
                 %i: memref<8x27xi8, #simulator.memory<buffer>>, %o: memref<8x16xi32, #simulator.memory<buffer>>) {
  // CHECK: crossbar.program {{.*}} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi4, si3>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 2,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi4, si3>
  // CHECK: pum.program {{.*}} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi4, si3>
  %h, %t = pum.program %w on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 2,
      groups_per_array = 1, arrays = 1> : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi4, si3>
  // CHECK: simulator.program {{.*}} : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi4, si3>
  %k, %u = simulator.program %m on <0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 2,
      groups_per_array = 1, arrays = 1> : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi4, si3>
  // CHECK: simulator.mvm {{.*}} : !crossbar.grid<1x27x16xi4, si3>,
  %v = simulator.mvm %k, %i, %o after(%u) : !crossbar.grid<1x27x16xi4, si3>,
      memref<8x27xi8, #simulator.memory<buffer>>, memref<8x16xi32, #simulator.memory<buffer>>
  return
}
