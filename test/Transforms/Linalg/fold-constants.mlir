// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --fold-constants -split-input-file -verify-diagnostics | FileCheck %s
// RUN: pumice-opt %s --fold-constants --fold-constants -split-input-file -verify-diagnostics | FileCheck %s

// Batch norm statistics: one vector from four.
// CHECK-LABEL: func @batch_norm_statistics
func.func @batch_norm_statistics(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: %[[FOLDED:.*]] = arith.constant dense_resource<[[KEY:pumice_folded.*]]> : tensor<2xf32>
  // CHECK-NEXT: %[[Y:.*]] = arith.mulf %{{.*}}, %[[FOLDED]]
  // CHECK-NEXT: return %[[Y]]
  %gamma = arith.constant dense<[1.0, 6.0]> : tensor<2xf32>
  %variance = arith.constant dense<[3.0, 8.0]> : tensor<2xf32>
  %epsilon = arith.constant dense<1.0> : tensor<2xf32>
  %0 = arith.addf %variance, %epsilon : tensor<2xf32>
  %1 = math.sqrt %0 : tensor<2xf32>
  %2 = arith.divf %gamma, %1 : tensor<2xf32>
  %y = arith.mulf %x, %2 : tensor<2xf32>
  return %y : tensor<2xf32>
}
// 1 / sqrt(4) and 6 / sqrt(9), after four bytes of alignment
// CHECK: [[KEY]]: "0x{{[0-9]+}}0000003F00000040"

// -----

// CHECK-LABEL: func @transposed_weights
func.func @transposed_weights() -> tensor<3x2xi8> {
  // CHECK-NEXT: arith.constant dense_resource<[[KEY:.*]]> : tensor<3x2xi8>
  // CHECK-NEXT: return
  %w = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8>
  %e = tensor.empty() : tensor<3x2xi8>
  %t = linalg.transpose ins(%w : tensor<2x3xi8>) outs(%e : tensor<3x2xi8>) permutation = [1, 0]
  return %t : tensor<3x2xi8>
}
// CHECK: [[KEY]]: "0x{{[0-9]+}}010402050306"

// -----

// CHECK-LABEL: func @uniform_result_is_a_splat
func.func @uniform_result_is_a_splat() -> tensor<2xi32> {
  // CHECK-NEXT: arith.constant dense<5> : tensor<2xi32>
  // CHECK-NEXT: return
  %a = arith.constant dense<[1, 2]> : tensor<2xi32>
  %b = arith.constant dense<[4, 3]> : tensor<2xi32>
  %c = arith.addi %a, %b : tensor<2xi32>
  return %c : tensor<2xi32>
}

// -----

// MLIR does not lower buffers with an inner dimension of 0.
// CHECK-LABEL: func @no_elements
func.func @no_elements() -> tensor<4x0xf32> {
  // CHECK-NEXT: arith.constant dense<> : tensor<4x0xf32>
  // CHECK-NEXT: return
  %bias = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<4x0xf32>
  %b = linalg.broadcast ins(%bias : tensor<4xf32>) outs(%e : tensor<4x0xf32>) dimensions = [1]
  return %b : tensor<4x0xf32>
}

// -----

// A broadcast of a small constant would be a big one.
// CHECK-LABEL: func @broadcast_stays
func.func @broadcast_stays() -> tensor<8x64x64xf32> {
  // CHECK: arith.constant dense<
  // CHECK: linalg.broadcast
  %bias = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x64x64xf32>
  %b = linalg.broadcast ins(%bias : tensor<8xf32>) outs(%e : tensor<8x64x64xf32>) dimensions = [1, 2]
  return %b : tensor<8x64x64xf32>
}

// -----

// What feeds the broadcast is folded all the same.
// CHECK-LABEL: func @operand_of_broadcast_is_folded
func.func @operand_of_broadcast_is_folded() -> tensor<4x64x64xf32> {
  // CHECK-NOT: arith.addf
  // CHECK: linalg.broadcast ins(%{{.*}} : tensor<4xf32>)
  %a = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %c = arith.addf %a, %a : tensor<4xf32>
  %e = tensor.empty() : tensor<4x64x64xf32>
  %b = linalg.broadcast ins(%c : tensor<4xf32>) outs(%e : tensor<4x64x64xf32>) dimensions = [1, 2]
  return %b : tensor<4x64x64xf32>
}

// -----

// CHECK-LABEL: func @activations_stay
func.func @activations_stay(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: math.tanh
  %y = math.tanh %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

#id = affine_map<(d) -> (d)>
func.func @failing_assertion() -> tensor<2xf32> {
  %a = arith.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  // expected-error @below {{cannot fold constants: digital region 'fold0': assertion failed: not negative}}
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<2xf32>) outs(%e : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.cmpf oge, %in, %zero : f32
    cf.assert %c, "not negative"
    linalg.yield %in : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}
