// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches --ap-raise-searches | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=ideal --ap-raise-searches | FileCheck %s --check-prefix=NONE
// RUN: pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches=targets=*=digital | FileCheck %s --check-prefix=NONE
// RUN: not pumice-opt %s --pum-attach-device=device=cam-fefet --ap-raise-searches=targets=fc=arrays 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// NONE-NOT: ap.cam_search
// UNKNOWN: targets: expected LAYER=TARGET with crossbar, ap, cam, digital, auto or a group of the device as target, got 'fc=arrays'

#id = affine_map<(i, j) -> (i, j)>
#rows = affine_map<(i, j) -> (i)>

// The nearest of bipolar words by their product.
// CHECK-LABEL: func @argmax_of_products
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
func.func @argmax_of_products(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %minus = arith.constant -1.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %first = arith.constant 0 : i64
  %words = arith.constant dense<[[1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0], [1.0, 1.0, 1.0, 1.0]]> : tensor<3x4xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  // CHECK: %[[SIGN:.*]] = linalg.generic
  %sign = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%in: f32, %out: f32):
    %positive = arith.cmpf oge, %in, %zero : f32
    %0 = arith.select %positive, %one, %minus : f32
    linalg.yield %0 : f32
  } -> tensor<2x3xf32>
  // CHECK: %[[KEYS:.*]] = linalg.generic {{.*}} ins(%[[SIGN]] : tensor<2x3xf32>)
  // CHECK: arith.cmpf oeq
  // CHECK: arith.select {{.*}} : i8
  // CHECK: %[[D:.*]], %[[I:.*]] = ap.cam_search %[[KEYS]] in dense<
  // CHECK-SAME: {{.*}}0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]
  // CHECK-SAME: for best : (tensor<2x3xi8>) -> (tensor<2x1xi32>, tensor<2x1xi64>)
  %e1 = tensor.empty() : tensor<2x4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK-NOT: linalg.matmul
  %sums = linalg.matmul ins(%sign, %words : tensor<2x3xf32>, tensor<3x4xf32>) outs(%zeros : tensor<2x4xf32>) -> tensor<2x4xf32>
  %e2 = tensor.empty() : tensor<2xf32>
  %e3 = tensor.empty() : tensor<2xi64>
  %start = linalg.fill ins(%least : f32) outs(%e2 : tensor<2xf32>) -> tensor<2xf32>
  %at = linalg.fill ins(%first : i64) outs(%e3 : tensor<2xi64>) -> tensor<2xi64>
  %best:2 = linalg.generic {indexing_maps = [#id, #rows, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%sums : tensor<2x4xf32>) outs(%start, %at : tensor<2xf32>, tensor<2xi64>) {
  ^bb0(%in: f32, %most: f32, %where: i64):
    %j = linalg.index 1 : index
    %row = arith.index_cast %j : index to i64
    %greater = arith.cmpf ogt, %in, %most : f32
    %0 = arith.maximumf %in, %most : f32
    %1 = arith.select %greater, %row, %where : i64
    linalg.yield %0, %1 : f32, i64
  } -> (tensor<2xf32>, tensor<2xi64>)
  // CHECK: %[[R:.*]] = tensor.collapse_shape %[[I]]
  // CHECK: return %[[R]]
  return %best#1 : tensor<2xi64>
}
