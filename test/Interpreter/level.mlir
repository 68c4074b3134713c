// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: split-file %s %t
// RUN: not pumice-sim %t/tosa.mlir 2>&1 | FileCheck %s --check-prefix=TOSA
// RUN: not pumice-sim %t/crossbar.mlir 2>&1 | FileCheck %s --check-prefix=CROSSBAR
// RUN: not pumice-sim %t/pum.mlir 2>&1 | FileCheck %s --check-prefix=PUM

// TOSA: error: expected a machine program, got a module at level 'tosa': compile it first
// CROSSBAR: error: expected a machine program, got a module at level 'crossbar': compile it first
// PUM: error: expected a machine program, got a module at level 'pum': compile it first

//--- tosa.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tosa.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

//--- crossbar.mlir
func.func @main(%x: tensor<2x4xi8>, %w: tensor<3x4xi8>) -> tensor<2x3xi32> {
  %y = crossbar.mvm %x, %w : (tensor<2x4xi8>, tensor<3x4xi8>) -> tensor<2x3xi32>
  return %y : tensor<2x3xi32>
}

//--- pum.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y, %t = pum.load %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
