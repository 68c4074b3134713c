// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=isaac --crossbar-tile-to-arrays | FileCheck %s
// RUN: sed -e s/cell_bits.=.2/cell_bits=3/ -e s/weight_bits.=.16/weight_bits=12/ %presets/isaac.mlir > %t.device.mlir
// RUN: pumice-opt %s --pum-attach-device=device=%t.device.mlir --crossbar-tile-to-arrays | FileCheck %s --check-prefix=ODD
//
// Weights of 4 bits take 2 cells; the grid's type has the width of inputs. Cells of 3 bits hold 8 bits in 3.

// CHECK-LABEL: func @narrow
func.func @narrow(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) -> (tensor<8x10xi32>, tensor<8x10xi32>) {
  // CHECK: %[[G:.*]] = crossbar.program %{{.*}} slices = 2, {{.*}} -> !crossbar.grid<1x64x10xi4, ui3>
  // CHECK: crossbar.mvm %{{.*}}, %[[G]] :
  %y = crossbar.mvm %x, %w {input_unsigned, input_bits = 3 : i64, weight_bits = 4 : i64}
      : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  // The same weights in full are another grid.
  // CHECK: %[[H:.*]] = crossbar.program %{{.*}} slices = 4, {{.*}} -> !crossbar.grid<1x64x10xi8, ui3>
  // ODD: crossbar.program %{{.*}} slices = 3, {{.*}} -> !crossbar.grid<1x64x10xi8, ui3>
  // CHECK: crossbar.mvm %{{.*}}, %[[H]] :
  %z = crossbar.mvm %x, %w {input_unsigned, input_bits = 3 : i64}
      : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return %y, %z : tensor<8x10xi32>, tensor<8x10xi32>
}

// CHECK-LABEL: func @widths_that_cells_do_not_divide
func.func @widths_that_cells_do_not_divide(%x: tensor<8x64xi8>, %w: tensor<10x64xi8>) -> tensor<8x10xi32> {
  // CHECK: crossbar.program %{{.*}} slices = 3, {{.*}} -> !crossbar.grid<1x64x10xi5, si8>
  %y = crossbar.mvm %x, %w {weight_bits = 5 : i64} : (tensor<8x64xi8>, tensor<10x64xi8>) -> tensor<8x10xi32>
  return %y : tensor<8x10xi32>
}
