// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --crossbar-infer-bit-widths | FileCheck %s
// RUN: sed -e s/cell_bits.=.2/cell_bits=8/ %presets/isaac.mlir > %t.device.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.device.mlir --crossbar-infer-bit-widths | FileCheck %s --check-prefix=WIDE
//
// Cells hold 2 bits, and in WIDE 8, so that weights of fewer bits save none.

#id = affine_map<(d0, d1) -> (d0, d1)>
#id4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Weights of -4..3: 3 bits. Nothing is known of the input.
// CHECK-LABEL: func @constant_weights
func.func @constant_weights(%x: tensor<8x4xi8>) -> tensor<8x2xi32> {
  %w = arith.constant dense<[[0, -4, 3, 1], [2, 0, -1, 0]]> : tensor<2x4xi8>
  // CHECK: crossbar.mvm %{{.*}}, %{{.*}} {weight_bits = 3 : i64} :
  // WIDE: crossbar.mvm %{{.*}}, %{{[a-z0-9_]*}} :
  %y = crossbar.mvm %x, %w : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  return %y : tensor<8x2xi32>
}

// 7 bits take as many cells as 8; a width that is there stays.
// CHECK-LABEL: func @as_many_cells
func.func @as_many_cells(%x: tensor<8x4xi8>) -> (tensor<8x2xi32>, tensor<8x2xi32>) {
  %w = arith.constant dense<[[0, -4, 63, 1], [2, 0, -1, 0]]> : tensor<2x4xi8>
  // CHECK: crossbar.mvm %{{.*}}, %{{[a-z0-9_]*}} :
  %y = crossbar.mvm %x, %w : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  // CHECK: crossbar.mvm %{{.*}} {input_bits = 5 : i64, weight_bits = 7 : i64} :
  %z = crossbar.mvm %x, %w {input_bits = 5 : i64, weight_bits = 7 : i64} : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  return %y, %z : tensor<8x2xi32>, tensor<8x2xi32>
}

// All the same, and words of 16 bits.
// CHECK-LABEL: func @other_constants
func.func @other_constants(%x: tensor<8x4xi16>) -> (tensor<8x2xi32>, tensor<8x2xi64>) {
  %w = arith.constant dense<-2> : tensor<2x4xi8>
  // CHECK: crossbar.mvm %{{.*}} {weight_bits = 2 : i64} :
  %y = crossbar.mvm %x, %w : (tensor<8x4xi16>, tensor<2x4xi8>) -> tensor<8x2xi32>
  %v = arith.constant dense<[[0, -400, 3, 1], [511, 0, -1, 0]]> : tensor<2x4xi16>
  // CHECK: crossbar.mvm %{{.*}} {weight_bits = 10 : i64} :
  %z = crossbar.mvm %x, %v : (tensor<8x4xi16>, tensor<2x4xi16>) -> tensor<8x2xi64>
  return %y, %z : tensor<8x2xi32>, tensor<8x2xi64>
}

// A clamp of 0..11, behind a transpose.
// CHECK-LABEL: func @unsigned_input
func.func @unsigned_input(%f: tensor<4x8xf32>, %w: tensor<2x4xi8>) -> tensor<8x2xi32> {
  %low = arith.constant 0.0 : f32
  %high = arith.constant 11.0 : f32
  %e = tensor.empty() : tensor<4x8xi8>
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%f : tensor<4x8xf32>) outs(%e : tensor<4x8xi8>) {
  ^bb0(%in: f32, %out: i8):
    %a = arith.maximumf %in, %low : f32
    %b = arith.minimumf %a, %high : f32
    %c = arith.fptoui %b : f32 to i8
    linalg.yield %c : i8
  } -> tensor<4x8xi8>
  %et = tensor.empty() : tensor<8x4xi8>
  %t = linalg.transpose ins(%q : tensor<4x8xi8>) outs(%et : tensor<8x4xi8>) permutation = [1, 0]
  // CHECK: crossbar.mvm {{.*}} {input_bits = 4 : i64, input_unsigned} :
  // WIDE: crossbar.mvm {{.*}} {input_bits = 4 : i64, input_unsigned} :
  %y = crossbar.mvm %t, %w {input_unsigned} : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  return %y : tensor<8x2xi32>
}

// Signed codes of -3..3; a layer that pads by 9 reads that too. Read as unsigned they are anything.
// CHECK-LABEL: func @signed_input
func.func @signed_input(%f: tensor<1x2x5x5xf32>, %w: tensor<3x2x2x2xi8>)
    -> (tensor<1x3x4x4xi32>, tensor<1x3x5x4xi32>, tensor<1x3x4x4xi32>) {
  %low = arith.constant -3.0 : f32
  %high = arith.constant 3.0 : f32
  %e = tensor.empty() : tensor<1x2x5x5xi8>
  %q = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%f : tensor<1x2x5x5xf32>) outs(%e : tensor<1x2x5x5xi8>) {
  ^bb0(%in: f32, %out: i8):
    %a = arith.maximumf %in, %low : f32
    %b = arith.minimumf %a, %high : f32
    %c = arith.fptosi %b : f32 to i8
    linalg.yield %c : i8
  } -> tensor<1x2x5x5xi8>
  // CHECK: crossbar.conv_2d {{.*}} padding = [0, 0, 0, 0]> groups 1 {input_bits = 3 : i64, input_zero_point = 9 : i64} :
  %x = crossbar.conv_2d %q, %w window <kernel = [2, 2], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_zero_point = 9 : i64} : (tensor<1x2x5x5xi8>, tensor<3x2x2x2xi8>) -> tensor<1x3x4x4xi32>
  // CHECK: crossbar.conv_2d {{.*}} padding = [0, 0, 1, 0]> groups 1 {input_bits = 5 : i64, input_zero_point = 9 : i64} :
  %y = crossbar.conv_2d %q, %w window <kernel = [2, 2], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 1, 0]> groups 1
      {input_zero_point = 9 : i64} : (tensor<1x2x5x5xi8>, tensor<3x2x2x2xi8>) -> tensor<1x3x5x4xi32>
  // CHECK: crossbar.conv_2d {{.*}} groups 1 {input_unsigned} :
  %z = crossbar.conv_2d %q, %w window <kernel = [2, 2], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned} : (tensor<1x2x5x5xi8>, tensor<3x2x2x2xi8>) -> tensor<1x3x4x4xi32>
  return %x, %y, %z : tensor<1x3x4x4xi32>, tensor<1x3x5x4xi32>, tensor<1x3x4x4xi32>
}

// Codes of 0..15 that are written at run time are stored less 8, not less 128.
// CHECK-LABEL: func @temporary_weights
func.func @temporary_weights(%x: tensor<8x4xi8>, %f: tensor<2x4xf32>) -> tensor<8x2xi32> {
  %low = arith.constant 0.0 : f32
  %high = arith.constant 15.0 : f32
  %e = tensor.empty() : tensor<2x4xi8>
  // CHECK: %[[Q:.*]] = linalg.generic
  // WIDE: arith.xori
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%f : tensor<2x4xf32>) outs(%e : tensor<2x4xi8>) {
  ^bb0(%in: f32, %out: i8):
    %a = arith.maximumf %in, %low : f32
    %b = arith.minimumf %a, %high : f32
    %c = arith.fptoui %b : f32 to i8
    linalg.yield %c : i8
  } -> tensor<2x4xi8>
  // CHECK: %[[C:.*]] = arith.constant dense<-8> : tensor<2x4xi8>
  // CHECK: %[[W:.*]] = arith.addi %[[Q]], %[[C]]
  // CHECK: crossbar.mvm %{{.*}}, %[[W]] {weight_bits = 4 : i64, weight_zero_point = -5 : i64} :
  // WIDE: crossbar.mvm %{{.*}} {weight_zero_point = -125 : i64} :
  %flip = arith.constant dense<-128> : tensor<2x4xi8>
  %w = arith.xori %q, %flip : tensor<2x4xi8>
  %y = crossbar.mvm %x, %w {weight_zero_point = -125 : i64} : (tensor<8x4xi8>, tensor<2x4xi8>) -> tensor<8x2xi32>
  return %y : tensor<8x2xi32>
}
