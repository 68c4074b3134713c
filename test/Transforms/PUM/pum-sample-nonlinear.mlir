// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s "--pum-sample-nonlinear=low=-2 high=2 count=3" -verify-diagnostics
// RUN: not pumice-opt %s --pum-sample-nonlinear=count=1 2>&1 | FileCheck %s
// CHECK: error: expected at least 2 points, got 1

func.func @functions(%x: tensor<4x3xf32>, %n: tensor<4x3xf64>) {
  // A region of a tensor op.
  // expected-remark @below {{tanh(-2) = -0.964028}}
  // expected-remark @below {{tanh(0) = 0}}
  // expected-remark @below {{tanh(2) = 0.964028}}
  %0 = pum.nonlinear tanh(%x) : (tensor<4x3xf32>) -> tensor<4x3xf32> {
  ^bb0(%a: tensor<4x3xf32>):
    %t = math.tanh %a : tensor<4x3xf32>
    pum.yield %t : tensor<4x3xf32>
  }
  // A loop, and a result of another shape: sums of three elements.
  // expected-remark @below {{reciprocal(-2) = -0.166667}}
  // expected-remark @below {{reciprocal(0) = inf}}
  // expected-remark @below {{reciprocal(2) = 0.166667}}
  %1 = pum.nonlinear reciprocal(%x) : (tensor<4x3xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4x3xf32>):
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %e = tensor.empty() : tensor<4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %s = linalg.reduce ins(%a : tensor<4x3xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
      (%in: f32, %sum: f32) {
        %p = arith.addf %in, %sum : f32
        linalg.yield %p : f32
      }
    %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]} ins(%s : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %q = arith.divf %one, %in : f32
      linalg.yield %q : f32
    } -> tensor<4xf32>
    pum.yield %r : tensor<4xf32>
  }
  // Not of f32.
  %2 = pum.nonlinear tanh(%n) : (tensor<4x3xf64>) -> tensor<4x3xf64> {
  ^bb0(%a: tensor<4x3xf64>):
    %t = math.tanh %a : tensor<4x3xf64>
    pum.yield %t : tensor<4x3xf64>
  }
  return
}
