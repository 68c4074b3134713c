// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s | pumice-opt | FileCheck %s
// RUN: pumice-opt %s --emit-bytecode | pumice-opt | FileCheck %s

// CHECK-LABEL: func private @goals
// CHECK-SAME: kind = #ap<search_kind within>
// CHECK-SAME: mapping = #ap.cam_mapping<part_bits = 2, parts = 2, row_blocks = 1, stacked = 2>
func.func private @goals() attributes {kind = #ap<search_kind within>,
  mapping = #ap.cam_mapping<part_bits = 2, parts = 2, row_blocks = 1, stacked = 2>}

// CHECK-LABEL: func @searches
func.func @searches(%q: tensor<5x3xi8>) {
  // CHECK: ap.cam_search %{{.*}} in dense<{{.*}}> : tensor<2x3xi8> for distances : (tensor<5x3xi8>) -> tensor<5x2xi32>
  %0 = ap.cam_search %q in dense<[[0, 1, 1], [1, 0, 2]]> : tensor<2x3xi8> for distances
    : (tensor<5x3xi8>) -> tensor<5x2xi32>
  // CHECK: ap.cam_search %{{.*}} for within limit 1 : (tensor<5x3xi8>) -> tensor<5x2xi8>
  %1 = ap.cam_search %q in dense<[[0, 1, 1], [1, 0, 2]]> : tensor<2x3xi8> for within limit 1
    : (tensor<5x3xi8>) -> tensor<5x2xi8>
  // CHECK: ap.cam_search %{{.*}} for best mapping <part_bits = 2, parts = 2, row_blocks = 1, stacked = 1, serial = true>
  // CHECK-SAME: : (tensor<5x3xi8>) -> (tensor<5x1xi32>, tensor<5x1xi64>)
  %2:2 = ap.cam_search %q in dense<[[0, 1, 1], [1, 0, 2]]> : tensor<2x3xi8> for best
    mapping <part_bits = 2, parts = 2, row_blocks = 1, stacked = 1, serial = true>
    : (tensor<5x3xi8>) -> (tensor<5x1xi32>, tensor<5x1xi64>)
  return
}
