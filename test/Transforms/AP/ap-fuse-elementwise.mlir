// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-fuse-elementwise -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-fuse-elementwise=threads=1 -split-input-file | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=ideal --ap-fuse-elementwise -split-input-file | FileCheck %s --check-prefix=OFF
// OFF-NOT: thresholds

#all = affine_map<(m, n) -> (m, n)>
#channel = affine_map<(m, n) -> (n)>

// Sums from -3 to 3, and from 0 to 3. Bias, ReLU and clamp are a number of thresholds.
// CHECK-LABEL: func @relu
// CHECK: %[[y:.*]] = ap.mvm
// CHECK-SAME{LITERAL}: codes = dense<[[0, 1, 2, 3], [1, 2, 3, 3]]> : tensor<2x4xi8>
// CHECK-SAME{LITERAL}: thresholds = dense<[[1, 2, 3], [1, 2, 9223372036854775807]]> : tensor<2x3xi64>
// CHECK-SAME: -> tensor<4x2xi8>
// CHECK-NOT: linalg
// CHECK: return %[[y]]
func.func @relu(%x: tensor<4x6xi8>) -> tensor<4x2xi8> {
  %w = arith.constant dense<[[1, 1, 1, -1, -1, -1], [1, 0, 1, 0, 0, 1]]> : tensor<2x6xi8>
  %bias = arith.constant dense<[0.0, 1.25]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %most = arith.constant 3.0 : f32
  %y = ap.mvm %x, %w {input_unsigned, input_bits = 1 : i64} : (tensor<4x6xi8>, tensor<2x6xi8>) -> tensor<4x2xi32>
  %e = tensor.empty() : tensor<4x2xi8>
  %q = linalg.generic {indexing_maps = [#all, #channel, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y, %bias : tensor<4x2xi32>, tensor<2xf32>) outs(%e : tensor<4x2xi8>) {
  ^bb0(%in: i32, %b: f32, %out: i8):
    %0 = arith.sitofp %in : i32 to f32
    %1 = arith.addf %0, %b : f32
    %2 = arith.maximumf %1, %zero : f32
    %3 = math.roundeven %2 : f32
    %4 = arith.minimumf %3, %most : f32
    %5 = arith.fptoui %4 : f32 to i8
    linalg.yield %5 : i8
  } -> tensor<4x2xi8>
  return %q : tensor<4x2xi8>
}

// -----

#all = affine_map<(m, n) -> (m, n)>

// Another tensor comes in behind the codes: what needs it remains.
// CHECK-LABEL: func @residual
// CHECK: %[[y:.*]] = ap.mvm
// CHECK-SAME: -> tensor<4x1xi8>
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.*}}, %[[y]] : tensor<4x1xi8>, tensor<4x1xi8>)
// CHECK-NEXT: ^bb0(%[[r:.*]]: i8, %[[c:.*]]: i8, %{{.*}}: i8):
// CHECK-NEXT: %[[s:.*]] = arith.addi %[[r]], %[[c]] : i8
// CHECK-NEXT: linalg.yield %[[s]] : i8
func.func @residual(%x: tensor<4x6xi8>, %r: tensor<4x1xi8>) -> tensor<4x1xi8> {
  %w = arith.constant dense<[[1, 1, 1, 0, 0, -1]]> : tensor<1x6xi8>
  %c0 = arith.constant 0 : i32
  %y = ap.mvm %x, %w {input_unsigned, input_bits = 1 : i64} : (tensor<4x6xi8>, tensor<1x6xi8>) -> tensor<4x1xi32>
  %e = tensor.empty() : tensor<4x1xi8>
  %q = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%r, %y : tensor<4x1xi8>, tensor<4x1xi32>) outs(%e : tensor<4x1xi8>) {
  ^bb0(%other: i8, %in: i32, %out: i8):
    %0 = arith.maxsi %in, %c0 : i32
    %1 = arith.trunci %0 : i32 to i8
    %2 = arith.addi %other, %1 : i8
    linalg.yield %2 : i8
  } -> tensor<4x1xi8>
  return %q : tensor<4x1xi8>
}

// -----

#all = affine_map<(m, n) -> (m, n)>

// More codes than the device's 4 bits; sums that something else reads.
// CHECK-LABEL: func @stays
// CHECK-COUNT-2: -> tensor<4x1xi32>
// CHECK-NOT: thresholds
func.func @stays(%x: tensor<4x20xi8>) -> (tensor<4x1xi8>, tensor<4x1xi8>, tensor<4x1xi32>) {
  %w = arith.constant dense<1> : tensor<1x20xi8>
  %y = ap.mvm %x, %w {input_unsigned, input_bits = 1 : i64} : (tensor<4x20xi8>, tensor<1x20xi8>) -> tensor<4x1xi32>
  %z = ap.mvm %x, %w {input_unsigned, input_zero_point = 1 : i64, input_bits = 1 : i64} : (tensor<4x20xi8>, tensor<1x20xi8>) -> tensor<4x1xi32>
  %e = tensor.empty() : tensor<4x1xi8>
  %q = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<4x1xi32>) outs(%e : tensor<4x1xi8>) {
  ^bb0(%in: i32, %out: i8):
    %0 = arith.trunci %in : i32 to i8
    linalg.yield %0 : i8
  } -> tensor<4x1xi8>
  %p = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%z : tensor<4x1xi32>) outs(%e : tensor<4x1xi8>) {
  ^bb0(%in: i32, %out: i8):
    %c3 = arith.constant 3 : i32
    %0 = arith.minsi %in, %c3 : i32
    %1 = arith.trunci %0 : i32 to i8
    linalg.yield %1 : i8
  } -> tensor<4x1xi8>
  return %q, %p, %z : tensor<4x1xi8>, tensor<4x1xi8>, tensor<4x1xi32>
}
