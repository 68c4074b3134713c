// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-convert-elementwise -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-convert-elementwise=threads=1 -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=ideal --ap-convert-elementwise -split-input-file | FileCheck %s --check-prefix=OFF
// OFF-NOT: ap.{{max|weighted}}

#in = affine_map<(n, c, y, x, i, j) -> (n, c, y * 2 + i, x * 2 + j)>
#window = affine_map<(n, c, y, x, i, j) -> (i, j)>
#out = affine_map<(n, c, y, x, i, j) -> (n, c, y, x)>
#all = affine_map<(n, c, y, x) -> (n, c, y, x)>

// A pooling of codes of 2 bits; its padding goes along.
// CHECK-LABEL: func @pooling
// CHECK: ap.max_pool_2d %{{.*}} window <kernel = [3, 3], strides = [2, 2], dilations = [1, 1], padding = [1, 1, 1, 1]> {input_bits = 2 : i64, input_unsigned}
// CHECK-SAME: tensor<1x2x8x8xi8> -> tensor<1x2x4x4xi8>
func.func @pooling(%x: tensor<1x2x8x8xf32>) -> tensor<1x2x4x4xi8> {
  %c0 = arith.constant 0 : i8
  %low = arith.constant 0.0 : f32
  %high = arith.constant 3.0 : f32
  %e = tensor.empty() : tensor<1x2x8x8xi8>
  %q = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x8x8xf32>) outs(%e : tensor<1x2x8x8xi8>) {
  ^bb0(%in: f32, %o: i8):
    %0 = math.roundeven %in : f32
    %1 = arith.maximumf %0, %low : f32
    %2 = arith.minimumf %1, %high : f32
    %3 = arith.fptoui %2 : f32 to i8
    linalg.yield %3 : i8
  } -> tensor<1x2x8x8xi8>
  %p = tensor.pad %q low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %c0 : i8
  } : tensor<1x2x8x8xi8> to tensor<1x2x10x10xi8>
  %f = tensor.empty() : tensor<1x2x4x4xi8>
  %g = linalg.fill ins(%c0 : i8) outs(%f : tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xi8>
  %k = tensor.empty() : tensor<3x3xi8>
  %m = linalg.generic {indexing_maps = [#in, #window, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %k : tensor<1x2x10x10xi8>, tensor<3x3xi8>) outs(%g : tensor<1x2x4x4xi8>) {
  ^bb0(%in: i8, %w: i8, %o: i8):
    %0 = arith.maxui %in, %o : i8
    linalg.yield %0 : i8
  } -> tensor<1x2x4x4xi8>
  return %m : tensor<1x2x4x4xi8>
}

// -----

#all = affine_map<(n, c, y, x) -> (n, c, y, x)>
#channel = affine_map<(n, c, y, x) -> (c)>

// round((a + b / 2) / 2 + d) of codes of 1 bit, for each channel: more where both are 1.
// a - 2 b needs one bit less than a + b, and is -1 there only.
// CHECK-LABEL: func @sum
// CHECK: ap.weighted_sum %{{.*}}, %{{.*}} by [1, -2]
// CHECK-SAME{LITERAL}: codes = dense<[[0, 1, 0], [1, 2, 1]]> : tensor<2x3xi8>
// CHECK-SAME{LITERAL}: thresholds = dense<[[-1, 0], [-1, 0]]> : tensor<2x2xi64>
// CHECK: linalg.generic
func.func @sum(%w: tensor<2x1x1x1xi8>, %x: tensor<1x1x4x4xi8>) -> (tensor<1x2x4x4xi8>, tensor<1x2x4x4xi8>) {
  %one = arith.constant dense<1> : tensor<2x1x1x1xi8>
  %a = ap.conv_2d %x, %one window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, input_bits = 1 : i64, thresholds = dense<1> : tensor<2x1xi64>, codes = dense<[[0, 1], [0, 1]]> : tensor<2x2xi8>}
      : (tensor<1x1x4x4xi8>, tensor<2x1x1x1xi8>) -> tensor<1x2x4x4xi8>
  %b = ap.conv_2d %x, %one window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
      {input_unsigned, input_bits = 1 : i64, thresholds = dense<1> : tensor<2x1xi64>, codes = dense<[[1, 0], [1, 0]]> : tensor<2x2xi8>}
      : (tensor<1x1x4x4xi8>, tensor<2x1x1x1xi8>) -> tensor<1x2x4x4xi8>
  %d = arith.constant dense<[0.0, 0.75]> : tensor<2xf32>
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<1x2x4x4xi8>
  %s = linalg.generic {indexing_maps = [#all, #channel, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a, %d, %b : tensor<1x2x4x4xi8>, tensor<2xf32>, tensor<1x2x4x4xi8>) outs(%e : tensor<1x2x4x4xi8>) {
  ^bb0(%l: i8, %c: f32, %r: i8, %o: i8):
    %0 = arith.uitofp %l : i8 to f32
    %1 = arith.uitofp %r : i8 to f32
    %2 = arith.mulf %1, %half : f32
    %3 = arith.addf %0, %2 : f32
    %4 = arith.mulf %3, %half : f32
    %5 = arith.addf %4, %c : f32
    %6 = math.roundeven %5 : f32
    %7 = arith.fptoui %6 : f32 to i8
    linalg.yield %7 : i8
  } -> tensor<1x2x4x4xi8>
  // More than 4 bits.
  %t = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s, %b : tensor<1x2x4x4xi8>, tensor<1x2x4x4xi8>) outs(%e : tensor<1x2x4x4xi8>) {
  ^bb0(%l: i8, %r: i8, %o: i8):
    %c9 = arith.constant 9 : i8
    %0 = arith.muli %l, %c9 : i8
    %1 = arith.addi %0, %r : i8
    linalg.yield %1 : i8
  } -> tensor<1x2x4x4xi8>
  return %s, %t : tensor<1x2x4x4xi8>, tensor<1x2x4x4xi8>
}
