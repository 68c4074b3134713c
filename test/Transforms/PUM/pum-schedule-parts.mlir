// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: sed -e 's/name = "chip", holds = 2/name = "chip", holds = 1/' %S/../../Inputs/few-arrays.mlir > %t.two.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.two.mlir --pum-schedule --verify-pum-scheduled --pum-to-simulator | FileCheck %s --check-prefix=SIM
// RUN: pumice-opt %s --pum-attach-device=device=%t.two.mlir --pum-schedule --verify-pum-scheduled | FileCheck %s
//
// A layer with 3 x 2 arrays on two: each column in parts, whose sums are added.

#array = #crossbar.array<rows = 8, columns = 16, cell_bits = 2, weight_bits = 8, input_bits = 8,
  dac_bits = 8, adc = <bits = 8, mode = lossless>, columns_per_adc = 16, encoding = offset>
!grid = !crossbar.grid<1x20x6xi8, si8>

// CHECK: layers_in_parts = 1
// CHECK-LABEL: func @larger_than_the_machine
func.func @larger_than_the_machine(%arg: tensor<5x20xi8>) -> tensor<5x6xi32> {
  %w = arith.constant dense<1> : tensor<6x20xi8>
  // CHECK-DAG: pum.program %{{.*}} part <groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 0, first_column = 0> {{.*}} -> !crossbar.grid<1x{{[0-9]+}}x4xi8, si8>
  // CHECK-DAG: pum.program %{{.*}} part <groups = 1, rows = 20, columns = 6, first_group = 0, first_row = {{8|16}}, first_column = 4> {{.*}} -> !crossbar.grid<1x{{[0-9]+}}x2xi8, si8>
  %g, %t = pum.program %w setup array #array tiling <row_tiles = 3, column_tiles = 2, slices = 4,
      groups_per_array = 1, arrays = 6> : tensor<6x20xi8> -> !grid
  %x, %t0 = pum.load %arg : tensor<5x20xi8>
  // CHECK-DAG: crossbar.mvm %{{.*}}, %{{.*}} {input_zero_point = 3 : i64, part = #crossbar.part<groups = 1, rows = 20, columns = 6, first_group = 0, first_row = 0, first_column = 0>} : (tensor<5x20xi8>, {{.*}}) -> tensor<5x4xi32>
  // CHECK: pum.digital
  // CHECK: linalg.add
  // CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [5, 4] [1, 1]
  // CHECK: linalg.add
  // CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 4] [5, 2] [1, 1]
  %y, %t1 = pum.compute (%x, %g) : (tensor<5x20xi8>, !grid) -> tensor<5x6xi32> {
  ^bb0(%i: tensor<5x20xi8>, %h: !grid):
    %0 = crossbar.mvm %i, %h {input_zero_point = 3 : i64} : (tensor<5x20xi8>, !grid) -> tensor<5x6xi32>
    pum.yield %0 : tensor<5x6xi32>
  }
  %s, %t2 = pum.store %y : tensor<5x6xi32>
  return %s : tensor<5x6xi32>
}
// SIM: simulator.program %{{.*}} part <groups = 1
// SIM: simulator.mvm %{{.*}}, %{{.*}}, %{{.*}} part <groups = 1
