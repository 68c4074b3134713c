// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file --decompose-nonlinear --canonicalize | FileCheck %s
// RUN: pumice-opt %s -split-input-file --decompose-nonlinear --decompose-nonlinear --canonicalize | FileCheck %s

// A softmax with a mask: the exponential after the maximum, the reciprocal of the sums only.
#full = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
// CHECK-LABEL: func @softmax
func.func @softmax(%x: tensor<2x4xf32>, %m: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
  // CHECK: arith.maximumf
  // CHECK: linalg.generic
  // CHECK: arith.subf
  // CHECK-NOT: math.exp
  // CHECK: %[[E:.*]] = pum.nonlinear exp(%{{.*}}) domain [-1.200000e+01, 0.000000e+00] method neon : (tensor<2x4xf32>)
  // CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
  // CHECK: %[[R:.*]] = pum.nonlinear reciprocal(%{{.*}}) method neon : (tensor<2xf32>) -> tensor<2xf32>
  // CHECK: linalg.generic {{.*}}ins({{.*}}%[[R]]
  // CHECK-NOT: divf
  // CHECK: arith.mulf
  %y = pum.nonlinear softmax(%x, %m) dimensions [1] parameters {masked} method neon
      : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>):
    %low = arith.constant 0xFF800000 : f32
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<2x4xf32>
    %r = tensor.empty() : tensor<2xf32>
    %sum = arith.addf %a, %b : tensor<2x4xf32>
    %i0 = linalg.fill ins(%low : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
    %max = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
        ins(%sum : tensor<2x4xf32>) outs(%i0 : tensor<2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.maximumf %in, %out : f32
      linalg.yield %0 : f32
    } -> tensor<2xf32>
    %exp = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
        ins(%sum, %max : tensor<2x4xf32>, tensor<2xf32>) outs(%e : tensor<2x4xf32>) {
    ^bb0(%in: f32, %top: f32, %out: f32):
      %0 = arith.subf %in, %top : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<2x4xf32>
    %i1 = linalg.fill ins(%zero : f32) outs(%r : tensor<2xf32>) -> tensor<2xf32>
    %total = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
        ins(%exp : tensor<2x4xf32>) outs(%i1 : tensor<2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.addf %in, %out : f32
      linalg.yield %0 : f32
    } -> tensor<2xf32>
    %p = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
        ins(%exp, %total : tensor<2x4xf32>, tensor<2xf32>) outs(%e : tensor<2x4xf32>) {
    ^bb0(%in: f32, %all: f32, %out: f32):
      %0 = arith.divf %in, %all : f32
      linalg.yield %0 : f32
    } -> tensor<2x4xf32>
    pum.yield %p : tensor<2x4xf32>
  }
  return %y : tensor<2x4xf32>
}

// -----

// The root is taken of one number for each row, although the op runs over all elements.
#full = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i, 0)>
// CHECK-LABEL: func @norm
func.func @norm(%x: tensor<2x4xf32>, %v: tensor<2x1xf32>) -> tensor<2x4xf32> {
  // CHECK: %[[V:.*]] = linalg.generic
  // CHECK: arith.addf
  // CHECK: %[[R:.*]] = pum.nonlinear rsqrt(%[[V]]) method auto : (tensor<2xf32>) -> tensor<2xf32>
  // CHECK: linalg.generic {{.*}}ins({{.*}}%[[R]]
  // CHECK: arith.mulf
  %y = pum.nonlinear elementwise(%x, %v) method auto : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32> {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<2x1xf32>):
    %epsilon = arith.constant 1.0e-5 : f32
    %e = tensor.empty() : tensor<2x4xf32>
    %0 = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
        ins(%a, %b : tensor<2x4xf32>, tensor<2x1xf32>) outs(%e : tensor<2x4xf32>) {
    ^bb0(%in: f32, %variance: f32, %out: f32):
      %1 = arith.addf %variance, %epsilon : f32
      %2 = math.rsqrt %1 : f32
      %3 = arith.mulf %in, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<2x4xf32>
    pum.yield %0 : tensor<2x4xf32>
  }
  return %y : tensor<2x4xf32>
}

// -----

// A sigmoid becomes a tanh; other functions of one number, and what is digital, stay.
// CHECK-LABEL: func @scalars
func.func @scalars(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = arith.constant dense<1.0> : tensor<4xf32>
  // CHECK: pum.nonlinear sigmoid(%{{.*}}) : (tensor<4xf32>)
  // CHECK-NOT: math.exp
  // CHECK: math.tanh
  %s = pum.nonlinear sigmoid(%x) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %c = arith.constant dense<1.0> : tensor<4xf32>
    %0 = arith.negf %a : tensor<4xf32>
    %1 = math.exp %0 : tensor<4xf32>
    %2 = arith.addf %1, %c : tensor<4xf32>
    %3 = arith.divf %c, %2 : tensor<4xf32>
    pum.yield %3 : tensor<4xf32>
  }
  // CHECK: pum.nonlinear erf(%{{.*}}) method neon
  %e = pum.nonlinear erf(%s) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.erf %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  // CHECK: pum.nonlinear division(%{{.*}}, %{{.*}}) : (tensor<4xf32>, tensor<4xf32>)
  %d = pum.nonlinear division(%s, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = arith.divf %a, %b : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  // CHECK: %[[R:.*]] = pum.nonlinear reciprocal(%{{.*}}) method lut
  // CHECK: arith.mulf
  %q = pum.nonlinear division(%d, %x) method lut : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = arith.divf %a, %b : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %q : tensor<4xf32>
}
