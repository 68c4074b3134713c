// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// CHECK-LABEL: func @buffer_in_each_memory
func.func @buffer_in_each_memory() {
  // CHECK: simulator.buffer : memref<1x8xi8, #simulator.memory<buffer>>
  %a = simulator.buffer : memref<1x8xi8, #simulator.memory<buffer>>
  // CHECK: simulator.buffer : memref<f32, #simulator.memory<dram>>
  %b = simulator.buffer : memref<f32, #simulator.memory<dram>>
  // CHECK: simulator.buffer : memref<2xi64, #simulator.memory<host>>
  %c = simulator.buffer : memref<2xi64, #simulator.memory<host>>
  return
}

// CHECK-LABEL: func @probe
// CHECK-SAME: (%[[X:.*]]: memref
func.func @probe(%x: memref<2x3xf32, #simulator.memory<host>>) {
  // CHECK: simulator.probe %[[X]] as "the input" : memref<2x3xf32, #simulator.memory<host>>
  simulator.probe %x as "the input" : memref<2x3xf32, #simulator.memory<host>>
  return
}

// CHECK-LABEL: func @constant
func.func @constant() {
  // CHECK: simulator.constant dense<[1, -2]> : tensor<2xi8> to memref<2xi8, #simulator.memory<dram>>
  %a = simulator.constant dense<[1, -2]> : tensor<2xi8> to memref<2xi8, #simulator.memory<dram>>
  // CHECK: simulator.constant dense_resource<table> : tensor<2xf32> to memref<2xf32, #simulator.memory<buffer>>
  %b = simulator.constant dense_resource<table> : tensor<2xf32>
      to memref<2xf32, #simulator.memory<buffer>>
  return
}

// CHECK-LABEL: func @transfer_after_transfer
// CHECK-SAME: (%[[X:.*]]: memref<4xf32, #simulator.memory<host>>)
func.func @transfer_after_transfer(%x: memref<4xf32, #simulator.memory<host>>) {
  // CHECK: %[[B:.*]] = simulator.buffer
  %b = simulator.buffer : memref<4xf32, #simulator.memory<buffer>>
  // CHECK: %[[T:.*]] = simulator.transfer %[[X]] to %[[B]] : memref<4xf32, #simulator.memory<host>> to memref<4xf32, #simulator.memory<buffer>>
  %t = simulator.transfer %x to %b
      : memref<4xf32, #simulator.memory<host>> to memref<4xf32, #simulator.memory<buffer>>
  // CHECK: %[[C:.*]] = simulator.buffer
  %c = simulator.buffer : memref<4xf32, #simulator.memory<host>>
  // CHECK: simulator.transfer %[[B]] to %[[C]] after(%[[T]])
  %u = simulator.transfer %b to %c after(%t)
      : memref<4xf32, #simulator.memory<buffer>> to memref<4xf32, #simulator.memory<host>>
  return
}

// CHECK-LABEL: func @program_in_setup_and_again
// CHECK-SAME: (%[[W:.*]]: memref<16x27xi8, #simulator.memory<dram>>)
func.func @program_in_setup_and_again(%w: memref<16x27xi8, #simulator.memory<dram>>) {
  // CHECK: %[[G:.*]], %[[T:.*]] = simulator.program %[[W]] on <"arrays", 3, 4> setup array #array tiling <row_tiles = 1,
  // CHECK-SAME: : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  %g, %t = simulator.program %w on <"arrays", 3, 4> setup array #array tiling <row_tiles = 1,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1>
      : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  // CHECK: simulator.program %[[W]] on <"arrays", 3, 4> replacing(%[[G]] : !crossbar.grid<1x27x16xi8, ui8>) after(%[[T]]) array #array
  %h, %u = simulator.program %w on <"arrays", 3, 4> replacing(%g : !crossbar.grid<1x27x16xi8, ui8>) after(%t)
      array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1,
      arrays = 1> : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// CHECK-LABEL: func @program_with_a_range
func.func @program_with_a_range(%w: memref<16x27xi8, #simulator.memory<dram>>) {
  // CHECK: simulator.program %{{.*}} on <"arrays", 0, 1> array #array tiling <{{.*}}arrays = 1> {adc_range = 384 : i64} : memref<16x27xi8
  %g, %t = simulator.program %w on <"arrays", 0, 1> array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> {adc_range = 384 : i64}
      : memref<16x27xi8, #simulator.memory<dram>> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// CHECK-LABEL: func @mvm_of_windows
// CHECK-SAME: (%[[G:.*]]: !crossbar.grid<1x27x16xi8, ui8>, %[[X:.*]]: memref<1x3x8x8xi8, #simulator.memory<buffer>>,
// CHECK-SAME: %[[Y:.*]]: memref<1x16x6x6xi32, #simulator.memory<buffer>>, %[[T:.*]]: !simulator.token)
func.func @mvm_of_windows(%g: !crossbar.grid<1x27x16xi8, ui8>,
    %x: memref<1x3x8x8xi8, #simulator.memory<buffer>>,
    %y: memref<1x16x6x6xi32, #simulator.memory<buffer>>, %t: !simulator.token) {
  // CHECK: simulator.mvm %[[G]], %[[X]], %[[Y]] after(%[[T]]) window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
  // CHECK-SAME: {input_zero_point = 3 : i64, weight_zero_point = 1 : i64}
  %u = simulator.mvm %g, %x, %y after(%t) window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]>
      {input_zero_point = 3 : i64, weight_zero_point = 1 : i64}
      : !crossbar.grid<1x27x16xi8, ui8>, memref<1x3x8x8xi8, #simulator.memory<buffer>>,
        memref<1x16x6x6xi32, #simulator.memory<buffer>>
  return
}

// CHECK-LABEL: func @mvm_of_rows
func.func @mvm_of_rows(%g: !crossbar.grid<1x64x10xi8, si8>,
    %x: memref<8x64xi8, #simulator.memory<buffer>>,
    %y: memref<8x10xi32, #simulator.memory<buffer>>) {
  // CHECK: simulator.mvm %{{.*}}, %{{.*}}, %{{.*}} : !crossbar.grid<1x64x10xi8, si8>,
  // CHECK-SAME: memref<8x64xi8, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
  %u = simulator.mvm %g, %x, %y : !crossbar.grid<1x64x10xi8, si8>,
      memref<8x64xi8, #simulator.memory<buffer>>, memref<8x10xi32, #simulator.memory<buffer>>
  return
}

// CHECK-LABEL: func @digital
// CHECK-SAME: (%[[X:.*]]: memref<4xf32, #simulator.memory<buffer>>, %[[Y:.*]]: memref<4xf32, #simulator.memory<buffer>>, %[[T:.*]]: !simulator.token)
func.func @digital(%x: memref<4xf32, #simulator.memory<buffer>>,
    %y: memref<4xf32, #simulator.memory<buffer>>, %t: !simulator.token) {
  // CHECK: simulator.digital @tanh(%[[X]]) to(%[[Y]]) after(%[[T]]) : (memref<4xf32, #simulator.memory<buffer>>) -> memref<4xf32, #simulator.memory<buffer>>
  %u = simulator.digital @tanh (%x) to (%y) after(%t) : (memref<4xf32, #simulator.memory<buffer>>)
      -> memref<4xf32, #simulator.memory<buffer>>
  return
}
func.func private @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = math.tanh %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func @digital_without_inputs
func.func @digital_without_inputs() {
  // CHECK: %[[Y:.*]] = simulator.buffer
  %y = simulator.buffer : memref<2xi8, #simulator.memory<buffer>>
  // CHECK: simulator.digital @table() to(%[[Y]]) : () -> memref<2xi8, #simulator.memory<buffer>>
  %t = simulator.digital @table () to (%y) : () -> memref<2xi8, #simulator.memory<buffer>>
  return
}
func.func private @table() -> tensor<2xi8> {
  %0 = arith.constant dense<[1, 2]> : tensor<2xi8>
  return %0 : tensor<2xi8>
}

{-# dialect_resources: { builtin: { table: "0x040000000000803F00000040" } } #-}

// CHECK-LABEL: func @associative
func.func @associative(%x: memref<2x3xi8, #simulator.memory<host>>) {
  %y = simulator.buffer : memref<2x5xi32, #simulator.memory<buffer>>
  %d = simulator.buffer : memref<2x1xi32, #simulator.memory<buffer>>
  // CHECK: %[[T:.*]] = simulator.ap_exec %{{.*}}, %{{.*}} on <"processors", 0, 1> program dense<[80, 65]> : tensor<2xi8> {input_zero_point = 3 : i64} : memref<2x3xi8
  %0 = simulator.ap_exec %x, %y on <"processors", 0, 1> program dense<[80, 65]> : tensor<2xi8> {input_zero_point = 3 : i64}
      : memref<2x3xi8, #simulator.memory<host>>, memref<2x5xi32, #simulator.memory<buffer>>
  // CHECK: simulator.ap_exec %{{.*}} with %{{.*}}, %{{.*}} on <"processors", 0, 1> program dense<[80, 65]> : tensor<2xi8> after(%[[T]]) : memref<2x3xi8, #simulator.memory<host>> with memref<2x3xi8, #simulator.memory<host>>, memref
  %2 = simulator.ap_exec %x with %x, %y on <"processors", 0, 1> program dense<[80, 65]> : tensor<2xi8> after(%0)
      : memref<2x3xi8, #simulator.memory<host>> with memref<2x3xi8, #simulator.memory<host>>, memref<2x5xi32, #simulator.memory<buffer>>
  // CHECK: simulator.ap_lookup %{{.*}}, %{{.*}} on <"processors", 0, 1> in dense<{{.*}}> : tensor<1x3xi8> by exact after(%[[T]])
  %1 = simulator.ap_lookup %x, %d on <"processors", 0, 1> in dense<[[0, 1, 1]]> : tensor<1x3xi8> by exact after(%0)
      : memref<2x3xi8, #simulator.memory<host>>, memref<2x1xi32, #simulator.memory<buffer>>
  return
}
