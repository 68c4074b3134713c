// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layers that are assigned to crossbars and to processors, and what is between them: a convolution and a product on
// programmed weights, a product with temporary weights, a ternary convolution and a look-up.
#id = affine_map<(a, b, c, d) -> (a, b, c, d)>
#id2 = affine_map<(a, b) -> (a, b)>
func.func @main(%x: tensor<1x1x6x6xi8>, %y: tensor<5x4xi8>) -> (tensor<3x5xi32>, tensor<3x6xi32>) {
  %w1 = arith.constant dense<[[[[1, -2, 3], [-4, 5, -6], [7, -8, 9]]], [[[0, 10, -20], [30, -40, 50], [-60, 70, -80]]]]> : tensor<2x1x3x3xi8>
  %w2 = arith.constant dense<[[[[1]], [[-1]]], [[[0]], [[1]]], [[[1]], [[1]]]]> : tensor<3x2x1x1xi8>
  %w3 = arith.constant dense<[[1, 2, 3, 4], [-1, -2, -3, -4], [0, 0, 7, 0], [9, 9, 9, 9], [-8, 4, -2, 1], [100, -100, 50, -50]]> : tensor<6x4xi8>
  %a = crossbar.conv_2d %x, %w1 window <kernel = [3, 3], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
     : (tensor<1x1x6x6xi8>, tensor<2x1x3x3xi8>) -> tensor<1x2x4x4xi32>
  %e0 = tensor.empty() : tensor<1x2x4x4xi8>
  %codes = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a : tensor<1x2x4x4xi32>) outs(%e0 : tensor<1x2x4x4xi8>) {
  ^bb0(%v: i32, %o: i8):
    %c7 = arith.constant 7 : i32
    %0 = arith.andi %v, %c7 : i32
    %1 = arith.trunci %0 : i32 to i8
    linalg.yield %1 : i8
  } -> tensor<1x2x4x4xi8>
  %b = ap.conv_2d %codes, %w2 window <kernel = [1, 1], strides = [1, 1], dilations = [1, 1], padding = [0, 0, 0, 0]> groups 1
     {input_unsigned, input_bits = 3 : i64} : (tensor<1x2x4x4xi8>, tensor<3x2x1x1xi8>) -> tensor<1x3x4x4xi32>
  %e1 = tensor.empty() : tensor<1x3x4x4xi8>
  %bits = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%b : tensor<1x3x4x4xi32>) outs(%e1 : tensor<1x3x4x4xi8>) {
  ^bb0(%v: i32, %o: i8):
    %c1 = arith.constant 1 : i32
    %0 = arith.andi %v, %c1 : i32
    %1 = arith.trunci %0 : i32 to i8
    linalg.yield %1 : i8
  } -> tensor<1x3x4x4xi8>
  %q = tensor.collapse_shape %bits [[0, 1], [2, 3]] : tensor<1x3x4x4xi8> into tensor<3x16xi8>
  %d = ap.lookup %q in dense<[[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
      [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]]> : tensor<4x16xi8>
      by hamming : tensor<3x16xi8> -> tensor<3x4xi32>
  %e2 = tensor.empty() : tensor<3x4xi8>
  %n = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<3x4xi32>) outs(%e2 : tensor<3x4xi8>) {
  ^bb0(%v: i32, %o: i8):
    %0 = arith.trunci %v : i32 to i8
    linalg.yield %0 : i8
  } -> tensor<3x4xi8>
  %e3 = tensor.empty() : tensor<5x4xi8>
  %t = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<5x4xi8>) outs(%e3 : tensor<5x4xi8>) {
  ^bb0(%v: i8, %o: i8):
    %c3 = arith.constant 3 : i8
    %0 = arith.xori %v, %c3 : i8
    linalg.yield %0 : i8
  } -> tensor<5x4xi8>
  %r0 = crossbar.mvm %n, %t : (tensor<3x4xi8>, tensor<5x4xi8>) -> tensor<3x5xi32>
  %r1 = crossbar.mvm %n, %w3 : (tensor<3x4xi8>, tensor<6x4xi8>) -> tensor<3x6xi32>
  return %r0, %r1 : tensor<3x5xi32>, tensor<3x6xi32>
}
