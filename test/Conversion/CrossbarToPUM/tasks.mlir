// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --convert-crossbar-to-pum | FileCheck %s
// RUN: pumice-opt %s --convert-crossbar-to-pum --convert-crossbar-to-pum | FileCheck %s

#array = #crossbar.array<rows = 128, columns = 128, cell_bits = 2, weight_bits = 16, input_bits = 16,
  dac_bits = 1, adc = <bits = 8, mode = clip>, columns_per_adc = 128, encoding = offset>

// A layer between digital ops: load, program, digital, compute, digital, store.
// CHECK-LABEL: func @layer_between_digital_ops
// CHECK-SAME: (%[[ARG:.*]]: tensor<4x8xi8>) -> tensor<4x3xf32>
func.func @layer_between_digital_ops(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  // CHECK: %[[X:.*]], %{{.*}} = pum.load %[[ARG]] : tensor<4x8xi8>
  // CHECK: %[[W:.*]] = arith.constant dense<5> : tensor<3x8xi8>
  // CHECK: %[[G:.*]], %{{.*}} = pum.program %[[W]] setup array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  // CHECK: %[[A:.*]], %{{.*}} = pum.digital(%[[X]]) : (tensor<4x8xi8>) -> tensor<4x8xi8> {
  // CHECK-NEXT: ^bb0(%[[IN:.*]]: tensor<4x8xi8>):
  // A constant is repeated in the task that reads it.
  // CHECK-NEXT: %[[ONE:.*]] = arith.constant dense<1> : tensor<4x8xi8>
  // CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[IN]], %[[ONE]]
  // CHECK-NEXT: pum.yield %[[SUM]] : tensor<4x8xi8>
  // CHECK: %[[B:.*]], %{{.*}} = pum.compute(%[[A]], %[[G]]) : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32> {
  // CHECK-NEXT: ^bb0(%[[IN:.*]]: tensor<4x8xi8>, %[[GRID:.*]]: !crossbar.grid<1x8x3xi8, si8>):
  // CHECK-NEXT: %[[MVM:.*]] = crossbar.mvm %[[IN]], %[[GRID]]
  // CHECK-NEXT: pum.yield %[[MVM]] : tensor<4x3xi32>
  // Two connected ops are one task.
  // CHECK: %[[C:.*]], %{{.*}} = pum.digital(%[[B]]) : (tensor<4x3xi32>) -> tensor<4x3xf32> {
  // CHECK: arith.sitofp
  // CHECK-NEXT: math.tanh
  // CHECK: %[[Y:.*]], %{{.*}} = pum.store %[[C]] : tensor<4x3xf32>
  // CHECK: return %[[Y]] : tensor<4x3xf32>
  %one = arith.constant dense<1> : tensor<4x8xi8>
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %0 = arith.addi %x, %one : tensor<4x8xi8>
  %1 = crossbar.mvm %0, %g : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
  %2 = arith.sitofp %1 : tensor<4x3xi32> to tensor<4x3xf32>
  %3 = math.tanh %2 : tensor<4x3xf32>
  return %3 : tensor<4x3xf32>
}

// A float layer is a task of its own, so that a report shows it; a fill is repeated in it.
// CHECK-LABEL: func @float_layer_is_a_task
func.func @float_layer_is_a_task(%x: tensor<4x8xf32>, %w: tensor<8x3xf32>) -> tensor<4x3xf32> {
  // CHECK: pum.digital
  // CHECK: math.tanh
  // CHECK-NEXT: pum.yield
  // CHECK: pum.digital
  // CHECK: linalg.fill
  // CHECK-NEXT: linalg.matmul
  // CHECK-NEXT: pum.yield
  // CHECK: pum.digital
  // CHECK: math.exp
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %0 = math.tanh %x : tensor<4x8xf32>
  %1 = linalg.matmul ins(%0, %w : tensor<4x8xf32>, tensor<8x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  %2 = math.exp %1 : tensor<4x3xf32>
  return %2 : tensor<4x3xf32>
}

// CHECK-LABEL: func @unused_argument_and_passed_argument
// CHECK-SAME: (%{{.*}}: tensor<2xi8>, %[[Y:.*]]: tensor<3xi8>)
func.func @unused_argument_and_passed_argument(%x: tensor<2xi8>, %y: tensor<3xi8>) -> tensor<3xi8> {
  // CHECK-NEXT: %[[L:.*]], %{{.*}} = pum.load %[[Y]]
  // CHECK-NEXT: %[[S:.*]], %{{.*}} = pum.store %[[L]]
  // CHECK-NEXT: return %[[S]]
  return %y : tensor<3xi8>
}

// CHECK-LABEL: func @constant_result_is_computed
func.func @constant_result_is_computed() -> tensor<2xi8> {
  // CHECK: %[[C:.*]], %{{.*}} = pum.digital()
  // CHECK-NEXT: arith.constant dense<[1, 2]>
  // CHECK: pum.store %[[C]]
  %0 = arith.constant dense<[1, 2]> : tensor<2xi8>
  return %0 : tensor<2xi8>
}

// A fill is repeated with the reshape of an empty tensor that it fills; one that fills a task's result is not.
// CHECK-LABEL: func @fills
func.func @fills(%x: tensor<6xf32>) -> (tensor<2x3xf32>, tensor<6xf32>) {
  // CHECK: pum.digital(%{{.*}}) : (tensor<6xf32>) -> tensor<2x3xf32> {
  // CHECK: tensor.empty() : tensor<6xf32>
  // CHECK-NEXT: tensor.expand_shape
  // CHECK-NEXT: linalg.fill
  // CHECK: linalg.add
  // CHECK: pum.digital(%{{.*}}) : (tensor<6xf32>) -> tensor<6xf32> {
  // CHECK: linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<6xf32>)
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6xf32>
  %shaped = tensor.expand_shape %empty [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%shaped : tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = tensor.expand_shape %x [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
  %sum = linalg.add ins(%y, %y : tensor<2x3xf32>, tensor<2x3xf32>) outs(%filled : tensor<2x3xf32>) -> tensor<2x3xf32>
  %over = linalg.fill ins(%zero : f32) outs(%x : tensor<6xf32>) -> tensor<6xf32>
  return %sum, %over : tensor<2x3xf32>, tensor<6xf32>
}

// A layer on a constant: a task makes it, whatever its shape is written as.
// CHECK-LABEL: func @layer_on_a_constant
func.func @layer_on_a_constant() -> tensor<4x3xi32> {
  // CHECK: %[[X:.*]], %{{.*}} = pum.digital() : () -> tensor<4x8xi8> {
  // CHECK: arith.constant dense<1> : tensor<32xi8>
  // CHECK-NEXT: tensor.expand_shape
  // CHECK: pum.compute(%[[X]], %{{.*}})
  %flat = arith.constant dense<1> : tensor<32xi8>
  %x = tensor.expand_shape %flat [[0, 1]] output_shape [4, 8] : tensor<32xi8> into tensor<4x8xi8>
  %w = arith.constant dense<5> : tensor<3x8xi8>
  %g = crossbar.program %w array #array tiling <row_tiles = 1, column_tiles = 1, slices = 4,
      groups_per_array = 1, arrays = 1> : tensor<3x8xi8> -> !crossbar.grid<1x8x3xi8, si8>
  %0 = crossbar.mvm %x, %g : (tensor<4x8xi8>, !crossbar.grid<1x8x3xi8, si8>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}
