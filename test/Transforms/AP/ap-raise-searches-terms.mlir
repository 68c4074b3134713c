// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches -verify-diagnostics | FileCheck %s

#q = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j, k)>
#sum = affine_map<(i, j, k) -> (i, j)>

func.func @empty(%x: tensor<0x3xi1>) -> tensor<0x2xi32> {
  %zero = arith.constant 0 : i32
  %words = arith.constant dense<1> : tensor<2x3xi32>
  %e = tensor.empty() : tensor<0x2xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e : tensor<0x2xi32>) -> tensor<0x2xi32>
  // expected-remark @below {{it has no queries, words or cells}}
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<0x3xi1>, tensor<2x3xi32>) outs(%zeros : tensor<0x2xi32>) {
  ^bb0(%a: i1, %b: i32, %out: i32):
    %0 = arith.select %a, %b, %zero : i32
    %1 = arith.addi %0, %out : i32
    linalg.yield %1 : i32
  } -> tensor<0x2xi32>
  return %d : tensor<0x2xi32>
}

func.func @many(%x: tensor<2x3xi1>) -> tensor<2x22xi32> {
  %zero = arith.constant 0 : i32
  %words = arith.constant dense<[[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11], [12, 13, 14], [15, 16, 17], [18, 19, 20], [21, 22, 23], [24, 25,
    26], [27, 28, 29], [30, 31, 32], [33, 34, 35], [36, 37, 38], [39, 40, 41], [42, 43, 44], [45, 46, 47], [48, 49,
    50], [51, 52, 53], [54, 55, 56], [57, 58, 59], [60, 61, 62], [63, 64, 65]]> : tensor<22x3xi32>
  %e = tensor.empty() : tensor<2x22xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e : tensor<2x22xi32>) -> tensor<2x22xi32>
  // expected-remark @below {{its words hold more than 64 different values}}
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x3xi1>, tensor<22x3xi32>) outs(%zeros : tensor<2x22xi32>) {
  ^bb0(%a: i1, %b: i32, %out: i32):
    %0 = arith.select %a, %b, %zero : i32
    %1 = arith.addi %0, %out : i32
    linalg.yield %1 : i32
  } -> tensor<2x22xi32>
  return %d : tensor<2x22xi32>
}

// A square is a product, the only power of fractions that is evaluated.
// CHECK-LABEL: func @square
func.func @square(%x: tensor<2x3xi1>) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %words = arith.constant dense<0.5> : tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: ap.cam_search
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x3xi1>, tensor<2x3xf32>) outs(%zeros : tensor<2x2xf32>) {
  ^bb0(%a: i1, %b: f32, %out: f32):
    %two = arith.constant 2 : i32
    %0 = math.fpowi %b, %two : f32, i32
    %1 = arith.select %a, %0, %b : f32
    %2 = arith.addf %1, %out : f32
    linalg.yield %2 : f32
  } -> tensor<2x2xf32>
  return %d : tensor<2x2xf32>
}

// CHECK-LABEL: func @cube
func.func @cube(%x: tensor<2x3xi1>) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %words = arith.constant dense<0.5> : tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  // expected-remark @below {{its terms hold an operation that cannot be evaluated}}
  %d = linalg.generic {indexing_maps = [#q, #w, #sum], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %words : tensor<2x3xi1>, tensor<2x3xf32>) outs(%zeros : tensor<2x2xf32>) {
  ^bb0(%a: i1, %b: f32, %out: f32):
    %three = arith.constant 3 : i32
    %0 = math.fpowi %b, %three : f32, i32
    %1 = arith.select %a, %0, %b : f32
    %2 = arith.addf %1, %out : f32
    linalg.yield %2 : f32
  } -> tensor<2x2xf32>
  return %d : tensor<2x2xf32>
}
