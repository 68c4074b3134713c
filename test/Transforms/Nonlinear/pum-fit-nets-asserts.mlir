// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s "--pum-fit-nets=cache=none input-bits=8 output-bits=8 max-error=0.05" | FileCheck %s
//
// torch-mlir asserts that what it divides by is not 0. The function is sampled at 0 too.
// CHECK: crossbar.neon_net @[[NET:neon_[0-9a-f]+]] {{.*}} reduction <base = 2, shift = -1, odd = true
// CHECK-NOT: cf.assert
// CHECK: crossbar.apply @[[NET]]

#id = affine_map<(i) -> (i)>

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = pum.nonlinear reciprocal(%x) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %good = arith.cmpf one, %in, %zero : f32
      cf.assert %good, "unimplemented: tensor with zero element"
      %1 = arith.divf %one, %in : f32
      linalg.yield %1 : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
