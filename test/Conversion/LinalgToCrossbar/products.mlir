// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/temporary-weights.mlir --assign-targets --convert-linalg-to-crossbar --canonicalize -split-input-file | FileCheck %s
//
// Products of two activations, on a device that writes the second one into arrays.

// CHECK-LABEL: func @unsigned_batch
// CHECK-SAME: (%[[X:.*]]: tensor<4x7x8xi8>, %[[Y:.*]]: tensor<1x5x4x8xi8>)
func.func @unsigned_batch(%x: tensor<4x7x8xi8>, %y: tensor<1x5x4x8xi8>) -> tensor<4x7x5xi32> {
  // The transpose in front of the product and the one to [N, K] are one; unsigned
  // codes q become signed codes q - 128, and so does their zero point.
  // CHECK-DAG: %[[HIGH:.*]] = arith.constant dense<-128> : tensor<4x5x8xi8>
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[Y]] : tensor<1x5x4x8xi8>) {{.*}} permutation = [0, 2, 1, 3]
  // CHECK: %[[C:.*]] = tensor.collapse_shape %[[T]] {{\[\[}}0, 1], [2], [3]] : tensor<1x4x5x8xi8> into tensor<4x5x8xi8>
  // CHECK: %[[W:.*]] = arith.xori %[[C]], %[[HIGH]]
  // CHECK: %[[R:.*]] = crossbar.mvm %[[X]], %[[W]] {input_unsigned, input_zero_point = 3 : i64, weight_zero_point = 2 : i64}
  // CHECK-SAME: (tensor<4x7x8xi8>, tensor<4x5x8xi8>) -> tensor<4x7x5xi32>
  // CHECK: return %[[R]]
  %zx = arith.constant 3 : i32
  %zy = arith.constant 130 : i32
  %zero = arith.constant 0 : i32
  %et = tensor.empty() : tensor<1x4x8x5xi8>
  %t = linalg.transpose ins(%y : tensor<1x5x4x8xi8>) outs(%et : tensor<1x4x8x5xi8>) permutation = [0, 2, 3, 1]
  %c = tensor.collapse_shape %t [[0, 1], [2], [3]] : tensor<1x4x8x5xi8> into tensor<4x8x5xi8>
  %wx = arith.extui %x : tensor<4x7x8xi8> to tensor<4x7x8xi16>
  %wy = arith.extui %c : tensor<4x8x5xi8> to tensor<4x8x5xi16>
  %e = tensor.empty() : tensor<4x7x5xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<4x7x5xi32>) -> tensor<4x7x5xi32>
  %r = linalg.quantized_batch_matmul ins(%wx, %wy, %zx, %zy : tensor<4x7x8xi16>, tensor<4x8x5xi16>, i32, i32)
      outs(%init : tensor<4x7x5xi32>) -> tensor<4x7x5xi32>
  return %r : tensor<4x7x5xi32>
}

// -----

// CHECK-LABEL: func @signed_matrix
// CHECK-SAME: (%[[X:.*]]: tensor<7x8xi8>, %[[Y:.*]]: tensor<8x5xi8>)
func.func @signed_matrix(%x: tensor<7x8xi8>, %y: tensor<8x5xi8>) -> tensor<7x5xi32> {
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[Y]] : tensor<8x5xi8>) outs(%{{.*}} : tensor<5x8xi8>) permutation = [1, 0]
  // CHECK: crossbar.mvm %[[X]], %[[T]] {weight_zero_point = -5 : i64} : (tensor<7x8xi8>, tensor<5x8xi8>) -> tensor<7x5xi32>
  %zero = arith.constant 0 : i32
  %zy = arith.constant -5 : i32
  %e = tensor.empty() : tensor<7x5xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<7x5xi32>) -> tensor<7x5xi32>
  %r = linalg.quantized_matmul ins(%x, %y, %zero, %zy : tensor<7x8xi8>, tensor<8x5xi8>, i32, i32)
      outs(%init : tensor<7x5xi32>) -> tensor<7x5xi32>
  return %r : tensor<7x5xi32>
}
