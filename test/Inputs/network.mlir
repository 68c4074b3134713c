// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small quantized network as PT2E and torch-mlir write one: a padded convolution of stride 2 with
// per-channel scales and a bias, ReLU, max pooling, a depthwise convolution added to its input, a
// linear layer. network.py computes the same from its definition.

#id2 = affine_map<(a, b) -> (a, b)>
#outer2 = affine_map<(a, b) -> (a)>
#inner2 = affine_map<(a, b) -> (b)>
#id3 = affine_map<(a, b, c) -> (a, b, c)>
#outer3 = affine_map<(a, b, c) -> (a)>
#id4 = affine_map<(a, b, c, d) -> (a, b, c, d)>
#outer4 = affine_map<(a, b, c, d) -> (a)>
func.func @main(%x: tensor<1x2x13x13xf32>) -> tensor<1x3xf32> {
  %w1 = arith.constant dense<[[[[113, 32, 47], [101, 20, 70], [85, -70, -113]], [[-51, -55, 95], [105, -126, 0], [82, -94, 76]]], [[[-97, -8, 81], [-50, -40, -57], [56, -63, 125]], [[-14, -6, 1], [21, 14, 2], [126, 78, 75]]], [[[51, 31, -41], [125, -9, -73], [88, -87, 91]], [[29, -98, -116], [-14, -118, -91], [4, 120, -9]]], [[[79, 106, 82], [33, -15, 4], [-60, -1, -31]], [[-64, 126, -124], [-103, -78, 120], [49, 97, -76]]]]> : tensor<4x2x3x3xi8>
  %w2 = arith.constant dense<[[[56, -33], [-3, -127]], [[30, 84], [42, -88]], [[9, -59], [119, 97]], [[-80, 2], [112, 89]]]> : tensor<4x2x2xi8>
  %w3 = arith.constant dense<[[53, 36, -117, 62, -7, -104, -65, 10, 58, 2, 29, 95, 47, -35, 37, 25], [-100, -112, 41, -29, 25, -45, -70, -89, -30, 81, -25, -31, 19, 122, -27, 23], [-15, 27, -14, 35, 12, 45, 116, -89, 16, -15, -36, -66, -114, -25, 83, -103]]> : tensor<3x16xi8>
  %s1 = arith.constant dense<[0.0021, 0.0013, 0.0034, 0.0008]> : tensor<4xf32>
  %s2 = arith.constant dense<[0.0051, 0.0043, 0.0054, 0.0048]> : tensor<4xf32>
  %s3 = arith.constant dense<[0.0061, 0.0053, 0.0074]> : tensor<3xf32>
  %b1 = arith.constant dense<[0.25, -0.125, 0.0, 1.5]> : tensor<4xf32>
  %b3 = arith.constant dense<[0.5, -2.0, 0.75]> : tensor<3xf32>
  %zero = arith.constant 0.0 : f32
  %high = arith.constant 255.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %sx = arith.constant 0.017 : f32
  %zpx = arith.constant 121 : i64
  %zpxf = arith.constant 121.0 : f32
  %sy = arith.constant 0.031 : f32
  %sz = arith.constant 0.057 : f32
  %zpz = arith.constant 33 : i64
  %zpzf = arith.constant 33.0 : f32
  %eqx = tensor.empty() : tensor<1x2x13x13xi8>
  %qx = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x2x13x13xf32>) outs(%eqx : tensor<1x2x13x13xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %sx : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.addf %1, %zpxf : f32
    %3 = arith.maximumf %2, %zero : f32
    %4 = arith.minimumf %3, %high : f32
    %5 = arith.fptoui %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<1x2x13x13xi8>
  %edx = tensor.empty() : tensor<1x2x13x13xf32>
  %dx = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%qx : tensor<1x2x13x13xi8>) outs(%edx : tensor<1x2x13x13xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zpx : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %sx : f32
    linalg.yield %3 : f32
  } -> tensor<1x2x13x13xf32>
  %pad = tensor.pad %dx low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x2x13x13xf32> to tensor<1x2x15x15xf32>
  %edw1 = tensor.empty() : tensor<4x2x3x3xf32>
  %dw1 = linalg.generic {indexing_maps = [#id4, #outer4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%w1, %s1 : tensor<4x2x3x3xi8>, tensor<4xf32>) outs(%edw1 : tensor<4x2x3x3xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4x2x3x3xf32>
  %ec = tensor.empty() : tensor<1x4x7x7xf32>
  %bias = linalg.broadcast ins(%b1 : tensor<4xf32>) outs(%ec : tensor<1x4x7x7xf32>) dimensions = [0, 2, 3]
  %c = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%pad, %dw1 : tensor<1x2x15x15xf32>, tensor<4x2x3x3xf32>) outs(%bias : tensor<1x4x7x7xf32>) -> tensor<1x4x7x7xf32>
  %r = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c : tensor<1x4x7x7xf32>) outs(%ec : tensor<1x4x7x7xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.cmpf ugt, %in, %zero : f32
    %1 = arith.select %0, %in, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<1x4x7x7xf32>
  %eqr = tensor.empty() : tensor<1x4x7x7xi8>
  %qr = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%r : tensor<1x4x7x7xf32>) outs(%eqr : tensor<1x4x7x7xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %sy : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.addf %1, %zero : f32
    %3 = arith.maximumf %2, %zero : f32
    %4 = arith.minimumf %3, %high : f32
    %5 = arith.fptoui %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<1x4x7x7xi8>
  %edr = tensor.empty() : tensor<1x4x7x7xf32>
  %dr = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%qr : tensor<1x4x7x7xi8>) outs(%edr : tensor<1x4x7x7xf32>) {
  ^bb0(%in: i8, %out: f32):
    %2 = arith.uitofp %in : i8 to f32
    %3 = arith.mulf %2, %sy : f32
    linalg.yield %3 : f32
  } -> tensor<1x4x7x7xf32>
  %window = tensor.empty() : tensor<3x3xf32>
  %ep = tensor.empty() : tensor<1x4x3x3xf32>
  %ip = linalg.fill ins(%least : f32) outs(%ep : tensor<1x4x3x3xf32>) -> tensor<1x4x3x3xf32>
  %p = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
      ins(%dr, %window : tensor<1x4x7x7xf32>, tensor<3x3xf32>) outs(%ip : tensor<1x4x3x3xf32>) -> tensor<1x4x3x3xf32>
  %eqp = tensor.empty() : tensor<1x4x3x3xi8>
  %qp = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%p : tensor<1x4x3x3xf32>) outs(%eqp : tensor<1x4x3x3xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %sy : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.addf %1, %zero : f32
    %3 = arith.maximumf %2, %zero : f32
    %4 = arith.minimumf %3, %high : f32
    %5 = arith.fptoui %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<1x4x3x3xi8>
  %edp = tensor.empty() : tensor<1x4x3x3xf32>
  %dp = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%qp : tensor<1x4x3x3xi8>) outs(%edp : tensor<1x4x3x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %2 = arith.uitofp %in : i8 to f32
    %3 = arith.mulf %2, %sy : f32
    linalg.yield %3 : f32
  } -> tensor<1x4x3x3xf32>
  %edw2 = tensor.empty() : tensor<4x2x2xf32>
  %dw2 = linalg.generic {indexing_maps = [#id3, #outer3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%w2, %s2 : tensor<4x2x2xi8>, tensor<4xf32>) outs(%edw2 : tensor<4x2x2xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4x2x2xf32>
  %ed = tensor.empty() : tensor<1x4x2x2xf32>
  %id = linalg.fill ins(%zero : f32) outs(%ed : tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
  %d = linalg.depthwise_conv_2d_nchw_chw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%dp, %dw2 : tensor<1x4x3x3xf32>, tensor<4x2x2xf32>) outs(%id : tensor<1x4x2x2xf32>) -> tensor<1x4x2x2xf32>
  %cut = tensor.extract_slice %dp[0, 0, 0, 0] [1, 4, 2, 2] [1, 1, 1, 1] : tensor<1x4x3x3xf32> to tensor<1x4x2x2xf32>
  %a = linalg.generic {indexing_maps = [#id4, #id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%d, %cut : tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>) outs(%ed : tensor<1x4x2x2xf32>) {
  ^bb0(%in: f32, %in2: f32, %out: f32):
    %0 = arith.addf %in, %in2 : f32
    linalg.yield %0 : f32
  } -> tensor<1x4x2x2xf32>
  %eqa = tensor.empty() : tensor<1x4x2x2xi8>
  %qa = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a : tensor<1x4x2x2xf32>) outs(%eqa : tensor<1x4x2x2xi8>) {
  ^bb0(%in: f32, %out: i8):
    %0 = arith.divf %in, %sz : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.addf %1, %zpzf : f32
    %3 = arith.maximumf %2, %zero : f32
    %4 = arith.minimumf %3, %high : f32
    %5 = arith.fptoui %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<1x4x2x2xi8>
  %eda = tensor.empty() : tensor<1x4x2x2xf32>
  %da = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%qa : tensor<1x4x2x2xi8>) outs(%eda : tensor<1x4x2x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i64
    %1 = arith.subi %0, %zpz : i64
    %2 = arith.sitofp %1 : i64 to f32
    %3 = arith.mulf %2, %sz : f32
    linalg.yield %3 : f32
  } -> tensor<1x4x2x2xf32>
  %flat = tensor.collapse_shape %da [[0], [1, 2, 3]] : tensor<1x4x2x2xf32> into tensor<1x16xf32>
  %edw3 = tensor.empty() : tensor<3x16xf32>
  %dw3 = linalg.generic {indexing_maps = [#id2, #outer2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%w3, %s3 : tensor<3x16xi8>, tensor<3xf32>) outs(%edw3 : tensor<3x16xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<3x16xf32>
  %et = tensor.empty() : tensor<16x3xf32>
  %t = linalg.transpose ins(%dw3 : tensor<3x16xf32>) outs(%et : tensor<16x3xf32>) permutation = [1, 0]
  %em = tensor.empty() : tensor<1x3xf32>
  %im = linalg.fill ins(%zero : f32) outs(%em : tensor<1x3xf32>) -> tensor<1x3xf32>
  %m = linalg.matmul ins(%flat, %t : tensor<1x16xf32>, tensor<16x3xf32>) outs(%im : tensor<1x3xf32>) -> tensor<1x3xf32>
  %y = linalg.generic {indexing_maps = [#id2, #inner2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%m, %b3 : tensor<1x3xf32>, tensor<3xf32>) outs(%em : tensor<1x3xf32>) {
  ^bb0(%in: f32, %in2: f32, %out: f32):
    %0 = arith.addf %in, %in2 : f32
    linalg.yield %0 : f32
  } -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
