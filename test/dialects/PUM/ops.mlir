// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --mlir-print-op-generic | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --verify-roundtrip -o /dev/null

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// CHECK-LABEL: func @load_and_store
// CHECK-SAME: (%[[ARG:.*]]: tensor<4xf32>)
func.func @load_and_store(%arg: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[X:.*]], %[[T:.*]] = pum.load %[[ARG]] : tensor<4xf32>
  %x, %t = pum.load %arg : tensor<4xf32>
  // CHECK: %[[Y:.*]], %[[U:.*]] = pum.store %[[X]] after(%[[T]]) : tensor<4xf32>
  %y, %u = pum.store %x after(%t) : tensor<4xf32>
  // CHECK: pum.store %[[Y]] after(%[[T]], %[[U]]) {layer = "last"} : tensor<4xf32>
  %z, %v = pum.store %y after(%t, %u) {layer = "last"} : tensor<4xf32>
  return %z : tensor<4xf32>
}

// CHECK-LABEL: func @program_without_placement
// CHECK-SAME: (%[[W:.*]]: tensor<16x3x3x3xi8>)
func.func @program_without_placement(%w: tensor<16x3x3x3xi8>) {
  // CHECK: pum.program %[[W]] array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
  // CHECK-SAME: groups_per_array = 1, arrays = 1> : tensor<16x3x3x3xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  %g, %t = pum.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<16x3x3x3xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// CHECK-LABEL: func @program_with_a_range
func.func @program_with_a_range(%w: tensor<16x27xi8>) {
  // CHECK: pum.program %{{.*}} setup array #array tiling <{{.*}}arrays = 1> {adc_range = 1 : i64} : tensor<16x27xi8>
  %g, %t = pum.program %w setup array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> {adc_range = 1 : i64} : tensor<16x27xi8> -> !crossbar.grid<1x27x16xi8, ui8>
  return
}

// CHECK-LABEL: func @program_in_setup_and_again
// CHECK-SAME: (%[[W:.*]]: tensor<16x200xi8>)
func.func @program_in_setup_and_again(%w: tensor<16x200xi8>) {
  // CHECK: %[[G:.*]], %[[T:.*]] = pum.program %[[W]] on <"arrays", 0, 1, 7, 8> setup array #array
  %g, %t = pum.program %w on <"arrays", 0, 1, 7, 8> setup array #array tiling <row_tiles = 2,
      column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 2>
      : tensor<16x200xi8> -> !crossbar.grid<1x200x16xi8, ui8>
  // CHECK: pum.program %[[W]] on <"arrays", 0, 1, 7, 8> replacing(%[[G]] : !crossbar.grid<1x200x16xi8, ui8>) after(%[[T]]) array #array
  %h, %u = pum.program %w on <"arrays", 0, 1, 7, 8> replacing(%g : !crossbar.grid<1x200x16xi8, ui8>)
      after(%t) array #array tiling <row_tiles = 2, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 2> : tensor<16x200xi8> -> !crossbar.grid<1x200x16xi8, ui8>
  return
}

// CHECK-LABEL: func @compute_convolution
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8x8xi8>, %[[G:.*]]: !crossbar.grid<1x27x16xi8, si8>, %[[T:.*]]: !pum.token)
func.func @compute_convolution(%x: tensor<1x3x8x8xi8>, %g: !crossbar.grid<1x27x16xi8, si8>,
                               %t: !pum.token) -> tensor<1x16x6x6xi32> {
  // CHECK: pum.compute(%[[X]], %[[G]]) after(%[[T]]) : (tensor<1x3x8x8xi8>, !crossbar.grid<1x27x16xi8, si8>) -> tensor<1x16x6x6xi32> {
  %y, %u = pum.compute (%x, %g) after(%t)
      : (tensor<1x3x8x8xi8>, !crossbar.grid<1x27x16xi8, si8>) -> tensor<1x16x6x6xi32> {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<1x3x8x8xi8>, %[[B:.*]]: !crossbar.grid<1x27x16xi8, si8>):
  ^bb0(%a: tensor<1x3x8x8xi8>, %b: !crossbar.grid<1x27x16xi8, si8>):
    // CHECK-NEXT: %[[C:.*]] = crossbar.conv_2d %[[A]], %[[B]]
    %c = crossbar.conv_2d %a, %b window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
        : (tensor<1x3x8x8xi8>, !crossbar.grid<1x27x16xi8, si8>) -> tensor<1x16x6x6xi32>
    // CHECK-NEXT: pum.yield %[[C]] : tensor<1x16x6x6xi32>
    pum.yield %c : tensor<1x16x6x6xi32>
  }
  return %y : tensor<1x16x6x6xi32>
}

// CHECK-LABEL: func @digital_with_two_results
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
func.func @digital_with_two_results(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %{{.*}}:2, %{{.*}} = pum.digital(%[[X]]) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y:2, %t = pum.digital (%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    // CHECK: %[[TANH:.*]] = math.tanh
    %0 = math.tanh %a : tensor<4xf32>
    // CHECK: pum.yield %[[TANH]], %{{.*}} : tensor<4xf32>, tensor<4xf32>
    pum.yield %0, %a : tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @digital_without_inputs
func.func @digital_without_inputs() -> tensor<2xi8> {
  // CHECK: pum.digital() : () -> tensor<2xi8> {
  %y, %t = pum.digital () : () -> tensor<2xi8> {
    %0 = arith.constant dense<[1, 2]> : tensor<2xi8>
    pum.yield %0 : tensor<2xi8>
  }
  return %y : tensor<2xi8>
}

// CHECK-LABEL: func @probe
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @probe(%x: tensor<2x3xf32>) {
  // CHECK: pum.probe %[[X]] as "the input" : tensor<2x3xf32>
  pum.probe %x as "the input" : tensor<2x3xf32>
  return
}
