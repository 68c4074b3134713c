// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --pum-allocate-arrays --verify-pum-scheduled -split-input-file -verify-diagnostics | FileCheck %s

// Searches keep what is placed already, and arrays of their own.
// CHECK-LABEL: func @own
func.func @own(%x: tensor<3x8xi8>) {
  %q, %t = pum.load %x : tensor<3x8xi8>
  // CHECK: pum.compute({{.*}}) on <"cams", 1, 2>
  %0, %t0 = pum.compute (%q) on <"cams", 1, 2> : (tensor<3x8xi8>) -> tensor<3x2xi32> {
  ^bb0(%a: tensor<3x8xi8>):
    %d = ap.cam_search %a in dense<1> : tensor<2x8xi8> for distances
      mapping <part_bits = 8, parts = 1, row_blocks = 1, stacked = 1> : (tensor<3x8xi8>) -> tensor<3x2xi32>
    pum.yield %d : tensor<3x2xi32>
  }
  // CHECK: pum.compute({{.*}}) on <"cams", 0, 1, 2, 3>
  %1, %t1 = pum.compute (%q) : (tensor<3x8xi8>) -> tensor<3x5xi32> {
  ^bb0(%a: tensor<3x8xi8>):
    %d = ap.cam_search %a in dense<1> : tensor<5x8xi8> for distances
      mapping <part_bits = 8, parts = 1, row_blocks = 2, stacked = 1> : (tensor<3x8xi8>) -> tensor<3x5xi32>
    pum.yield %d : tensor<3x5xi32>
  }
  return
}

// -----

// expected-error @below {{the model needs 9 arrays, but device 'two-cams' has 8}}
module {
  func.func @full(%x: tensor<3x8xi8>) {
    %q, %t = pum.load %x : tensor<3x8xi8>
    %1, %t1 = pum.compute (%q) : (tensor<3x8xi8>) -> tensor<3x33xi32> {
    ^bb0(%a: tensor<3x8xi8>):
      %d = ap.cam_search %a in dense<1> : tensor<33x8xi8> for distances
        mapping <part_bits = 8, parts = 1, row_blocks = 9, stacked = 1> : (tensor<3x8xi8>) -> tensor<3x33xi32>
      pum.yield %d : tensor<3x33xi32>
    }
    return
  }
}
