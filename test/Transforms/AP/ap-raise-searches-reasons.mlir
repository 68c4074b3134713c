// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches -verify-diagnostics | FileCheck %s

#q = affine_map<(i, j, k) -> (i, 0, k)>
#w = affine_map<(i, j, k) -> (j, k)>
#all = affine_map<(i, j, k) -> (i, j, k)>
#sum = affine_map<(i, j, k) -> (i, j)>

// Cells do not hold real values: the sum stays, with its reason.
// CHECK-LABEL: func @real_queries
func.func @real_queries(%x: tensor<2x1x3xf32>) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %words = arith.constant dense<[[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]]> : tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: pum.reason = "it is not a search of stored words: its queries are not known to hold a few values only, such as -1 and 1"
  // expected-remark @below {{is not a search of stored words: its queries are not known to hold a few values only}}
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x1x3xf32>, tensor<2x3xf32>) outs(%zeros : tensor<2x2xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.absf %0 : f32
    %2 = arith.addf %1, %out : f32
    linalg.yield %2 : f32
  } -> tensor<2x2xf32>
  return %d : tensor<2x2xf32>
}

// Terms of three kinds that no few cells give.
// CHECK-LABEL: func @no_code
func.func @no_code(%x: tensor<2x1x3xi1>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  %words = arith.constant dense<[[1, 2, 30], [1, 100, 7]]> : tensor<2x3xi32>
  %e = tensor.empty() : tensor<2x2xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  // CHECK: pum.reason = "it is not a search of stored words: its terms are not distances of cells
  // expected-remark @below {{its terms are not distances of cells}}
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x1x3xi1>, tensor<2x3xi32>) outs(%zeros : tensor<2x2xi32>) {
  ^bb0(%a: i1, %b: i32, %out: i32):
    %0 = arith.select %a, %b, %zero : i32
    %1 = arith.addi %0, %out : i32
    linalg.yield %1 : i32
  } -> tensor<2x2xi32>
  return %d : tensor<2x2xi32>
}

// A query that its terms read in two ways.
// CHECK-LABEL: func @two_ways
func.func @two_ways(%x: tensor<2x1x3xi1>, %y: tensor<2x1x3xi1>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  %words = arith.constant dense<[[true, false, true], [false, false, true]]> : tensor<2x3xi1>
  %e = tensor.empty() : tensor<2x2xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  // expected-remark @below {{its terms read a query in more than one way}}
  %d = linalg.generic {indexing_maps = [#q, #q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y, %words : tensor<2x1x3xi1>, tensor<2x1x3xi1>, tensor<2x3xi1>) outs(%zeros : tensor<2x2xi32>) {
  ^bb0(%a: i1, %b: i1, %c: i1, %out: i32):
    %0 = arith.xori %a, %c : i1
    %1 = arith.andi %0, %b : i1
    %2 = arith.extui %1 : i1 to i32
    %3 = arith.addi %2, %out : i32
    linalg.yield %3 : i32
  } -> tensor<2x2xi32>
  return %d : tensor<2x2xi32>
}
