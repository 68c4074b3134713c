// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not pumice-opt %s "--pum-fit-nets=max-hidden=4 input-bits=8 cache=none" 2>&1 | FileCheck %s
// CHECK: error: 'pum.nonlinear' op cannot be computed by a net: expected an error of at most 8 output steps with at most 4 hidden units, got 0.{{[0-9]+}} of the range with 4

// Without a bound, a net still has to be better than a constant.
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = pum.nonlinear elementwise(%x) domain [-2.0, 0.0] method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %c = arith.constant dense<40.0> : tensor<4xf32>
    %m = arith.mulf %a, %c : tensor<4xf32>
    %0 = math.sin %m : tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
