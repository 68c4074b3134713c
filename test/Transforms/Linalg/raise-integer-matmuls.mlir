// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-integer-matmuls | FileCheck %s
// RUN: pumice-opt %s --raise-integer-matmuls -o %t.once.mlir
// RUN: pumice-opt %t.once.mlir --raise-integer-matmuls | diff - %t.once.mlir

#id = affine_map<(i, j) -> (i, j)>
#none = affine_map<(i, j) -> ()>

// The zero point of the input is known at run time only: it is taken off behind the product.
// CHECK-LABEL: func @computed_zero_point
// CHECK-SAME: %[[X:.*]]: tensor<4x8xi8>, %[[ZERO:.*]]: tensor<i8>
func.func @computed_zero_point(%x: tensor<4x8xi8>, %zero: tensor<i8>) -> tensor<4x3xi64> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<5> : tensor<8x3xi8>
  // CHECK: %[[WIDE:.*]] = arith.extui %[[X]] : tensor<4x8xi8> to tensor<4x8xi16>
  // CHECK: %[[NONE:.*]] = arith.constant 0 : i32
  // CHECK: %[[TWO:.*]] = arith.constant 2 : i32
  // CHECK: %[[SUMS:.*]] = linalg.quantized_matmul ins(%[[WIDE]], %[[W]], %[[NONE]], %[[TWO]] {{.*}} -> tensor<4x3xi64>
  // CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[W]]
  // CHECK: linalg.generic {{.*}} ins(%[[SUMS]], %[[ROWS]], %[[ZERO]]
  // CHECK: arith.extui
  // CHECK-NEXT: arith.muli
  // CHECK-NEXT: arith.subi
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %wz = arith.constant dense<2> : tensor<i8>
  %none = arith.constant 0 : i64
  %ex = tensor.empty() : tensor<4x8xi32>
  %wide = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xi32>) {
  ^bb0(%in: i8, %out: i32):
    %0 = arith.extui %in : i8 to i32
    linalg.yield %0 : i32
  } -> tensor<4x8xi32>
  %dx = linalg.generic {indexing_maps = [#id, #none, #id], iterator_types = ["parallel", "parallel"]}
      ins(%wide, %zero : tensor<4x8xi32>, tensor<i8>) outs(%ex : tensor<4x8xi32>) {
  ^bb0(%in: i32, %z: i8, %out: i32):
    %0 = arith.extui %z : i8 to i32
    %1 = arith.subi %in, %0 : i32
    linalg.yield %1 : i32
  } -> tensor<4x8xi32>
  %ew = tensor.empty() : tensor<8x3xi32>
  %dw = linalg.generic {indexing_maps = [#id, #none, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %wz : tensor<8x3xi8>, tensor<i8>) outs(%ew : tensor<8x3xi32>) {
  ^bb0(%in: i8, %z: i8, %out: i32):
    %0 = arith.extsi %z : i8 to i32
    %1 = arith.extsi %in : i8 to i32
    %2 = arith.subi %1, %0 : i32
    linalg.yield %2 : i32
  } -> tensor<8x3xi32>
  %ey = tensor.empty() : tensor<4x3xi64>
  %init = linalg.fill ins(%none : i64) outs(%ey : tensor<4x3xi64>) -> tensor<4x3xi64>
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xi32>, tensor<8x3xi32>) outs(%init : tensor<4x3xi64>) -> tensor<4x3xi64>
  return %y : tensor<4x3xi64>
}

// Unsigned weights become signed; nothing to take off.
// CHECK-LABEL: func @unsigned_weights
func.func @unsigned_weights(%x: tensor<4x8xi8>, %v: tensor<8x3xi8>) -> (tensor<4x3xi32>, tensor<4x3xi32>) {
  // CHECK: arith.xori
  // CHECK: arith.constant -128 : i32
  // CHECK: linalg.quantized_matmul
  // CHECK-NOT: arith.muli
  // Weights that are computed stay.
  // CHECK: linalg.matmul
  %w = arith.constant dense<5> : tensor<8x3xi8>
  %zeros = arith.constant dense<0> : tensor<4x3xi32>
  %ex = tensor.empty() : tensor<4x8xi32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xi32>) {
  ^bb0(%in: i8, %out: i32):
    %0 = arith.extsi %in : i8 to i32
    linalg.yield %0 : i32
  } -> tensor<4x8xi32>
  %ew = tensor.empty() : tensor<8x3xi32>
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<8x3xi8>) outs(%ew : tensor<8x3xi32>) {
  ^bb0(%in: i8, %out: i32):
    %0 = arith.extui %in : i8 to i32
    linalg.yield %0 : i32
  } -> tensor<8x3xi32>
  %dv = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%v : tensor<8x3xi8>) outs(%ew : tensor<8x3xi32>) {
  ^bb0(%in: i8, %out: i32):
    %0 = arith.extui %in : i8 to i32
    linalg.yield %0 : i32
  } -> tensor<8x3xi32>
  %y = linalg.matmul ins(%dx, %dw : tensor<4x8xi32>, tensor<8x3xi32>) outs(%zeros : tensor<4x3xi32>) -> tensor<4x3xi32>
  %u = linalg.matmul ins(%dx, %dv : tensor<4x8xi32>, tensor<8x3xi32>) outs(%zeros : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y, %u : tensor<4x3xi32>, tensor<4x3xi32>
}
