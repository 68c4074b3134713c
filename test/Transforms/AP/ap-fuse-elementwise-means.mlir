// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-fuse-elementwise -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-fuse-elementwise=layout=across -split-input-file | FileCheck %s

#in = affine_map<(n, c, y, x) -> (n, c, y, x)>
#out = affine_map<(n, c, y, x) -> (n, c)>
#all = affine_map<(n, c) -> (n, c)>

// The mean of an image is a function of its sum, in whole numbers here.
// CHECK-LABEL: func @image
// CHECK: %[[ONES:.*]] = arith.constant dense<1> : tensor<3x1x2x2xi8>
// CHECK: %[[Y:.*]] = ap.conv_2d %{{.*}}, %[[ONES]] window <kernel = [2, 2]
// CHECK-SAME: groups 3 {codes = dense<{{.*}}0, 1, 2, 3{{.*}}> : tensor<3x4xi8>, input_bits = 2
// CHECK-SAME: thresholds = dense<{{.*}}4, 8, 12{{.*}}> : tensor<3x3xi64>
// CHECK: tensor.collapse_shape %[[Y]]
// CHECK-NOT: linalg.generic {{.*}}reduction
func.func @image(%x: tensor<1x3x2x2xf32>) -> tensor<1x3xi8> {
  %zero = arith.constant 0 : i32
  %codes = tensor.empty() : tensor<1x3x2x2xi8>
  %q = linalg.generic {indexing_maps = [#in, #in], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x : tensor<1x3x2x2xf32>) outs(%codes : tensor<1x3x2x2xi8>) {
  ^bb0(%in: f32, %o: i8):
    %low = arith.constant 0.0 : f32
    %high = arith.constant 3.0 : f32
    %0 = arith.maximumf %in, %low : f32
    %1 = arith.minimumf %0, %high : f32
    %2 = arith.fptoui %1 : f32 to i8
    linalg.yield %2 : i8
  } -> tensor<1x3x2x2xi8>
  %e = tensor.empty() : tensor<1x3xi32>
  %z = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3xi32>) -> tensor<1x3xi32>
  %s = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%q : tensor<1x3x2x2xi8>) outs(%z : tensor<1x3xi32>) {
  ^bb0(%in: i8, %o: i32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.addi %o, %0 : i32
    linalg.yield %1 : i32
  } -> tensor<1x3xi32>
  %m = tensor.empty() : tensor<1x3xi8>
  %mean = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<1x3xi32>) outs(%m : tensor<1x3xi8>) {
  ^bb0(%in: i32, %o: i8):
    %four = arith.constant 4 : i32
    %0 = arith.divsi %in, %four : i32
    %1 = arith.trunci %0 : i32 to i8
    linalg.yield %1 : i8
  } -> tensor<1x3xi8>
  return %mean : tensor<1x3xi8>
}

// -----

#in = affine_map<(n, c, y, x) -> (n, c, y, x)>
#out = affine_map<(n, c, y, x) -> (n, c)>

// A sum of values of 8 bits stays where it was.
// CHECK-LABEL: func @numbers
// CHECK-NOT: ap.conv_2d
func.func @numbers(%x: tensor<1x3x2x2xi8>) -> tensor<1x3xi32> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x3xi32>
  %z = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3xi32>) -> tensor<1x3xi32>
  %s = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%x : tensor<1x3x2x2xi8>) outs(%z : tensor<1x3xi32>) {
  ^bb0(%in: i8, %o: i32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.addi %o, %0 : i32
    linalg.yield %1 : i32
  } -> tensor<1x3xi32>
  return %s : tensor<1x3xi32>
}

// -----

#in = affine_map<(n, c, y, x) -> (n, c, y, x)>
#out = affine_map<(n, c, y, x) -> (n, c)>

// So does one that nothing makes a quantized value of.
// CHECK-LABEL: func @sums
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK-NOT: ap.conv_2d
func.func @sums(%x: tensor<1x3x2x2xf32>) -> tensor<1x3xi32> {
  %zero = arith.constant 0 : i32
  %codes = tensor.empty() : tensor<1x3x2x2xi8>
  %q = linalg.generic {indexing_maps = [#in, #in], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x : tensor<1x3x2x2xf32>) outs(%codes : tensor<1x3x2x2xi8>) {
  ^bb0(%in: f32, %o: i8):
    %low = arith.constant 0.0 : f32
    %high = arith.constant 3.0 : f32
    %0 = arith.maximumf %in, %low : f32
    %1 = arith.minimumf %0, %high : f32
    %2 = arith.fptoui %1 : f32 to i8
    linalg.yield %2 : i8
  } -> tensor<1x3x2x2xi8>
  %e = tensor.empty() : tensor<1x3xi32>
  %z = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3xi32>) -> tensor<1x3xi32>
  %s = linalg.generic {indexing_maps = [#in, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%q : tensor<1x3x2x2xi8>) outs(%z : tensor<1x3xi32>) {
  ^bb0(%in: i8, %o: i32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.addi %o, %0 : i32
    linalg.yield %1 : i32
  } -> tensor<1x3xi32>
  return %s : tensor<1x3xi32>
}
