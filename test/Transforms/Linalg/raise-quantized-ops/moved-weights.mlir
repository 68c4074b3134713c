// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --raise-quantized-ops --canonicalize -split-input-file | FileCheck %s
//
// Scales follow their weights through slices, flips and splits into groups.

#id = affine_map<(a, b) -> (a, b)>
// CHECK-LABEL: func @sliced_weights
func.func @sliced_weights(%x: tensor<4x8xi8>) -> tensor<4x3xf32> {
  %w = arith.constant dense<5> : tensor<9x3xi8>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<4x8xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xi8>) outs(%ex : tensor<4x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %ew = tensor.empty() : tensor<9x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<9x3xi8>) outs(%ew : tensor<9x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<9x3xf32>
  %sliced = tensor.extract_slice %dw[0, 0] [8, 3] [1, 1] : tensor<9x3xf32> to tensor<8x3xf32>
  %ey = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.quantized_matmul
  %y = linalg.matmul ins(%dx, %sliced : tensor<4x8xf32>, tensor<8x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

#id = affine_map<(a, b, c) -> (a, b, c)>
#second = affine_map<(a, b, c) -> (b)>
// A transposed convolution as torch-mlir writes it: zeros between the inputs, and weights
// [inputs, outputs, taps] with a scale per output that are swapped and flipped.
// CHECK-LABEL: func @transposed_convolution
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4xi8>)
func.func @transposed_convolution(%x: tensor<1x2x4xi8>) -> tensor<1x3x9xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<2x3x3xi8>
  // CHECK-DAG: %[[SCALES:.*]] = arith.constant dense<[5.000000e-01, 1.000000e+00, 2.000000e+00]>
  // CHECK-DAG: %[[ZP:.*]] = arith.constant 7 : i8
  %w = arith.constant dense<[[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[-1, 2, -3], [4, -5, 6], [-7, 8, -9]]]> : tensor<2x3x3xi8>
  %scales = arith.constant dense<[1.0, 2.0, 4.0]> : tensor<3xf32>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %zp = arith.constant 7 : i32
  %c2 = arith.constant 2 : index
  %ex = tensor.empty() : tensor<1x2x4xf32>
  %dx = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x4xi8>) outs(%ex : tensor<1x2x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extsi %in : i8 to i32
    %1 = arith.subi %0, %zp : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %half : f32
    linalg.yield %3 : f32
  } -> tensor<1x2x4xf32>
  %ew = tensor.empty() : tensor<2x3x3xf32>
  %dw = linalg.generic {indexing_maps = [#id, #second, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%w, %scales : tensor<2x3x3xi8>, tensor<3xf32>) outs(%ew : tensor<2x3x3xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x3xf32>
  // CHECK: %[[FILL:.*]] = linalg.fill ins(%[[ZP]] : i8)
  // CHECK: %[[WIDE:.*]] = tensor.insert_slice %[[X]] into %[[FILL]][0, 0, 2] [1, 2, 4] [1, 1, 2]
  %ez = tensor.empty() : tensor<1x2x11xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%ez : tensor<1x2x11xf32>) -> tensor<1x2x11xf32>
  %wide = tensor.insert_slice %dx into %zeros[0, 0, 2] [1, 2, 4] [1, 1, 2] : tensor<1x2x4xf32> into tensor<1x2x11xf32>
  // CHECK: %[[IN:.*]] = tensor.expand_shape %[[WIDE]] {{.*}} into tensor<1x2x1x11xi8>
  // CHECK: %[[FLIPPED:.*]] = linalg.generic
  // CHECK: tensor.extract %[[W]][
  // CHECK: %[[FILTER:.*]] = tensor.expand_shape %[[FLIPPED]] {{.*}} into tensor<3x2x1x3xi8>
  %ef = tensor.empty() : tensor<3x2x3xf32>
  %flipped = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%ef : tensor<3x2x3xf32>) {
  ^bb0(%out: f32):
    %0 = linalg.index 0 : index
    %1 = linalg.index 1 : index
    %2 = linalg.index 2 : index
    %3 = arith.subi %c2, %2 : index
    %4 = tensor.extract %dw[%1, %0, %3] : tensor<2x3x3xf32>
    linalg.yield %4 : f32
  } -> tensor<3x2x3xf32>
  %ey = tensor.empty() : tensor<1x3x9xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<1x3x9xf32>) -> tensor<1x3x9xf32>
  // CHECK: %[[ACC:.*]] = linalg.conv_2d_nchw_fchw_q {{.*}} ins(%[[IN]], %[[FILTER]],
  // CHECK: %[[LINE:.*]] = tensor.collapse_shape %[[ACC]] {{.*}} into tensor<1x3x9xi32>
  // CHECK: linalg.generic {{.*}} ins(%[[LINE]], %[[SCALES]] :
  %y = linalg.conv_1d_ncw_fcw {dilations = dense<1> : vector<1xi64>, strides = dense<1> : vector<1xi64>}
      ins(%wide, %flipped : tensor<1x2x11xf32>, tensor<3x2x3xf32>) outs(%init : tensor<1x3x9xf32>) -> tensor<1x3x9xf32>
  return %y : tensor<1x3x9xf32>
}

// -----

#id = affine_map<(a, b, c, d) -> (a, b, c, d)>
#second = affine_map<(a, b, c, d) -> (b)>
// Two groups share the scales of their outputs: [groups * inputs, outputs, 1, 1].
// CHECK-LABEL: func @scales_of_groups
func.func @scales_of_groups(%x: tensor<1x2x2x5x5xi8>) -> tensor<1x2x3x5x5xf32> {
  // CHECK-DAG: arith.constant dense<[5.000000e-01, 1.000000e+00, 2.000000e+00, 5.000000e-01, 1.000000e+00, 2.000000e+00]> : tensor<6xf32>
  %w = arith.constant dense<3> : tensor<4x3x1x1xi8>
  %scales = arith.constant dense<[1.0, 2.0, 4.0]> : tensor<3xf32>
  %half = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<1x2x2x5x5xf32>
  %dx = linalg.generic {indexing_maps = [affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>, affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x2x5x5xi8>) outs(%ex : tensor<1x2x2x5x5xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x2x5x5xf32>
  %ew = tensor.empty() : tensor<4x3x1x1xf32>
  %dw = linalg.generic {indexing_maps = [#id, #second, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%w, %scales : tensor<4x3x1x1xi8>, tensor<3xf32>) outs(%ew : tensor<4x3x1x1xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4x3x1x1xf32>
  %groups = tensor.expand_shape %dw [[0, 1], [2], [3], [4]] output_shape [2, 2, 3, 1, 1] : tensor<4x3x1x1xf32> into tensor<2x2x3x1x1xf32>
  %et = tensor.empty() : tensor<2x3x2x1x1xf32>
  %t = linalg.transpose ins(%groups : tensor<2x2x3x1x1xf32>) outs(%et : tensor<2x3x2x1x1xf32>) permutation = [0, 2, 1, 3, 4]
  %ey = tensor.empty() : tensor<1x2x3x5x5xf32>
  %init = linalg.fill ins(%zero : f32) outs(%ey : tensor<1x2x3x5x5xf32>) -> tensor<1x2x3x5x5xf32>
  // CHECK: linalg.conv_2d_ngchw_gfchw_q
  %y = linalg.conv_2d_ngchw_gfchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%dx, %t : tensor<1x2x2x5x5xf32>, tensor<2x3x2x1x1xf32>) outs(%init : tensor<1x2x3x5x5xf32>) -> tensor<1x2x3x5x5xf32>
  return %y : tensor<1x2x3x5x5xf32>
}
