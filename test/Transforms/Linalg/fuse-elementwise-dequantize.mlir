// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --fuse-elementwise | FileCheck %s
// RUN: pumice-opt %s --fuse-elementwise --fuse-elementwise | FileCheck %s

#id = affine_map<(d) -> (d)>
#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>

// A dequantize is smaller in front than its result is in memory: into every reader.
// CHECK-LABEL: func @dequantize_with_two_readers
func.func @dequantize_with_two_readers(%x: tensor<4xi8>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4xi8>)
  // CHECK: math.exp
  // CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4xi8>)
  // CHECK: math.cos
  // CHECK-NOT: linalg.generic
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xi8>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.sitofp %in : i8 to f32
    %2 = arith.mulf %1, %half : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %3 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.cos %in : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  return %2, %3 : tensor<4xf32>, tensor<4xf32>
}

// A requantization: each reader dequantizes for itself, and only the codes are in memory.
// CHECK-LABEL: func @shared_dequantize
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
func.func @shared_dequantize(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[CODES:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<4xf32>) outs(%{{.*}} : tensor<4xi8>)
  // CHECK: linalg.generic {{.*}} ins(%[[CODES]] : tensor<4xi8>)
  // CHECK: math.exp
  // CHECK: pum.nonlinear tanh(%[[REAL:.*]])
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4xf32>
  %ei = tensor.empty() : tensor<4xi8>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%ei : tensor<4xi8>) {
  ^bb0(%in: f32, %out: i8):
    %1 = math.roundeven %in : f32
    %2 = arith.fptosi %1 : f32 to i8
    linalg.yield %2 : i8
  } -> tensor<4xi8>
  %3 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%0 : tensor<4xi8>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.sitofp %in : i8 to f32
    %2 = arith.mulf %1, %half : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %4 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%3 : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %5 = pum.nonlinear tanh(%3) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %ea = tensor.empty() : tensor<4xf32>
    %6 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%ea : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = math.tanh %in : f32
      linalg.yield %1 : f32
    } -> tensor<4xf32>
    pum.yield %6 : tensor<4xf32>
  }
  return %4, %5 : tensor<4xf32>, tensor<4xf32>
}

// A reduction that reads it would have to be computed on a float tensor anyway.
// CHECK-LABEL: func @dequantize_that_a_reduction_reads
func.func @dequantize_that_a_reduction_reads(%x: tensor<4x8xf32>, %init: tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4xf32>) {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8xf32>)
  // CHECK: arith.fptosi
  // CHECK: arith.sitofp
  // CHECK: linalg.generic
  // CHECK: math.exp
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %ei = tensor.empty() : tensor<4x8xi8>
  %0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%ei : tensor<4x8xi8>) {
  ^bb0(%in: f32, %out: i8):
    %1 = arith.fptosi %in : f32 to i8
    linalg.yield %1 : i8
  } -> tensor<4x8xi8>
  %3 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x8xi8>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.sitofp %in : i8 to f32
    %2 = arith.mulf %1, %half : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  %4 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %5 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%3 : tensor<4x8xf32>) outs(%init : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = arith.maximumf %in, %out : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  return %4, %5 : tensor<4x8xf32>, tensor<4xf32>
}
