// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=neon --crossbar-map-functions | FileCheck %s
// RUN: pumice-opt %s --pum-attach-device=device=neon --crossbar-map-functions --crossbar-map-functions --verify-crossbar-contract | FileCheck %s
// RUN: not pumice-opt %s --pum-attach-device=device=rtm-ap --crossbar-map-functions 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not pumice-opt %s --pum-attach-device=device=neurosim-rram --crossbar-map-functions 2>&1 | FileCheck %s --check-prefix=SUMS
// RUN: not pumice-opt %s --pum-attach-device=device=neon --verify-crossbar-contract 2>&1 | FileCheck %s --check-prefix=CONTRACT
// RUN: pumice-opt %s --pum-attach-device=device=neon --crossbar-map-functions --crossbar-to-pum | FileCheck %s --check-prefix=PUM
// RUN: pumice-opt %s --pum-attach-device=device=neon --crossbar-map-functions --crossbar-to-pum --pum-to-simulator | FileCheck %s --check-prefix=PROGRAM
// NONE: error: 'crossbar.apply' op cannot be mapped: device 'rtm-ap' has no arrays
// SUMS: error: 'crossbar.apply' op cannot be mapped: expected
// SUMS: note: it applies this function
// CONTRACT: error: 'crossbar.apply' op has no arrays, expected grids (crossbar-map-functions)

crossbar.neon_net @net input <bits = 8, low = -1, high = 1> hidden <bits = 16, range = 4>
  output <bits = 8, low = -1, high = 1> weight_bits 16 layers [
    #crossbar.net_layer<weights = dense<[[3], [-4]]> : tensor<2x1xi16>, scales = dense<[1.0e-2, 1.0e-2]> : tensor<2xf32>, biases = dense<[0.0, 0.0]> : tensor<2xf32>>,
    #crossbar.net_layer<weights = dense<[[5, 6]]> : tensor<1x2xi16>, scales = dense<1.0e-6> : tensor<1xf32>, biases = dense<0.0> : tensor<1xf32>>]
crossbar.table @table input <bits = 2, low = 0, high = 3>
  output <bits = 2, low = 0, high = 1> values dense<[0, 1, 2, 3]> : tensor<4xi16>

// An array has room for 16 weights in a wordline: 8 copies of a net with 2 hidden units, on the diagonal. The 10 that
// are asked for take two of them, so that there are 16. Both sites share them.
// CHECK-LABEL: func @main
// CHECK-DAG: crossbar.program %{{.*}} tiling <row_tiles = 1, column_tiles = 1, slices = 2, groups_per_array = 1, arrays = 2> : tensor<2x16x8xi16> -> !crossbar.grid<2x8x16xi3, ui8>
// CHECK-DAG: crossbar.program %{{.*}} tiling <row_tiles = 1, column_tiles = 1, slices = 8, groups_per_array = 1, arrays = 2> : tensor<2x8x16xi16> -> !crossbar.grid<2x16x8xi16, si16>
// CHECK-DAG: crossbar.program %{{.*}} tiling <row_tiles = 1, column_tiles = 1, slices = 1, groups_per_array = 1, arrays = 3> : tensor<3x1x4xi16> -> !crossbar.grid<3x4x1xi2, ui1>
// CHECK-NOT: crossbar.program
// CHECK: crossbar.apply @net(%{{.*}}) on(%[[A:.*]], %[[B:.*]] : !crossbar.grid<2x8x16xi3, ui8>, !crossbar.grid<2x16x8xi16, si16>) copies 16
// CHECK: crossbar.apply @net(%{{.*}}) on(%[[A]], %[[B]] :
// CHECK: crossbar.apply @table(%{{.*}}) on(%{{.*}} : !crossbar.grid<3x4x1xi2, ui1>) copies 3

// PUM: pum.program %{{.*}} on <"arrays", {{[0-9]+}}, {{[0-9]+}}> setup
// PUM: pum.compute
// PUM: crossbar.apply @net

// PROGRAM: crossbar.neon_net @net
// PROGRAM: simulator.apply @net on(%{{.*}}, %{{.*}}), %{{.*}}, %{{.*}} after(
// PROGRAM: simulator.apply @table on(%{{.*}})
func.func @main(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %0 = crossbar.apply @net(%x) copies 10 : tensor<8x64xf32>
  %1 = crossbar.apply @net(%0) copies 10 : tensor<8x64xf32>
  %2 = crossbar.apply @table(%1) copies 3 : tensor<8x64xf32>
  return %2 : tensor<8x64xf32>
}
