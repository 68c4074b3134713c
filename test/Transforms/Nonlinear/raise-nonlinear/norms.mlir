// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-nonlinear --canonicalize | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Variance as mean(x^2) - mean(x)^2, a product with 1/n, 1/sqrt, everything in three ops.
// CHECK-LABEL: func @two_moments
func.func @two_moments(%x: tensor<4x16xf32>, %g: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<4x16xf32> {
  // CHECK: pum.nonlinear layer_norm(%arg0, %arg1, %arg2) dimensions [1] parameters {epsilon = {{9.99[0-9]*|1.0[0-9]*}}{{[eE]}}-{{0[56]}} : f64}
  // CHECK: return
  %zero = arith.constant 0.0 : f32
  %nth = arith.constant 0.0625 : f32
  %eps = arith.constant 1.0e-5 : f32
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %r = tensor.empty() : tensor<4xf32>
  %r0 = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %m:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x16xf32>) outs(%r0, %r0 : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%in: f32, %s: f32, %q: f32):
    %0 = arith.addf %s, %in : f32
    %1 = arith.mulf %in, %in : f32
    %2 = arith.addf %q, %1 : f32
    linalg.yield %0, %2 : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #column, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m#0, %m#1, %g, %b : tensor<4x16xf32>, tensor<4xf32>, tensor<4xf32>, tensor<16xf32>, tensor<16xf32>)
      outs(%e : tensor<4x16xf32>) {
  ^bb0(%in: f32, %s: f32, %q: f32, %gamma: f32, %beta: f32, %out: f32):
    %mean = arith.mulf %s, %nth : f32
    %square = arith.mulf %q, %nth : f32
    %0 = arith.mulf %mean, %mean : f32
    %1 = arith.subf %square, %0 : f32
    %2 = arith.addf %eps, %1 : f32
    %3 = math.sqrt %2 : f32
    %4 = arith.divf %one, %3 : f32
    %5 = arith.subf %in, %mean : f32
    %6 = arith.mulf %gamma, %4 : f32
    %7 = arith.mulf %5, %6 : f32
    %8 = arith.addf %beta, %7 : f32
    linalg.yield %8 : f32
  } -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// The epsilon beside the root, over the columns; the scaled input is the argument.
// CHECK-LABEL: func @epsilon_outside
func.func @epsilon_outside(%x: tensor<16x4xf32>) -> tensor<16x4xf32> {
  // CHECK: pum.nonlinear layer_norm(%arg0) dimensions [0] parameters {epsilon = {{.*}} : f64}
  // CHECK: return
  %zero = arith.constant 0.0 : f32
  %n = arith.constant dense<16.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-5> : tensor<4xf32>
  %e = tensor.empty() : tensor<16x4xf32>
  %r = tensor.empty() : tensor<4xf32>
  %r0 = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.reduce { arith.addf } ins(%x : tensor<16x4xf32>) outs(%r0 : tensor<4xf32>) dimensions = [0]
  %mean = arith.divf %s, %n : tensor<4xf32>
  %bmean = linalg.broadcast ins(%mean : tensor<4xf32>) outs(%e : tensor<16x4xf32>) dimensions = [0]
  %d = arith.subf %x, %bmean : tensor<16x4xf32>
  %sq = linalg.square ins(%d : tensor<16x4xf32>) outs(%e : tensor<16x4xf32>) -> tensor<16x4xf32>
  %q = linalg.reduce { arith.addf } ins(%sq : tensor<16x4xf32>) outs(%r0 : tensor<4xf32>) dimensions = [0]
  %var = arith.divf %q, %n : tensor<4xf32>
  %std = math.sqrt %var : tensor<4xf32>
  %safe = arith.addf %eps, %std : tensor<4xf32>
  %b = linalg.broadcast ins(%safe : tensor<4xf32>) outs(%e : tensor<16x4xf32>) dimensions = [0]
  %y = arith.divf %d, %b : tensor<16x4xf32>
  return %y : tensor<16x4xf32>
}

// pow(x, 2), the mean inside the sum, a scale.
// CHECK-LABEL: func @rms_norm
func.func @rms_norm(%x: tensor<4x16xf32>, %g: tensor<16xf32>) -> tensor<4x16xf32> {
  // CHECK: pum.nonlinear rms_norm(%arg0, %arg1) dimensions [1] parameters {epsilon = {{.*}}
  // CHECK: return
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 16.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %two = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %r = tensor.empty() : tensor<4xf32>
  %r0 = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x16xf32>) outs(%r0 : tensor<4xf32>) {
  ^bb0(%in: f32, %acc: f32):
    %0 = math.powf %in, %two : f32
    %1 = arith.divf %0, %n : f32
    %2 = arith.addf %1, %acc : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#column, #row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %q, %x : tensor<16xf32>, tensor<4xf32>, tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%gamma: f32, %s: f32, %in: f32, %out: f32):
    %0 = arith.addf %eps, %s : f32
    %1 = math.rsqrt %0 : f32
    %2 = arith.mulf %1, %in : f32
    %3 = arith.mulf %gamma, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// x |x|^2 / (1 + |x|^2) / |x|
// CHECK-LABEL: func @squash
func.func @squash(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: pum.nonlinear squash(%arg0) dimensions [1]
  // CHECK: return
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %eps = arith.constant 1.0e-8 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %r = tensor.empty() : tensor<4xf32>
  %r0 = linalg.fill ins(%zero : f32) outs(%r : tensor<4xf32>) -> tensor<4xf32>
  %sq = linalg.mul ins(%x, %x : tensor<4x16xf32>, tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %q = linalg.reduce { arith.addf } ins(%sq : tensor<4x16xf32>) outs(%r0 : tensor<4xf32>) dimensions = [1]
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %q : tensor<4x16xf32>, tensor<4xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%in: f32, %s: f32, %out: f32):
    %0 = arith.addf %s, %one : f32
    %1 = arith.addf %s, %eps : f32
    %2 = math.sqrt %1 : f32
    %3 = arith.mulf %0, %2 : f32
    %4 = arith.divf %s, %3 : f32
    %5 = arith.mulf %4, %in : f32
    linalg.yield %5 : f32
  } -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// The squares of one dimension normalise along another.
// CHECK-LABEL: func @other_dimension
func.func @other_dimension(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK-NOT: _norm
  // CHECK: pum.nonlinear rsqrt
  // CHECK-NOT: _norm
  // CHECK: return
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %r = tensor.empty() : tensor<8xf32>
  %r0 = linalg.fill ins(%zero : f32) outs(%r : tensor<8xf32>) -> tensor<8xf32>
  %sq = linalg.mul ins(%x, %x : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %q = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%r0 : tensor<8xf32>) dimensions = [0]
  %i = math.rsqrt %q : tensor<8xf32>
  %b = linalg.broadcast ins(%i : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %y = linalg.mul ins(%x, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
