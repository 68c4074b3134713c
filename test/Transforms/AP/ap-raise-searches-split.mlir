// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches | FileCheck %s
//
// Squared distances as PyTorch's cdist computes them for many rows: [-2 x, |x|^2, 1] times
// [w, 1, |w|^2] as columns, here of signs of 3 elements and 2 words.

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func @signs
// CHECK: %[[NORMS:.*]] = arith.constant 6.0
// CHECK: %[[D:.*]] = linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<4x3xf32>, tensor<3x2xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[D]] : tensor<4x2xf32>)
// CHECK: arith.addf %{{.*}}, %[[NORMS]]
func.func @signs(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [3.0, 3.0]]> : tensor<5x2xf32>
  %zero = arith.constant 0.0 : f32
  %one = arith.constant -2.0 : f32
  %two = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf oge, %a, %zero : f32
    %v = arith.select %c, %one, %two : f32
    linalg.yield %v : f32
  } -> tensor<4x3xf32>
  %norm = arith.constant dense<3.0> : tensor<4x1xf32>
  %ones = arith.constant dense<1.0> : tensor<4x1xf32>
  %parts = tensor.concat dim(1) %s, %norm, %ones : (tensor<4x3xf32>, tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x5xf32>
  %er = tensor.empty() : tensor<4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%er : tensor<4x2xf32>) -> tensor<4x2xf32>
  %d = linalg.matmul ins(%parts, %w : tensor<4x5xf32>, tensor<5x2xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %d : tensor<4x2xf32>
}

// Nothing is known of the values: the sum stays as it is.
// CHECK-LABEL: func @floats
// CHECK: %[[PARTS:.*]] = tensor.concat
// CHECK: linalg.matmul ins(%[[PARTS]]
func.func @floats(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [3.0, 3.0]]> : tensor<5x2xf32>
  %zero = arith.constant 0.0 : f32
  %norm = arith.constant dense<3.0> : tensor<4x1xf32>
  %ones = arith.constant dense<1.0> : tensor<4x1xf32>
  %parts = tensor.concat dim(1) %x, %norm, %ones : (tensor<4x3xf32>, tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x5xf32>
  %er = tensor.empty() : tensor<4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%er : tensor<4x2xf32>) -> tensor<4x2xf32>
  %d = linalg.matmul ins(%parts, %w : tensor<4x5xf32>, tensor<5x2xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %d : tensor<4x2xf32>
}

// Words of other norms get numbers of their own: no product of the concatenation is left.
// CHECK-LABEL: func @norms_differ
// CHECK: %[[D:.*]] = linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<4x3xf32>, tensor<3x2xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[D]], %{{.*}} : tensor<4x2xf32>, tensor<2xf32>)
func.func @norms_differ(%x: tensor<4x3xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, 5.0], [1.0, 3.0], [-1.0, -7.0], [1.0, 1.0], [3.0, 83.0]]> : tensor<5x2xf32>
  %zero = arith.constant 0.0 : f32
  %one = arith.constant -2.0 : f32
  %two = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf oge, %a, %zero : f32
    %v = arith.select %c, %one, %two : f32
    linalg.yield %v : f32
  } -> tensor<4x3xf32>
  %norm = arith.constant dense<3.0> : tensor<4x1xf32>
  %ones = arith.constant dense<1.0> : tensor<4x1xf32>
  %parts = tensor.concat dim(1) %s, %norm, %ones : (tensor<4x3xf32>, tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x5xf32>
  %er = tensor.empty() : tensor<4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%er : tensor<4x2xf32>) -> tensor<4x2xf32>
  %d = linalg.matmul ins(%parts, %w : tensor<4x5xf32>, tensor<5x2xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %d : tensor<4x2xf32>
}
