// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=rtm-ap --ap-fuse-elementwise -split-input-file | FileCheck %s

#all = affine_map<(m, n) -> (m, n)>
#channel = affine_map<(m, n) -> (n)>

// What both the codes and the rest need (a widened zero point) stays in the rest.
// CHECK-LABEL: func @shared
// CHECK: %[[y:.*]] = ap.mvm
// CHECK-SAME: thresholds
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.*}}, %[[y]], %{{.*}} : tensor<4x1xi8>, tensor<4x1xi8>, tensor<1xi8>)
// CHECK-NEXT: ^bb0(%[[r:.*]]: i8, %[[c:.*]]: i8, %[[p:.*]]: i8, %{{.*}}: i8):
// CHECK-NEXT: %[[wide:.*]] = arith.extsi %[[p]] : i8 to i32
// CHECK-NEXT: %[[narrow:.*]] = arith.trunci %[[wide]] : i32 to i8
// CHECK-NEXT: %[[s:.*]] = arith.addi %[[r]], %[[c]] : i8
// CHECK-NEXT: %[[t:.*]] = arith.addi %[[s]], %[[narrow]] : i8
// CHECK-NEXT: linalg.yield %[[t]] : i8
func.func @shared(%x: tensor<4x6xi8>, %r: tensor<4x1xi8>) -> tensor<4x1xi8> {
  %w = arith.constant dense<[[1, 1, 1, 0, 0, -1]]> : tensor<1x6xi8>
  %point = arith.constant dense<1> : tensor<1xi8>
  %y = ap.mvm %x, %w {input_unsigned, input_bits = 1 : i64} : (tensor<4x6xi8>, tensor<1x6xi8>) -> tensor<4x1xi32>
  %e = tensor.empty() : tensor<4x1xi8>
  %q = linalg.generic {indexing_maps = [#all, #all, #channel, #all], iterator_types = ["parallel", "parallel"]}
      ins(%r, %y, %point : tensor<4x1xi8>, tensor<4x1xi32>, tensor<1xi8>) outs(%e : tensor<4x1xi8>) {
  ^bb0(%other: i8, %in: i32, %p: i8, %out: i8):
    %wide = arith.extsi %p : i8 to i32
    %0 = arith.maxsi %in, %wide : i32
    %1 = arith.trunci %0 : i32 to i8
    %narrow = arith.trunci %wide : i32 to i8
    %2 = arith.addi %other, %1 : i8
    %3 = arith.addi %2, %narrow : i8
    linalg.yield %3 : i8
  } -> tensor<4x1xi8>
  return %q : tensor<4x1xi8>
}

// -----

#all = affine_map<(m, n) -> (m, n)>

// Two layers that are added: the second takes its turn when the first has been folded.
// CHECK-LABEL: func @sum_of_layers
// CHECK: ap.mvm
// CHECK-SAME: -> tensor<4x1xi8>
// CHECK: ap.mvm
// CHECK-SAME: -> tensor<4x1xi8>
// CHECK: linalg.generic
// CHECK: arith.addi %{{.*}}, %{{.*}} : i8
// CHECK-NEXT: linalg.yield
func.func @sum_of_layers(%x: tensor<4x6xi8>) -> tensor<4x1xi8> {
  %v = arith.constant dense<[[1, 1, 1, 0, 0, -1]]> : tensor<1x6xi8>
  %w = arith.constant dense<[[1, 0, 1, -1, 0, -1]]> : tensor<1x6xi8>
  %c0 = arith.constant 0 : i32
  %y = ap.mvm %x, %v {input_unsigned, input_bits = 1 : i64} : (tensor<4x6xi8>, tensor<1x6xi8>) -> tensor<4x1xi32>
  %z = ap.mvm %x, %w {input_unsigned, input_bits = 1 : i64} : (tensor<4x6xi8>, tensor<1x6xi8>) -> tensor<4x1xi32>
  %e = tensor.empty() : tensor<4x1xi8>
  %q = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y, %z : tensor<4x1xi32>, tensor<4x1xi32>) outs(%e : tensor<4x1xi8>) {
  ^bb0(%first: i32, %second: i32, %out: i8):
    %0 = arith.maxsi %first, %c0 : i32
    %1 = arith.trunci %0 : i32 to i8
    %2 = arith.maxsi %second, %c0 : i32
    %3 = arith.trunci %2 : i32 to i8
    %4 = arith.addi %1, %3 : i8
    linalg.yield %4 : i8
  } -> tensor<4x1xi8>
  return %q : tensor<4x1xi8>
}
