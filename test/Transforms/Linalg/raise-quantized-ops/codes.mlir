// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize | FileCheck %s
//
// What moves or adds numbers moves or adds their codes.

#id = affine_map<(a, b, c, d) -> (a, b, c, d)>
#kept = affine_map<(a, b, c, d) -> (a, b)>

// CHECK-LABEL: func @sums
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xi8>)
func.func @sums(%x: tensor<1x2x4x4xi8>) -> (tensor<1x2x3x3xf32>, tensor<1x2xf32>) {
  // CHECK-DAG: %[[ZP:.*]] = arith.constant 9 : i32
  %scale = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %zp = arith.constant 9 : i32
  %ex = tensor.empty() : tensor<1x2x4x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4x4xi8>) outs(%ex : tensor<1x2x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.subi %0, %zp : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %scale : f32
    linalg.yield %3 : f32
  } -> tensor<1x2x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %ep = tensor.empty() : tensor<1x2x3x3xf32>
  %ip = linalg.fill ins(%zero : f32) outs(%ep : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  // CHECK: %[[SUM:.*]] = linalg.generic {{.*}}"reduction", "reduction"]} ins(%[[X]], %{{.*}} : tensor<1x2x4x4xi8>, tensor<2x2xi8>) outs(%{{.*}} : tensor<1x2x3x3xi32>)
  // CHECK: %[[WIDE:.*]] = arith.extui %{{.*}} : i8 to i32
  // CHECK: %[[CODE:.*]] = arith.subi %[[WIDE]], %[[ZP]]
  // CHECK: arith.addi %{{.*}}, %[[CODE]] : i32
  // CHECK: linalg.generic {{.*}} ins(%[[SUM]] : tensor<1x2x3x3xi32>) outs(%{{.*}} : tensor<1x2x3x3xf32>)
  // CHECK: arith.sitofp
  // CHECK: arith.mulf
  %p = linalg.pooling_nchw_sum {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%dx, %window : tensor<1x2x4x4xf32>, tensor<2x2xf32>) outs(%ip : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %er = tensor.empty() : tensor<1x2xf32>
  %ir = linalg.fill ins(%zero : f32) outs(%er : tensor<1x2xf32>) -> tensor<1x2xf32>
  // CHECK: linalg.generic {{.*}}"reduction", "reduction"]} ins(%[[X]] : tensor<1x2x4x4xi8>) outs(%{{.*}} : tensor<1x2xi32>)
  %r = linalg.generic {indexing_maps = [#id, #kept], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%dx : tensor<1x2x4x4xf32>) outs(%ir : tensor<1x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<1x2xf32>
  return %p, %r : tensor<1x2x3x3xf32>, tensor<1x2xf32>
}

// CHECK-LABEL: func @upsampling_and_interpolation
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xi8>)
func.func @upsampling_and_interpolation(%x: tensor<1x2x4x4xi8>) -> (tensor<1x2x8x8xf32>, tensor<1x2x3x4xf32>) {
  %scale = arith.constant 0.5 : f32
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %ex = tensor.empty() : tensor<1x2x4x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4x4xi8>) outs(%ex : tensor<1x2x4x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %scale : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x4x4xf32>
  // CHECK: %[[UP:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x8x8xi8>)
  // CHECK: tensor.extract %[[X]][
  // CHECK: linalg.generic {{.*}} ins(%[[UP]] : tensor<1x2x8x8xi8>) outs(%{{.*}} : tensor<1x2x8x8xf32>)
  %eu = tensor.empty() : tensor<1x2x8x8xf32>
  %up = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%eu : tensor<1x2x8x8xf32>) {
  ^bb0(%out: f32):
    %0 = linalg.index 0 : index
    %1 = linalg.index 1 : index
    %2 = linalg.index 2 : index
    %3 = linalg.index 3 : index
    %4 = arith.divui %2, %c2 : index
    %5 = arith.divui %3, %c2 : index
    %6 = tensor.extract %dx[%0, %1, %4, %5] : tensor<1x2x4x4xf32>
    linalg.yield %6 : f32
  } -> tensor<1x2x8x8xf32>
  // Two elements at a time: their codes are read and converted in place.
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x2x3x4xf32>)
  // CHECK: tensor.extract %[[X]][{{.*}}] : tensor<1x2x4x4xi8>
  // CHECK: arith.sitofp
  // CHECK: tensor.extract %[[X]][{{.*}}] : tensor<1x2x4x4xi8>
  // CHECK: arith.addf
  %em = tensor.empty() : tensor<1x2x3x4xf32>
  %mix = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%em : tensor<1x2x3x4xf32>) {
  ^bb0(%out: f32):
    %0 = linalg.index 0 : index
    %1 = linalg.index 1 : index
    %2 = linalg.index 2 : index
    %3 = linalg.index 3 : index
    %4 = arith.addi %2, %c1 : index
    %5 = tensor.extract %dx[%0, %1, %2, %3] : tensor<1x2x4x4xf32>
    %6 = tensor.extract %dx[%0, %1, %4, %3] : tensor<1x2x4x4xf32>
    %7 = arith.addf %5, %6 : f32
    linalg.yield %7 : f32
  } -> tensor<1x2x3x4xf32>
  return %up, %mix : tensor<1x2x8x8xf32>, tensor<1x2x3x4xf32>
}
