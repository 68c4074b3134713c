// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s -split-input-file -verify-diagnostics --decompose-nonlinear

func.func @doubles(%x: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated: expected f32, got 'f64'}}
  %y = pum.nonlinear exp(%x) method neon : (tensor<4xf64>) -> tensor<4xf64> {
  ^bb0(%a: tensor<4xf64>):
    %0 = math.exp %a : tensor<4xf64>
    pum.yield %0 : tensor<4xf64>
  }
  return %y : tensor<4xf64>
}

// -----

#each = affine_map<(i) -> (i)>
func.func @positions(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'pum.nonlinear' op cannot be approximated: 'math.exp' reads more than elements of operands}}
  %y = pum.nonlinear elementwise(%x) method neon : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %0 = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]}
        ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %i = linalg.index 0 : index
      %j = arith.index_cast %i : index to i32
      %k = arith.sitofp %j : i32 to f32
      %1 = arith.addf %in, %k : f32
      %2 = math.exp %1 : f32
      linalg.yield %2 : f32
    } -> tensor<4xf32>
    pum.yield %0 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
