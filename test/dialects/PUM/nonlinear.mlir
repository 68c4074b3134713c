// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s -mlir-print-op-generic | pumice-opt | FileCheck %s

// CHECK-LABEL: func @tanh
func.func @tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: pum.nonlinear tanh(%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<4xf32>):
  // CHECK-NEXT: %[[Y:.*]] = math.tanh %[[A]]
  // CHECK-NEXT: pum.yield %[[Y]] : tensor<4xf32>
  %y = pum.nonlinear tanh(%x) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %0 = math.tanh %a : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// Everything that may be said; the second operand is a mask, the second result an intermediate value.
// CHECK-LABEL: func @all
func.func @all(%x: tensor<2x4xf32>, %m: tensor<4xi1>) -> (tensor<2x4xf32>, tensor<2xf32>) {
  // CHECK: pum.nonlinear softmax(%{{.*}}, %{{.*}}) dimensions [1] parameters {masked, scale = 1.250000e-01 : f64} method neon {note = "x"} : (tensor<2x4xf32>, tensor<4xi1>) -> (tensor<2x4xf32>, tensor<2xf32>)
  %y:2 = pum.nonlinear softmax(%x, %m) dimensions [1] parameters {masked, scale = 0.125 : f64} method neon {note = "x"}
      : (tensor<2x4xf32>, tensor<4xi1>) -> (tensor<2x4xf32>, tensor<2xf32>) {
  ^bb0(%a: tensor<2x4xf32>, %b: tensor<4xi1>):
    %e = tensor.empty() : tensor<2xf32>
    pum.yield %a, %e : tensor<2x4xf32>, tensor<2xf32>
  }
  // CHECK: pum.nonlinear exp(%{{.*}}) domain [-1.200000e+01, 0.000000e+00] method lut :
  %z = pum.nonlinear exp(%y#1) domain [-12.0, 0.0] method lut : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%a: tensor<2xf32>):
    %0 = math.exp %a : tensor<2xf32>
    pum.yield %0 : tensor<2xf32>
  }
  return %y#0, %z : tensor<2x4xf32>, tensor<2xf32>
}

// CHECK-LABEL: func @automatic
func.func @automatic(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK: pum.nonlinear exp(%{{.*}}) method auto :
  %z = pum.nonlinear exp(%x) method auto : (tensor<2xf32>) -> tensor<2xf32> {
  ^bb0(%a: tensor<2xf32>):
    %0 = math.exp %a : tensor<2xf32>
    pum.yield %0 : tensor<2xf32>
  }
  return %z : tensor<2xf32>
}
