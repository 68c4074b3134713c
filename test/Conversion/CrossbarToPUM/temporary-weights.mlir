// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/temporary-weights.mlir --crossbar-tile-to-arrays --verify-crossbar-contract --convert-crossbar-to-pum -split-input-file | FileCheck %s
//
// Weights that a task computes are programmed in every run; constants in the setup phase.

// CHECK-LABEL: func @grouped
func.func @grouped(%x: tensor<2x3x8xi8>, %y: tensor<2x4x8xi8>) -> tensor<2x3x4xi32> {
  // CHECK: %[[X:.*]], %{{.*}} = pum.load
  // CHECK: %[[Y:.*]], %{{.*}} = pum.load
  // CHECK: %[[W:.*]], %{{.*}} = pum.digital(%[[Y]])
  // CHECK: %[[G:.*]], %{{.*}} = pum.program %[[W]] array
  // CHECK-SAME: tiling <row_tiles = 1, column_tiles = 1, slices = 4, groups_per_array = 1, arrays = 2>
  // CHECK-SAME: : tensor<2x4x8xi8> -> !crossbar.grid<2x8x4xi8, si8>
  // CHECK: pum.compute(%[[X]], %[[G]])
  // CHECK: crossbar.mvm %{{.*}}, %{{.*}} : (tensor<2x3x8xi8>, !crossbar.grid<2x8x4xi8, si8>) -> tensor<2x3x4xi32>
  %high = arith.constant dense<-128> : tensor<2x4x8xi8>
  %w = arith.xori %y, %high : tensor<2x4x8xi8>
  %r = crossbar.mvm %x, %w : (tensor<2x3x8xi8>, tensor<2x4x8xi8>) -> tensor<2x3x4xi32>
  return %r : tensor<2x3x4xi32>
}

// -----

// CHECK-LABEL: func @constant_stays_setup
func.func @constant_stays_setup(%x: tensor<3x8xi8>) -> tensor<3x4xi32> {
  // CHECK: pum.program %{{.*}} setup array
  %w = arith.constant dense<3> : tensor<4x8xi8>
  %r = crossbar.mvm %x, %w : (tensor<3x8xi8>, tensor<4x8xi8>) -> tensor<3x4xi32>
  return %r : tensor<3x4xi32>
}

// -----

// A product on the digital unit is a task of its own, which widens its codes.
// CHECK-LABEL: func @digital_product
func.func @digital_product(%x: tensor<2x3x8xi8>, %y: tensor<2x8x4xi8>) -> tensor<2x3x4xf32> {
  // CHECK: %[[P:.*]], %{{.*}} = pum.digital(%{{.*}}, %{{.*}}) : (tensor<2x3x8xi8>, tensor<2x8x4xi8>) -> tensor<2x3x4xi32>
  // CHECK: arith.extui
  // CHECK: arith.extui
  // CHECK: linalg.quantized_batch_matmul
  // CHECK: pum.digital(%[[P]])
  // CHECK: arith.sitofp
  %zero = arith.constant 0 : i32
  %wx = arith.extui %x : tensor<2x3x8xi8> to tensor<2x3x8xi16>
  %wy = arith.extui %y : tensor<2x8x4xi8> to tensor<2x8x4xi16>
  %e = tensor.empty() : tensor<2x3x4xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x3x4xi32>) -> tensor<2x3x4xi32>
  %r = linalg.quantized_batch_matmul ins(%wx, %wy, %zero, %zero : tensor<2x3x8xi16>, tensor<2x8x4xi16>, i32, i32)
      outs(%init : tensor<2x3x4xi32>) -> tensor<2x3x4xi32>
  %f = arith.sitofp %r : tensor<2x3x4xi32> to tensor<2x3x4xf32>
  return %f : tensor<2x3x4xf32>
}
