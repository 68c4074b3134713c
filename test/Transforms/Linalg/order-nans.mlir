// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --order-nans | FileCheck %s

#all = affine_map<(d0, d1) -> (d0, d1)>
#rows = affine_map<(d0, d1) -> (d0)>

// The first NaN wins, and no later element replaces it.
// CHECK-LABEL: @smallest
// CHECK:      ^bb0(%[[IN:.*]]: f32, %[[BEST:.*]]: f32, %[[INDEX:.*]]: i64):
// CHECK:        arith.minimumf %[[IN]], %[[BEST]]
// CHECK:        %[[WINS:.*]] = arith.cmpf ult, %[[IN]], %[[BEST]]
// CHECK:        %[[OPEN:.*]] = arith.cmpf ord, %[[BEST]], %[[BEST]]
// CHECK:        %[[BOTH:.*]] = arith.andi %[[WINS]], %[[OPEN]]
// CHECK:        arith.select %[[BOTH]]
func.func @smallest(%x: tensor<3x4xf32>, %a: tensor<3xf32>, %b: tensor<3xi64>) -> tensor<3xi64> {
  %0:2 = linalg.generic {indexing_maps = [#all, #rows, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x4xf32>) outs(%a, %b : tensor<3xf32>, tensor<3xi64>) {
  ^bb0(%in: f32, %best: f32, %index: i64):
    %1 = linalg.index 1 : index
    %2 = arith.index_cast %1 : index to i64
    %3 = arith.minimumf %in, %best : f32
    %4 = arith.cmpf olt, %in, %best : f32
    %5 = arith.select %4, %2, %index : i64
    linalg.yield %3, %5 : f32, i64
  } -> (tensor<3xf32>, tensor<3xi64>)
  return %0#1 : tensor<3xi64>
}

// A best element that a NaN does not become is another reduction.
// CHECK-LABEL: @without
// CHECK:         arith.maxnumf
// CHECK:         arith.cmpf ogt
// CHECK-NOT:     arith.andi
func.func @without(%x: tensor<3x4xf32>, %a: tensor<3xf32>, %b: tensor<3xi64>) -> tensor<3xi64> {
  %0:2 = linalg.generic {indexing_maps = [#all, #rows, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x4xf32>) outs(%a, %b : tensor<3xf32>, tensor<3xi64>) {
  ^bb0(%in: f32, %best: f32, %index: i64):
    %1 = linalg.index 1 : index
    %2 = arith.index_cast %1 : index to i64
    %3 = arith.maxnumf %in, %best : f32
    %4 = arith.cmpf ogt, %in, %best : f32
    %5 = arith.select %4, %2, %index : i64
    linalg.yield %3, %5 : f32, i64
  } -> (tensor<3xf32>, tensor<3xi64>)
  return %0#1 : tensor<3xi64>
}
