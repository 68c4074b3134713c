// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --pum-allocate-arrays -split-input-file -verify-diagnostics
// RUN: not pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --pum-to-simulator -split-input-file 2>&1 | FileCheck %s

// CHECK: has no placement (pum-allocate-arrays)
func.func @unmapped(%x: tensor<3x8xi8>) {
  %q, %t = pum.load %x : tensor<3x8xi8>
  // expected-error @below {{holds a search without a mapping (ap-map-searches)}}
  %0, %t0 = pum.compute (%q) : (tensor<3x8xi8>) -> tensor<3x2xi32> {
  ^bb0(%a: tensor<3x8xi8>):
    %d = ap.cam_search %a in dense<1> : tensor<2x8xi8> for distances : (tensor<3x8xi8>) -> tensor<3x2xi32>
    pum.yield %d : tensor<3x2xi32>
  }
  return
}

// -----

func.func @group(%x: tensor<3x8xi8>) {
  %q, %t = pum.load %x : tensor<3x8xi8>
  // expected-error @below {{searches content-addressable memories, but device 'two-cams' has no such group}}
  %0, %t0 = pum.compute (%q) {pum.target = #pum.target<cam in "digital">} : (tensor<3x8xi8>) -> tensor<3x2xi32> {
  ^bb0(%a: tensor<3x8xi8>):
    %d = ap.cam_search %a in dense<1> : tensor<2x8xi8> for distances
      mapping <part_bits = 8, parts = 1, row_blocks = 1, stacked = 1> : (tensor<3x8xi8>) -> tensor<3x2xi32>
    pum.yield %d : tensor<3x2xi32>
  }
  return
}

// -----

// CHECK: has no mapping (ap-map-searches)
func.func @placed(%x: tensor<3x8xi8>) {
  %q, %t = pum.load %x : tensor<3x8xi8>
  %0, %t0 = pum.compute (%q) on <"cams", 0, 1> : (tensor<3x8xi8>) -> tensor<3x2xi32> {
  ^bb0(%a: tensor<3x8xi8>):
    %d = ap.cam_search %a in dense<1> : tensor<2x8xi8> for distances : (tensor<3x8xi8>) -> tensor<3x2xi32>
    pum.yield %d : tensor<3x2xi32>
  }
  return
}
