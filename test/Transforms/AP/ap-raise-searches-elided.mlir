// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches -verify-diagnostics

#q = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j, k)>
#sum = affine_map<(i, j, k) -> (i, j)>

func.func @main(%x: tensor<2x3xi1>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  %words = arith.constant dense_resource<elided> : tensor<2x3xi32>
  %e = tensor.empty() : tensor<2x2xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  // expected-remark @below {{is not a search of stored words: its words have no data}}
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x3xi1>, tensor<2x3xi32>) outs(%zeros : tensor<2x2xi32>) {
  ^bb0(%a: i1, %b: i32, %out: i32):
    %0 = arith.select %a, %b, %zero : i32
    %1 = arith.addi %0, %out : i32
    linalg.yield %1 : i32
  } -> tensor<2x2xi32>
  return %d : tensor<2x2xi32>
}
