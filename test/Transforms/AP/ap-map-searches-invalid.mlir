// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: pumice-opt %s --pum-attach-device=device=%S/../../Inputs/cam-device.mlir --ap-map-searches -split-input-file -verify-diagnostics
// RUN: not pumice-opt %s --pum-attach-device=device=isaac --ap-map-searches -split-input-file 2>&1 | FileCheck %s

// CHECK: searches content-addressable memories, but device 'isaac' has no such group

func.func @parts(%q: tensor<3x40xi8>) -> tensor<3x2xi32> {
  // expected-error @below {{cuts words of 40 cells into 5 parts of 8, but the periphery merges at most 4}}
  %0 = ap.cam_search %q in dense<1> : tensor<2x40xi8> for distances : (tensor<3x40xi8>) -> tensor<3x2xi32>
  return %0 : tensor<3x2xi32>
}

// -----

func.func @best(%q: tensor<3x8xi8>) {
  // expected-error @below {{ranks 3 best matches, but the periphery ranks at most 2}}
  %0:2 = ap.cam_search %q in dense<1> : tensor<9x8xi8> for best : (tensor<3x8xi8>) -> (tensor<3x3xi32>, tensor<3x3xi64>)
  return
}

// -----

func.func @narrow(%q: tensor<3x8xi8>) {
  // expected-error @below {{cuts words of 8 cells into 2 parts of 4, but the periphery merges at most 1}}
  %0 = ap.cam_search %q in dense<1> : tensor<2x8xi8> for within limit 4 {pum.target = #pum.target<cam in "wide">}
    : (tensor<3x8xi8>) -> tensor<3x2xi8>
  return
}
